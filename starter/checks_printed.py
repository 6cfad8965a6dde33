"""The health checks we ship, printed: a page of the reference."""

from importlib import import_module

from contexten.health import check_of
from starter.markdown import first_line, page, table
from starter.settings import Settings


def checks_page() -> str:
    """Every check of the modules that ``CHECKS`` names by default, as it was declared."""
    rows = [
        (
            f"`{one.name}`",
            str(one.family),
            "yes" if one.critical else "no",
            f"{one.timeout.total_seconds():g} s",
            first_line(function),
        )
        for name in Settings.model_fields["checks"].default
        for function in vars(import_module(name)).values()
        if (one := check_of(function))
    ]
    return page(
        "Health checks",
        "Those of the module `activities.health_checks`, which `CHECKS` names by default.\n"
        "The service level follows the critical ones: 1 unhealthy is limited, 2 essential, 3 and "
        "more\nmaintenance.\n"
        "How to write your own: [health](../operating.md#a-check-of-your-own).",
        table(("check", "family", "critical", "timeout", "looks at"), rows),
    )
