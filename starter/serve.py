"""``contexten serve``: the webhook receiver as a process of its own."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from temporalio.client import Client

from contexten.delivery import Event, Platform
from starter import app, client, codec_routes
from starter.aside import Aside
from starter.counters import DoorCounters
from starter.door import GUARDED, Door
from starter.durable import InEngine, InSpool
from starter.keys import Keys
from starter.level import ServiceLevel, asked_of
from starter.limits import BodyMemory
from starter.logs import log_to_stderr
from starter.operators import Operators, allowed
from starter.quarantine import Quarantine
from starter.readiness import Engine, Readiness, readiness
from starter.record import event_and_digest
from starter.replay import ReplayGuard, claimant, fingerprint
from starter.server import DoorServer, listening, server
from starter.settings import Durability, Settings, WorkflowsFor, load
from starter.spool import Spool
from starter.start import start
from workflows import registry

log = structlog.get_logger()

SHARE_OF_REQUESTS = 0.7
ENGINE_GOES_FIRST_S = 0.1


@dataclass(frozen=True, slots=True)
class Serving:
    """The parts of a door that serves."""

    door: Door
    server: DoorServer
    keys: Keys


def serve(settings: Settings) -> None:
    """
    Receive webhooks until SIGTERM or SIGINT. SIGHUP reads the secrets anew.

    Raises:
        SettingsError: If no platform has a secret.
        SpoolTaken: If another door uses our folder.
        BrokenReactions: If a reactions module cannot be used.
        OSError: If the port is taken, or the folder cannot be written.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    log_to_stderr()
    registry.load(settings.reactions)
    asyncio.run(run(settings))
    time.sleep(ENGINE_GOES_FIRST_S)  # the SDK's threads end before the interpreter does


async def run(settings: Settings) -> None:
    """Serve until stopped; then finish what is under way and let go of the spool."""
    async with AsyncExitStack() as held:
        serving = await opened(settings, held)
        with listening(settings.host, settings.port) as sock:
            obey_signals(serving)
            address = sock.getsockname()
            log.info("door.listening", host=address[0], port=address[1])
            sweep = asyncio.create_task(serving.server.sweep())
            held.callback(sweep.cancel)
            await serving.server.serve(sockets=[sock])
        log.info("door.closed")


def obey_signals(serving: Serving) -> None:
    """
    Stop on SIGTERM and SIGINT; read the secrets anew on SIGHUP.

    A SIGHUP that came while we were starting was held back, and comes now.
    """

    def stop() -> None:
        serving.door.draining = True
        serving.server.stop()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop)
    loop.add_signal_handler(signal.SIGINT, stop)
    loop.add_signal_handler(signal.SIGHUP, serving.keys.read_anew, load)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})


async def opened(settings: Settings, held: AsyncExitStack) -> Serving:
    """Everything that serves; what must be closed again is handed to *held*."""
    keys = Keys(settings)
    engine = await client.connect(settings, lazy=True)
    quarantine = Quarantine(settings.quarantine)
    held.push_async_callback(quarantine.close)
    spool = spool_of(settings, held)
    guard = ReplayGuard(settings.replay_window_s)
    if spool is not None:
        await asyncio.to_thread(remember_recent, guard, spool, settings.replay_window_s)
    memory = BodyMemory(settings.body_memory_bytes)
    door = Door(
        keys,
        guard,
        InSpool(spool)
        if spool
        else InEngine(starting(engine, settings), settings.engine_timeout_s),
        quarantine,
        memory=memory,
        body_limit_bytes=settings.body_limit_bytes,
        reacts=anything_reacts if settings.workflows_for is WorkflowsFor.REACTIONS else None,
    )
    aside = await asyncio.to_thread(Aside.of, settings)
    counters = counters_of(memory, aside, spool)
    checked = Engine(partial(engine.service_client.check_health))
    level = ServiceLevel(asked_of(engine))

    async def stands() -> Readiness:
        return await readiness(
            spool, settings.spool_limit_bytes, aside, checked, level, draining=door.draining
        )

    operators = Operators(settings.operator_tokens, engine)
    codec = codec_routes.Endpoint(
        settings.keyring, lambda request: allowed(operators, request)[1], settings.codec_origin
    )
    served = server(
        app.create(door, counters, stands, operators, [codec_routes.routes(codec)]),
        slow_request_timeout_s=settings.slow_request_timeout_s,
        shutdown_timeout_s=settings.shutdown_timeout_s * SHARE_OF_REQUESTS,
    )
    counters.watch(
        "slow_connections_closed", "Connections closed for slowness", lambda: served.slow_closed
    )
    return Serving(door, served, keys)


def spool_of(settings: Settings, held: AsyncExitStack) -> Spool | None:
    """The spool; None if the engine is the durable place."""
    if settings.durability is Durability.ENGINE:
        return None
    spool = Spool(
        settings.spool,
        segment_bytes=settings.spool_segment_bytes,
        limit_bytes=settings.spool_limit_bytes,
    )
    held.push_async_callback(spool.close)
    return spool


def starting(engine: Client, settings: Settings) -> Callable[[Event, bytes], Awaitable[bool]]:
    """How a delivery's workflow is started from here."""
    timeout = timedelta(seconds=settings.engine_timeout_s)

    async def begin(event: Event, body: bytes) -> bool:
        asking = replace(event, triggers=settings.triggers)
        return await start(engine, asking, body, eager=False, timeout=timeout)

    return begin


def anything_reacts(event: Event) -> bool:
    """Whether any reaction is registered for *event*."""
    return bool(registry.reactions_to(event))


def remember_recent(guard: ReplayGuard, spool: Spool, window_s: float) -> None:
    """Tell *guard* of what was taken before we were started."""
    since = datetime.now(UTC) - timedelta(seconds=window_s)
    for record in spool.recent(since):
        try:
            event, digest = event_and_digest(record.header)
        except ValueError:
            continue
        if event.platform in GUARDED:
            name = event.name if event.platform is Platform.GITHUB else None
            claimed = claimant(event.platform, event.delivery_id, name)
            body = fingerprint(event.platform, bytes.fromhex(digest), name)
            guard.remember(body, claimed, record.written_at)


def counters_of(memory: BodyMemory, aside: Aside, spool: Spool | None) -> DoorCounters:
    """The door's counters, and what is read when they are asked for."""
    counters = DoorCounters()
    counters.watch("body_bytes", "Memory taken by bodies under way", lambda: memory.taken_bytes)
    counters.watch("quarantined", "Deliveries in quarantine", lambda: aside.quarantine.count)
    counters.watch("refused", "Deliveries the engine will never take", lambda: aside.refused.count)
    counters.watch("damaged", "Damaged stretches of the spool", lambda: aside.damaged)
    if spool is not None:
        counters.watch("spool_bytes", "Bytes waiting for the engine", lambda: spool.backlog_bytes)
    return counters
