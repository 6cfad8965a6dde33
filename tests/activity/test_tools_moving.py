"""A definition is moved with what it needs and every import of it, or nothing is changed."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from copies import Copy

A = '''"""A."""

from __future__ import annotations

import os
import json as j
from .c import helper
from typing import Any

LIMIT = 3


# How it is done.
def moved(one: Any, *, most: int = 2) -> "os.PathLike":
    """It."""
    return helper(j.dumps([one, most, moved]))


def stays():
    return 1
'''
C = "def helper(text):\n    return text\n"


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    made = Copy(tmp_path / "copies" / "tree")
    made.write({"pkg/__init__.py": "", "pkg/a.py": A, "pkg/c.py": C})
    return made


def move(copy: Copy, to: str = "pkg/b.py", path: str = "pkg/a.py", name: str = "moved") -> str:
    done = copy.use("move_symbol", name=name, path=path, to=to)
    assert done.ok, done.text
    return done.text


def refused(copy: Copy, to: str = "pkg/b.py", path: str = "pkg/a.py", name: str = "moved") -> str:
    def seen() -> Mapping[Path, bytes]:
        return {p: p.read_bytes() for p in copy.root.rglob("*.py") if p.is_file()}

    before = seen()
    done = copy.use("move_symbol", name=name, path=path, to=to)
    assert not done.ok, done.text
    assert seen() == before
    return done.text


def runs(copy: Copy, program: str) -> None:
    subprocess.run([sys.executable, "-B", "-c", program], cwd=copy.root, check=True)


def test_a_function_goes_to_a_new_file_with_its_imports(copy: Copy) -> None:
    text = move(copy)

    assert copy.read("pkg/b.py").decode() == (
        "from __future__ import annotations\nfrom typing import Any\nfrom pkg.c import helper\n"
        "import json as j\nimport os\n\n\n# How it is done.\n"
        'def moved(one: Any, *, most: int = 2) -> "os.PathLike":\n    """It."""\n'
        "    return helper(j.dumps([one, most, moved]))\n"
    )
    assert copy.read("pkg/a.py").decode() == (
        A[: A.index("# How")].rstrip() + "\n\n\n" + A[A.index("def stays") :]
    )
    assert "moved is in pkg/b.py now" in text
    runs(copy, "import pkg.b, pkg.a; assert pkg.b.moved")


def test_every_import_of_it_is_mended(copy: Copy) -> None:
    copy.write(
        {
            "one.py": "from pkg.a import moved\n",
            "two.py": "from pkg.a import moved as it, stays  # both\n",
            "pkg/three.py": "from .a import (\n    moved,\n    stays,\n)\nimport os\n",
            "pkg/sub/__init__.py": "def f():\n    from ..a import stays, moved\n    return moved\n",
            "four.py": "moved = 1\n",
            "five.py": b"\xef\xbb\xbffrom pkg.a import moved\r\nx = 1\r\n",
        }
    )

    move(copy)

    assert copy.read("one.py") == b"from pkg.b import moved\n"
    assert copy.read("two.py") == (
        b"from pkg.a import stays\nfrom pkg.b import moved as it  # both\n"
    )
    assert copy.read("pkg/three.py") == (
        b"from .a import (\n    stays,\n)\nfrom .b import moved\nimport os\n"
    )
    assert copy.read("pkg/sub/__init__.py") == (
        b"def f():\n    from ..a import stays\n    from ..b import moved\n    return moved\n"
    )
    assert copy.read("four.py") == b"moved = 1\n"
    assert copy.read("five.py") == b"\xef\xbb\xbffrom pkg.b import moved\r\nx = 1\r\n"
    runs(copy, "import one, two, pkg.three, pkg.sub, five; pkg.sub.f()")


def test_a_class_goes_to_a_file_that_is_there_and_is_imported_where_it_was(copy: Copy) -> None:
    copy.write(
        {
            "x.py": (
                "import abc\n\n\n@abc.ABC.register\nclass K(abc.ABC):\n    n = 1\n\n\nk = K()\n"
            ),
            "y.py": '"""Y."""\nimport sys\n\nz = sys.path\n\nif __name__ == "__main__":\n    pass',
        }
    )

    text = move(copy, "y.py", "x.py", "K")

    assert copy.read("x.py") == b"import abc\nfrom y import K\n\n\nk = K()\n"
    assert copy.read("y.py").decode() == (
        '"""Y."""\nimport sys\nimport abc\n\nz = sys.path\n\n'
        "@abc.ABC.register\nclass K(abc.ABC):\n    n = 1\n\n\n"
        'if __name__ == "__main__":\n    pass\n'
    )
    assert "decorators" in text
    runs(copy, "import x")


def test_the_target_imports_it_no_more_and_has_it_before_it_is_used(copy: Copy) -> None:
    copy.write(
        {
            "x.py": "def f():\n    return 3\n\n\ndef other():\n    return 2\n",
            "y.py": "from x import f, other\n\n\ndef g():\n    return 1\n\n\nprint(f(), other())\n",
        }
    )

    move(copy, "y.py", "x.py", "f")

    assert copy.read("y.py").decode() == (
        "from x import other\n\n\ndef g():\n    return 1\n\n\n"
        "def f():\n    return 3\n\n\nprint(f(), other())\n"
    )
    runs(copy, "import y")


def test_what_it_needs_of_its_file_is_imported_from_there(copy: Copy) -> None:
    copy.write({"x.py": "LIMIT = 1\n\n\ndef f():\n    return LIMIT\n", "y.py": ""})

    move(copy, "y.py", "x.py", "f")

    assert copy.read("y.py") == b"from x import LIMIT\n\n\ndef f():\n    return LIMIT\n"
    assert copy.read("x.py") == b"LIMIT = 1\n"


REFUSED = {
    "an attribute": ({"o.py": "import pkg.a\npkg.a.moved\n"}, "o.py:2 has pkg.a.moved"),
    "an alias": ({"o.py": "from pkg import a as q\nq.moved()\n"}, "attribute"),
    "a patch": ({"o.py": "from pkg import a\nsetattr(a, 'moved', 1)\n"}, "names it"),
    "a text": ({"o.toml": "run = 'pkg.a:moved'\n"}, "o.toml:1"),
    "everything": ({"o.py": "from pkg.a import *\nmoved()\n"}, "everything"),
    "another name": ({"pkg/o.py": "from a import moved\n"}, "another name"),
    "a condition": ({"pkg/a.py": "if 1:\n    def moved(): pass\n"}, "condition"),
    "twice": ({"pkg/a.py": "def moved(): pass\nmoved = 1\n"}, "more than once"),
    "exported": ({"pkg/a.py": "__all__ = ['moved']\ndef moved(): pass\n"}, "__all__"),
    "a variable": ({"pkg/a.py": "moved = 1\n"}, "no function or class"),
    "missing": ({"pkg/a.py": "x = 1\n"}, "defines no"),
    "broken": ({"pkg/a.py": "def moved(:\n"}, "not well formed at line 1"),
    "broken elsewhere": ({"o.py": "moved(\n"}, "o.py is not well formed"),
    "taken": ({"pkg/b.py": "moved = 1\n"}, "taken"),
    "used there": ({"pkg/b.py": "def f(): return moved\n"}, "does not define"),
    "changed": ({"pkg/a.py": "n = 1\ndef moved():\n    global n\n    n = 2\n"}, "changes n"),
    "its file": ({"pkg/a.py": "def moved(): return __file__\n"}, "__file__"),
    "unclear": ({"pkg/a.py": "from os import *\ndef moved(): return getcwd()\n"}, "not clear"),
    "types": (
        {
            "pkg/a.py": (
                "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import os\n"
                "def moved(x: 'os.PathLike'): pass\n"
            )
        },
        "under a condition",
    ),
    "another meaning": (
        {"pkg/a.py": "import os\ndef moved(): os\n", "pkg/b.py": "os = 1\n"},
        "else",
    ),
    "the future": ({"pkg/b.py": "x = 1\n"}, "__future__"),
    "a circle": ({"pkg/a.py": "n = 1\ndef moved(): return n\nm = moved()\n"}, "a circle"),
    "a wide circle": (
        {
            "pkg/a.py": "from pkg.d import d\ndef moved(): return d\n",
            "pkg/d.py": "import pkg.e as e\nd = 1\n",
            "pkg/e.py": "from pkg.b import n\n",
            "pkg/b.py": "n = 1\n",
        },
        "a circle",
    ),
    "remarks": ({"o.py": "from pkg.a import (  # noqa\n    moved,\n)\n"}, "remarks"),
    "one line": ({"o.py": "import os; from pkg.a import moved, stays\n"}, "more than one"),
    "described": ({"pkg/a.pyi": "def moved(): ...\n"}, "describes"),
}


@pytest.mark.parametrize(("files", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_done_safely_is_refused(
    copy: Copy, files: Mapping[str, str], said: str
) -> None:
    copy.write(files)

    assert said in refused(copy)


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("pkg/a.py", "pkg/a.py"),
        ("pkg/a.py", "pkg/__init__.py"),
        ("pkg/a.py", "../b.py"),
        ("pkg/a.py", "pkg/b.txt"),
        ("pkg/a.py", "pkg/class.py"),
        ("pkg/a.py", "pkg/new/b.py"),
        ("pkg/a.py", ".git/b.py"),
        ("pkg/missing.py", "pkg/b.py"),
        ("pkg", "pkg/b.py"),
    ],
)
def test_a_place_that_cannot_be_is_refused(copy: Copy, path: str, to: str) -> None:
    assert refused(copy, to, path)


def test_a_file_without_a_package_has_the_name_it_is_imported_by(copy: Copy) -> None:
    copy.write({"src/x.py": "def f():\n    return 1\n", "t/t.py": "from x import f\n"})
    copy.write({"app/x.py": "def h():\n    return 1\n", "t/u.py": "from app.x import h\n"})

    move(copy, "src/y.py", "src/x.py", "f")
    move(copy, "app/y.py", "app/x.py", "h")

    assert copy.read("t/t.py") == b"from y import f\n"
    assert copy.read("t/u.py") == b"from app.y import h\n"


def test_a_move_that_comes_twice_is_done_once(copy: Copy) -> None:
    asked = {"name": "moved", "path": "pkg/a.py", "to": "pkg/b.py"}
    first = copy.use("move_symbol", "the call", **asked)

    assert copy.use("move_symbol", "the call", **asked) == first
