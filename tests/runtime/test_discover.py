import pytest

from manyminds.runtime import discover
from manyminds.runtime.discover import choose_models, served_locally
from tests.stub import Stub

pytestmark = pytest.mark.anyio


async def test_what_is_asked_for_comes_before_what_is_configured() -> None:
    assert (await choose_models(("a:x",), ("b:y",))).models == ("a:x",)
    assert (await choose_models((), ("b:y",))).models == ("b:y",)


async def test_an_address_in_the_environment_comes_before_keys(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setenv("OPENAI_BASE_URL", stub.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "x")
    assert (await choose_models((), ())).models == ("openai:stub",)


@pytest.mark.parametrize(
    ("variable", "model"),
    [("OPENAI_API_KEY", "openai:"), ("ANTHROPIC_API_KEY", "anthropic:"), ("GEMINI_API_KEY", "google:"),
     ("OPENROUTER_API_KEY", "openrouter:")],
)  # fmt: skip
async def test_a_key_in_the_environment_names_its_provider(monkeypatch: pytest.MonkeyPatch, variable: str, model: str) -> None:  # fmt: skip
    monkeypatch.setenv(variable, "x")
    choice = await choose_models((), ())
    assert choice.models[0].startswith(model)
    assert "environment" in choice.why


async def test_a_local_server_is_found_where_it_answers(stub: Stub) -> None:
    found = await served_locally({"vllm": stub.url, "ollama": "http://127.0.0.1:9/v1"})
    assert found == {"vllm": ("stub",)}


async def test_with_nothing_else_the_embedded_model_is_used_and_told() -> None:
    choice = await choose_models((), (), servers={})
    assert choice.models == (f"embedded:{discover.CODER.name}",)
    assert "embedded" in choice.why


async def test_what_has_to_stay_here_asks_nobody_else(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://models.invalid/v1")
    choice = await choose_models((), (), servers={}, here=True)
    assert choice.models == (f"embedded:{discover.CODER.name}",)
    monkeypatch.setenv("OPENAI_BASE_URL", stub.url)
    assert (await choose_models((), (), servers={}, here=True)).models == ("openai:stub",)
