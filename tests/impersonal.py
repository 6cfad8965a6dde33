"""Where recorded histories are kept, and what is left out of them."""

from pathlib import Path
from typing import Any

HISTORIES = Path(__file__).parent / "replay" / "histories"
LEFT_OUT = {"stackTrace", "identity"}
STICKY = "TASK_QUEUE_KIND_STICKY"


def impersonal(recorded: Any) -> Any:
    """*recorded* without what tells of the machine it ran on, and no replay reads."""
    if isinstance(recorded, list):
        return [impersonal(one) for one in recorded]
    if not isinstance(recorded, dict):
        return recorded
    kept = {k: impersonal(v) for k, v in recorded.items() if k not in LEFT_OUT}
    return kept | {"name": "sticky"} if kept.get("kind") == STICKY else kept
