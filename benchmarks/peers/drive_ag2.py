"""AG2: its two-agent maths chat, and a port of the solver, coder and verifier to its group chat.

Programs are run in our sandbox instead of on the machine.
"""

import sys

from autogen import AssistantAgent, GroupChat, GroupChatManager, UserProxyAgent
from autogen.agentchat.contrib import math_user_proxy_agent as mathchat
from autogen.code_utils import extract_code
from serve import MAX_TOKENS, MODEL, RETRIES, run_program, serve

TURNS = 10
ROUNDS = 3
"""Of solver, coder, program and verifier at most, as ours."""
WARMTH = {"solver": 0.3, "coder": 0.2, "verifier": 0.0}
"""As ours."""
ROLES = {
    "solver": "You are the solver. Say how the question is to be solved: what is asked, what is given, "
    "the steps, and the result that you expect. Be short. If data is missing, say so.",
    "coder": "You are the coder. Turn the solver's plan into one ```python block that prints the "
    "result. It will be run.",
    "verifier": "You are the verifier; only you may end the work. Check the result against the "
    "question by a way of your own. If it holds, write it in \\boxed{} and the word TERMINATE; if data "
    "is missing write \\boxed{cannot be determined} and TERMINATE; else say what is wrong.",
}


def _config(base: str, temperature: float = 0.7) -> dict:
    entry = {
        "model": MODEL,
        "base_url": base,
        "api_key": "x",
        "price": [0, 0],
        "max_retries": RETRIES,
    }
    return {
        "config_list": [entry], "cache_seed": None, "temperature": temperature, "max_tokens": MAX_TOKENS,
        "timeout": 3_600,
    }  # fmt: skip


def maths_chat(asked: dict[str, str]) -> str:
    """Let its assistant and its maths proxy talk; return the last words."""
    helper = AssistantAgent(
        "assistant",
        system_message="You are a helpful assistant.",
        llm_config=_config(asked["base"]),
    )
    proxy = _SandboxedProxy(asked["run"])
    proxy.initiate_chat(
        helper,
        message=proxy.message_generator,
        problem=asked["prompt"],
        max_turns=TURNS,
        silent=True,
    )
    said = [m["content"] for m in proxy.chat_messages[helper] if m.get("name") == "assistant"]
    return said[-1]


class _SandboxedProxy(mathchat.MathUserProxyAgent):
    def __init__(self, address: str) -> None:
        super().__init__(human_input_mode="NEVER", code_execution_config={"use_docker": False})
        self._address = address

    def execute_one_python_code(self, pycode: str) -> tuple[str, bool]:
        """As it does itself, what ran before run again before what is new; but in the sandbox."""
        code = f"{self._previous_code}\n{mathchat._add_print_to_last_line(pycode)}"
        ok, output = run_program(self._address, code)
        if ok:
            self._previous_code = mathchat._remove_print(code)
        return (output or "No output found.") if ok else f"Error: {output}", ok


def crew(asked: dict[str, str]) -> str:
    """Let solver, coder, a proxy that runs programs and verifier talk in turn, until approval."""
    members = {
        name: AssistantAgent(
            name, system_message=told, llm_config=_config(asked["base"], WARMTH[name])
        )
        for name, told in ROLES.items()
    }
    runner = UserProxyAgent("runner", human_input_mode="NEVER", code_execution_config=False)

    def run(_self: object, messages: list[dict], **_more: object) -> tuple[bool, str]:
        blocks = [code for lang, code in extract_code(messages[-1]["content"]) if lang == "python"]
        if not blocks:
            return True, "There is no program to run."
        ok, output = run_program(asked["run"], blocks[-1])
        return True, f"The program {'printed' if ok else 'failed'}:\n{output}"

    runner.register_reply([object, None], run, position=0)
    chat = GroupChat(
        agents=[members["solver"], members["coder"], runner, members["verifier"]], messages=[],
        max_round=1 + ROUNDS * 4, speaker_selection_method="round_robin",
    )  # fmt: skip
    manager = GroupChatManager(
        chat, llm_config=False, is_termination_msg=lambda m: "TERMINATE" in (m.get("content") or ""),
    )  # fmt: skip
    asker = UserProxyAgent("asker", human_input_mode="NEVER", code_execution_config=False)
    asker.initiate_chat(manager, message=asked["prompt"], max_turns=1, silent=True)
    said = [m["content"] for m in chat.messages if m["name"] in ("verifier", "runner")]
    return next((text for text in reversed(said) if "\\boxed" in text), said[-1])


ARMS = {"maths_chat": maths_chat, "crew": crew}

if __name__ == "__main__":
    serve(ARMS[sys.argv[1]], int(sys.argv[2]))
