"""The checkout as the shape tests read it: its files, their syntax trees, what they import."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
LAYERS = ("contexten", "activities", "workflows", "starter", "sandbox", "bench")
OURS = {*LAYERS, "worker"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources(*layers: str) -> list[Path]:
    """Every Python file of *layers*, or of all of them and ``worker.py``."""
    found = [path for layer in layers or LAYERS for path in sorted((ROOT / layer).rglob("*.py"))]
    return found if layers else [*found, ROOT / "worker.py"]


def sources_of_tests() -> list[Path]:
    """Every Python file of the tests."""
    return sorted((ROOT / "tests").rglob("*.py"))


def committed() -> list[Path]:
    """Every file that is committed, or is about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = (ROOT / name.decode() for name in listed.stdout.split(b"\0") if name)
    return sorted(path for path in paths if path.is_file())


def named(path: Path) -> str:
    """*path* as one writes it from the root of the checkout."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of *path*."""
    return ast.parse(path.read_text(), str(path))


def imports(path: Path) -> set[str]:
    """The full name of each module that *path* imports anywhere, and of what it takes from ours."""
    found = set[str]()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = node.module or "."
            inside = module.split(".")[0] in OURS
            found |= {f"{module}.{alias.name}" for alias in node.names} if inside else {module}
    return found


def functions(path: Path) -> Iterator[Function]:
    """Every function of *path*, methods and inner ones too."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def classes(path: Path) -> Iterator[ast.ClassDef]:
    """Every class of *path*."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ClassDef):
            yield node


def decorators(node: Function | ast.ClassDef) -> dict[str, ast.expr]:
    """The decorators of *node*, by their name as written."""
    return {
        ast.unparse(one.func if isinstance(one, ast.Call) else one): one
        for one in node.decorator_list
    }
