"""What a question asks for, from its words alone: a program, in which language, one of options."""

import re
from functools import cache

from manyminds.agents.prompts import prompt

__all__ = ["asks_for_code", "asks_for_python", "offers_options", "question_now"]

_NO_PROGRAM = (
    "movie|film|play|video|radio|podcast|speech|workout|training|fitness|exercise|loyalty|reward|"
    "school|degree|tv|discount|promo|dress|zip|postal|morse"
)
_BETWEEN = (
    r"(?:(?!(?:of|on|about|for|from|with|how|why|to|" + _NO_PROGRAM + r")\b)"
    r"[\w,'`\"()!/+#-]+ ){0,7}"
)
_FUNCTION = r"(?:function|method|class|script)"
_END = r"\b(?! (?:of|schedule|room|list|plan|trip|reunion)\b)"
"""A code of conduct is no code, and a class schedule no class."""
_ASKS_FOR_CODE = re.compile(
    rf"\b(?:write|implement|complete|rewrite|refactor)(?: for me)? {_BETWEEN}"
    rf"(?:{_FUNCTION}|program|code|query){_END}|"
    rf"\b(?:create|develop|build)(?: for me)? {_BETWEEN}{_FUNCTION}{_END}|"
    rf"\b(?:return|give)(?: me)? {_BETWEEN}(?:function|program|script){_END}|"
    rf"\bgive me {_BETWEEN}(?:class|code){_END}",
    re.IGNORECASE,
)
_IS_CODE = re.compile(
    r"\s*(?:(?:async )?def \w+\(|class \w+[(:]|import \w|from [\w.]+ import |@\w+$)", re.MULTILINE
)
_PYTHON = re.compile(r"(?im)\bpython|^\s*(?:async )?def \w+\(.*:\s*$")
_OTHER = re.compile(
    r"(?i:\b(?:java|javascript|typescript|js|node(?:\.?js)?|kotlin|scala|swift|rust|golang|ruby|php|"
    r"perl|lua|haskell|ocaml|erlang|elixir|clojure|julia|matlab|fortran|cobol|pascal|dart|sql|mysql|"
    r"postgres\w*|sqlite|bash|zsh|shell|powershell|awk|html|css|vba|latex|assembly)\b|"
    r"(?<!\w)(?:c\+\+|c#|f#|objective-c))|\b(?:in|a) (?:C|R|Go)\b(?!-)"
)
_OPTION = re.compile(r"^\s*\(?[A-E][).:]\s", re.MULTILINE)


def question_now(asked: str) -> str:
    """Return the question itself, without what was said before it in a conversation."""
    _, mark, now = asked.rpartition(_marker())
    return now if mark else asked


@cache
def _marker() -> str:
    """Return what stands between a conversation and its question, as its prompt has it."""
    return prompt("conversation", said="", question="").split("\n\n")[-2] + "\n\n"


def asks_for_code(asked: str) -> bool:
    """Say whether a question wants a program for an answer, and not something about one."""
    question = question_now(asked)
    if _ASKS_FOR_CODE.search(question):
        return True
    # Code alone is to be completed; code and a question about it is not.
    return _IS_CODE.match(question) is not None and "?" not in question.rstrip().rpartition("\n")[2]


def asks_for_python(asked: str) -> bool:
    """Say whether a question wants a program, and names no language but Python."""
    question = question_now(asked)
    other = _OTHER.search(question) is not None and not _PYTHON.search(question)
    return asks_for_code(asked) and not other


def offers_options(question: str) -> bool:
    """Say whether a question offers lettered options, each on a line."""
    return len(_OPTION.findall(question)) > 1
