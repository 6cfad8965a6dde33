"""Prints ``docs/reference/errors.md`` from the tables that classify what goes wrong."""

from collections.abc import Iterable, Mapping

from contexten import errors, linear_errors, slack_errors
from contexten.errors import Category, PlatformError, Recovery
from starter.markdown import first_line, page, table

DONE: dict[Recovery, str] = {
    Recovery.RETRY: "tried again after a pause that grows, thrown by dice",
    Recovery.REAUTHENTICATE: "the credential is obtained anew, and the call tried once more",
    Recovery.SKIP: "not tried again; the work goes on without it, and says so",
    Recovery.BACK_OFF: "tried again after the pause that the platform names, or a longer one",
    Recovery.STOP: "not tried again; a person is told",
}
"""What each recovery is, in words."""


def errors_page() -> str:
    """What goes wrong, by name, status and code, and what is done about it."""
    return page(
        "Errors",
        "A failure carries its name from a worker to a workflow, and retry rules match that name.\n"
        "What an exception of a library amounts to stands in `contexten/foreign_errors.py`; "
        "one that nobody has heard of is `unknown`.",
        table(("name", "means", "category", "recovery"), map(leaf_row, errors.LEAVES.values())),
        "## Recoveries",
        table(("recovery", "what is done"), [(f"`{r}`", DONE[r]) for r in Recovery]),
        "A limit is backed off from, and is never counted against the platform by its breaker.",
        "## HTTP statuses",
        "Where the platform does not say it better.\n"
        "A status not listed means what its hundred does: "
        f"{hundreds()}; any other number is `unknown`.\n"
        f"{errors.TOO_MANY_REQUESTS} is a limit.",
        table(("category", "statuses"), [(f"`{c}`", spans(of)) for c, of in statuses()]),
        "## Error names of Slack",
        "Any other is a `ClientError`.",
        names_table({kind: names.split() for kind, names in slack_errors.NAMES.items()}),
        "## Types and codes of Linear",
        "Read in lower case, with blanks for underscores.\n"
        f"Of any other, and of {listed(linear_errors.UNSAYING)}, the HTTP status decides.",
        names_table(linear_errors.NAMES),
    )


def leaf_row(leaf: type[PlatformError]) -> tuple[str, str, str, str]:
    """The row of one of our errors."""
    recovery = errors.recovery_from(leaf.category, limited=leaf.limited)
    return f"`{leaf.__name__}`", first_line(leaf), f"`{leaf.category}`", f"`{recovery}`"


def statuses() -> list[tuple[Category, tuple[int, ...]]]:
    """Each category with its statuses, in the order of the categories."""
    return [(category, errors.STATUSES[category]) for category in Category]


def hundreds() -> str:
    """What each hundred of statuses means."""
    return ", ".join(f"{n}xx `{category}`" for n, category in errors.BY_HUNDRED.items())


def spans(numbers: Iterable[int]) -> str:
    """
    *numbers*, those that follow each other as a span.

    >>> spans([500, 404, 501, 502])
    '404, 500 to 502'
    """
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(r[0]) if len(r) == 1 else f"{r[0]} to {r[-1]}" for r in runs)


def names_table(kinds: Mapping[type[PlatformError], Iterable[str]]) -> str:
    """Which names mean which of our errors."""
    rows = [(f"`{kind.__name__}`", listed(names)) for kind, names in kinds.items()]
    return table(("error", "names"), rows)


def listed(names: Iterable[str]) -> str:
    """*names* in their order, as code."""
    return ", ".join(f"`{name}`" for name in sorted(names))
