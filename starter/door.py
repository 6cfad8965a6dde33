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

import orjson
import structlog

from contexten.delivery import Event, Platform
from contexten.payload import number, text
from contexten.reading import Claim, Unfit, read
from contexten.signature import github_genuine, linear_fresh, linear_genuine, slack_genuine
from starter import answers
from starter.answers import Answer, Gone, Refused
from starter.forms import json_of
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
class Signed:
    """A delivery that is really theirs: what came, and what it says where it can be parsed."""

    claim: Claim
    headers: Headers
    raw: bytes
    body: bytes
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
        if not await self._genuine(incoming.platform, heading, raw, now):
            raise Refused(answers.UNSIGNED)
        delivery_id = heading.delivery_id or hashlib.sha256(raw).hexdigest()
        claim = Claim(incoming.platform, delivery_id, heading.name, incoming.tenant, now)
        try:
            payload, body = parsed(incoming.platform, heading, raw)
        except ValueError as error:
            return await self._settle(
                Signed(claim, incoming.headers, raw, raw, Unfit(f"the body is no JSON: {error}"))
            )
        if challenge := challenge_in(incoming.platform, payload):
            return answers.challenged(challenge)
        if not in_time(incoming.platform, payload, now):
            raise Refused(answers.UNSIGNED)
        return await self._settle(Signed(claim, incoming.headers, raw, body, read(claim, payload)))

    async def _genuine(
        self, platform: Platform, heading: Heading, body: bytes, now: datetime
    ) -> bool:
        if len(body) < LARGE_BYTES:
            return genuine(self._keys.of(platform), platform, heading, body, now)
        keys = self._keys.of(platform)
        return await asyncio.to_thread(genuine, keys, platform, heading, body, now)

    async def _settle(self, signed: Signed) -> Answer:
        """Make *signed* durable, unless nothing reacts to it or it was taken under another name."""
        event = signed.event
        if self._reacts is not None and isinstance(event, Event) and not self._reacts(event):
            return answers.IGNORED
        digest = hashlib.sha256(signed.raw)
        if signed.claim.platform in GUARDED:
            return await self._keep_once(signed, digest.digest())
        return await self._keep(signed, digest.hexdigest())

    async def _keep_once(self, signed: Signed, digest: bytes) -> Answer:
        """Make *signed* durable, unless it was taken under another name. Set aside is not taken."""
        platform, name = signed.claim.platform, signed.claim.name
        now = signed.claim.received_at.timestamp()
        if self._guard.taken_by_another(fingerprint(platform, digest), signed.claimant, now):
            return answers.DUPLICATE
        body = fingerprint(platform, digest, name)
        if not await self._guard.admit(body, signed.claimant, now):
            return answers.DUPLICATE
        taken = False
        try:
            answer = await self._keep(signed, digest.hex())
            taken = answer is not answers.QUARANTINED
        finally:
            self._guard.settle(body, signed.claimant, now, taken=taken)
        return answer

    async def _keep(self, signed: Signed, digest: str) -> Answer:
        event = signed.event
        if isinstance(event, Unfit):
            return await self._set_aside(signed, digest, event.reason)
        try:
            await self._durable.accept(event, digest, signed.body)
        except Unacceptable as error:
            return await self._set_aside(signed, digest, str(error))
        return answers.accepted(event.workflow_id)

    async def _set_aside(self, signed: Signed, digest: str, reason: str) -> Answer:
        await self._quarantine.keep(signed.claim, signed.headers, signed.raw, digest, reason)
        return answers.QUARANTINED


def genuine(
    keys: tuple[bytes, ...], platform: Platform, heading: Heading, body: bytes, now: datetime
) -> bool:
    """Whether *body* is really from *platform*."""
    if platform is Platform.GITHUB:
        return github_genuine(keys, heading.signature, body)
    if platform is Platform.LINEAR:
        return linear_genuine(keys, heading.signature, body)
    return slack_genuine(keys, heading.signature, heading.timestamp, body, now)


def parsed(platform: Platform, heading: Heading, raw: bytes) -> tuple[Any, bytes]:
    """
    What the body *raw* says, and the JSON that says it.

    Raises:
        ValueError: If it cannot be read.
    """
    return json_of(platform, raw) if heading.form else (orjson.loads(raw), raw)


def challenge_in(platform: Platform, payload: Any) -> str | None:
    """What Slack wants to hear back, if *payload* is its question whether it is us."""
    if platform is Platform.SLACK and text(payload, "type") == "url_verification":
        return text(payload, "challenge")
    return None


def in_time(platform: Platform, payload: Any, now: datetime) -> bool:
    """Whether *payload* was sent just now, as far as its sender says when."""
    sent_at_ms = number(payload, "webhookTimestamp")
    return platform is not Platform.LINEAR or sent_at_ms is None or linear_fresh(sent_at_ms, now)
