"""How a platform's gate is shown in the Web UI, as Markdown."""

from collections.abc import Mapping
from typing import Any

from contexten.incident import Incident
from contexten.orders import Entry, as_markdown


def shown(
    platform: str, standing: Mapping[str, Any], incident: Incident | None, orders: tuple[Entry, ...]
) -> str:
    """The gate of *platform*: whether calls go out and why not, its breakers, who ordered what."""
    rate = standing["rate"]
    flow = "open" if rate is None else "held" if rate == 0 else f"{rate:g} calls a second"
    because = f": {standing['because']}" if standing["because"] else ""
    lines = [f"**{platform}: {flow}**{because}", "", "| breaker | state | why |", "|---|---|---|"]
    lines += [
        f"| {group} | {one['forced'] or one['state']} | {one['why']} |"
        for group, one in standing["breakers"].items()
    ]
    lines += [f"\nlimited: {group} until {at}" for group, at in standing["limited"].items()]
    if incident:
        state = "open" if incident.open else f"over after {incident.mttr}"
        lines += ["", f"Incident {incident.id} ({state}):", ""]
        lines += [f"- {moment.at:%H:%M:%S} {moment.what}" for moment in incident.timeline[-12:]]
    return "\n".join([*lines, "", as_markdown(orders)])
