"""Peeling: what stands around an answer without being part of it."""

import re
import unicodedata

__all__ = ["peel", "plain_math"]

_LEAD = re.compile(
    r"^\s*(?:so|thus|therefore|hence)?,?\s*(?:the\s+)?(?:final\s+|correct\s+)?"
    r"(?:answer|result|value|solution)\s*(?:is|was|:|=)+\s*:?\s*",
    re.IGNORECASE,
)
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_SHORT_FRACTION = re.compile(r"\\[dt]?frac\s*(\d)\s*(\d)")
_ROOT = re.compile(r"\\sqrt\s*\{([^{}]*)\}")
_TEXT = re.compile(r"\\(?:text|mathrm|textbf|mathbf|mbox|operatorname)\s*\{([^{}]*)\}")
_WORDS = (
    ("\\left", ""), ("\\right", ""), ("\\cdot", "*"), ("\\times", "*"), ("\\div", "/"),
    ("\\pi", "pi"), ("\\%", "%"), ("\\$", "$"), ("\\,", ""), ("\\;", " "), ("\\!", ""),
    ("\\ ", " "), ("^\\circ", "°"), ("^{\\circ}", "°"), ("\\degree", "°"), ("\\{", "{"),
    ("\\}", "}"),
)  # fmt: skip


def peel(text: str) -> str:
    """Return the answer itself: out of its box, its emphasis, its "the answer is"."""
    found = unicodedata.normalize("NFKC", text).strip()
    found = found.replace("\u2212", "-").replace("\u2013", "-").replace("\u2019", "'")
    found = _boxed(found)
    for _ in range(3):
        before = found
        found = _LEAD.sub("", found)
        for mark in ("**", "__", "`", "$$", "\\(", "\\)", "\\[", "\\]"):
            found = found.removeprefix(mark).removesuffix(mark)
        if found.startswith("$") and found.endswith("$"):
            found = found[1:-1]
        found = _TEXT.sub(r"\1", found) if _TEXT.fullmatch(found) else found
        found = found.strip().removesuffix(".").strip().strip('"').strip()
        if found == before:
            break
    return found


def _boxed(text: str) -> str:
    start = text.rfind("\\boxed{")
    if start < 0:
        return text
    depth = 0
    for place in range(start + 6, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return text[start + 7 : place]
    return text


def plain_math(text: str) -> str:
    """Rewrite LaTeX and typographic mathematics as plain expression syntax."""
    found = _TEXT.sub(r" \1", text)
    for old, new in _WORDS:
        found = found.replace(old, new)
    for _ in range(5):
        before = found
        found = _FRACTION.sub(r"((\1)/(\2))", found)
        found = _SHORT_FRACTION.sub(r"(\1/\2)", found)
        found = _ROOT.sub(r"sqrt(\1)", found)
        if found == before:
            break
    found = found.replace("^{", "^(").replace("×", "*").replace("÷", "/").replace("·", "*")
    if "^(" in found:
        found = found.replace("}", ")")
    found = re.sub(r"√\s*(\d+)", r"sqrt(\1)", found).replace("π", "pi")
    return found.strip()
