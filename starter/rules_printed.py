"""The rule book, printed: what is shipped, and the bounds of each value."""

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

from contexten import bounds, retry
from contexten.bounds import Bound
from contexten.breaker import BreakerRule
from contexten.budget import BudgetRule
from contexten.errors import Category
from contexten.retry import CategoryRule, RetryRule
from starter.markdown import page, table

BOUNDED = ("field", "is", "may be", "means")
HOW = """What is shipped; `contexten rules show` prints what is in force, and how it is changed
is in [operating](../operating.md#the-rule-book).
A rule named for a queue holds for every call on it that has none of its own.
A pause is drawn evenly from nothing to the longest there is by then; one that the platform asks
for takes its place."""
PATHS = """A value is named by its path:

| path | is for |
| --- | --- |
| `slack.base_delay` | every call to Slack |
| `slack.server_error.attempts` | those after failures of one category |
| `slack.post_message.deadline` | one operation |
| `slack.post_message.server_error.attempts` | that, after failures of one category |
| `slack.breaker.failure_threshold` | Slack's breaker |
| `slack.budget.ratio` | Slack's retry budget |"""
WITHIN = """No pause before the second attempt is longer than the longest, no attempt longer than
all together, no silence longer than an attempt, no `recovery_timeout` longer than
`longest_timeout`, and a breaker's `minimum_calls` fit into its `count_window`."""


def retry_page() -> str:
    """The rule book as it is shipped."""
    return page(
        "Retry rules",
        HOW,
        table(("call", *bounds.RETRY), rules()),
        PATHS,
        "## A rule",
        table(BOUNDED, bounded(RetryRule(), bounds.RETRY)),
        WITHIN,
        "## After failures of a category",
        "Attempts in all that may fail so; 0 is as many as fit into the deadline.\n"
        "Pauses are those of the rule, unless the category is given its own.",
        table(("category", "attempts", "may be"), categories()),
        "## The breaker of a platform",
        table(BOUNDED, bounded(BreakerRule(), bounds.BREAKER)),
        "## The retry budget of a platform",
        table(BOUNDED, bounded(BudgetRule(), bounds.BUDGET)),
    )


def rules() -> Iterator[tuple[str, ...]]:
    """Every rule that is shipped, its fields in the order of their bounds."""
    for name, rule in sorted(retry.RULES.items()):
        values = (bound.write(getattr(rule, field)) for field, bound in bounds.RETRY.items())
        yield (f"`{name}`", *values)


def categories() -> Iterator[tuple[str, str, str]]:
    """How often a call may fail, by category."""
    for category in Category:
        rule: CategoryRule = RetryRule().for_category(category)
        yield f"`{category}`", str(rule.attempts), str(bounds.ATTEMPTS[category])


def bounded(rule: Any, within: Mapping[str, Bound]) -> Iterator[tuple[str, str, str, str]]:
    """Each field of *rule*: what it is, what it may be, what it means."""
    means = meanings(type(rule))
    for name, bound in within.items():
        yield f"`{name}`", bound.write(getattr(rule, name)), str(bound), means[name]


def meanings(of: type) -> dict[str, str]:
    """What the docstring of *of* says of each attribute, in one line."""
    told = (inspect.getdoc(of) or "").partition("Attributes:\n")[2]
    found = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", told, re.MULTILINE)
    return {name: " ".join(text.split()).replace("``", "`") for name, text in found}
