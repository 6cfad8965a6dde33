"""Which language models answer, and what they cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contexten.errors import FatalError

OFFLINE = "offline"
Price = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Setup:
    """
    Which models answer, and on what terms.

    Attributes:
        names: ``provider:name`` of each; the others stand in for the first.
        url: Base address of the provider of the first; its own if None.
        timeout_s: Seconds of silence after which an answer is given up.
        prices: US dollars for a million tokens, in and out, by name.
    """

    names: tuple[str, ...] = (OFFLINE,)
    url: str | None = None
    timeout_s: float = 120.0
    prices: Mapping[str, Price] = field(default_factory=dict)


def prices_in(written: Sequence[str]) -> dict[str, Price]:
    """
    What each model costs, as AGENT_PRICES has it.

    Raises:
        FatalError: If one cannot be read.

    >>> prices_in(["openai:gpt-5=1.25/10"])
    {'openai:gpt-5': (1.25, 10.0)}
    """
    found = {}
    for one in written:
        name, _, price = one.strip().rpartition("=")
        told_in, _, told_out = price.partition("/")
        try:
            found[name] = (float(told_in), float(told_out or told_in))
        except ValueError:
            raise FatalError(f"AGENT_PRICES: {one!r} is no price", platform="model") from None
    return found
