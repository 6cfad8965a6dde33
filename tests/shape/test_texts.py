"""What is written holds: links lead somewhere, commands exist, nothing private is named."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from checkout import ROOT, committed, named

from contexten.app import App
from contexten.health import check_of
from starter import cli
from starter.reference import PAGES

TEXTS = [path for path in committed() if path.suffix == ".md"]
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
# In pieces, so that this file does not name them itself.
REGISTRIES = [
    "".join(pieces.split("~"))
    for pieces in ("py~pi.org", "python~hosted", "npm~js", "index~-url=", "//fi~les.")
]
PRIVATE = [
    "".join(pieces.split("~"))
    for pieces in (
        r"/wo~rk/",
        r"/t~mp/brief",
        r"\.lib~rary/",
        r"\bClau~de\b",
        r"Anth~ropic",
        r"\bthis sess~ion\b",
        r"\bthe bri~ef\b",
        r"\bTO~DO\b",
        r"\bFIX~ME\b",
    )
]


def text_of(path: Path) -> str:
    """What *path* says; nothing if it is not text."""
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return ""


def slug(heading: str) -> str:
    """The anchor that a Markdown heading gets."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def anchors(path: Path) -> set[str]:
    """The anchors of *path*."""
    return {slug(one) for one in re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)}


@pytest.mark.parametrize("path", TEXTS, ids=named)
def test_links_lead_somewhere(path: Path) -> None:
    for link in LINK.findall(path.read_text()):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def commands(program: str) -> set[tuple[str, str]]:
    """What follows *program* where a text gives it as a command: the file, and the rest."""
    inline = re.compile(rf"`{program} ([^`\n]+)`")
    block = re.compile(rf"^(?: {{4}}|\$ )?{program} ([^\n#]+)", re.MULTILINE)
    found = set()
    for path in TEXTS:
        text = path.read_text()
        fenced = "\n".join(re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
        indented = "\n".join(re.findall(r"^ {4}\S.*$", text, re.MULTILINE))
        rests = [*inline.findall(text), *block.findall(fenced), *block.findall(indented)]
        found |= {(named(path), rest.strip()) for rest in rests}
    return found


def test_every_make_goal_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    goals = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    given = {(file, rest.split()[0]) for file, rest in commands("make")}

    assert {"demo", "test"} <= {goal for file, goal in given if file == "README.md"}
    assert {one for one in given if one[1] not in goals} == set()


def test_every_command_of_ours_that_is_named_parses() -> None:
    group = typer.main.get_command(cli.app)
    assert isinstance(group, typer.core.TyperGroup)
    context = typer.Context(group, info_name="contexten")
    given = commands("contexten")

    assert given
    for _, rest in given:
        name, command, arguments = group.resolve_command(context, shlex.split(rest))
        assert command is not None
        command.make_context(name, arguments, parent=context, resilient_parsing=True)


def examples() -> list[tuple[str, str]]:
    """The Python in our texts: the file, and the code."""
    block = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
    return [(named(path), code) for path in TEXTS for code in block.findall(path.read_text())]


@pytest.mark.parametrize(("file", "code"), examples(), ids=[file for file, _ in examples()])
def test_an_example_registers_its_reactions_or_declares_its_checks(file: str, code: str) -> None:
    module: dict[str, object] = {"__name__": "example"}
    exec(compile(code, file, "exec"), module)  # noqa: S102 - it is our own text
    if any(map(check_of, module.values())):
        return
    app = module["app"]

    assert isinstance(app, App)
    assert [*app.github.by_name, *app.linear.by_name, *app.slack.by_name]


def test_every_decision_is_named_in_the_architecture() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    decisions = [path.name for path in (ROOT / "docs/decisions").glob("*.md")]

    assert [name for name in decisions if f"decisions/{name}" not in text] == []


def test_every_goal_says_what_it_makes() -> None:
    makefile = (ROOT / "Makefile").read_text()
    goals = re.findall(r"^([a-z]+):(.*)$", makefile, re.MULTILINE)

    assert [goal for goal, rest in goals if "##" not in rest] == []


@pytest.mark.parametrize("page", sorted(PAGES))
def test_what_is_printed_from_the_code_is_not_stale(page: str) -> None:
    assert (ROOT / page).read_text() == PAGES[page](), "run `make docs` and commit"


def test_no_reference_page_is_left_over() -> None:
    there = {named(path) for path in (ROOT / "docs/reference").glob("*.md")}

    assert there == {page for page in PAGES if page.startswith("docs/")}


def test_no_registry_is_named() -> None:
    naming = [
        (named(path), registry)
        for path in committed()
        for registry in REGISTRIES
        if registry in text_of(path)
    ]

    assert naming == []


def test_every_locked_package_has_its_hashes() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pinned = re.split(r"\n(?=[a-z0-9])", lock)[1:]

    assert len(pinned) > 50
    assert [one.split()[0] for one in pinned if "--hash=sha256:" not in one] == []


@pytest.mark.parametrize("words", PRIVATE)
def test_nothing_that_is_not_the_product_is_named(words: str) -> None:
    found = re.compile(words)

    assert [named(path) for path in committed() if found.search(text_of(path))] == []


def test_contributing_is_short() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text().splitlines()) < 80


@pytest.mark.parametrize("path", sorted((ROOT / "docs/decisions").glob("*.md")), ids=named)
def test_a_decision_has_its_three_parts_and_is_short(path: Path) -> None:
    heads = re.findall(r"^## (\w+)", path.read_text(), re.MULTILINE)

    assert re.match(r"\d{4}-[a-z0-9-]+\.md$", path.name)
    assert path.read_text().startswith(f"# {path.name[:4]} ")
    assert {"Context", "Decision", "Consequences"} <= set(heads)
    assert len(path.read_text().splitlines()) <= 60


def test_the_gate_runs_the_tests() -> None:
    gate = ROOT / ".ci/run"

    assert gate.stat().st_mode & 0o111
    assert "make test" in gate.read_text()
