"""A competent model for research, as replies of the stub: it says what a test writes down, by what
it is asked, and it answers only from the passages it is shown."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]
_DATA = re.compile(r'<data from="([^"]*)">\n(.*?)\n</data>', re.DOTALL)
_WIDE = ("item", "groups", "others", "rows", "topics", "sorted")
_ASKED = re.compile(r"Question:\n(.*)", re.DOTALL)


@dataclass
class Scholar:
    """Plans, works, judges, composes."""

    plan: list[tuple[str, str]] = field(default_factory=list)
    """Questions and queries of the parts; none: the whole question."""
    know: Callable[[str, str], tuple[str, list[str]]] = lambda _q, _p: ("cannot be determined", [])
    """From a question and the passages shown to an answer and its claims."""
    judge: Callable[[str, str], str] = lambda _claim, _passage: "supported"
    gaps: list[list[tuple[str, str]]] = field(default_factory=list)
    """Parts that it finds missing, a list for each time that it is asked; none after that."""
    answers: bool = True
    """Whether what is delivered answers the question."""
    compare: Callable[[list[str]], dict[str, Any]] = lambda _lines: {"columns": [], "rows": []}
    """From the statements to how they are laid out side by side."""
    item: str = "a thing"
    columns: list[dict[str, str]] = field(
        default_factory=lambda: [{"name": "name", "kind": "name"}]
    )
    group: Callable[[str], str] = lambda _line: "only"
    """What a group of links holds: only, some, or nothing."""
    belongs: Callable[[str], bool] = lambda _line: True
    cell: Callable[[str, str], str | None] = lambda _name, _line: None
    rank: tuple[str, str] = ("no order", "largest")
    """By which column it has rows ranked, and which end comes first."""
    topics: list[str] = field(default_factory=list)
    sort: Callable[[str], str] = lambda _line: ""
    asked: list[str] = field(default_factory=list)
    """What kinds of requests came."""
    first: list[str] = field(default_factory=list)
    """Said by workers before they answer."""
    bodies: list[Body] = field(default_factory=list)

    def __call__(self, body: Body) -> str:
        self.bodies.append(body)
        schema = (body.get("response_format") or {}).get("json_schema", {}).get("schema", {})
        fields = set(schema.get("properties", {}))
        text = "\n".join(str(m["content"]) for m in body["messages"])
        if "parts" in fields:
            self.asked.append("plan")
            question = _question(text)
            parts = self.plan or [(question, question)]
            return json.dumps(
                {"goal": "find it out", "parts": [{"question": q, "query": w} for q, w in parts]}
            )
        if fields == {"verdict"}:
            self.asked.append("cite")
            (_, passage), (_, claim) = _DATA.findall(text)
            return json.dumps({"verdict": self.judge(claim, passage)})
        if fields == {"answers"}:
            self.asked.append("answers")
            return json.dumps({"answers": "yes" if self.answers else "no"})
        if fields == {"missing"}:
            self.asked.append("gaps")
            missing = self.gaps.pop(0) if self.gaps else []
            return json.dumps({"missing": [{"question": q, "query": w} for q, w in missing]})
        if "sections" in fields:
            self.asked.append("compose")
            numbers = [int(n) for n in re.findall(r"^(\d+)\. ", text, re.MULTILINE)]
            said = re.findall(r"^\d+\. (.*)", text, re.MULTILINE)
            return json.dumps(
                {
                    "answer": " ".join(said[:2]),
                    "sections": [{"title": "All", "statements": numbers}],
                }
            )
        if fields == {"columns", "rows"}:
            self.asked.append("compare")
            return json.dumps(self.compare(re.findall(r"^\d+\. (.*)", text, re.MULTILINE)))
        if fields == {"by", "first"}:
            self.asked.append("rank")
            return json.dumps({"by": self.rank[0], "first": self.rank[1]})
        if fields & set(_WIDE):
            return json.dumps(self._wide(next(iter(fields & set(_WIDE))), schema, text))
        self.asked.append("work")
        if self.first:
            return self.first.pop(0)
        shown = "\n\n".join(passage for _, passage in _DATA.findall(text))
        answer, claims = self.know(_question(text), shown)
        return json.dumps(
            {
                "action": "answer",
                "claims": claims,
                "reason": "so it is",
                "answer": answer,
                "confidence": 80,
            }
        )

    def _wide(self, kind: str, schema: Any, text: str) -> dict[str, Any]:
        """Answer what a wide run asks, by what the test wrote down."""
        self.asked.append(kind)
        lines = re.findall(r"^(\d+)\. (.*)", text, re.MULTILINE)
        if kind == "item":
            return {"item": self.item, "columns": self.columns, "queries": ["a list"]}
        if kind == "groups":
            holds = [(int(n), self.group(line)) for n, line in lines]
            return {"groups": [{"group": n, "holds": h} for n, h in holds if h]}
        if kind == "others":
            return {"others": [int(n) for n, line in lines if not self.belongs(line)]}
        if kind == "rows":
            names = schema["properties"]["rows"]["items"]["required"]
            return {"rows": [{name: self.cell(name, line) for name in names} for _, line in lines]}
        if kind == "topics":
            return {"topics": self.topics}
        return {"sorted": [self.sort(line) for _, line in lines]}


def _question(text: str) -> str:
    found = _ASKED.search(text)
    return found[1].split("\n")[0].strip() if found else ""
