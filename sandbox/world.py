"""What all platforms of the sandbox share."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.faults import Faults
from sandbox.ledger import Ledger
from sandbox.tokens import ACCEPTED


@dataclass(slots=True)
class World:
    """
    Where platforms write down what was done, and whom they let in.

    Attributes:
        ledger: Every visible effect.
        faults: What goes wrong at the moment; only the wire asks.
        tokens: The token each platform accepts, by platform.
        platforms: What each platform keeps for itself, by platform.
        repositories: The folder of real git repositories; None for one that ends with us.
    """

    ledger: Ledger = field(default_factory=Ledger)
    faults: Faults = field(default_factory=Faults)
    tokens: dict[str, str] = field(default_factory=lambda: dict(ACCEPTED))
    platforms: dict[str, Any] = field(default_factory=dict)
    repositories: Path | None = None
