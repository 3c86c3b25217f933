"""The text of programs: out of answers, and out of questions that give some code themselves."""

import ast
import re
import textwrap

__all__ = [
    "classes_in",
    "code_in",
    "definitions_of",
    "functions_in",
    "parsed",
    "program_of",
    "wrong_syntax",
]

_FENCED = re.compile(r"```[ \t]*[\w+#.-]*[ \t]*\n(.*?)```", re.DOTALL)
_DEFINING = (
    ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign,
    ast.AnnAssign, ast.AugAssign,
)  # fmt: skip
_START = re.compile(r"^(?:from|import|def|class|async def|@)\b", re.MULTILINE)


def code_in(answer: str) -> str:
    """Return the program in an answer, out of its Markdown fence."""
    fenced = _FENCED.search(answer)
    return fenced[1] if fenced else answer


def parsed(code: str) -> ast.Module | None:
    """Read a program; `None` where it is none. Nothing is run."""
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def wrong_syntax(code: str) -> str | None:
    """Say what keeps a text from being a program; `None` where it is one."""
    try:
        ast.parse(code)
    except SyntaxError as error:
        return f"it is not valid Python: {error.msg} in line {error.lineno}"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"it is not valid Python: {type(error).__name__}"
    return None


def definitions_of(program: str) -> str:
    """Return a program without what it does on its own: prints, self-tests, a main part.

    Candidates are judged by what their functions return; an example of use that fails, or asks for
    input, is no fault of theirs.
    """
    tree = parsed(program)
    if tree is None:
        return program
    kept = [node for node in tree.body if isinstance(node, _DEFINING)]
    return "\n".join(ast.unparse(node) for node in kept)


def functions_in(code: str) -> dict[str, ast.FunctionDef]:
    """Return the functions a program defines at its top, by name."""
    tree = parsed(code)
    return {n.name: n for n in (tree.body if tree else []) if isinstance(n, ast.FunctionDef)}


def classes_in(code: str) -> set[str]:
    """Return the names of the classes a program defines at its top."""
    tree = parsed(code)
    return {n.name for n in (tree.body if tree else []) if isinstance(n, ast.ClassDef)}


def program_of(question: str, answer: str) -> str:
    """Return an answer's program with what the question's own code gives it to stand on.

    Questions like those of HumanEval bring imports and whole helper functions; an answer that
    uses them without repeating them is right.
    """
    code = code_in(answer)
    tree = parsed(code)
    if tree is None:
        return code
    mine = {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    given = [ast.unparse(node) for node in _given(question) if _name(node) not in mine]
    # Imports of a future must stand first; an answer that has one gets nothing before it.
    return code if "from __future__" in code else "\n".join([*given, code])


def _given(question: str) -> list[ast.stmt]:
    """Return the imports and the finished functions of the question's code."""
    for text in (*_FENCED.findall(question), *_tails(question)):
        tree = parsed(textwrap.dedent(text))
        if tree is None:
            continue
        nodes = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
        whole = [n for n in tree.body if isinstance(n, ast.FunctionDef) and _has_body(n)]
        return [*nodes, *whole]
    return []


def _tails(question: str) -> list[str]:
    start = _START.search(question)
    return [] if start is None else [question[start.start() :]]


def _has_body(node: ast.FunctionDef) -> bool:
    """Say whether a function does anything besides documenting itself."""
    rest = [
        n for n in node.body if not (isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant))
    ]
    return any(not isinstance(n, ast.Pass) for n in rest)


def _name(node: ast.stmt) -> str | None:
    return node.name if isinstance(node, ast.FunctionDef | ast.ClassDef) else None
