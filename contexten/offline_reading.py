"""What the offline model reads out of what its tools say."""

import re

BEGIN, END = "--- offline begin", "--- offline end"
RUN = (
    "export PYTHONDONTWRITEBYTECODE=1; PY=$(command -v python || command -v python3); "
    'if "$PY" -c "import pytest" 2>/dev/null; '
    'then "$PY" -m pytest -q --tb=short -p no:cacheprovider; '
    'else "$PY" -m unittest; fi 2>&1 | tail -c 6000; echo; echo "' + END + '"'
)
FAILED = re.compile(r"^(?:FAILED|ERROR) ([\w./-]+\.py)(?:::(\S+))?", re.MULTILINE)
UNIT_FAILED = re.compile(r"^(?:FAIL|ERROR): (\w+) \(([\w.]+)\)", re.MULTILINE)
COUNTS = re.compile(r"(\d+) (?:failed|errors?)|(?:failures|errors)=(\d+)")
FRAME = re.compile(r"([\w./-]+\.py)[:\", line]+(\d+)[:, ]+in (\w+)")
EXPECTED = re.compile(
    r"(?:\bassert|AssertionError:(?! assert)) (.+?) (?:==|!=) (.+)$", re.MULTILINE
)
NAME = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
DEFINED = re.compile(r"^(?:\./)?([\w./-]+\.py):\d+:\s*(?:async )?def (\w+)", re.MULTILINE)


def quoted(text: str) -> str:
    """*text* as one word of a shell."""
    return "'" + text.replace("'", "'\"'\"'") + "'"


def shown(path: str) -> str:
    """The command that shows the file *path* between two lines of ours."""
    return f"echo '{BEGIN}'; cat {quoted(path)}; echo '{END}'"


def between(text: str) -> str:
    """What stands in *text* between our two lines."""
    return text.partition(f"{BEGIN}\n")[2].rpartition(END)[0]


def ran(text: str) -> bool:
    """Whether *text* is of tests that were run."""
    return END in text and bool(re.search(r"\b(passed|failed|errors?|Ran \d+ tests?|OK)\b", text))


def count(text: str) -> int:
    """How many tests fail in *text*."""
    tail = text[-2000:]
    return sum(int(a or b) for a, b in COUNTS.findall(tail.rpartition("=====")[2] or tail))


def failing(text: str) -> list[tuple[str, str]]:
    """The tests that fail, each as a file and a name."""
    found = [(file, test) for file, test in FAILED.findall(text)]
    for test, of in UNIT_FAILED.findall(text):
        module = of.removesuffix(f".{test}").rpartition(".")[0] or of
        found.append((module.replace(".", "/") + ".py", test))
    return list(dict.fromkeys(found))


def is_test(path: str) -> bool:
    """Whether *path* is of tests."""
    name = path.rpartition("/")[2]
    return name.startswith("test") or name.endswith("_test.py") or name == "conftest.py"


def called_in(source: str, wanted: set[str]) -> list[str]:
    """What is called in those functions of *source* that are *wanted*; in all if none is there."""
    blocks = re.split(r"(?m)^(?=\s*(?:async )?def )", source)
    chosen = [
        b for b in blocks if (m := re.match(r"\s*(?:async )?def (\w+)", b)) and m[1] in wanted
    ]
    return [
        name
        for block in chosen or blocks
        for name in NAME.findall(block)
        if name not in wanted and name != "def"
    ]


def is_literal(text: str) -> bool:
    """Whether *text* is None, a number or a string of Python."""
    return bool(re.fullmatch(r"None|-?\d+(\.\d+)?|'[^'\n\\]{0,80}'|\"[^\"\n\\]{0,80}\"", text))
