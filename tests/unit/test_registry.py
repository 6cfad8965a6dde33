"""A reactions module that cannot be used is refused at start, with its line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from workflows import registry


@pytest.fixture(autouse=True)
def restored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    registry.load(registry.DEFAULT_MODULES)


@pytest.mark.parametrize(
    ("name", "source", "complaint"),
    [
        ("broken_name", "x = 1\ny = z\n", "broken_name.py:2: NameError: name 'z' is not defined"),
        ("broken_syntax", "x = 1\n\ndef :\n", "broken_syntax.py:3: SyntaxError: invalid syntax"),
        ("broken_import", "import no_such_thing\n", "broken_import.py:1: ModuleNotFoundError"),
        (
            "broken_event",
            "from contexten.app import App\napp = App()\n\n"
            "@app.github.event('a:b:c')\nasync def f(event): ...\n",
            "broken_event.py:4: ValueError: 'a:b:c' is not an event",
        ),
        (
            "broken_reaction",
            "from contexten.app import App\napp = App()\n\n"
            "@app.slack.event('message')\ndef f(event): ...\n",
            "broken_reaction.py:4: TypeError: f is not a reaction",
        ),
        ("without_app", "x = 1\n", "holds no `app`"),
        ("other_app", "app = 7\n", "holds no `app`"),
    ],
)
def test_a_broken_module_is_refused_with_its_line(
    tmp_path: Path, name: str, source: str, complaint: str
) -> None:
    (tmp_path / f"{name}.py").write_text(source)

    with pytest.raises(registry.BrokenReactions) as refused:
        registry.load([name])

    assert complaint in str(refused.value)
    assert name in str(refused.value)


def test_a_module_that_is_not_there_is_named() -> None:
    with pytest.raises(registry.BrokenReactions, match="no_such_reactions"):
        registry.load(["no_such_reactions"])
