"""
Our line to GitHub's REST API, over PyGithub: who we are, one request, and all pages of a list.

PyGithub keeps the request under way in its connection object, so two threads must
never share one: each thread has connections of its own. What is asked for again and
again, an App's installations and their tokens, is shared.
"""

import json
import math
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import requests
from github import Github
from github.Auth import AppAuth, AppInstallationAuth, Auth, Token
from github.Requester import Requester

from activities.clients.github_errors import PLATFORM, garbled, refused, told_in_our_terms
from contexten.errors import AuthenticationError, ClientError, FatalError, ServerError
from contexten.github import Scope, ScopeKind

API_VERSION = "2022-11-28"
PER_PAGE = 100
MOST_PAGES = 1000
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

    @property
    def is_app(self) -> bool:
        """Whether we act as a GitHub App."""
        return self.app_id is not None and self.app_private_key is not None


class InstallationAuth(AppInstallationAuth):
    """An installation's token, renewed by one thread at a time."""

    def __init__(self, app: AppAuth, installation: int) -> None:
        super().__init__(app, installation)
        self._renewing = threading.RLock()

    @property
    def token(self) -> str:
        """The token, a new one if the last is about to expire."""
        with self._renewing:
            return super().token

    def withRequester(self, requester: Requester) -> "InstallationAuth":  # noqa: N802 - PyGithub's
        """Renew the token over *requester* from now on."""
        with self._renewing:
            super().withRequester(requester)
        return self


class GithubSession:
    """Requests to GitHub under the right credentials. Safe to be used by many threads."""

    def __init__(self, base_url: str, credentials: Credentials, timeout_s: float) -> None:
        self._base_url = base_url
        self._credentials = credentials
        self._timeout_s = max(1, math.ceil(timeout_s))
        self._own = threading.local()
        self._opened: list[Github] = []
        self._app: AppAuth | None = None
        self._token = Token(credentials.token) if credentials.token else None
        self._installed: dict[Scope, int] = {}
        self._installations: dict[int, InstallationAuth] = {}

    def close(self) -> None:
        """Close all connections."""
        while self._opened:
            self._opened.pop().close()

    def ask(
        self,
        verb: str,
        path: str,
        scope: Scope,
        *,
        fields: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Any:
        """
        The parsed answer to one request; None if it has no body.

        Raises:
            PlatformError: Whichever of our errors the refusal or the silence amounts to.
        """
        return self._ask(verb, path, scope, fields, query)[1]

    def pages(self, path: str, scope: Scope, query: Mapping[str, Any]) -> Iterator[Any]:
        """
        Every page of a list, as parsed.

        Raises:
            PlatformError: As ``ask`` does.
        """
        headers, page = self._ask("GET", path, scope, None, {**query, "per_page": PER_PAGE})
        yield page
        for _ in range(MOST_PAGES):
            further = next_page(headers)
            if further is None:
                return
            headers, page = self._ask("GET", further, scope, None, None)
            yield page

    def _ask(
        self,
        verb: str,
        path: str,
        scope: Scope,
        fields: Mapping[str, Any] | None,
        query: Mapping[str, Any] | None,
    ) -> tuple[dict[str, str], Any]:
        refuse_misleading(path)
        auth = self._auth(scope)
        now = datetime.now(UTC)
        try:
            with told_in_our_terms(now):
                status, headers, text = self._requester(auth).requestJson(
                    verb, path, parameters=dict(query or {}), input=fields
                )
        except (AuthenticationError, ClientError):  # only an installation's token is refused here
            self._installed.pop(scope, None)
            raise
        data = parsed(status, text)
        if status == HTTPStatus.UNAUTHORIZED:
            self._installed.pop(scope, None)
        if not 200 <= status < 300:
            raise refused(status, headers, data, now)
        return headers, data

    def _requester(self, auth: Auth) -> Requester:
        mine: dict[Auth, Github] = self._own.__dict__.setdefault("connections", {})
        if auth not in mine:
            mine[auth] = Github(
                auth=auth,
                base_url=self._base_url,
                timeout=self._timeout_s,
                user_agent="contexten",
                per_page=PER_PAGE,
                retry=None,
                pool_size=1,
                seconds_between_requests=0,
                seconds_between_writes=0,
                api_version=API_VERSION,
            )
            self._opened.append(mine[auth])
        return mine[auth].requester

    def _auth(self, scope: Scope) -> Auth:
        """
        Raises:
            FatalError: If there are no credentials for *scope*.
            PlatformError: If it cannot be found out where our App is installed.
        """
        if self._credentials.is_app:
            app = self._app_auth()
            return app if scope.kind is ScopeKind.APP else self._installation(app, scope)
        if scope.kind is ScopeKind.APP:
            reason = "only a GitHub App has deliveries of its own: set GITHUB_APP_ID and its key"
            raise FatalError(reason, platform=PLATFORM)
        if self._token is None:
            raise FatalError(UNSET, platform=PLATFORM)
        return self._token

    def _app_auth(self) -> AppAuth:
        """
        Raises:
            FatalError: If the App's key cannot be read.
        """
        if self._app is None:
            assert self._credentials.app_id is not None
            key = private_key(self._credentials.app_private_key or "")
            self._app = AppAuth(self._credentials.app_id, key)
        return self._app

    def _installation(self, app: AppAuth, scope: Scope) -> Auth:
        """The credentials of our App where *scope* is; looked up once."""
        if scope not in self._installed:
            of = "repos" if scope.kind is ScopeKind.REPOSITORY else "orgs"
            found = self.ask("GET", f"/{of}/{scope.name}/installation", Scope(ScopeKind.APP))
            with told_in_our_terms(datetime.now(UTC)):
                self._installed[scope] = int(found["id"])
        installation = self._installed[scope]
        return self._installations.setdefault(installation, InstallationAuth(app, installation))


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
