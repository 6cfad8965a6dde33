"""
Quarantine: signed deliveries that could not be read, kept as they came.

They are theirs, so they are not dropped; they are not what they should be, so they lead
to nothing until a person has looked, and we can read them.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import structlog

from contexten.delivery import Event, Platform
from contexten.reading import Claim, Unfit, read
from starter.forms import parsed
from starter.frames import Record
from starter.heading import SIGNATURE_SHAPED, Headers, is_form
from starter.settings import MIB
from starter.spool import Spool

log = structlog.get_logger()

SEGMENT_BYTES = 16 * MIB
LIMIT_BYTES = 512 * MIB
MOST_KNOWN = 10_000


@dataclass(frozen=True, slots=True)
class Quarantined:
    """
    A delivery in quarantine.

    Attributes:
        platform: Whose signature it bears.
        delivery_id: The sender's id for it; a digest where it has none.
        name: The event its headers claim, if they do.
        tenant: The ``owner/name`` of the route it came in by, if any.
        received_at: When it came, UTC.
        reason: Why it could not be read.
        headers: Its headers, without signatures.
        body: Its body, as it came.
    """

    platform: str
    delivery_id: str
    name: str | None
    tenant: str | None
    received_at: datetime
    reason: str
    headers: dict[str, str]
    body: bytes


class Quarantine:
    """The writing side."""

    def __init__(self, folder: Path) -> None:
        self._spool = Spool(folder, segment_bytes=SEGMENT_BYTES, limit_bytes=LIMIT_BYTES)
        self._known: dict[str, None] = {}

    async def keep(
        self, claim: Claim, headers: Headers, body: bytes, digest: str, reason: str
    ) -> None:
        """
        Keep a delivery, durably; one that is kept already is not kept twice.

        Raises:
            SpoolError: If it cannot be kept.
        """
        known = f"{claim.platform} {digest}"
        if known in self._known:
            return
        await self._spool.append(heading(claim, headers, reason), body)
        self._known[known] = None
        if len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]
        log.warning(
            "delivery.quarantined", platform=claim.platform, id=claim.delivery_id, reason=reason
        )

    async def close(self) -> None:
        """Wait for what is being written, and let go of the folder."""
        await self._spool.close()


def heading(claim: Claim, headers: Headers, reason: str) -> bytes:
    """What is kept beside the body: never a signature, a key or a cookie."""
    told = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in headers.items()
        if name not in SIGNATURE_SHAPED
    }
    return orjson.dumps(
        {
            "platform": claim.platform,
            "delivery_id": claim.delivery_id,
            "name": claim.name,
            "tenant": claim.tenant,
            "received_at": claim.received_at,
            "reason": reason,
            "headers": told,
        }
    )


def quarantined(record: Record) -> Quarantined:
    """The delivery in *record*."""
    kept: dict[str, Any] = {"tenant": None, **orjson.loads(record.header)}
    kept["received_at"] = datetime.fromisoformat(kept["received_at"])
    return Quarantined(**kept, body=record.body)


def read_again(kept: Quarantined) -> tuple[Event | Unfit, bytes]:
    """What *kept* says to us as we are now, and the JSON that says it."""
    platform = Platform(kept.platform)
    headers = {n.encode("latin-1"): v.encode("latin-1") for n, v in kept.headers.items()}
    claim = Claim(platform, kept.delivery_id, kept.name, kept.tenant, kept.received_at)
    try:
        payload, body = parsed(platform, kept.body, form=is_form(platform, headers))
    except ValueError as error:
        return Unfit(f"the body is no JSON: {error}"), kept.body
    return read(claim, payload), body
