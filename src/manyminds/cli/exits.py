"""Exit codes, as the README lists them."""

ANSWERED = 0
NO_ANSWER = 1
WRONG_USE = 2
BUDGET = 3
PROVIDER = 4
INTERRUPTED = 130
