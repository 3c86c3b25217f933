"""smolagents' CodeAgent: it writes programs, which its own interpreter runs."""

import sys

from serve import MAX_TOKENS, MODEL, RETRIES, serve
from smolagents import CodeAgent, LogLevel, OpenAIServerModel

STEPS = 6


def answer(asked: dict[str, str]) -> str:
    """Return its final answer."""
    model = OpenAIServerModel(
        model_id=MODEL, api_base=asked["base"], api_key="x", max_tokens=MAX_TOKENS, temperature=0.7,
        client_kwargs={"timeout": 3_600, "max_retries": RETRIES},
    )  # fmt: skip
    agent = CodeAgent(tools=[], model=model, max_steps=STEPS, verbosity_level=LogLevel.OFF)
    return agent.run(asked["prompt"])


if __name__ == "__main__":
    serve(answer, int(sys.argv[2]))
