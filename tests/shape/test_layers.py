"""The layers point one way, the core stays pure, and each name is the one in the checkout."""

import ast
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from checkout import LAYERS, OURS, ROOT, decorators, functions, imports, named, sources, tree

MAY_IMPORT = {
    "contexten": {"contexten"},
    "activities": {"contexten", "activities"},
    "workflows": {"contexten", "activities", "workflows"},
    "starter": {"contexten", "workflows", "starter"},
    "sandbox": {"sandbox"},
    "bench": set(OURS),
}

PURE = {
    "ast",
    "abc",
    "base64",
    "binascii",
    "bisect",
    "collections",
    "collections.abc",
    "contextlib",
    "dataclasses",
    "datetime",
    "email.utils",
    "enum",
    "fractions",
    "functools",
    "hashlib",
    "heapq",
    "hmac",
    "inspect",
    "itertools",
    "json",
    "math",
    "operator",
    "re",
    "statistics",
    "string",
    "textwrap",
    "types",
    "typing",
    "urllib.parse",
    "uuid",
}
CLOCK_AND_DICE = {
    f"{of}.{name}"
    for of in ("datetime", "datetime.datetime", "date", "datetime.date", "uuid")
    for name in ("now", "utcnow", "today", "uuid1", "uuid4", "getnode")
}
IMPURE_CALLS = {"open", "print", "input", "eval", "exec", "__import__", "hash", "id"}

FORBIDDEN_NAMES = {
    "utils",
    "helpers",
    "common",
    "base",
    "misc",
    "manager",
    "service",
    "handler",
    "types",
    "models",
    "constants",
}

PLATFORMS = ("github", "linear", "slack")

TOO_HEAVY = ("httpx", "github", "slack_sdk", "langchain", "fastapi", "pydantic_settings", "typer")


def ours(path: Path) -> set[str]:
    """Which of our layers *path* imports."""
    return {name.split(".")[0] for name in imports(path)} & OURS


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_only_point_down(layer: str) -> None:
    wrong = {named(p): ours(p) - MAY_IMPORT[layer] for p in sources(layer)}

    assert {path: found for path, found in wrong.items() if found} == {}


def test_only_the_worker_and_benches_of_them_see_clients_and_stores() -> None:
    hidden = ("activities.clients", "activities.stores")
    seeing = [
        named(path)
        for path in sources()
        if any(name.startswith(hidden) for name in imports(path))
        and not named(path).startswith(("activities/clients/", "activities/stores/"))
    ]

    assert seeing == ["bench/codebase.py", "bench/path.py", "worker.py"]


def test_the_worker_is_seen_by_nobody() -> None:
    seeing = [named(path) for path in sources(*LAYERS[:5]) if "worker" in imports(path)]

    assert seeing == []


def test_who_has_deeds_leans_on_nobody_beside_them() -> None:
    for path in (ROOT / "activities").glob("*.py"):
        if "@activity.defn" in path.read_text():
            assert [name for name in imports(path) if name.startswith("activities.")] == [], path


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_platform_knows_of_another(platform: str) -> None:
    others = tuple(other for other in PLATFORMS if other != platform)
    for path in sources("contexten", "activities", "workflows", "sandbox"):
        if not path.stem.startswith(platform):
            continue
        parts = {part for name in imports(path) for part in name.split(".")}
        assert [part for part in parts if part.startswith(others)] == [], named(path)


@pytest.mark.parametrize("path", sources("contexten"), ids=named)
def test_the_core_imports_only_what_is_pure(path: Path) -> None:
    foreign = {name for name in imports(path) if name.split(".")[0] != "contexten"}

    assert foreign - PURE == set()


@pytest.mark.parametrize("path", sources("contexten"), ids=named)
def test_the_core_has_no_clock_no_dice_and_no_files(path: Path) -> None:
    attributes = {ast.unparse(n) for n in ast.walk(tree(path)) if isinstance(n, ast.Attribute)}
    called = {
        node.func.id
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }

    assert attributes & CLOCK_AND_DICE == set()
    assert called & IMPURE_CALLS == set()


def test_workflows_load_nothing_heavy() -> None:
    program = (
        "import sys, workflows.reactions, workflows.delivery, workflows.sweep, workflows.health;"
    )
    program += f"print(*(set(sys.modules) & set({TOO_HEAVY!r})))"

    asked = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert asked.stdout.split() == []


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_names_are_ours(name: str) -> None:
    spec = find_spec(name)

    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).is_relative_to(ROOT), f"{name} is shadowed by {spec.origin}"


def test_every_package_is_listed() -> None:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    there = {named(path.parent).replace("/", ".") for path in sources(*LAYERS)}

    assert there == set(tool["packages"])


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [named(path) for path in sources() if path.stem in FORBIDDEN_NAMES] == []


def test_a_packages_own_file_holds_its_docstring() -> None:
    allowed = {"workflows/reactions/__init__.py"}  # the module users name, with its `app`
    for path in sources(*LAYERS):
        if path.name == "__init__.py" and named(path) not in allowed:
            assert ast.get_docstring(tree(path)), named(path)
            assert len(tree(path).body) == 1, named(path)


@pytest.mark.parametrize("layer", ["contexten", "activities", "workflows", "starter"])
def test_what_is_public_is_explained(layer: str) -> None:
    silent = [
        f"{named(path)}:{function.lineno} {function.name}"
        for path in sources(layer)
        for function in functions(path)
        if not function.name.startswith("_")
        and not ast.get_docstring(function)
        and not is_inner(path, function)
        and not {"overload", "workflow.run"} & set(decorators(function))
        and not is_signature(function)
    ]

    assert silent == []


def is_inner(path: Path, function: ast.AST) -> bool:
    """Whether *function* stands inside another one."""
    return any(function in ast.walk(outer) and function is not outer for outer in functions(path))


def is_signature(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether *function* is only declared, as in a Protocol."""
    return all(
        isinstance(line, ast.Expr)
        and isinstance(line.value, ast.Constant)
        and line.value.value is ...
        for line in function.body
    )
