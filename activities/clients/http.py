"""
The one place where we send HTTP requests ourselves: once each, bounded in time and size.

Nothing is retried and no redirect is followed. A request's time includes waiting for a
connection and reading the last byte, so an answer that drips cannot hold a slot for ever.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from contexten.errors import FatalError, PlatformError, TransientError

LARGEST_ANSWER_BYTES = 8 * 1024 * 1024

Meaning = tuple[tuple[type[Exception], ...], type[PlatformError], str]

MEANINGS: tuple[Meaning, ...] = (
    (
        (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, UnicodeError),
        FatalError,
        "no request can be made to {platform}: check {address} and the token",
    ),
    ((httpx.TimeoutException, TimeoutError), TransientError, "{platform} was silent for too long"),
    ((httpx.DecodingError,), TransientError, "{platform}'s answer cannot be read"),
    (
        (httpx.HTTPError, httpx.StreamError, OSError, RuntimeError, ValueError),
        TransientError,
        "{platform} cannot be reached, or did not answer whole",
    ),
)
"""What httpx raises, and what it means; the first that fits counts."""

RAISED = tuple(kind for kinds, _, _ in MEANINGS for kind in kinds)


@dataclass(frozen=True, slots=True)
class Answer:
    """
    One whole HTTP answer.

    Attributes:
        status: Its HTTP status.
        headers: Its headers, whatever case a name is asked for in.
        body: Its body, decompressed.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpSession:
    """
    Connections to one platform, opened when they are first needed.

    Every failure leaves as one of our errors, without what the original says: that may show
    a header.
    """

    def __init__(self, platform: str, address: str, timeout_s: float, connections: int) -> None:
        """
        Args:
            platform: Whom we talk to: ``linear``.
            address: The setting that says where it is, for errors to name: ``LINEAR_API_URL``.
            timeout_s: Seconds before a request is given up, all in all.
            connections: How many requests may be under way.
        """
        self._platform = platform
        self._address = address
        self._timeout_s = timeout_s
        self._limits = httpx.Limits(
            max_connections=connections, max_keepalive_connections=connections
        )
        self._client: httpx.AsyncClient | None = None

    async def close(self) -> None:
        """Close all connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """
        The answer to one POST, whatever its status.

        Raises:
            TransientError: If there is none in time, or none that is whole and of a sane size.
            FatalError: If no such request can be made at all.
        """
        with self._told_in_our_terms():
            async with (
                asyncio.timeout(self._timeout_s),
                self._opened().stream("POST", url, headers=headers, content=body) as response,
            ):
                return Answer(response.status_code, response.headers, await self._read(response))

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=self._timeout_s,
                limits=self._limits,
                follow_redirects=False,
                headers={"user-agent": "contexten"},
            )
        return self._client

    async def _read(self, response: httpx.Response) -> bytes:
        parts, size = [], 0
        async for part in response.aiter_bytes():
            parts.append(part)
            size += len(part)
            if size > LARGEST_ANSWER_BYTES:
                reason = f"{self._platform.title()}'s answer exceeds {LARGEST_ANSWER_BYTES} bytes"
                raise TransientError(reason, platform=self._platform, status=response.status_code)
        return b"".join(parts)

    @contextmanager
    def _told_in_our_terms(self) -> Iterator[None]:
        try:
            yield
        except RAISED as error:
            raise self._meaning(error) from None

    def _meaning(self, error: Exception) -> PlatformError:
        ours, reason = next((o, r) for kinds, o, r in MEANINGS if isinstance(error, kinds))
        said = reason.format(platform=self._platform.title(), address=self._address)
        return ours(f"{said} ({type(error).__name__})", platform=self._platform)
