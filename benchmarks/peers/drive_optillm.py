"""optillm's approaches, called as its server calls them; the server itself needs 7 GB of packages."""

import sys

from openai import OpenAI
from optillm.bon import best_of_n_sampling
from optillm.cot_reflection import cot_reflection
from optillm.moa import mixture_of_agents
from optillm.self_consistency import advanced_self_consistency_approach
from serve import MAX_TOKENS, MODEL, RETRIES, serve

APPROACHES = {
    "bon": best_of_n_sampling,
    "moa": mixture_of_agents,
    "self_consistency": advanced_self_consistency_approach,
    "cot_reflection": cot_reflection,
}


def answer(asked: dict[str, str]) -> str:
    """Return what the approach returns; numbers of samples are its own."""
    client = OpenAI(base_url=asked["base"], api_key="x", timeout=3_600, max_retries=RETRIES)
    config = {"max_tokens": MAX_TOKENS}
    return APPROACHES[sys.argv[1]](
        asked["system"], asked["asked"], client, MODEL, request_config=config
    )[0]


if __name__ == "__main__":
    serve(answer, int(sys.argv[2]))
