"""
WIRE: which queue is served by what, with how many slots and which clients.

    python worker.py                        every queue
    python worker.py --queues github,slack  a bulkhead of its own

A deliveries worker also feeds the engine from the spool, so that starts are eager.
"""

import argparse
import asyncio
import inspect
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from pydantic import SecretStr
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Interceptor, UnsandboxedWorkflowRunner, Worker

from activities import health
from activities.boundary import Boundary, Watch
from activities.clients.codebase import Codebase
from activities.clients.copies import Copies
from activities.clients.engine_health import EngineHealth
from activities.clients.git import Git
from activities.clients.github import GithubClient
from activities.clients.github_session import Credentials
from activities.clients.linear import LinearClient
from activities.clients.mirrors import Sizes
from activities.clients.model_setup import Setup, prices_in
from activities.clients.queue_control import QueueControl
from activities.clients.shell import Shell
from activities.clients.shell_walls import Walls
from activities.clients.slack import SlackClient
from activities.clients.waiting_calls import WaitingCallsClient
from activities.clients.workbench import Workbench
from activities.control import ControlActivities, HealthActivities
from activities.evidence import Evidence
from activities.gate import PlatformGate
from activities.github import GithubActivities
from activities.limits import LimitsHeard
from activities.linear import LinearActivities
from activities.metrics import AttemptMetrics, StandingMetrics
from activities.model import Model, ModelActivities
from activities.reporter import Reporter
from activities.slack import SlackActivities
from activities.snapshot import Snapshots
from activities.stores.attempts import Attempts
from activities.stores.blobs import Blobs, Texts
from activities.stores.database import BadUrl, Database
from activities.stores.health import Rounds
from activities.stores.incidents import Incidents
from activities.stores.ledger import Ledger, Limits
from activities.stores.limits import LimitsKept
from activities.stores.recent_texts import RecentTexts
from activities.stores.traffic import Calls
from activities.switches import BrokenProvider, Switches, provider_named
from activities.tool_calls import ToolCalls
from activities.tools import Answers, CheckoutToolsActivities, ToolsActivities
from contexten.ledger import Attempt
from contexten.operations import PLATFORMS
from contexten.queues import Queue, probes_of
from contexten.redaction import Redaction
from contexten.retry import RetryRule
from contexten.snapshot import Snapshot
from starter import client, entities, schedules
from starter.client import meter_of
from starter.feeder import Feeder
from starter.hidden import secrets_in
from starter.keyring import BlobSeal
from starter.ledger import losses_of
from starter.lent import Lent, for_libraries
from starter.logs import log_to_stderr
from starter.order import Endings, Order
from starter.queues import queues_named
from starter.rotation import read_anew
from starter.settings import Durability, Settings, SettingsError, load
from starter.spool import Spool
from starter.start import Starter
from starter.tasks import first_of, put_down
from workflows import registry
from workflows.agent import AgentRunWorkflow
from workflows.breaker import PlatformWorkflow
from workflows.degradation import DegradationWorkflow
from workflows.delivery import DeliveryWorkflow
from workflows.health import HealthWorkflow
from workflows.interceptor import InForce
from workflows.retry import RuleBookWorkflow
from workflows.sweep import SweepWorkflow

log = structlog.get_logger()

PROBE = "probe_group"
PROBE_SLOTS = 3
ENTITIES_EVERY_S = 10.0

Deeds = Sequence[Callable[..., object]]


@dataclass(frozen=True, slots=True)
class Shared:
    """What all workers of this process lean on; *stack* closes it after them."""

    connected: Client
    settings: Settings
    order: Order
    kept: Database
    watch: Watch
    checks: Sequence[health.Registered]
    limits: LimitsHeard
    stack: AsyncExitStack

    @property
    def boundary(self) -> Boundary:
        """What stands around every call."""
        return Boundary(self.watch)

    @property
    def rules(self) -> InForce:
        """What puts the rules in force on whatever is scheduled."""
        return InForce(lambda operation: in_force(self.watch.snapshot(), operation))


def of_deliveries(
    connected: Client, settings: Settings, order: Order, rules: Interceptor
) -> Worker:
    """Delivery workflows alone: nothing here waits on a platform. *order* hears when one ends."""
    return Worker(
        connected,
        task_queue=Queue.DELIVERIES,
        workflows=[DeliveryWorkflow],
        workflow_runner=UnsandboxedWorkflowRunner(),
        interceptors=[Endings(order.ended), rules],
        max_concurrent_workflow_tasks=settings.slots(Queue.DELIVERIES),
        graceful_shutdown_timeout=grace(settings),
    )


def of_agents(shared: Shared) -> Worker:
    """Agent runs alone: their deeds are on other queues."""
    return Worker(
        shared.connected,
        task_queue=Queue.AGENTS,
        workflows=[AgentRunWorkflow],
        workflow_runner=UnsandboxedWorkflowRunner(),
        interceptors=[shared.rules],
        max_concurrent_workflow_tasks=shared.settings.slots(Queue.AGENTS),
        graceful_shutdown_timeout=grace(shared.settings),
    )


def of_control(shared: Shared) -> Worker:
    """Entities, and rounds: what is done on a schedule."""
    connected, settings, kept = shared.connected, shared.settings, shared.kept
    evidence = Evidence(str(settings.var), Calls(kept), EngineHealth(connected), LimitsKept(kept))
    checkup = health.Checkup(shared.checks)
    rounds = Rounds(kept, timedelta(seconds=settings.health_retention_s))
    queues, waiting_calls = QueueControl(connected), WaitingCallsClient(connected)
    control = ControlActivities(queues, waiting_calls, Attempts(kept), Incidents(kept))
    deeds = [control, HealthActivities(queues, checkup, evidence, rounds)]
    return Worker(
        connected,
        task_queue=Queue.CONTROL,
        workflows=[
            DegradationWorkflow,
            HealthWorkflow,
            PlatformWorkflow,
            RuleBookWorkflow,
            SweepWorkflow,
        ],
        activities=[one for some in deeds for one in deeds_of(some)],
        interceptors=[shared.rules],
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_concurrent_workflow_tasks=settings.slots(Queue.CONTROL),
        graceful_shutdown_timeout=grace(settings),
    )


def of_platform(shared: Shared, queue: Queue, activities: Deeds) -> list[Worker]:
    """
    One platform's calls, and its probes beside them: those are made while its queue is held.

    Calls that block get a thread a slot.
    """
    slots = shared.settings.slots(queue)
    pool = ThreadPoolExecutor(slots + PROBE_SLOTS, thread_name_prefix=queue)
    probes = [deed for deed in activities if deed.__name__ == PROBE]
    calls = [deed for deed in activities if deed not in probes]
    return [
        Worker(
            shared.connected,
            task_queue=name,
            activities=of_queue,
            activity_executor=pool,
            interceptors=[shared.boundary],
            max_concurrent_activities=at_once,
            graceful_shutdown_timeout=grace(shared.settings),
        )
        for name, of_queue, at_once in (
            (queue, calls, slots),
            (probes_of(queue), probes, PROBE_SLOTS),
        )
        if of_queue
    ]


def grace(settings: Settings) -> timedelta:
    """How long work under way may take to end after we were told to stop."""
    return timedelta(seconds=settings.shutdown_timeout_s * 0.8)


def github_client(settings: Settings) -> GithubClient:
    """GitHub as the token, or the App, that is set."""
    return GithubClient(
        settings.github_api_url,
        github_credentials(settings),
        settings.http_timeout_s,
        again=partial(read_anew, github_credentials),
    )


def github_credentials(settings: Settings) -> Credentials:
    """What *settings* say that we are to GitHub."""
    return Credentials(
        revealed(settings.github_token),
        settings.github_app_id,
        revealed(settings.github_app_private_key),
    )


def linear_client(settings: Settings) -> LinearClient:
    """Linear as the token that is set."""
    return LinearClient(
        settings.linear_api_url,
        revealed(settings.linear_access_token),
        settings.http_timeout_s,
        settings.slots(Queue.LINEAR),
        settings.linear_team_id,
        again=lambda: read_anew(lambda anew: revealed(anew.linear_access_token)),
    )


def slack_client(settings: Settings) -> SlackClient:
    """Slack as the bot token that is set."""
    return SlackClient(
        settings.slack_api_url,
        revealed(settings.slack_bot_token),
        settings.http_timeout_s,
        settings.slots(Queue.SLACK),
        again=lambda: read_anew(lambda anew: revealed(anew.slack_bot_token)),
    )


def model_client(settings: Settings, stack: AsyncExitStack) -> Model:
    """The language models that are set, with the tracing that is set."""
    from activities.clients import language_models as models
    from activities.clients import tracing

    lent = Lent(os.environ)
    lent.lend()
    setup = Setup(
        (settings.agent_model, *settings.agent_fallback_models),
        settings.agent_model_url,
        settings.model_timeout_s,
        prices_in(settings.agent_prices),
    )
    traced = tracing.as_set()
    if traced is not None:
        stack.callback(traced.close)
    made = models.Models(setup, traced, lent.lend)
    stack.push_async_callback(made.close)
    return made


def texts_of(shared: Shared) -> Texts:
    """Where the transcripts of agents and the answers of their tools are kept, sealed."""
    retention = timedelta(seconds=shared.settings.blob_retention_s)
    return Texts(Blobs(shared.kept, retention, seal=BlobSeal(shared.settings.keyring)))


def redaction_of(settings: Settings) -> Redaction:
    """What takes out every secret we know, those that are only lent to libraries included."""
    return Redaction(secrets_in(settings, for_libraries() | os.environ))


def revealed(secret: SecretStr | None) -> str | None:
    """What *secret* hides; None if it is not set."""
    return secret.get_secret_value() if secret else None


def ledger_of(
    connected: Client, settings: Settings, kept: Database, stack: AsyncExitStack
) -> Ledger:
    """The attempt ledger in the database *kept*; what waits in it is written at the end."""
    retention = timedelta(seconds=settings.ledger_retention_s)
    ledger = Ledger(kept, Limits(retention=retention), losses_of(connected))
    rest_s = settings.shutdown_timeout_s - grace(settings).total_seconds()
    stack.callback(kept.close)
    stack.push_async_callback(asyncio.to_thread, ledger.close, rest_s)
    return ledger


async def watching(
    connected: Client,
    settings: Settings,
    queues: Sequence[Queue],
    record: Callable[[Attempt], None],
) -> tuple[Watch, list[Coroutine[Any, Any, None]]]:
    """What the calls of this process are watched by, and what keeps that up to date."""
    control, meter = QueueControl(connected), meter_of(connected)
    counted = AttemptMetrics(meter)

    def noted(attempt: Attempt) -> None:
        record(attempt)
        counted.record(attempt)

    gates = {str(name): PlatformGate(name) for name in PLATFORMS if Queue(name) in queues}
    switches = Switches(lambda: snapshots().level, provider_named(settings.flags_provider))
    snapshots = Snapshots(control, list(gates), StandingMetrics(meter).show, switches.on)
    reporter = Reporter(control, gates, snapshots)
    await snapshots.begin()
    return Watch(gates, snapshots, noted), [snapshots.run(), reporter.run()]


def in_force(snapshot: Snapshot, operation: str) -> RetryRule | None:
    """The rule of *operation*; None if it is no call under a rule of ours."""
    try:
        return snapshot.book.rule_for(operation)
    except KeyError:
        return None


def of_tools(shared: Shared) -> list[Worker]:
    """What agents do to working copies: on the queue of all, and on that of this machine."""
    settings, copies = shared.settings, Copies(shared.settings.codebase)
    github = github_client(settings)
    shared.stack.callback(github.close)
    sizes = Sizes(settings.agent_codebase_bytes, settings.agent_checkout_bytes)
    codebase = Codebase(settings.codebase, copies, Git(settings.github_url, github.token), sizes)
    slots = settings.slots(Queue.TOOLS)
    answers = Answers(texts_of(shared), redaction_of(settings).clean)
    shell = Shell(settings.agent_shell.value, walls=Walls(hidden=(settings.var,)))
    bench = Workbench(copies, codebase, shell)
    deeds = deeds_of(CheckoutToolsActivities(codebase, github.renew, slots))
    deeds += deeds_of(ToolsActivities(bench, answers, settings.terms, github.renew, slots))
    return [
        Worker(
            shared.connected,
            task_queue=name,
            activities=deeds,
            interceptors=[ToolCalls(shared.watch.record, shared.watch.clock)],
            max_concurrent_activities=slots,
            graceful_shutdown_timeout=grace(settings),
        )
        for name in (Queue.TOOLS, copies.queue())
    ]


WITHOUT_PLATFORM: Mapping[Queue, Callable[[Shared], list[Worker]]] = {
    Queue.DELIVERIES: lambda s: [of_deliveries(s.connected, s.settings, s.order, s.rules)],
    Queue.AGENTS: lambda shared: [of_agents(shared)],
    Queue.CONTROL: lambda shared: [of_control(shared)],
    Queue.TOOLS: of_tools,
}
"""The queues on which nobody calls a platform past its gate."""


def workers_of(queue: Queue, shared: Shared) -> list[Worker]:
    """The workers of *queue*, with its client."""
    if queue in WITHOUT_PLATFORM:
        return WITHOUT_PLATFORM[queue](shared)
    settings, stack = shared.settings, shared.stack
    api: GithubClient | LinearClient | SlackClient | Model
    deeds: object
    match queue:
        case Queue.GITHUB:
            api = github_client(settings)
            stack.callback(api.close)
            deeds = GithubActivities(api)
        case Queue.LINEAR:
            api = linear_client(settings)
            stack.push_async_callback(api.close)
            deeds = LinearActivities(api)
        case Queue.SLACK:
            api = slack_client(settings)
            stack.push_async_callback(api.close)
            deeds = SlackActivities(api)
        case Queue.MODEL:
            api = model_client(settings, stack)
            texts = RecentTexts(texts_of(shared))  # a turn reads all turns before it
            deeds = ModelActivities(api, texts, redaction_of(settings))
    shared.watch.renew[str(queue)] = api.renew
    if isinstance(api, GithubClient | LinearClient):  # the others do not say what is left
        shared.limits.said[str(queue)] = api.limits
    return of_platform(shared, queue, deeds_of(deeds))


def deeds_of(activities: object) -> list[Callable[..., object]]:
    """Every activity that *activities* has, by its decorator."""
    methods = (method for _, method in inspect.getmembers(activities, inspect.ismethod))
    return [method for method in methods if hasattr(method, "__temporal_activity_definition")]


async def feed(connected: Client, settings: Settings, order: Order) -> None:
    """Hand the spool over to the engine, until cancelled."""
    refused = partial(
        Spool,
        settings.refused,
        segment_bytes=settings.spool_segment_bytes,
        limit_bytes=settings.spool_limit_bytes,
    )
    await Feeder(
        settings.spool,
        Starter(connected, settings.triggers, order),
        refused,
        in_flight=settings.starts_in_flight,
        retention_s=settings.spool_retention_s,
    ).run()


async def keep_entities(connected: Client) -> None:
    """Start those that somebody ended, again and again, until cancelled."""
    while True:
        await asyncio.sleep(ENTITIES_EVERY_S)
        try:
            await entities.ensure(connected)
        except RPCError as error:
            log.warning("entities.not_ensured", reason=error.message)


async def run(settings: Settings, queues: Sequence[Queue]) -> None:
    """
    Serve *queues* until told to stop, then let what is under way end.

    Raises:
        BrokenReactions: If a reactions module cannot be used.
        BrokenChecks: If a module of health checks cannot be used.
        BadUrl: If LEDGER_URL leads to no database that can be used.
        BrokenProvider: If FLAGS_PROVIDER makes none.
    """
    log_to_stderr()
    registry.load(settings.reactions)
    checks = health.load(settings.checks) if Queue.CONTROL in queues else ()
    kept = Database(settings.ledger)
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with AsyncExitStack() as stack:
        connecting = asyncio.create_task(client.connected(settings))
        await first_of(connecting, asyncio.create_task(stop.wait()))
        if stop.is_set():
            connecting.cancel()
            return
        connected, order = connecting.result(), Order()
        ledger = ledger_of(connected, settings, kept, stack)
        watch, upkeep = await watching(connected, settings, queues, ledger.record)
        limits = LimitsHeard(LimitsKept(kept))
        shared = Shared(connected, settings, order, kept, watch, checks, limits, stack)
        kept_up = [asyncio.create_task(one) for one in (*upkeep, limits.run())]
        stack.push_async_callback(put_down, kept_up)
        workers = [one for queue in queues for one in workers_of(queue, shared)]
        for one in workers:
            await stack.enter_async_context(one)
        stack.push_async_callback(stopped_together, workers)
        if Queue.CONTROL in queues:
            await schedules.ensure(connected, settings)
            await entities.ensure(connected)
        work: list[asyncio.Task[Any]] = [asyncio.create_task(stop.wait())]
        if Queue.CONTROL in queues:
            work.append(asyncio.create_task(keep_entities(connected)))
        if Queue.DELIVERIES in queues and settings.durability is Durability.SPOOL:
            work.append(asyncio.create_task(feed(connected, settings, order)))
        log.info("worker ready", queues=[str(queue) for queue in queues])
        await first_of(*work)
        await put_down(work)
    log.info("worker stopped")


async def stopped_together(workers: Sequence[Worker]) -> None:
    """Stop all *workers* at once, so that none takes new work while another ends its own."""
    await asyncio.gather(*(one.shutdown() for one in workers))


BROKEN = (SettingsError, BadUrl, BrokenProvider, health.BrokenChecks, registry.BrokenReactions)
"""What an operator has to mend before a worker can run."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, read the settings, serve; the exit status."""
    parser = argparse.ArgumentParser(description="Serve Contexten's task queues.")
    parser.add_argument(
        "--queues",
        type=queues_named,
        default=list(Queue),
        metavar="NAME[,NAME...]",
        help=f"which to serve, of {', '.join(Queue)} (default: all)",
    )
    wanted = parser.parse_args(arguments).queues
    try:
        asyncio.run(run(load(), wanted))
    except BROKEN as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        time.sleep(0.1)  # the SDK's own threads must let go of the interpreter first
    return 0


if __name__ == "__main__":
    sys.exit(main())
