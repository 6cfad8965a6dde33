"""
Regular expressions that others wrote, applied in a process of their own.

One that never ends holds up nobody else: its process is ended, and that is the answer.
"""

import json
import subprocess
import sys
from collections.abc import Mapping

from contexten.tool_text import Refused

LONGEST_S = 5.0
MEMORY_BYTES = 1024 * 1024 * 1024
PROGRAM = f"""
import json, re, resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY_BYTES}, {MEMORY_BYTES}))
resource.setrlimit(resource.RLIMIT_CPU, ({LONGEST_S:.0f}, {LONGEST_S:.0f} + 1))
asked = json.load(sys.stdin)
try:
    found = re.compile(asked["old"], re.MULTILINE)
    changed = {{}}
    for path, text in asked["texts"].items():
        new, many = found.subn(asked["new"], text)
        if many:
            changed[path] = [many, new]
    answer = {{"changed": changed}}
except (re.error, IndexError, RecursionError, OverflowError) as error:
    answer = {{"wrong": str(error)[:300]}}
json.dump(answer, sys.stdout)
"""


def replaced(texts: Mapping[str, str], old: str, new: str) -> dict[str, tuple[int, str]]:
    r"""
    Those of *texts* in which *old*, a regular expression, occurs: how often, and with *new*.

    Raises:
        Refused: If it is none, or takes too long.

    >>> replaced({"a": "x1 x2", "b": "y"}, r"x(\d)", r"z\1")
    {'a': (2, 'z1 z2')}
    """
    asked = json.dumps({"old": old, "new": new, "texts": dict(texts)})
    try:
        ran = subprocess.run(  # noqa: S603 - our own program; what others wrote is its input
            [sys.executable, "-I", "-S", "-c", PROGRAM],
            input=asked,
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            env={"PYTHONIOENCODING": "utf-8:surrogatepass"},
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise Refused(
            f"the regular expression took longer than {LONGEST_S:.0f} s: write a simpler one"
        ) from None
    except subprocess.CalledProcessError:
        raise Refused("the regular expression took too much memory: write a simpler one") from None
    answer = json.loads(ran.stdout)
    if "wrong" in answer:
        raise Refused(f"that is no regular expression of Python's: {answer['wrong']}")
    return {path: (many, text) for path, (many, text) in answer["changed"].items()}
