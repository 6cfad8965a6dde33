"""
The door: what becomes of one delivery, from its headers to the answer.

    headers ─▶ body ─▶ signature ─▶ parse ─▶ handshake ─▶ event ─▶ replay ─▶ durable ─▶ 202
      400      413        401         │          200        │        200        503
      413      429                    └─────── quarantine ──┘
      415                                         202

Nothing that a sender can put into a request is answered with a 5xx, and nothing is
answered with a 2xx that is not durable, unless there is nothing to be done for it.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog

from contexten.delivery import Event, Platform
from contexten.payload import number, text
from contexten.reading import Claim, Unfit, read
from contexten.signature import github_genuine, linear_fresh, linear_genuine, slack_genuine
from starter import answers
from starter.answers import Answer, Gone, Refused
from starter.forms import parsed
from starter.heading import Headers, Heading, heading_of
from starter.keys import Keys
from starter.limits import Body, BodyMemory, Receive
from starter.quarantine import Quarantine
from starter.replay import ReplayGuard, claimant, fingerprint
from starter.spool import SpoolBroken, SpoolClosed, SpoolError, SpoolFull

log = structlog.get_logger()

LARGE_BYTES = 1024 * 1024
GUARDED = frozenset({Platform.GITHUB, Platform.LINEAR})

REFUSALS: dict[type[SpoolError], Answer] = {
    SpoolFull: answers.SPOOL_FULL,
    SpoolBroken: answers.SPOOL_BROKEN,
    SpoolClosed: answers.DRAINING,
}


class Durable(Protocol):
    """A place where a delivery is safe."""

    async def accept(self, event: Event, digest: str, body: bytes) -> None:
        """
        Keep *event* with its *body*, whose digest as sent is *digest*; return once it is safe.

        Raises:
            SpoolError: If it cannot be made safe.
            Refused: If it cannot either, with what its sender is to be told.
            Unacceptable: If this delivery can never be made safe here.
        """
        ...


class Unacceptable(Exception):  # noqa: N818
    """The durable place will never take this delivery; the message says why."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """
    A request to the door.

    Attributes:
        platform: Whose route it came in by.
        tenant: The ``owner/name`` of that route; None on the plain one.
        headers: By name in lower case.
        receive: Where its body comes from.
    """

    platform: Platform
    tenant: str | None
    headers: Headers
    receive: Receive


@dataclass(frozen=True, slots=True)
class Examined:
    """
    A body that is really theirs.

    Attributes:
        digest: Its SHA-256, hexadecimal.
        payload: What it says; None if it cannot be parsed.
        body: The JSON that says it; as it came if it cannot be parsed.
        unfit: Why it cannot be parsed; None if it can.
    """

    digest: str
    payload: Any
    body: bytes
    unfit: Unfit | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """A delivery that is really theirs: what came, and what it says where it can be read."""

    claim: Claim
    headers: Headers
    raw: bytes
    body: bytes
    digest: str
    event: Event | Unfit

    @property
    def claimant(self) -> str:
        """Under what the body is claimed."""
        return claimant(self.claim.platform, self.claim.delivery_id, self.claim.name)


class Door:
    """
    Attributes:
        draining: Whether we are shutting down and take nothing any more.
    """

    def __init__(
        self,
        keys: Keys,
        guard: ReplayGuard,
        durable: Durable,
        quarantine: Quarantine,
        *,
        memory: BodyMemory,
        body_limit_bytes: int,
        reacts: Callable[[Event], bool] | None = None,
    ) -> None:
        """
        Args:
            reacts: Whether anything reacts to an event; None if every event gets a workflow.
        """
        self._keys = keys
        self._guard = guard
        self._durable = durable
        self._quarantine = quarantine
        self._memory = memory
        self._body_limit_bytes = body_limit_bytes
        self._reacts = reacts
        self.draining = False

    async def answer(self, incoming: Incoming) -> Answer | None:
        """What *incoming* is answered; None if its sender went away meanwhile."""
        if self.draining:
            return answers.DRAINING
        try:
            heading = heading_of(incoming.platform, incoming.headers, self._body_limit_bytes)
            with Body(self._memory, self._body_limit_bytes) as body:
                answer = await self._take(incoming, heading, await body.read(incoming.receive))
            shown = incoming.platform is Platform.SLACK and heading.form
            return answers.silent(answer) if shown else answer
        except Refused as refused:
            return refused.answer
        except SpoolError as error:
            log.error("delivery.not_kept", reason=str(error))  # noqa: TRY400
            return REFUSALS.get(type(error), answers.SPOOL_BROKEN)
        except Gone:
            return None

    async def _take(self, incoming: Incoming, heading: Heading, raw: bytes) -> Answer:
        now = datetime.now(UTC)
        platform = incoming.platform
        found = await self._examined(platform, heading, raw, now)
        if found is None:
            raise Refused(answers.UNSIGNED)
        if challenge := challenge_in(platform, found.payload):
            return answers.challenged(challenge)
        if not in_time(platform, found.payload, now):
            raise Refused(answers.UNSIGNED)
        delivery_id = heading.delivery_id or found.digest
        claim = Claim(platform, delivery_id, heading.name, incoming.tenant, now)
        event = found.unfit or read(claim, found.payload)
        return await self._settle(
            Signed(claim, incoming.headers, raw, found.body, found.digest, event)
        )

    async def _examined(
        self, platform: Platform, heading: Heading, raw: bytes, now: datetime
    ) -> Examined | None:
        """The genuine body *raw*; None if it is not. A large one is left to a thread."""
        keys = self._keys.of(platform)
        if len(raw) < LARGE_BYTES:
            return examined(keys, platform, heading, raw, now)
        return await asyncio.to_thread(examined, keys, platform, heading, raw, now)

    async def _settle(self, signed: Signed) -> Answer:
        """Make *signed* durable, unless nothing reacts to it or it was taken under another name."""
        event = signed.event
        if self._reacts is not None and isinstance(event, Event) and not self._reacts(event):
            return answers.IGNORED
        if signed.claim.platform in GUARDED:
            return await self._keep_once(signed)
        return await self._keep(signed)

    async def _keep_once(self, signed: Signed) -> Answer:
        """Make *signed* durable, unless it was taken under another name. Set aside is not taken."""
        platform, name = signed.claim.platform, signed.claim.name
        digest = bytes.fromhex(signed.digest)
        now = signed.claim.received_at.timestamp()
        if self._guard.taken_by_another(fingerprint(platform, digest), signed.claimant, now):
            return answers.DUPLICATE
        body = fingerprint(platform, digest, name)
        if not await self._guard.admit(body, signed.claimant, now):
            return answers.DUPLICATE
        taken = False
        try:
            answer = await self._keep(signed)
            taken = answer is not answers.QUARANTINED
        finally:
            self._guard.settle(body, signed.claimant, now, taken=taken)
        return answer

    async def _keep(self, signed: Signed) -> Answer:
        event = signed.event
        if isinstance(event, Unfit):
            return await self._set_aside(signed, event.reason)
        try:
            await self._durable.accept(event, signed.digest, signed.body)
        except Unacceptable as error:
            return await self._set_aside(signed, str(error))
        return answers.accepted(event.workflow_id)

    async def _set_aside(self, signed: Signed, reason: str) -> Answer:
        await self._quarantine.keep(signed.claim, signed.headers, signed.raw, signed.digest, reason)
        return answers.QUARANTINED


def examined(
    keys: tuple[bytes, ...], platform: Platform, heading: Heading, raw: bytes, now: datetime
) -> Examined | None:
    """The body *raw*, verified before it is read; None if it is not really from *platform*."""
    if not genuine(keys, platform, heading, raw, now):
        return None
    digest = hashlib.sha256(raw).hexdigest()
    try:
        payload, body = parsed(platform, raw, form=heading.form)
    except ValueError as error:
        return Examined(digest, None, raw, Unfit(f"the body is no JSON: {error}"))
    return Examined(digest, payload, body)


def genuine(
    keys: tuple[bytes, ...], platform: Platform, heading: Heading, body: bytes, now: datetime
) -> bool:
    """Whether *body* is really from *platform*."""
    if platform is Platform.GITHUB:
        return github_genuine(keys, heading.signature, body)
    if platform is Platform.LINEAR:
        return linear_genuine(keys, heading.signature, body)
    return slack_genuine(keys, heading.signature, heading.timestamp, body, now)


def challenge_in(platform: Platform, payload: Any) -> str | None:
    """What Slack wants to hear back, if *payload* is its question whether it is us."""
    if platform is Platform.SLACK and text(payload, "type") == "url_verification":
        return text(payload, "challenge")
    return None


def in_time(platform: Platform, payload: Any, now: datetime) -> bool:
    """Whether *payload* was sent just now, as far as its sender says when."""
    sent_at_ms = number(payload, "webhookTimestamp")
    return platform is not Platform.LINEAR or sent_at_ms is None or linear_fresh(sent_at_ms, now)
