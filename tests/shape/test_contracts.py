"""What others hold us to: names on the wire, activities, workflows."""

import ast
import re
from pathlib import Path

import pytest
from checkout import ROOT, Function, classes, decorators, functions, named, sources

from activities.tools import tool_named
from contexten import errors, retry
from contexten.operations import OPERATIONS, PLATFORMS
from contexten.queues import Queue
from contexten.tools import TOOLS, Kind
from workflows import attributes

NAME = re.compile(r"^(?P<queue>[a-z]+)\.(?P<verb>[a-z]+)(_[a-z]+)*$")
WITHOUT_OBJECT = {"github.redeliver"}


def activities() -> list[tuple[Path, Function, str]]:
    """Every activity: its file, its function, the name it is registered under."""
    found = []
    for path in sources("activities"):
        for function in functions(path):
            defined = decorators(function).get("activity.defn")
            if defined is not None:
                found += [(path, function, name) for name in registered(path, defined)]
    return found


def registered(path: Path, decorator: ast.expr) -> list[str]:
    """The names that ``activity.defn`` has something serve: those of all tools, if dynamic."""
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    if any(k.arg == "dynamic" for k in keywords):
        return [f"{path.stem}.{tool.name}" for tool in TOOLS.values() if tool.kind is Kind.CODE]
    names = [k.value for k in keywords if k.arg == "name"]
    return [str(names[0].value) if names and isinstance(names[0], ast.Constant) else ""]


def workflows() -> list[tuple[Path, ast.ClassDef]]:
    """Every workflow, with its file."""
    return [
        (path, one)
        for path in sources("workflows")
        for one in classes(path)
        if "workflow.defn" in decorators(one)
    ]


ACTIVITIES = activities()
DYNAMIC = {f"{Queue.TOOLS}.{tool.name}" for tool in TOOLS.values() if tool.kind is Kind.CODE}
WORKFLOWS = workflows()


def test_the_error_names_are_frozen() -> None:
    leaves = [leaf.__name__ for leaf in errors.PlatformError.__subclasses__()]

    assert list(errors.LEAVES) == leaves
    assert leaves == [
        "TransientError",
        "RateLimitedError",
        "ServerError",
        "AuthenticationError",
        "ClientError",
        "FatalError",
    ]


def test_the_queue_names_are_frozen() -> None:
    names = "deliveries github linear slack agents model tools control"

    assert [str(queue) for queue in Queue] == names.split()


def test_the_search_attributes_are_frozen() -> None:
    names = "Platform EventType Repository ContextKey Priority Outcome ErrorCategory RuleVersion"

    assert [key.name for key in attributes.ALL] == names.split()


def test_there_are_activities_and_workflows_to_look_at() -> None:
    assert ACTIVITIES
    assert WORKFLOWS


@pytest.mark.parametrize(("path", "function", "name"), ACTIVITIES, ids=[a[2] for a in ACTIVITIES])
def test_an_activity_is_named_for_its_queue_and_its_deed(
    path: Path, function: Function, name: str
) -> None:
    found = NAME.match(name)

    assert found, f"{named(path)}:{function.lineno} is registered as {name!r}"
    assert found["queue"] in set(Queue)
    assert found["queue"] == path.stem
    if name not in DYNAMIC:
        assert name == f"{path.stem}.{function.name}"
        assert "_" in function.name or name in WITHOUT_OBJECT


def test_what_is_served_by_any_name_is_the_tools_on_a_working_copy_alone() -> None:
    anyhow = {named(path) for path, _, name in ACTIVITIES if name in DYNAMIC}

    assert anyhow == {"activities/tools.py"}
    for name in DYNAMIC:
        assert f"{Queue.TOOLS}.{tool_named(name)}" == name
    for kind in ("tools.merge", "tools.create_pr", "tools.finish", "github.view_file", "view_file"):
        with pytest.raises(errors.ClientError):
            tool_named(kind)


@pytest.mark.parametrize(("path", "function", "name"), ACTIVITIES, ids=[a[2] for a in ACTIVITIES])
def test_an_activity_says_how_it_fails(path: Path, function: Function, name: str) -> None:
    told = ast.get_docstring(function) or ""
    leaves = {leaf.__name__ for leaf in errors.PlatformError.__subclasses__()}

    assert "Raises:" in told, f"{named(path)}:{function.lineno} {name}"
    raised = set(re.findall(r"^ +(\w+Error):", told.partition("Raises:")[2], re.MULTILINE))
    assert raised
    assert raised <= leaves


def test_an_activity_name_is_given_once() -> None:
    names = [name for _, _, name in ACTIVITIES]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", [a[2] for a in ACTIVITIES])
def test_an_activity_has_a_retry_rule_with_an_end(name: str) -> None:
    rule = retry.rule_for(name)

    assert rule.attempt_timeout < rule.deadline
    assert set(rule.not_worth_repeating) == set(errors.NOT_WORTH_REPEATING)


def test_a_retry_rule_is_for_something_that_is_there() -> None:
    there = {name for _, _, name in ACTIVITIES} | set(Queue)

    assert set(retry.RULES) <= there


def test_every_call_to_a_platform_can_be_given_a_rule() -> None:
    calls = {name for _, _, name in ACTIVITIES if name.partition(".")[0] in PLATFORMS}

    assert calls == OPERATIONS


@pytest.mark.parametrize(("path", "one"), WORKFLOWS, ids=[w[1].name for w in WORKFLOWS])
def test_a_workflow_states_its_id_and_what_it_does(path: Path, one: ast.ClassDef) -> None:
    told = ast.get_docstring(one) or ""

    assert one.name.endswith("Workflow")
    assert "Workflow ID: ``" in told, f"{named(path)}:{one.lineno}"
    assert any("workflow.run" in decorators(f) for f in functions(path))


def test_there_is_one_workflow_a_file() -> None:
    files = [named(path) for path, _ in WORKFLOWS]

    assert len(files) == len(set(files))


def test_only_the_joint_speaks_temporals_errors() -> None:
    raising = [
        named(path)
        for path in sources("activities")
        if "ApplicationError" in path.read_text() and path.name != "boundary.py"
    ]

    assert raising == []


def test_each_workflow_and_activity_is_wired() -> None:
    wired = (ROOT / "worker.py").read_text()

    assert [one.name for _, one in WORKFLOWS if one.name not in wired] == []
    for path in {path for path, _, _ in ACTIVITIES}:
        assert f"{path.stem.capitalize()}Activities" in wired
