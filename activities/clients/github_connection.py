"""
One connection to GitHub as PyGithub uses one, which follows what was renamed, and ends in time.

A repository that was renamed or transferred answers with a redirect. It is followed once, to the
same host, with the verb, the body and the query kept: PyGithub follows a 301 only, and forgets
the query, so that it would read a file on another branch than it was asked for. Nor is an answer
slept for that is still being made, as PyGithub does: when to ask again is not for us to say.
"""

from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from github.Requester import Requester, RequestsResponse

from activities.clients.deadline import left, within
from activities.clients.github_errors import PLATFORM
from activities.clients.github_socket import Adapter
from activities.clients.pauses import number
from contexten.errors import FatalError, TransientError

RATES = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")

LEAST_S = 0.25
"""With less than that left no request is begun: its answer could not be waited for."""

MOVED = (
    HTTPStatus.MOVED_PERMANENTLY,
    HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What one request sends, and to where."""

    verb: str
    url: str
    headers: dict[str, str]
    body: str | None


class Connection:
    """What is kept open between two requests. For one thread at a time."""

    def __init__(self, base_url: str, timeout_s: float) -> None:
        self._base = urlsplit(base_url)
        self._timeout_s = timeout_s
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, Adapter(pool_connections=1, pool_maxsize=1))
        self._session.auth = Requester.noopAuth  # or a .netrc file would speak for us
        self._asked = Asked("GET", base_url, {}, None)

    def close(self) -> None:
        """Let go of it."""
        self._session.close()

    def request(
        self, verb: str, url: str, body: str | None, headers: dict[str, str], stream: bool
    ) -> None:
        """Say what is asked next, with the path and query of *url*; nothing is sent yet."""
        del stream  # an answer is read whole
        whole = f"{self._base.scheme}://{self._base.netloc}{url}"
        self._asked = Asked(verb, whole, headers, body)

    def getresponse(self) -> RequestsResponse:
        """
        The answer, from where a redirect leads if there is one.

        Raises:
            FatalError: If it leads to another host, port or scheme.
            TransientError: If it leads to another redirect, is still being made, or the time
                is over.
        """
        answer = self._answer()
        if moved(answer):
            self._asked = replace(self._asked, url=self._moved_to(answer.headers["location"]))
            answer = self._answer()
            if moved(answer):
                raise TransientError("GitHub redirects without end", platform=PLATFORM)
        if answer.status_code == HTTPStatus.ACCEPTED and self._asked.verb == "GET":
            raise TransientError("GitHub answered 202: it is still at it", platform=PLATFORM)
        forget_absurd_rates(answer)
        return RequestsResponse(answer)

    def _answer(self) -> requests.Response:
        if left() < LEAST_S:
            reason = "there is no time left in this attempt for another request to GitHub"
            raise TransientError(reason, platform=PLATFORM)
        asked = self._asked
        with within(self._timeout_s):
            return self._session.request(
                asked.verb,
                asked.url,
                headers=asked.headers,
                data=asked.body,
                timeout=left(),
                allow_redirects=False,
            )

    def _moved_to(self, location: str) -> str:
        place = urlsplit(urljoin(self._asked.url, location))
        if origin(place) != origin(self._base):
            reason = "GitHub redirects to another host or scheme: check GITHUB_API_URL"
            raise FatalError(reason, platform=PLATFORM)
        return place._replace(query=place.query or urlsplit(self._asked.url).query).geturl()


def forget_absurd_rates(answer: requests.Response) -> None:
    """Take off *answer* what says no number: PyGithub would fail of it, and hide the answer."""
    for name in RATES:
        if name in answer.headers and number(answer.headers[name]) is None:
            del answer.headers[name]


def moved(answer: requests.Response) -> bool:
    """Whether *answer* says that it is to be had elsewhere."""
    return answer.status_code in MOVED and "location" in answer.headers


def origin(address: SplitResult) -> tuple[str, str | None, int | None]:
    """
    The scheme, host and port of *address*, as written.

    Raises:
        ValueError: If its port is no number.
    """
    return address.scheme, address.hostname, address.port
