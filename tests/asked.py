"""Asks of people as runs hear them: from an issue, a ticket and a thread."""

from datetime import UTC, datetime
from typing import Any

from contexten.agent import Ask
from contexten.delivery import Event, Platform
from contexten.place import Place, place_of

REPOSITORY = "octo/hello"


def an_ask(context: str, key: str = "1", **more: Any) -> Ask:
    """An ask of Ada's about *context*, which is where she is answered."""
    platform = Platform(context.partition("/")[0])
    payload = {"said": "much"}
    now = datetime(2026, 1, 1, tzinfo=UTC)
    event = Event(platform, key, "any", "any", now, context=context, sender="ada", payload=payload)
    place = place_of(event)
    assert isinstance(place, Place)
    usual: dict[str, Any] = {"words": "Mend it.", "by": "ada", "place": place, "event": event}
    return Ask(**{"key": key} | usual | more)


def of_issue(key: str = "1", number: int = 7, **more: Any) -> Ask:
    """One about an issue or pull request of ``octo/hello``."""
    return an_ask(f"github/{REPOSITORY}#{number}", key, **{"repository": REPOSITORY} | more)


def of_ticket(key: str = "1", **more: Any) -> Ask:
    """One about the ticket ``ENG-7``."""
    return an_ask("linear/ENG-7", key, **more)


def of_thread(key: str = "1", **more: Any) -> Ask:
    """One from a thread in the channel ``C01``."""
    return an_ask("slack/C01/1.2", key, **more)
