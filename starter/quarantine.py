"""
Quarantine: signed deliveries that could not be read, kept as they came.

They are theirs, so they are not dropped; they are not what they should be, so they lead
to nothing until a person has looked.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import structlog

from contexten.reading import Claim
from starter.heading import SIGNATURE_SHAPED, Headers
from starter.settings import MIB
from starter.spool import Spool, records, segments

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
        received_at: When it came, UTC.
        reason: Why it could not be read.
        headers: Its headers, without signatures.
        body: Its body, as it came.
    """

    platform: str
    delivery_id: str
    name: str | None
    received_at: datetime
    reason: str
    headers: dict[str, str]
    body: bytes


class Quarantine:
    """
    The writing side.

    Attributes:
        count: Deliveries in quarantine, old ones included.
    """

    def __init__(self, folder: Path) -> None:
        self._spool = Spool(folder, segment_bytes=SEGMENT_BYTES, limit_bytes=LIMIT_BYTES)
        self._known: dict[str, None] = {}
        self.count = sum(1 for _ in entries(folder))

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
        self.count += 1
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
            "received_at": claim.received_at,
            "reason": reason,
            "headers": told,
        }
    )


def entries(folder: Path) -> Iterator[Quarantined]:
    """Every delivery in the quarantine in *folder*, oldest first."""
    for path in segments(folder):
        for record in records(path):
            kept: dict[str, Any] = orjson.loads(record.header)
            kept["received_at"] = datetime.fromisoformat(kept["received_at"])
            yield Quarantined(**kept, body=record.body)
