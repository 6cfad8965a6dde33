"""Small changes to a function read as a person would write them."""

import ast

from contexten.repair import changes

GREET = '''def greet(name):
    """How *name* is greeted: 'Hello, !'"""
    return f"Hello, {name}!"
'''
MISSED = ["'Hello, !'", "'Hello, world!'"]


def likeliest(source: str, hints: list[str]) -> str:
    """The function as its likeliest change makes it."""
    return changes(source, ["f", "greet"], hints)[0].new


def test_docstrings_are_left_alone() -> None:
    said = ast.get_docstring(ast.parse(GREET).body[0])  # type: ignore[arg-type]

    found = changes(GREET, ["greet"], [*MISSED, "'How'", "7"])

    assert found
    for one in found:
        assert ast.get_docstring(ast.parse(one.new).body[0]) == said  # type: ignore[arg-type]


def test_words_that_are_missing_in_a_text_come_first() -> None:
    assert likeliest(GREET, MISSED) == GREET.rstrip().replace("{name}", "{name or 'world'}")


def test_the_order_of_what_was_got_and_what_is_expected_does_not_matter() -> None:
    assert "{name or 'world'}" in likeliest(GREET, MISSED[::-1])


def test_the_other_quote_is_used_within_a_text() -> None:
    source = "def f(a, b):\n    return f'{a.name}: {b}'\n"

    assert '{b or "none"}\'' in likeliest(source, ["'x: '", "'x: none'"])


def test_a_value_that_is_returned_empty_becomes_what_is_expected() -> None:
    source = "def f(a):\n    return a.name\n"

    assert likeliest(source, ["''", "'world'"]).endswith('return a.name or "world"')


def test_a_text_that_nothing_is_missing_in_gets_no_words() -> None:
    hints = ["'Hello, Ada!'", "'Hello, world!'"]

    assert not [one for one in changes(GREET, ["greet"], hints) if " or " in one.new]
