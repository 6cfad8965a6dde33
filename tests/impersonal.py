"""Where recorded histories are kept, and what is left out of them."""

from pathlib import Path
from typing import Any

HISTORIES = Path(__file__).parent / "replay" / "histories"


def impersonal(recorded: Any) -> Any:
    """*recorded* without what tells of the machine it ran on, and no replay reads."""
    if isinstance(recorded, list):
        return [impersonal(one) for one in recorded]
    if not isinstance(recorded, dict):
        return recorded
    return {k: impersonal(v) for k, v in recorded.items() if k not in {"stackTrace", "identity"}}
