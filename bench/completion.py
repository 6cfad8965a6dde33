"""
How fast deliveries that lead to one platform call are done, and what each costs.

Done means both: the platform's ledger shows the effect, and the workflow has ended. A round
begins with everything new, the engine's database too, and the sides take turns. What a
delivery costs is the processor time of all processes of a side; the platform's and the
sender's are not counted.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

from bench.figures import Figure, in_digits, percentile, ratio_of_medians
from bench.house import House
from bench.load import Job, records, send, whole
from bench.scale import Scale
from bench.sides import SIDES, Side

CONNECTIONS = 32
PACE = 20.0
WARMING = 20
DONE_WITHIN_S = 60.0
SENT_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Round:
    """
    What one round at full speed showed.

    Attributes:
        effects: Platform calls that took effect, a second.
        closed: Workflows that ended, a second; not a number where there are none.
        cpu_ms: Milliseconds of processor time a delivery.
    """

    effects: float
    closed: float
    cpu_ms: float


@dataclass(slots=True)
class Shown:
    """
    What one side showed in all its turns.

    Attributes:
        rounds: Those at full speed.
        to_effect: Milliseconds from sending to the effect, unhurried, a number a delivery.
        to_close: Milliseconds from sending to the end of the workflow.
        events: Events in the history of a delivery with one call; None without histories.
        events_ignored: Events in the history of a delivery that nothing reacts to.
    """

    rounds: list[Round] = field(default_factory=list)
    to_effect: list[float] = field(default_factory=list)
    to_close: list[float] = field(default_factory=list)
    events: int | None = None
    events_ignored: int | None = None

    def of(self, what: str) -> list[float]:
        """The attribute *what* of each round."""
        return [getattr(one, what) for one in self.rounds]


async def run(folder: Path, scale: Scale) -> list[Figure]:
    """
    Take the figures.

    Raises:
        RuntimeError: If a part of a side does not come up, or deliveries are not done in time.
    """
    shown: dict[str, Shown] = {}
    for turn in range(scale.rounds):
        for number, begin in enumerate(SIDES):
            last = turn == scale.rounds - 1
            await take_turn(folder / f"{turn}-{number}", begin, shown, scale, last=last)
    return figures(shown)


async def take_turn(
    folder: Path,
    begin: Callable[[House], Awaitable[Side]],
    shown: dict[str, Shown],
    scale: Scale,
    *,
    last: bool,
) -> None:
    """One side, from nothing: warmed, at full speed, and in the *last* turn unhurried too."""
    async with House(folder) as house:
        await house.sandbox()
        side = await begin(house)
        of_side = shown.setdefault(side.name, Shown())
        await deliver(side, scale.first(), WARMING)
        of_side.rounds.append(seen := await full_speed(side, scale))
        scale.tell(
            f"{side.name}: {seen.effects:.0f} effects a second, {seen.cpu_ms:.1f} ms of processor"
        )
        if last:
            await unhurried(side, of_side, scale)
            worst = percentile(of_side.to_effect, 0.99)
            scale.tell(f"{side.name}: at {PACE:.0f} a second, sent to effect p99 {worst:.0f} ms")


async def deliver(side: Side, first: int, count: int, action: str = "labeled") -> float:
    """Send *count* deliveries as fast as they are taken; when the first was sent, epoch seconds."""
    job = Job(
        side.door.port,
        connections=CONNECTIONS,
        seconds=SENT_WITHIN_S,
        most=count,
        first=first,
        action=action,
    )
    seen = whole(await send(job), side.door)
    if action == "labeled":
        await side.done(first, count, DONE_WITHIN_S)
    return seen.began


async def full_speed(side: Side, scale: Scale) -> Round:
    """A round as fast as the side can."""
    first, count, before = scale.first(), scale.deliveries, side.cpu_s()
    began = await deliver(side, first, count)
    cpu_ms = (side.cpu_s() - before) / count * 1000
    effects = await side.house.effects(first, count)
    last_effect = max(times[0] for times in effects.values())
    closed = max((await closings(side, first, count)).values(), default=float("nan"))
    return Round(count / (last_effect - began), count / (closed - began), cpu_ms)


async def closings(side: Side, first: int, count: int) -> dict[int, float]:
    """When each workflow ended, epoch seconds, by the delivery's number."""
    if not side.kind:
        return {}
    runs = await (await side.deliveries(first, count)).runs()
    return {n: run.close_time.timestamp() for n, run in runs.items() if run.close_time}


async def unhurried(side: Side, shown: Shown, scale: Scale) -> None:
    """Twenty deliveries a second; then what their histories, and an ignored one's, look like."""
    kept, first = side.house.folder / "unhurried", scale.first()
    job = Job(
        side.door.port,
        "paced",
        8,
        2 * scale.paced_seconds,
        rate=PACE,
        first=first,
        records=str(kept),
    )
    seen = whole(await send(job), side.door)
    await side.done(first, seen.answered, DONE_WITHIN_S)
    sent = {number: due for number, (due, _) in records(kept).items()}
    effects = await side.house.effects(first, len(sent))
    shown.to_effect = [(effects[n][0] - due) * 1000 for n, due in sent.items()]
    closed = await closings(side, first, seen.answered)
    shown.to_close = [(at - sent[n]) * 1000 for n, at in closed.items()]
    if side.kind:
        shown.events = await (await side.deliveries(first, 1)).events(first)
    if side.name == "ours":
        ignored = scale.first()
        await deliver(side, ignored, 1, "edited")
        delivered = await side.deliveries(ignored, 1)
        await delivered.completed(DONE_WITHIN_S)
        shown.events_ignored = await delivered.events(ignored)


def figures(shown: dict[str, Shown]) -> list[Figure]:
    """What all turns amount to."""
    ours, sdk = shown["ours"], shown["SDK"]
    assert ours.events is not None
    assert ours.events_ignored is not None
    return [
        *rates(shown),
        *waits(shown),
        Figure("history_events_one_call", ours.events, "events", "", f"SDK {sdk.events}"),
        Figure("history_events_no_reaction", ours.events_ignored, "events"),
    ]


def rates(shown: dict[str, Shown]) -> list[Figure]:
    """How many are done a second, and what each costs."""
    ours, closed = shown["ours"], {name: side.of("closed") for name, side in shown.items()}
    effects = {name: side.of("effects") for name, side in shown.items()}
    half = median(shown["SDK"].of("cpu_ms")) / 2

    def ratio(figure: str, of: dict[str, list[float]], to: str, goal: str = "") -> Figure:
        return Figure(figure, ratio_of_medians(of["ours"], of[to]), "x", goal)

    def beside(what: str) -> str:
        return others(shown, lambda side: median(side.of(what)))

    return [
        ratio("completion_vs_sdk", closed, "SDK", ">= 2"),
        ratio("completion_vs_sdk_as_it_comes", closed, "SDK as it comes"),
        Figure("completion_rate", median(closed["ours"]), "/s", "", beside("closed")),
        ratio("effects_vs_sdk", effects, "SDK"),
        ratio("effects_vs_celery", effects, "Celery"),
        Figure("effects_rate", median(effects["ours"]), "/s", "", beside("effects")),
        Figure(
            "cpu_ms_per_delivery",
            median(ours.of("cpu_ms")),
            "ms",
            f"<= {half:.1f}",
            beside("cpu_ms"),
        ),
    ]


def waits(shown: dict[str, Shown]) -> list[Figure]:
    """How long an unhurried delivery takes from its sending on."""
    found = []
    for p, share, goal in (("p50", 0.5, "< 25"), ("p99", 0.99, "< 80")):
        effect, closed = partial(to_effect, share=share), partial(to_close, share=share)
        for what, wanted, take in (("effect", goal, effect), ("closed", "", closed)):
            name = f"sent_to_{what}_{p}_at_20"
            found.append(Figure(name, take(shown["ours"]), "ms", wanted, others(shown, take)))
    return found


def to_effect(side: Shown, share: float) -> float:
    """The milliseconds in which *share* of the deliveries took effect."""
    return percentile(side.to_effect, share)


def to_close(side: Shown, share: float) -> float:
    """The milliseconds in which *share* of the workflows ended."""
    return percentile(side.to_close, share)


def others(shown: dict[str, Shown], take: Callable[[Shown], float]) -> str:
    """What *take* takes of every side but ours, in words; of those it can be taken of."""
    seen = {name: take(side) for name, side in shown.items() if name != "ours"}
    return ", ".join(f"{name} {in_digits(value)}" for name, value in seen.items() if value == value)
