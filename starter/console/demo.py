"""
``contexten demo``: everything, from nothing, on this machine, in a folder of its own.

Signed deliveries of all three platforms are sent to the door, each twice, while Slack refuses
its first calls. What became of each is shown as it happens, and then held against the
sandbox's ledger: whatever asked for an answer must have got it, once. One of them begins an
agent run, which has a scene of its own in ``demo_agent``.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import httpx
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from contexten.delivery import Platform
from starter import client
from starter.console import demo_agent, surroundings
from starter.console.complaint import Complaint
from starter.console.deliver import Answered, Prepared, prepared, sent
from starter.console.follow import Became, ended, in_ui
from starter.console.installation import Installation
from starter.console.up import first, told_to_stop


@dataclass(frozen=True, slots=True)
class Scene:
    """
    What is delivered.

    Attributes:
        file: Its payload, below the folder of our own.
        outcome: What its workflow has to end as.
        answers: How many answers have to stand on its platform then.
    """

    file: str
    outcome: str = "ignored"
    answers: int = 0


SCENES = (
    Scene("github/ping.json"),
    Scene("github/push.json"),
    Scene("github/issues.opened.json"),
    Scene("github/issues.labeled.json", "handled", 1),
    Scene("github/issues.labeled.hello.json", "handled"),
    Scene("github/issue_comment.created.json", "handled", 1),
    Scene("github/pull_request.opened.json"),
    Scene("github/pull_request.labeled.json", "handled", 1),
    Scene("github/check_run.completed.json"),
    Scene("linear/Issue.create.json", "handled"),
    Scene("linear/Issue.update.json", "handled", 1),
    Scene("linear/Comment.create.json", "handled", 1),
    Scene("slack/app_mention.json", "handled", 1),
    Scene("slack/message.json"),
    Scene("slack/slash_command.form"),
    Scene("slack/block_actions.form"),
)

NAMESPACE = "default"
OF_ELSEWHERE = ("TEMPORAL_", "AGENT_", "LANGSMITH_", "LANGCHAIN_")
"""What belongs to other engines, models and traces; the demo has the engine and model we ship."""

REFUSED_CALLS = 2
PATIENCE_S = 60.0


@dataclass(slots=True)
class Shown:
    """
    One delivery of the demo.

    Attributes:
        delivery: What is sent.
        scene: What has to come of it.
        answered: What the door said the first time, and the second.
        answer_ms: How long the door took the first time.
        became: How it ended; None until it has.
    """

    delivery: Prepared
    scene: Scene
    answered: list[Answered] = field(default_factory=list)
    answer_ms: float = 0.0
    became: Became | None = None

    @property
    def well(self) -> bool:
        """Whether it was taken, and ended as it has to."""
        taken = len(self.answered) > 1 and all(answer.taken for answer in self.answered)
        return taken and self.became is not None and self.became.outcome == self.scene.outcome


def demo(console: Console, *, stay: bool) -> None:
    """
    Show what Contexten does.

    Args:
        stay: Keep everything running afterwards, until SIGTERM or SIGINT.

    Raises:
        Complaint: If anything does not come out as it should.
    """
    with TemporaryDirectory(prefix="contexten-demo-") as folder:
        asyncio.run(played(console, Path(folder), stay=stay))


async def played(console: Console, folder: Path, *, stay: bool) -> None:
    """Start everything in *folder*, deliver, compare, and stop everything."""
    begun = time.monotonic()
    for name in [name for name in os.environ if name.startswith(OF_ELSEWHERE)]:
        if name != "AGENT_SHELL":
            del os.environ[name]
    os.environ["TEMPORAL_CONFIG_FILE"] = surroundings.NOTHING
    os.environ["REACTIONS"] = "workflows.demonstration"
    installation = Installation(console.print, sandbox=True, fixed_ports=False)
    async with told_to_stop() as stop:
        try:
            if not await first(installation.open(folder), stop):
                raise Complaint("interrupted")
            if not await first(acted(console, installation), stop):
                raise Complaint("interrupted")
            console.print(f"Done in {time.monotonic() - begun:.0f} s.")
            if stay:
                console.print("Everything stays up until you press Ctrl-C.")
                await first(installation.keep(), stop)
        finally:
            await installation.close()


async def acted(console: Console, installation: Installation) -> None:
    """Deliver everything twice, wait for the ends, and compare with the ledger; then the agent."""
    shown = rehearsed(installation.secrets)
    assert installation.sandbox is not None
    async with httpx.AsyncClient() as http:
        await refuse_first_calls(http, installation.sandbox)
        console.print(
            f"\nEach of {len(shown)} deliveries is sent twice, as platforms do when an answer is "
            f"lost;\nSlack answers its first {REFUSED_CALLS} calls with 503.\n"
        )
        for one in shown:
            await deliver_twice(http, installation.url, one)
        await watch(console, installation, shown)
        connected = await client.connect(installation.settings)
        run = await demo_agent.ended(connected)
        effects = await ledger(http, installation.sandbox)
        of_agent = [effect for effect in effects if demo_agent.is_of_agent(effect)]
        compare(console, shown, [effect for effect in effects if effect not in of_agent])
        how = installation.settings.agent_shell.value
        found = await demo_agent.seen(http, installation.sandbox, run, of_agent, how)
        run_id = quote(demo_agent.RUN, safe="")
        demo_agent.tell(
            console, found, f"{installation.ui}/namespaces/{NAMESPACE}/workflows/{run_id}"
        )


def rehearsed(secrets: dict[str, str]) -> list[Shown]:
    """The deliveries of the demo, signed with *secrets*."""
    folder = payloads()
    now = datetime.now(UTC)
    return [
        Shown(prepared(folder / scene.file, platform, secrets[platform], now), scene)
        for scene in SCENES
        for platform in [Platform(scene.file.partition("/")[0])]
    ]


def payloads() -> Path:
    """
    The folder of our own payloads, in the package ``sandbox``.

    Raises:
        Complaint: If it is not installed.
    """
    spec = find_spec("sandbox")
    folder = Path(spec.origin or "").parent / "payloads" if spec else Path()
    if not folder.is_dir():
        raise Complaint("The package sandbox has no payloads here: run the demo from a clone.")
    return folder


async def refuse_first_calls(http: httpx.AsyncClient, sandbox: str) -> None:
    """Have Slack refuse its first calls."""
    fault = {"platform": "slack", "kind": "status", "status": 503, "count": REFUSED_CALLS}
    (await http.post(f"{sandbox}/_faults", json=fault)).raise_for_status()


async def deliver_twice(http: httpx.AsyncClient, door: str, one: Shown) -> None:
    """Send one delivery, and the very same again."""
    begun = time.monotonic()
    one.answered.append(await sent(http, door, one.delivery))
    one.answer_ms = (time.monotonic() - begun) * 1000
    one.answered.append(await sent(http, door, one.delivery))


async def watch(console: Console, installation: Installation, shown: Sequence[Shown]) -> None:
    """Show what becomes of each delivery until all have ended, or a minute is over."""
    connected = await client.connect(installation.settings)
    assert installation.ui is not None
    ui = installation.ui

    async def follow(one: Shown) -> None:
        one.became = await ended(connected, one.delivery.workflow_id)
        if console.is_terminal:
            live.update(table(shown, ui))
        else:
            console.print(line(one, ui), soft_wrap=True)

    with Live(console=console, auto_refresh=console.is_terminal, transient=False) as live:
        if console.is_terminal:
            live.update(table(shown, ui))
        try:
            async with asyncio.timeout(PATIENCE_S):
                await asyncio.gather(*map(follow, shown))
        except TimeoutError:
            return


def table(shown: Sequence[Shown], ui: str) -> Table:
    """All deliveries as they stand."""
    drawn = Table("platform", "event", "door", "became", "took", "Web UI")
    for one in shown:
        drawn.add_row(*cells(one), link(one, ui))
    return drawn


def cells(one: Shown) -> list[str]:
    """What there is to say about *one*."""
    status = one.answered[0].status if one.answered else "-"
    took = outcome = "..."
    if one.became is not None and one.became.took is not None:
        took = f"{one.became.took.total_seconds() * 1000:.0f} ms"
        outcome = (
            one.became.outcome if one.well else f"{one.became.outcome}, not {one.scene.outcome}!"
        )
    door = f"{status} in {one.answer_ms:.0f} ms"
    return [one.delivery.platform, one.delivery.name, door, outcome, took]


def link(one: Shown, ui: str) -> Text:
    """A link to *one* in the Web UI, short to look at."""
    if one.became is None:
        return Text()
    return Text("open", style=f"link {in_ui(ui, NAMESPACE, one.became)}")


def line(one: Shown, ui: str) -> str:
    """*one* as a line of text, for where nothing can be drawn."""
    assert one.became is not None
    platform, name, door, outcome, took = cells(one)
    where = in_ui(ui, NAMESPACE, one.became)
    return f"{platform:7} {name:22} {door:13} {outcome:9} {took:>8}  {where}"


async def ledger(http: httpx.AsyncClient, sandbox: str) -> list[dict[str, object]]:
    """Everything that stands on the sandbox platforms now."""
    effects: list[dict[str, object]] = (await http.get(f"{sandbox}/_ledger")).json()["effects"]
    return effects


def compare(console: Console, shown: Sequence[Shown], effects: Sequence[dict[str, object]]) -> None:
    """
    Hold what stands on the platforms against what was asked for, and say so.

    Raises:
        Complaint: If they differ.
    """
    wanted = Counter[str]()
    for one in shown:
        wanted[one.delivery.platform] += one.scene.answers
    stand = Counter(str(effect["platform"]) for effect in effects)
    for effect in effects:
        console.print(f"  {effect['platform']}: {effect['kind']} at {effect['target']}")
    unwell = [one.delivery.name for one in shown if not one.well]
    if unwell:
        raise Complaint(f"Not as it should be: {', '.join(unwell)}.")
    if stand != wanted:
        raise Complaint(f"Answers asked for: {dict(wanted)}; standing: {dict(stand)}.")
    console.print(
        f"\n{2 * len(shown)} deliveries taken, {len(shown)} workflows; {wanted.total()} answers "
        f"asked for, {stand.total()} given: none lost, none doubled, none left open."
    )
