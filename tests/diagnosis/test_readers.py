"""Files of other systems: who said what comes through, and nothing of what people said of it."""

import contextlib
import json
import time
import zipfile
from pathlib import Path

import pytest

from manyminds.core.errors import RecordError, UsageError
from manyminds.diagnosis.diagnose import by_rules
from manyminds.diagnosis.readers.ours import read_events
from manyminds.diagnosis.readers.read import read_file, read_folder, read_value
from manyminds.diagnosis.trace import stated_answer

CHAT = [
    {"role": "system", "content": "You are a careful clerk."},
    {"role": "user", "content": "How many chairs do 6 rows of 7 make?"},
    {"role": "assistant", "name": "ada", "content": "I look it up.", "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "python", "arguments": '{"code": "6*7"}'}}
    ]},
    {"role": "tool", "tool_call_id": "c1", "content": "42"},
    {"role": "assistant", "name": "ada", "content": "The rows make 42.\nAnswer: 42"},
]  # fmt: skip


def written(folder: Path, name: str, value: object) -> Path:
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


@pytest.mark.parametrize("key", [None, "messages", "conversation", "history"])
def test_a_plain_chat_is_read(tmp_path: Path, key: str | None) -> None:
    value = CHAT if key is None else {key: CHAT}
    [trace] = read_file(written(tmp_path, "chat.json", value))
    assert (trace.name, trace.source) == ("chat", "chat")
    assert trace.task == "How many chairs do 6 rows of 7 make?"
    assert [(a.kind, a.author, a.step) for a in trace.acts] == [
        ("says", "ada", 2), ("calls", "ada", 2), ("returns", "ada", 3), ("says", "ada", 4),
    ]  # fmt: skip
    assert [a.tool for a in trace.of("calls", "returns")] == ["python", "python"]
    assert trace.final is not None
    assert trace.final.answer == "42"
    assert by_rules(trace) == []


def test_what_is_said_before_the_task_is_kept(tmp_path: Path) -> None:
    told = [
        ("assistant", "Good day, what is it?"),
        ("user", "How many are 6 and 7?"),
        ("assistant", "13"),
    ]
    path = tmp_path / "chat.json"
    path.write_text(json.dumps([{"role": role, "content": text} for role, text in told]), "utf-8")
    [trace] = read_file(path)
    assert trace.task == "How many are 6 and 7?"
    assert [(act.step, act.text) for act in trace.acts] == [(0, "Good day, what is it?"), (2, "13")]


def test_responses_and_parts_are_read(tmp_path: Path) -> None:
    items = [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "6 * 7?"}]},
        {"type": "function_call", "call_id": "c1", "name": "python", "arguments": '{"code":"6*7"}'},
        {"type": "function_call_output", "call_id": "c1", "output": "42"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Answer: 42"}]},
    ]  # fmt: skip
    [trace] = read_file(written(tmp_path, "run.json", {"input": items}))
    assert [a.kind for a in trace.acts] == ["calls", "returns", "says"]
    assert next(trace.of("calls")).arguments == '{"code": "6*7"}'
    blocks = [
        {"role": "user", "content": "6 * 7?"},
        {"role": "assistant", "content": [{"type": "text", "text": "I compute."}, {"type": "tool_use", "id": "t1", "name": "python", "input": {"code": "6*7"}}]},
    ]  # fmt: skip
    [trace] = read_file(written(tmp_path, "blocks.json", blocks))
    assert [(a.kind, a.tool) for a in trace.acts] == [("says", None), ("calls", "python")]


def test_ag2_is_read_without_what_was_right(tmp_path: Path) -> None:
    value = {
        "instance_id": "i1", "problem_statement": ["How many chairs do 6 rows of 7 make?"],
        "other_data": {"correct": False, "answer": "SECRET-LABEL", "given": "41"},
        "trajectory": [
            {"content": ["Let's solve it.", "How many chairs do 6 rows of 7 make?"], "role": "assistant", "name": "proxy"},
            {"content": ["We assume 350 chairs broke.", "\\boxed{42}"], "role": "user", "name": "solver"},
        ],
        "note": {"options": {"1.1": "SECRET-LABEL"}},
    }  # fmt: skip
    row = {"mas": "AG2", "solved": "SECRET-LABEL", "mast14_proposed": {"2.2": 1}, "trace": value}
    for path in (written(tmp_path, "ag2.json", value), written(tmp_path, "rows.jsonl", json.dumps(row))):  # fmt: skip
        [trace] = read_file(path)
        assert (trace.name, trace.source) == ("i1", "ag2")
        assert [(a.author, a.step) for a in trace.acts] == [("solver", 1)]
        assert "SECRET" not in repr(trace)
        assert "2.2" in [f.code for f in by_rules(trace)]


def test_metagpt_is_read_from_its_log(tmp_path: Path) -> None:
    log = (
        "2025-01-12 14:37:42.009 | INFO     | metagpt.roles.role:_act:391 - Alice(SimpleCoder): to do Write(Write)\n"
        "```python\nprint(42)\n```\n"
        "2025-01-12 14:38:04.829 | INFO     | __main__:_act:85 - Bob(SimpleTester): to do Test(Test)\n"
        "def test_it(): ...\n"
    )  # fmt: skip
    [trace] = read_file(written(tmp_path, "team.json", {"run_id": 3, "prompt": "write it", "content": log}))  # fmt: skip
    assert (trace.name, trace.source, trace.task) == ("metagpt-3", "metagpt", "write it")
    assert [(a.author, a.tool) for a in trace.acts] == [("Alice", "Write"), ("Bob", "Test")]
    assert trace.acts[1].at_s == pytest.approx(22.82)
    [alone] = read_file(written(tmp_path, "team.log", log))
    assert [a.author for a in alone.acts] == ["Alice", "Bob"]


def test_chatdev_is_read_without_the_prompts_of_roles(tmp_path: Path) -> None:
    log = (
        "[2025-29-03 23:37:22 INFO] **[Preprocessing]**\n\n**ChatDev Starts** (1)\n\n"
        "**task_prompt**: Design a word game.\n\n**project_name**: Word\n"
        "[2025-29-03 23:37:22 INFO] CEO: **[Start Chat]**\n\n[You are CPO.]\n\nDiscuss it.\n"
        "[2025-29-03 23:37:23 INFO] **[OpenAI_Usage_Info Receive]**\nprompt_tokens: 5\ntotal_tokens: 8\n\n"
        "[2025-29-03 23:37:24 INFO] Chief Product Officer: **Chief Product Officer<->CEO on : DemandAnalysis, turn 0**"
        "\n\n[You are CEO.\nYour duties are many.]\n\nAn application fits best.\n"
        "[2025-29-03 23:37:30 INFO] CEO: **Chief Product Officer<->CEO on : DemandAnalysis, turn 0**"
        "\n\n[You are CPO.]\n\n<INFO> Application\n"
    )  # fmt: skip
    [trace] = read_file(written(tmp_path, "word.log", log))
    assert (trace.name, trace.source, trace.task) == ("word", "chatdev", "Design a word game.")
    assert [(a.author, a.text, a.at_s, a.tokens) for a in trace.acts] == [
        ("Chief Product Officer", "An application fits best.", 2.0, 8),
        ("CEO", "<INFO> Application", 8.0, None),
    ]  # fmt: skip


def test_hyperagent_is_read_line_by_line(tmp_path: Path) -> None:
    head = "HyperAgent_x__x-1 - INFO - "
    lines = [
        f"{head}Initialized tools", f"{head}Planner's Response: Thought: look for it",
        "  in the second file", f"{head}Inner-Navigator-Assistant's Response: it is there",
        f"{head}Navigator->Planner: found in b.py",
    ]  # fmt: skip
    value = {"instance_id": "x-1", "problem_statement": ["It fails."], "trajectory": lines}
    [trace] = read_file(written(tmp_path, "h.json", value))
    assert (trace.name, trace.source, trace.task) == ("x-1", "hyperagent", "It fails.")
    assert [(a.step, a.author, a.text.split()[0]) for a in trace.acts] == [
        (1, "Planner", "Thought:"), (3, "Navigator", "it"), (4, "Navigator", "found"),
    ]  # fmt: skip
    assert "second file" in trace.acts[0].text


LOG = (
    "[2025-29-03 23:37:22 INFO] **[Preprocessing]**\n\n**task_prompt**: Which one is it?\n\n0. one in Z[x]\n\n1. two\n\n"
    "**project_name**: Quiz\n"
    "[2025-29-03 23:37:23 INFO] **[OpenAI_Usage_Info Receive]**\nprompt_tokens: 5\ntotal_tokens: 7\n\n"
    "[2025-29-03 23:37:23 INFO] CEO: **[Start Chat]**\n\n[You are CPO.]\n"
    "[2025-29-03 23:37:24 INFO] **[OpenAI_Usage_Info Receive]**\nprompt_tokens: 5\ntotal_tokens: 8\n\n"
    "[2025-29-03 23:37:24 INFO] Coder: **Coder<->CEO on : Coding, turn 0**\n\n"
    "[You are a coder. Here is a task: Which one is it?\n\n0. one in Z[x]\n\n1. two. Write it.]\n\n"
    "```python\n# Answer Options\noptions = []\n```\n- **Answer Validation**: it looks at the choice.\n"
    "[2025-29-03 23:37:30 INFO] **[Test Reports]**:\n\nTraceback (most recent call last):\nNameError: x\n"
    "[2025-29-03 23:37:31 INFO] **[Test Reports]**:\n\nTraceback (most recent call last):\nNameError: x\n"
    "[2025-29-03 23:37:32 INFO] CEO: **Coder<->CEO on : Coding, turn 1**\n\n[You are CEO.]\n\nAnswer: 1\n"
)  # fmt: skip


def test_chatdev_with_a_long_task_tests_and_a_lost_turn(tmp_path: Path) -> None:
    [trace] = read_file(written(tmp_path, "quiz.log", LOG))
    assert trace.task == "Which one is it?\n\n0. one in Z[x]\n\n1. two"
    assert [(a.author, a.kind, a.tokens, a.answer) for a in trace.acts] == [
        ("Coder", "says", 8, None), ("Test", "returns", None, None), ("CEO", "says", None, "1"),
    ]  # fmt: skip
    assert trace.acts[0].text.startswith("```python")
    assert trace.acts[1].error
    wrapped = {
        "mas_name": "ChatDev",
        "trace": {"key": "k", "trajectory": LOG},
        "mast_annotation": {"1.1": 1},
    }
    assert read_value(wrapped)[0].acts == read_value({"trace": LOG})[0].acts == trace.acts


HYPER = [
    "H Initialized HyperAgent instance x-1", "H Initialized tools",
    "H Inner-Navigator-Assistant's Response: Thought: I open it.", "", "Action:", "```python",
    "print(open('b.py').read())", "```", "", "Observation",
    "H Navigator->Planner: Final Answer: it is in b.py",
    "H Initialized HyperAgent instance x-1", "H Initialized tools", "H Initialized tools",
    "H Planner's Response: Thought: look for it", "H Planner's Response: Thought: look for it",
    "H Planner's Response: Final Answer: change", "line 3 of b.py",
    "H Planner's Response: Final Answer: change", "line 3 of b.py",
]  # fmt: skip


def test_hyperagent_begun_twice_and_logged_twice(tmp_path: Path) -> None:
    lines = [line.replace("H ", "HyperAgent_x__x-1 - INFO - ", 1) if line.startswith("H ") else line for line in HYPER]  # fmt: skip
    value = {"instance_id": "x-1", "problem_statement": ["It fails."], "trajectory": lines}
    [trace] = read_file(written(tmp_path, "h.json", value))
    assert [(a.step, a.author, a.kind, a.tool, a.text) for a in trace.acts] == [
        (2, "Navigator", "says", "inner", "Thought: I open it."),
        (2, "Navigator", "calls", "python", "print(open('b.py').read())"),
        (10, "Navigator", "says", "to Planner", "Final Answer: it is in b.py"),
        (12, "HyperAgent", "says", None, "Initialized tools"),
        (14, "Planner", "says", None, "Thought: look for it"),
        (16, "Planner", "says", None, "Final Answer: change\nline 3 of b.py"),
    ]  # fmt: skip
    assert trace.final is not None
    assert trace.final.author == "Planner"
    assert [f.code for f in by_rules(trace) if f.step == 12] == ["2.1"]
    log = "\n".join(["instance_id: x-1", "problem_statement:", "  It fails.", *lines])
    [same] = read_file(written(tmp_path, "h.log", log))
    assert (same.name, same.task) == ("x-1", "It fails.")
    assert [a.text for a in same.acts] == [a.text for a in trace.acts]


def test_spans_of_genai_are_read(tmp_path: Path) -> None:
    def span(name: str, start: int, **attributes: object) -> dict[str, object]:
        typed = [
            {"key": key, "value": {"stringValue" if isinstance(v, str) else "intValue": v}}
            for key, v in attributes.items()
        ]
        return {"traceId": "t", "name": name, "startTimeUnixNano": str(start * 10**9),
                "endTimeUnixNano": str((start + 2) * 10**9), "attributes": typed}  # fmt: skip

    asked = json.dumps([{"role": "user", "parts": [{"type": "text", "text": "6 * 7?"}]}])
    said = json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": "Answer: 42"}]}])
    spans = [
        span("chat m", 1_700_000_000, **{"gen_ai.operation.name": "chat", "gen_ai.agent.name": "ada",
             "gen_ai.input.messages": asked, "gen_ai.output.messages": said,
             "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 3}),
        span("execute_tool python", 1_700_000_003, **{"gen_ai.operation.name": "execute_tool",
             "gen_ai.agent.name": "ada", "gen_ai.tool.name": "python",
             "gen_ai.tool.call.arguments": '{"code": "6*7"}', "gen_ai.tool.call.result": "42"}),
    ]  # fmt: skip
    otlp = {"resourceSpans": [{"scopeSpans": [{"spans": list(reversed(spans))}]}]}
    lines = "\n".join(
        json.dumps({"name": s["name"], "context": {"trace_id": "t"}, "start_time": s["startTimeUnixNano"],
                    "end_time": s["endTimeUnixNano"], "attributes": {a["key"]: next(iter(a["value"].values())) for a in s["attributes"]}})
        for s in spans
    )  # fmt: skip
    for path in (written(tmp_path, "otlp.json", otlp), written(tmp_path, "spans.jsonl", lines)):
        [trace] = read_file(path)
        assert (trace.source, trace.task) == ("otel", "6 * 7?")
        assert [(a.kind, a.author) for a in trace.acts] == [("says", "ada"), ("calls", "ada"), ("returns", "ada")]  # fmt: skip
        assert (trace.acts[0].tokens, trace.acts[0].seconds) == (13, 2.0)
        assert trace.acts[2].text == "42"


def test_logs_of_inspect_are_read_without_targets(tmp_path: Path) -> None:
    sample = {
        "id": "q1", "epoch": 1, "input": "How many chairs do 6 rows of 7 make?", "target": "SECRET-LABEL",
        "messages": CHAT, "scores": {"match": {"value": "SECRET-LABEL"}}, "limit": {"type": "message"},
    }  # fmt: skip
    log = written(tmp_path, "log.json", {"version": 2, "eval": {}, "samples": [sample]})
    archive = tmp_path / "log.eval"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("header.json", "{}")
        file.writestr("samples/q1_epoch_1.json", json.dumps(sample))
    for path in (log, archive):
        [trace] = read_file(path)
        assert (trace.name, trace.source, trace.stopped_by) == ("q1/1", "inspect", "message")
        assert "SECRET" not in repr(trace)
        assert [a.kind for a in trace.acts] == ["says", "calls", "returns", "says"]


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.json", "{"), ("b.json", "{}"), ("c.json", "[]"), ("d.txt", "hello"), ("e.json", "[1, 2]"), ("f.eval", "no"), ("g.json", "\0"), ("h.json", '[{"role": "user", "content": ' + "[" * 100_000 + "]" * 100_000 + "}]")],
)  # fmt: skip
def test_what_is_no_run_is_refused(tmp_path: Path, name: str, text: str) -> None:
    path = written(tmp_path, name, text)
    with pytest.raises(UsageError, match=name):
        read_file(path)


def test_a_folder_is_read_past_what_is_none(tmp_path: Path) -> None:
    written(tmp_path, "a.json", CHAT)
    written(tmp_path, "b.json", "{}")
    (tmp_path / "more").mkdir()
    written(tmp_path / "more", "c.json", {"messages": CHAT})
    damaged = tmp_path / "more" / "transcript.jsonl"
    damaged.write_text('{"run": "r", "event": {"kind": "run_started"}, "chain": "no"}\n')
    told = list[str]()
    assert [trace.name for trace in read_folder(tmp_path, told.append)] == ["a", "c"]
    [why] = told
    assert "transcript.jsonl" in why


@pytest.mark.parametrize("value", [None, 3, "x", {}, [], {"messages": []}, {"trajectory": 3, "problem_statement": 1}, [[]], {"messages": [{"role": 3}]}])  # fmt: skip
def test_values_that_are_no_run_give_none(value: object) -> None:
    assert read_value(value) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "Answer: 42", "So.\n\n**Answer:** 42", "*Answer*: 42", "Final answer = 42", "Answer - 42",
        "Answer \u2014 42", "Answer\uff1a42", "Answer is 42", "Answer:\n42", "**Final Answer:**\n\n42",
        "## Answer\n42", "### Final Answer:\n**42**", "\\boxed{42}", "The answer is 42.",
        "```print(1)```\nAnswer: 42\n```py\nx = 1\n```", "Answer: 41\nNo.\nAnswer: 42",
    ],
)  # fmt: skip
def test_stated_answers_are_seen(text: str) -> None:
    assert stated_answer(text) == "42"


@pytest.mark.parametrize(
    "text",
    [
        "```python\n# Answer Options\noptions = []\n```", "- **Answer Validation**: it looks at it.",
        "I answer all questions.", "```\nprint('The answer is 0.')\n```", "My answers: see above",
    ],
)  # fmt: skip
def test_other_words_are_no_answers(text: str) -> None:
    assert stated_answer(text) is None


SPAN = {
    "name": "chat m",
    "context": {"trace_id": "t", "span_id": "s"},
    "attributes": {"gen_ai.operation.name": "chat"},
}


@pytest.mark.parametrize(
    "odd",
    [
        {"start_time": 10**400}, {"start_time": "9" * 5_000}, {"start_time": "\u00b2"}, {"start_time": []},
        {"start_time": "never"}, {"parent_id": "s"}, {"context": None}, {"status": 7},
        {"attributes": {"gen_ai.prompt.0.\u00b2.x": "y", "gen_ai.usage.input_tokens": "\u00b2"}},
        {"attributes": {"gen_ai.prompt.0": "y", "gen_ai.prompt.0.content": "z"}},
        {"attributes": [{"key": "gen_ai.a", "value": {"arrayValue": 7}}, {"key": 1}, 7]},
        {"attributes": {"gen_ai.operation.name": "chat", "gen_ai.output.messages": "[{\"parts\": 7}]"}},
    ],
)  # fmt: skip
def test_odd_spans_break_nothing(tmp_path: Path, odd: dict[str, object]) -> None:
    path = written(tmp_path, "spans.json", [{**SPAN, **odd}])
    try:
        traces = read_file(path)
    except UsageError:
        return
    assert all(trace.source in ("otel", "chat") for trace in traces)


@pytest.mark.parametrize(
    "text",
    [
        "HyperAgent_x - INFO - Planner's Response: a" + "\n" * 40_000 + "b",
        "[2025-29-03 23:37:22 INFO] **task_prompt**: a" + "\n" * 40_000 + "ChatDev Starts",
        "a: **" + "<->" * 30_000 + "\n[2025-29-03 23:37:22 INFO] ChatDev Starts",
    ],
)  # fmt: skip
def test_long_runs_of_one_sign_take_no_time(tmp_path: Path, text: str) -> None:
    began = time.process_time()
    with contextlib.suppress(UsageError):
        read_file(written(tmp_path, "odd.log", text))
    assert time.process_time() - began < 2


def test_a_record_that_ends_before_it_began_is_refused() -> None:
    with pytest.raises(RecordError, match="before its run had begun"):
        read_events(())
