"""
Where our GitHub App is installed, and the token of each installation while it is good.

A token's lifetime is taken between two times that GitHub says, and measured on a clock that
nobody sets: what our own clock says does not matter.

A refusal need not be the last word. A new token is not known to all of GitHub for some seconds,
a token is revoked when the App is removed or a person wills it, and an App that was installed
anew has another number:

    refused                      while the token is    means
    401, or 403, or 404          new                   it is not known yet: wait
    401                          old, and was taken    it was revoked: find the installation anew
    401                          old, and never was    it is no good: that is final
    401 or 404 for a new token   -                     the App was installed anew, if we had
                                                       found it earlier; else that is final
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from activities.clients.deadline import left
from activities.clients.github_answers import read
from activities.clients.github_errors import PLATFORM
from contexten.errors import (
    AuthenticationError,
    ClientError,
    FatalError,
    PlatformError,
    TransientError,
)
from contexten.github import Scope, ScopeKind

SPREAD_AFTER_S = 10.0
"""For how long a new token may look as if it had no access."""

KNOWN_AFTER_S = 60.0
"""For how long a token that was never taken may only be new."""

UNTIL_KNOWN = timedelta(seconds=5)
RENEWED_BEFORE = timedelta(minutes=5)
"""How long before its end a token is renewed; at most half its lifetime before."""

AskAsApp = Callable[[str, str], tuple[Mapping[str, str], Any]]
Clock = Callable[[], float]


@dataclass(slots=True)
class Token:
    """
    An installation's token.

    Attributes:
        installation: Whose it is.
        text: The token itself.
        granted_at: When we got it, seconds on our clock.
        renew_at: When it is time for another.
        taken: Whether GitHub ever let us in with it.
    """

    installation: int
    text: str
    granted_at: float
    renew_at: float
    taken: bool = False

    def __repr__(self) -> str:
        """Whose it is, never what it is."""
        return f"Token(installation={self.installation})"


class Installations:
    """What we are let in by, wherever our App is installed. Safe to be used by many threads."""

    def __init__(self, ask_as_app: AskAsApp, timeout_s: float, clock: Clock) -> None:
        """
        Args:
            ask_as_app: Makes a request with a verb and a path in the App's own name.
            timeout_s: Seconds to wait for another thread that asks the same.
            clock: Seconds that only grow.
        """
        self._ask_as_app = ask_as_app
        self._timeout_s = timeout_s
        self._clock = clock
        self._ids: dict[Scope | None, int] = {}
        self._tokens: dict[int, Token] = {}
        self._asking: dict[Scope | int | None, threading.Lock] = {}
        self._forgetting = threading.Lock()

    @contextmanager
    def token(self, scope: Scope | None) -> Iterator[str]:
        """
        The token for a request about *scope*, which is made within; some token if that is None.

        Raises:
            TransientError: If it was refused, and that need not be the last word.
            PlatformError: What the request raised, or if there is no token for us.
        """
        token = self._found(scope)
        try:
            yield token.text
        except PlatformError as error:
            raise self._judged(token, error) from None
        token.taken = True

    def _found(self, scope: Scope | None) -> Token:
        known = self._ids.get(scope)
        installation = self._installation(scope) if known is None else known
        try:
            return self._token_of(installation)
        except (AuthenticationError, ClientError) as error:
            self._forget(installation)
            if known is not None and error.status in (401, 404):
                raise not_yet(error) from None
            raise

    def _installation(self, scope: Scope | None) -> int:
        """The number of our installation where *scope* is."""
        with self._one_at_a_time(scope):
            if (known := self._ids.get(scope)) is not None:
                return known
            found = self._first() if scope is None else self._of(scope)
            with self._forgetting:
                self._ids[scope] = found
            return found

    def _of(self, scope: Scope) -> int:
        of = "repos" if scope.kind is ScopeKind.REPOSITORY else "orgs"
        _, answer = self._ask_as_app("GET", f"/{of}/{scope.name}/installation")
        return read(lambda said: int(said["id"]), answer)

    def _first(self) -> int:
        """
        The number of the first of our installations that may do anything.

        Raises:
            FatalError: If there is none.
        """
        _, answer = self._ask_as_app("GET", "/app/installations?per_page=100")
        found = read(standing, answer)
        if not found:
            reason = "our GitHub App is installed nowhere: install it where it is to work"
            raise FatalError(reason, platform=PLATFORM)
        return found[0]

    def _judged(self, token: Token, error: PlatformError) -> PlatformError:
        """What it means that a request with *token* ended with *error*."""
        age = self._clock() - token.granted_at
        if age < SPREAD_AFTER_S and looks_shut_out(error):
            return not_yet(error)
        if error.status != HTTPStatus.UNAUTHORIZED:
            return error
        if age < KNOWN_AFTER_S and not token.taken:
            return not_yet(error)
        self._forget(token.installation, token)
        return not_yet(error) if token.taken else error

    def _forget(self, installation: int, token: Token | None = None) -> None:
        """Forget an *installation*; not if it has a newer token than *token* by now."""
        with self._forgetting:
            if token is None or self._tokens.get(installation) is token:
                self._tokens.pop(installation, None)
                self._ids = {s: i for s, i in self._ids.items() if i != installation}

    def _token_of(self, installation: int) -> Token:
        with self._one_at_a_time(installation):
            token = self._tokens.get(installation)
            if token is None or self._clock() >= token.renew_at:
                token = self._tokens[installation] = self._granted(installation)
            return token

    @contextmanager
    def _one_at_a_time(self, what: Scope | int | None) -> Iterator[None]:
        """
        Let one thread find out *what* all of them want to know.

        Raises:
            TransientError: If another takes too long over it.
        """
        asking = self._asking.setdefault(what, threading.Lock())
        if not asking.acquire(timeout=max(0, min(self._timeout_s, left()))):
            reason = "another call has been waiting too long for a token of the App"
            raise TransientError(reason, platform=PLATFORM)
        try:
            yield
        finally:
            asking.release()

    def _granted(self, installation: int) -> Token:
        asked_at = self._clock()
        path = f"/app/installations/{installation}/access_tokens"
        headers, answer = self._ask_as_app("POST", path)
        lifetime = read(lambda said: lifetime_of(said["expires_at"], headers), answer)
        good_for = lifetime - min(RENEWED_BEFORE, lifetime / 2)
        text = read(lambda said: str(said["token"]), answer)
        return Token(installation, text, asked_at, asked_at + good_for.total_seconds())


def standing(installations: Any) -> list[int]:
    """The numbers of those *installations* that are not suspended."""
    return [int(one["id"]) for one in installations if not one.get("suspended_at")]


def looks_shut_out(error: PlatformError) -> bool:
    """Whether *error* is how GitHub answers those that it does not know, or hides things from."""
    hidden = error.status == HTTPStatus.NOT_FOUND and "not found" in str(error).lower()
    return isinstance(error, AuthenticationError) or hidden


def not_yet(error: PlatformError) -> TransientError:
    """*error*, of which a later attempt may hear nothing."""
    reason = f"{error}; a new token of the App may be let in"
    return TransientError(reason, platform=PLATFORM, status=error.status, retry_after=UNTIL_KNOWN)


def lifetime_of(expires_at: str, headers: Mapping[str, str]) -> timedelta:
    """
    How long after the answer with *headers* a token expires that does so at *expires_at*.

    Raises:
        ValueError: If that is no time.

    >>> lifetime_of("2026-01-01T13:00:00Z", {"date": "Thu, 01 Jan 2026 12:00:00 GMT"})
    datetime.timedelta(seconds=3600)
    """
    return datetime.fromisoformat(expires_at) - answered_at(headers)


def answered_at(headers: Mapping[str, str]) -> datetime:
    """When an answer was given by the clock of who gave it; by ours if it does not say."""
    try:
        said = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return datetime.now(UTC)
    return said.replace(tzinfo=said.tzinfo or UTC)
