"""Our line to Slack's Web API, over slack-sdk: one request, and all pages of a list."""

import logging
import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from activities.clients.credential import Credential
from activities.clients.slack_errors import ELSEWHERE, PLATFORM, garbled, told_in_our_terms
from contexten.errors import FatalError

PER_PAGE = 200
MOST_PAGES = 1000
TOKEN = re.compile(r"[\x21-\x7e]+")

# Below INFO slack-sdk would write down what people say.
log = logging.getLogger(__name__)
log.setLevel(logging.INFO)


class SlackSession:
    """Requests to Slack under our token, all on one event loop; nothing is retried."""

    def __init__(
        self,
        base_url: str,
        token: Credential[str | None],
        timeout_s: float,
        connections: int,
    ) -> None:
        self._token = token
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._connections = connections
        self._web = AsyncWebClient(None, base_url, user_agent_prefix="contexten", logger=log)
        self._web.retry_handlers = []

    async def close(self) -> None:
        """Close all connections."""
        if self._web.session is not None:
            await self._web.session.close()

    def renew(self) -> None:
        """Have the token read anew by the next request."""
        self._token.renew()

    async def ask(self, method: str, **arguments: str | int) -> dict[str, Any]:
        """
        Slack's answer to one request for *method*.

        Raises:
            PlatformError: Whichever of our errors the refusal or the silence amounts to.
        """
        self._open()
        form = {name: str(value) for name, value in arguments.items()}
        with told_in_our_terms(datetime.now(UTC)):
            # A POST also where we only read: aiohttp repeats a GET by itself.
            answer = await self._web.api_call(method, data=form)
        if not isinstance(answer.data, dict):
            raise garbled("no JSON")
        return answer.data

    async def pages(self, method: str, **arguments: str | int) -> AsyncIterator[dict[str, Any]]:
        """
        Every page of a list.

        Raises:
            PlatformError: As ``ask`` does.
        """
        asked = {"limit": PER_PAGE, **arguments}
        for _ in range(MOST_PAGES):
            page = await self.ask(method, **asked)
            yield page
            cursor = next_cursor(page)
            if not cursor:
                return
            asked["cursor"] = cursor

    def _open(self) -> None:
        """
        Have a session on the running loop, and the token as it is now.

        Raises:
            FatalError: If there is no token, none that can be sent, or no address.
        """
        token = (self._token() or "").strip()
        if not token:
            raise FatalError("no Slack credentials: set SLACK_BOT_TOKEN", platform=PLATFORM)
        if not TOKEN.fullmatch(token):
            raise FatalError("SLACK_BOT_TOKEN holds what no token has", platform=PLATFORM)
        self._web.token = token
        if self._web.session is None or self._web.session.closed:
            self._web.proxy = proxy_for(self._web.base_url)
            trace = aiohttp.TraceConfig()
            trace.on_request_redirect.append(refuse_redirect)
            self._web.session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                timeout=self._timeout,
                trace_configs=[trace],
            )


async def refuse_redirect(
    session: aiohttp.ClientSession, context: object, redirect: aiohttp.TraceRequestRedirectParams
) -> None:
    """
    Slack's API redirects nobody, so we are elsewhere, and would show our token around.

    Raises:
        FatalError: Always.
    """
    status = redirect.response.status
    redirect.response.close()
    raise FatalError(f"Slack answered {status}: {ELSEWHERE}", platform=PLATFORM, status=status)


def next_cursor(page: Mapping[str, Any]) -> str | None:
    """Where the page after this one begins; None if it is the last."""
    metadata = page.get("response_metadata")
    cursor = metadata.get("next_cursor") if isinstance(metadata, dict) else None
    return cursor if isinstance(cursor, str) else None


def proxy_for(url: str) -> str | None:
    """
    The proxy that the environment names for *url*; None where it names none, or an exception.

    Raises:
        FatalError: If *url* is no address.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise FatalError("SLACK_API_URL is no address", platform=PLATFORM) from None
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
