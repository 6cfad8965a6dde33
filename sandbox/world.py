"""What all platforms of the sandbox share."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.faults import Faults
from sandbox.ledger import Ledger
from sandbox.losses import Losses
from sandbox.tokens import ACCEPTED


@dataclass(slots=True)
class World:
    """
    Where platforms write down what was done, and whom they let in.

    Attributes:
        ledger: Every visible effect.
        faults: What goes wrong at the moment; only the wire asks.
        losses: What is lost as soon as it was posted.
        tokens: The token each platform accepts, by platform.
        platforms: What each platform keeps for itself, by platform.
        repositories: The folder of real git repositories; None for one that ends with us.
    """

    ledger: Ledger = field(default_factory=Ledger)
    faults: Faults = field(default_factory=Faults)
    losses: Losses = field(default_factory=Losses)
    tokens: dict[str, str] = field(default_factory=lambda: dict(ACCEPTED))
    platforms: dict[str, Any] = field(default_factory=dict)
    repositories: Path | None = None
