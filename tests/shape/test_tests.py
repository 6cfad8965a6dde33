"""Every test can fail, and says in a sentence what it claims."""

import ast
from pathlib import Path

import pytest
from checkout import Function, functions, named, sources_of_tests, tree

FILES = [path for path in sources_of_tests() if path.name.startswith("test_")]
FAILING_CALLS = {"raises", "warns", "until", "validate", "call_and_validate"}
FAILING_CALLS |= {"replay_workflow", "replay_workflows", "run_state_machine_as_test"}


def called(function: Function) -> set[str]:
    """The names of what *function* calls."""
    names = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            target = node.func
            names.add(target.attr if isinstance(target, ast.Attribute) else ast.unparse(target))
    return names


def asserting() -> set[str]:
    """The functions of all test files that fail by themselves: by an assertion, or a call."""
    everything = [f for path in sources_of_tests() for f in functions(path)]
    names = {f.name for f in everything if any(isinstance(n, ast.Assert) for n in ast.walk(f))}
    names |= FAILING_CALLS
    while more := {f.name for f in everything if called(f) & names} - names:
        names |= more
    return names


ASSERTING = asserting()


@pytest.mark.parametrize("path", FILES, ids=named)
def test_every_test_can_fail(path: Path) -> None:
    tests = [f for f in functions(path) if f.name.startswith("test_")]

    assert [f.name for f in tests if f.name not in ASSERTING] == []


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_test_is_a_sentence(path: Path) -> None:
    for function in functions(path):
        if function.name.startswith("test_"):
            words = function.name.split("_")[1:]
            assert len(words) >= 3, function.name
            assert "should" not in words, function.name


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_test_file_is_a_claim(path: Path) -> None:
    assert ast.get_docstring(tree(path))


@pytest.mark.parametrize("path", FILES, ids=named)
def test_no_test_sleeps_or_patches_what_is_ours(path: Path) -> None:
    used = {ast.unparse(n) for n in ast.walk(tree(path)) if isinstance(n, ast.Attribute)}

    assert used & {"time.sleep", "monkeypatch.setattr", "mock.patch", "mocker.patch"} == set()


def test_test_folders_are_not_packages() -> None:
    assert [named(p) for p in sources_of_tests() if p.name == "__init__.py"] == []
