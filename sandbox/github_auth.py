"""
Whom the sandbox's GitHub lets in: its token, an App by its signed JWT, an App's installation.

Apps are arranged by ``POST /_github/apps`` with ``id``, ``public_key`` (PEM) and
``installations``, the owners it is installed on by installation id. An App's
signature is really verified, and installation tokens really expire, the latest when the App
is arranged anew without their installation.
"""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import jwt
from starlette.requests import Request

from sandbox.github_refused import RefusedError

LONGEST_JWT_S = 600
TOKEN_LIFETIME_S = 3600.0


@dataclass(slots=True)
class GithubApp:
    """
    A GitHub App.

    Attributes:
        id: Its number.
        public_key: PEM; what its JWTs are verified against.
        installations: Owner by installation id.
        token_lifetime_s: How long an installation's token is good for.
    """

    id: int
    public_key: str
    installations: dict[int, str] = field(default_factory=dict)
    token_lifetime_s: float = TOKEN_LIFETIME_S


@dataclass(frozen=True, slots=True)
class Granted:
    """What a token opens, and until when, in seconds since 1970."""

    app: int
    installation: int
    owner: str
    expires: float

    def holds(self, app: GithubApp) -> bool:
        """Whether it still opens anything, as *app* is installed now."""
        return self.installation in app.installations and self.expires >= time.time()


class GithubAuth:
    """Every credential that opens something."""

    def __init__(self, accepted: Mapping[str, str]) -> None:
        self._accepted = accepted
        self._granted: dict[str, Granted] = {}
        self.apps: dict[int, GithubApp] = {}
        self.tokens_granted = 0

    def enter(self, request: Request) -> None:
        """
        Let a caller in who has our token, or an installation's.

        Raises:
            RefusedError: 401 without good credentials; 403 outside the installation, or without
                a user agent.
        """
        params = request.path_params
        self.admit(credentials(request), params.get("owner", params.get("org")))

    def admit(self, token: str, owner: str | None) -> None:
        """
        Let a *token* in to what is *owner*'s, or nobody's if that is None.

        Raises:
            RefusedError: 401 if it is not good; 403 outside the installation.
        """
        if token == self._accepted["github"]:
            return
        granted = self._granted.get(token)
        if granted is None or not granted.holds(self.apps[granted.app]):
            raise RefusedError(401, "Bad credentials")
        if owner not in (None, granted.owner):
            raise RefusedError(403, "Resource not accessible by integration")

    def enter_as_app(self, request: Request) -> GithubApp:
        """
        The App that signed the caller's JWT.

        Raises:
            RefusedError: 401 if it is no JWT, unsigned by a known App, expired or too long-lived.
        """
        token = credentials(request)
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
            app = self.apps[int(claims["iss"])]
            jwt.decode(
                token,
                app.public_key,
                algorithms=["RS256"],
                options={"require": ["exp", "iat", "iss"]},
            )
        except (jwt.PyJWTError, KeyError, ValueError, TypeError):
            raise RefusedError(401, "A JSON web token could not be decoded") from None
        if claims["exp"] - time.time() > LONGEST_JWT_S:
            raise RefusedError(401, "'Expiration time' claim ('exp') is too far in the future")
        return app

    def grant(self, app: GithubApp, installation: int) -> tuple[str, str]:
        """
        A new token of *installation*, and when it expires.

        Raises:
            RefusedError: 404 if the App is not installed under that number.
        """
        if installation not in app.installations:
            raise RefusedError(404, "Not Found")
        token = f"ghs_{secrets.token_hex(18)}"
        expires = time.time() + app.token_lifetime_s
        owner = app.installations[installation]
        self._granted[token] = Granted(app.id, installation, owner, expires)
        self.tokens_granted += 1
        return token, datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def credentials(request: Request) -> str:
    """
    The token of the ``Authorization`` header.

    Raises:
        RefusedError: 403 without a user agent; 401 without a token.
    """
    if not request.headers.get("user-agent"):
        raise RefusedError(
            403, "Request forbidden by administrative rules. Add a User-Agent header"
        )
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in ("bearer", "token") or not token:
        raise RefusedError(401, "Requires authentication")
    return token.strip()
