"""Our requests to GitHub's REST API: who we are, one request, and all pages of a list."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import requests
from github.Auth import AppAuth

from activities.clients.credential import Credential
from activities.clients.github_errors import PLATFORM, garbled, refused, told_in_our_terms
from activities.clients.github_line import PER_PAGE, Lines, Request
from activities.clients.github_tokens import Clock, Installations
from activities.clients.limits_told import limits_told
from contexten.errors import ClientError, FatalError, ServerError
from contexten.github import Scope, ScopeKind
from contexten.limits import Limits

MOST_PAGES = 1000
CORE = "core"
BY_APP = "Bearer"
UNSET = "no GitHub credentials: set GITHUB_TOKEN, or GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY"


@dataclass(frozen=True, slots=True)
class Credentials:
    """
    Who we are to GitHub. The App is preferred where both are set.

    Attributes:
        token: A personal or fine-grained access token.
        app_id: The number of a GitHub App.
        app_private_key: That App's key, PEM or the path of a file with it.
    """

    token: str | None = None
    app_id: int | None = None
    app_private_key: str | None = None

    def __repr__(self) -> str:
        """Which ones there are, never what they are."""
        return f"Credentials(token={bool(self.token)}, app_id={self.app_id})"

    def __bool__(self) -> bool:
        """Whether there are any."""
        return self.token is not None or self.is_app

    @property
    def is_app(self) -> bool:
        """Whether we act as a GitHub App."""
        return self.app_id is not None and self.app_private_key is not None


class GithubSession:
    """
    Requests to GitHub under the right credentials. Safe to be used by many threads.

    Attributes:
        limits: What GitHub last said of how much we may ask, searching apart; None before it
            said anything. An App has a limit in each installation: this is the last one's,
            and never the one of the App itself.
    """

    def __init__(
        self, base_url: str, credentials: Credential[Credentials], timeout_s: float, clock: Clock
    ) -> None:
        self._credentials = credentials
        self._lines = Lines(base_url, timeout_s)
        self._app: tuple[Credentials, AppAuth] | None = None
        self._installations = Installations(self._ask_as_app, timeout_s, clock)
        self.limits: Limits | None = None

    @property
    def is_app(self) -> bool:
        """Whether we act as a GitHub App."""
        return self._credentials().is_app

    def close(self) -> None:
        """Close all connections."""
        self._lines.close()

    def renew(self) -> None:
        """
        Have the credentials read anew by the next request, and an App's key from its file.

        The token of an installation is another matter: it is replaced once it is refused.
        """
        self._credentials.renew()
        self._app = None

    def ask(
        self,
        verb: str,
        path: str,
        scope: Scope | None,
        *,
        fields: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        as_text: bool = False,
    ) -> Any:
        """
        The parsed answer to one request; None if it has no body.

        Args:
            verb: ``GET``, ``POST`` or ``DELETE``.
            path: What is asked for.
            scope: Where that is, for the right credentials; None if any will do.
            fields: What becomes the JSON body; None for no body.
            query: What is added to the address.
            as_text: The answer is no JSON: give it as it is.

        Raises:
            PlatformError: Whichever of our errors the refusal or the silence amounts to.
        """
        return self._ask(Request(verb, path, query, fields, as_text), scope)[1]

    def pages(self, path: str, scope: Scope, query: Mapping[str, Any]) -> Iterator[Any]:
        """
        Every page of a list, as parsed.

        Raises:
            PlatformError: As ``ask`` does.
        """
        headers, page = self._ask(Request("GET", path, {**query, "per_page": PER_PAGE}), scope)
        yield page
        for _ in range(MOST_PAGES):
            further = next_page(headers)
            if further is None:
                return
            headers, page = self._ask(Request("GET", further), scope)
            yield page

    @contextmanager
    def token(self, scope: Scope) -> Iterator[str]:
        """
        What opens *scope* to others than us, such as git; what they are told is raised within.

        Raises:
            FatalError: If there are no credentials for *scope*.
            PlatformError: If there is no token to be had, or whatever was raised within.
        """
        credentials = self._credentials()
        if credentials.is_app:
            with self._installations.token(scope) as token:
                yield token
            return
        if credentials.token is None:
            raise FatalError(UNSET, platform=PLATFORM)
        yield credentials.token

    def _ask(self, request: Request, scope: Scope | None) -> tuple[dict[str, str], Any]:
        """
        Raises:
            FatalError: If there are no credentials for *scope*.
            PlatformError: If the answer is no 2xx, or there is none.
        """
        refuse_misleading(request.path)
        credentials = self._credentials()
        if scope is not None and scope.kind is ScopeKind.APP:
            return self._sent(request, f"{BY_APP} {self._signed(credentials)}")
        if credentials.is_app:
            with self._installations.token(scope) as token:
                return self._sent(request, f"token {token}")
        if credentials.token is None:
            raise FatalError(UNSET, platform=PLATFORM)
        return self._sent(request, f"token {credentials.token}")

    def _ask_as_app(self, verb: str, path: str) -> tuple[dict[str, str], Any]:
        return self._ask(Request(verb, path), Scope(ScopeKind.APP))

    def _sent(self, request: Request, authorization: str) -> tuple[dict[str, str], Any]:
        now = datetime.now(UTC)
        status, headers, text = self._lines.ask(request, authorization, now)
        if not authorization.startswith(BY_APP):
            self._remember(headers, now)
        well = 200 <= status < 300
        data = text if well and request.as_text else parsed(status, text)
        if not well:
            raise refused(status, headers, data, now)
        return headers, data

    def _remember(self, headers: Mapping[str, str], now: datetime) -> None:
        """What *headers* say of our limit, unless that is one on searches alone."""
        if headers.get("x-ratelimit-resource", CORE) == CORE:
            self.limits = limits_told(headers, "x-ratelimit-", now) or self.limits

    def _signed(self, credentials: Credentials) -> str:
        """
        What proves for some minutes that we are our App.

        Raises:
            FatalError: If we are none, or its key cannot be read or cannot sign.
        """
        known = self._app
        if known is None or known[0] is not credentials:
            known = self._app = (credentials, app_of(credentials))
        with told_in_our_terms(datetime.now(UTC)):
            return known[1].token


def app_of(credentials: Credentials) -> AppAuth:
    """
    What signs in the name of our App.

    Raises:
        FatalError: If we are none, or its key cannot be read.
    """
    if credentials.app_id is None or credentials.app_private_key is None:
        reason = "only a GitHub App has deliveries of its own: set GITHUB_APP_ID and its key"
        raise FatalError(reason, platform=PLATFORM)
    return AppAuth(credentials.app_id, private_key(credentials.app_private_key))


def private_key(text: str) -> str:
    """
    The PEM in *text*, or in the file that it names.

    Raises:
        FatalError: If it is neither.
    """
    if "-----BEGIN" in text:
        return text.replace("\\n", "\n")
    try:
        return Path(text).expanduser().read_text()
    except (OSError, ValueError):
        reason = "GITHUB_APP_PRIVATE_KEY is neither a key in PEM nor the path of a readable file"
        raise FatalError(reason, platform=PLATFORM) from None


def parsed(status: int, text: str) -> Any:
    """
    The JSON of an answer; None if it is empty, or refuses in something else than JSON.

    Raises:
        ServerError: If a success is an HTML page.
        TransientError: If a success is garbled.
    """
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        if status >= 300:
            return None
        if text.lstrip().startswith("<"):
            reason = "GitHub answered with an HTML page: a proxy is in the way, or it is unwell"
            raise ServerError(reason, platform=PLATFORM, status=status) from None
        raise garbled("no JSON") from None


def next_page(headers: Mapping[str, str]) -> str | None:
    """The address of the page after this one; None if it is the last."""
    for link in requests.utils.parse_header_links(headers.get("link", "")):
        if link.get("rel") == "next":
            url: str = link["url"]
            return url
    return None


def refuse_misleading(path: str) -> None:
    """
    Raises:
        ClientError: If *path* has a segment that leads to another place than it seems to.
    """
    segments = path.partition("?")[0].split("/")
    if any(unquote(segment) in (".", "..") for segment in segments):
        raise ClientError(f"not a path on GitHub: {path}", platform=PLATFORM)
