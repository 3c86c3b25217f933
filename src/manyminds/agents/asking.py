"""What a question asks for, from its words alone: a program, in which language, one of options."""

import re
from functools import cache

from manyminds.agents.prompts import prompt

__all__ = [
    "asks_for_code",
    "asks_for_python",
    "asks_for_text",
    "offers_options",
    "options_of",
    "question_now",
]

_NO_PROGRAM = (
    "movie|film|play|video|radio|podcast|speech|workout|training|fitness|exercise|loyalty|reward|"
    "school|degree|tv|discount|promo|dress|zip|postal|morse|slogan|email|e-mail|letter|essay|poem|"
    "song|story|article|post|summary|review|report|text|advert|ad|message|note|blog|paragraph|joke|"
    "recipe|plan|proposal|bio|caption|overview|explanation|introduction|description|tweet"
)
_BETWEEN = (
    r"(?:(?!(?:of|on|about|for|from|with|how|why|to|that|which|" + _NO_PROGRAM + r")\b)"
    r"[\w,'`\"()!/+#-]+ ){0,7}"
)
_FUNCTION = r"(?:function|method|class|script)"
_END = r"\b(?! (?:of|schedule|room|list|plan|trip|reunion)\b)"
"""A code of conduct is no code, and a class schedule no class."""
_BEGIN = (
    r"(?:^|[.!?:;,]\s+|"
    r"\b(?:please|can you|could you|would you|will you|you to|help me|and|then)\s+)"
)
"""What a request begins behind: "you will write code" and "to learn to write code" are none."""
_ASKS_FOR_CODE = re.compile(
    rf"{_BEGIN}(?:(?:write|implement|complete|rewrite|refactor)(?: for me)? {_BETWEEN}"
    rf"(?:{_FUNCTION}|program|code|query)|"
    rf"(?:create|develop|build)(?: for me)? {_BETWEEN}{_FUNCTION}|"
    rf"(?:return|give)(?: me)? {_BETWEEN}(?:function|program|script)|"
    rf"give me {_BETWEEN}(?:class|code|query)|"
    rf"i (?:need|want|would like) {_BETWEEN}(?:function|script)){_END}",
    re.IGNORECASE | re.MULTILINE,
)
_NO_TEXT = (
    r"(?! (?:\S+ ){0,4}(?:word|letters|numbers?|numerals?|digits?|expression|equation|formula|"
    r"inequality|polynomial|fraction|decimal|ratio|percentage|sum|product|answer|result|name|date)\b)"
)
"""What is written down rather than composed: there is one right one."""
_ASKS_FOR_TEXT = re.compile(
    rf"{_BEGIN}(?:write{_NO_TEXT}|draft|compose|rephrase|paraphrase|translate|summari[sz]e|explain|describe|"
    r"brainstorm|suggest|advise|outline|proofread|discuss|tell me (?:about|a (?:story|joke))|"
    r"why (?:is|are|do|does|did|was|were|can't|don't|doesn't|would|should)|"
    r"how (?:do|can|should|would) (?:i|we|you)|should (?:i|we)|what do you think|"
    r"(?:give me|list|name) (?:\w+ ){0,3}(?:ideas?|tips|suggestions|advice|slogans?|examples)|"
    r"schreibe?|verfasse|formuliere|übersetze?|fasse|erkläre?|beschreibe?|warum|wieso|"
    r"écris|rédige|traduis|résume|explique|pourquoi|escribe|redacta|traduce|resume|explica|"
    r"por qué|scrivi|traduci|riassumi|spiega|perché)\b",
    re.IGNORECASE | re.MULTILINE,
)
_FOLLOWS = re.compile(
    r"\s*(?:(?:now|please|also|and|ok(?:ay)?|can you|could you),? )*"
    r"(?:make|add|change|fix|use|remove|handle|rename|convert|turn|shorten|expand|rewrite|refactor|optimi[sz]e|simplify|improve)\b",
    re.IGNORECASE,
)
A_TEXT = 40
"""Words from which on a reply is a text rather than an answer."""
_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_IS_CODE = re.compile(
    r"\s*(?:(?:async )?def \w+\(|class \w+[(:]|import \w|from [\w.]+ import |@\w+$)", re.MULTILINE
)
_ENDS_IN_CODE = re.compile(r"\s|(?:def|class|return|pass|import|from|raise|assert)\b|[)\]}\"'#@]")
_PYTHON = re.compile(r"(?im)\bpython|^[ \t]*(?:async )?def \w+\(.*:[ \t]*$")
_OTHER = re.compile(
    r"(?i:\b(?:java|javascript|typescript|js|node(?:\.?js)?|kotlin|scala|swift|rust|golang|ruby|php|"
    r"perl|lua|haskell|ocaml|erlang|elixir|clojure|julia|matlab|fortran|cobol|pascal|dart|sql|mysql|"
    r"postgres\w*|sqlite|bash|zsh|shell|powershell|awk|html|css|vba|latex|assembly)\b|"
    r"(?<!\w)(?:c\+\+|c#|f#|objective-c))|\b(?:in|a) (?:C|R|Go)\b(?!-)"
)
_OPTIONS = (
    re.compile(r"^[ \t]*\(?(?P<letter>[A-Za-z])[).:]\s+(?P<text>\S.*)", re.MULTILINE),
    re.compile(r"\((?P<letter>[A-Ja-j])\)(?P<text>[^()\n]+)(?=\([A-Ja-j]\)|$)", re.MULTILINE),
    re.compile(
        r"(?:^|\s)(?P<letter>[A-J])[).:]\s+(?P<text>\S(?:(?!\s[A-J][).:]\s).)*)", re.MULTILINE
    ),
)
"""No part of them can take the same blanks as another one: a question may be a million of those."""
_PART = re.compile(
    r"(?i)(?:find|compute|calculate|determine|show|prove|explain|solve|sketch|draw|state|what|how|why|"
    r"which|when|who|where)\b|.*\?$"
)
"""A part of a question, which is no option."""


def question_now(asked: str) -> str:
    """Return the question itself, without what was said before it in a conversation."""
    _, mark, now = asked.rpartition(_marker())
    return now if mark else asked


@cache
def _marker() -> str:
    """Return what stands between a conversation and its question, as its prompt has it."""
    return prompt("conversation", said="", question="").split("\n\n")[-2] + "\n\n"


def _goes_on_from(asked: str) -> str | None:
    """Return what a question wants changed: the reply before it; `None` where it goes on from none.

    "Make it shorter" asks for what the reply was: a program again, or a text.
    """
    before, mark, now = asked.rpartition(_marker())
    if not mark or not _FOLLOWS.match(now):
        return None
    return before.rpartition("assistant: ")[2]


def _request(asked: str) -> str:
    """Return what a question asks for, without material that is pasted into it.

    That is its first and its last paragraph, out of fences: what lies between is looked at.
    """
    paragraphs = [p for p in re.split(r"\n\s*\n", _FENCED.sub("\n\n", asked)) if p.strip()]
    return "\n\n".join(dict.fromkeys([*paragraphs[:1], *paragraphs[-1:]]))


def asks_for_code(asked: str) -> bool:
    """Say whether a question wants a program for an answer, and not something about one."""
    question, before = question_now(asked), _goes_on_from(asked)
    if before is not None:
        return "```" in before
    if _ASKS_FOR_CODE.search(_request(question)):
        return True
    # Code alone is to be completed; code and words about it is not.
    last = question.rstrip().rpartition("\n")[2]
    return _IS_CODE.match(question) is not None and _ENDS_IN_CODE.match(last) is not None


def asks_for_text(asked: str) -> bool:
    """Say whether a question wants a text: an email, a summary, an explanation, advice.

    Two good ones are never equal, so that there is nothing to vote on.
    """
    question = question_now(asked)
    if asks_for_code(asked) or offers_options(question):
        return False
    before = _goes_on_from(asked)
    if before is not None:
        return len(before.split()) > A_TEXT
    return _ASKS_FOR_TEXT.search(_request(question)) is not None


def asks_for_python(asked: str) -> bool:
    """Say whether a question wants a program, and names no language but Python."""
    question = f"{_goes_on_from(asked) or ''}\n{question_now(asked)}"
    other = _OTHER.search(question) is not None and not _PYTHON.search(question)
    return asks_for_code(asked) and not other


def options_of(asked: str) -> dict[str, str]:
    """Return the options of a question by their letters, in capitals; none where it has none.

    They stand a line each, or in one line in brackets or as capitals, and begin with A.
    """
    question = question_now(asked)
    for pattern in _OPTIONS:
        found = {m["letter"].upper(): m["text"].strip() for m in pattern.finditer(question)}
        letters = [chr(ord("A") + place) for place in range(len(found))]
        if len(found) > 1 and list(found) == letters and not any(map(_PART.match, found.values())):
            return found
    return {}


def offers_options(asked: str) -> bool:
    """Say whether a question offers lettered options."""
    return bool(options_of(asked))
