"""
The lines to GitHub's REST API, each for one request at a time.

PyGithub keeps the request under way in its connection object, so two threads must never share
one. There are as many lines as there ever were requests at once; who asks is said with each.
"""

import math
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from github.Requester import Requester

from activities.clients.github_connection import Connection
from activities.clients.github_errors import told_in_our_terms

API_VERSION = "2022-11-28"
PER_PAGE = 100

Answer = tuple[int, dict[str, str], str]


@dataclass(frozen=True, slots=True)
class Request:
    """
    One request, as often as it is asked.

    Attributes:
        verb: ``GET``, ``POST`` or ``DELETE``.
        path: What is asked for, or the whole address of a further page.
        query: What is added to the address.
        fields: What becomes the JSON body; None for no body.
        as_text: Whether what answers is no JSON.
    """

    verb: str
    path: str
    query: Mapping[str, Any] | None = None
    fields: Mapping[str, Any] | None = None
    as_text: bool = False


class Line:
    """PyGithub over one connection, for one thread at a time."""

    def __init__(self, base_url: str, timeout_s: float) -> None:
        self._connection: Any = Connection(base_url, timeout_s)  # PyGithub wants its own class
        self._requester = Requester(
            auth=None,
            base_url=base_url,
            timeout=math.ceil(timeout_s),
            user_agent="contexten",
            per_page=PER_PAGE,
            verify=True,
            retry=None,
            pool_size=None,
            seconds_between_requests=0,
            seconds_between_writes=0,
            api_version=API_VERSION,
        )

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def ask(self, request: Request, authorization: str) -> Answer:
        """The answer to *request*; raises whatever PyGithub and requests do."""
        return self._requester.requestJson(
            request.verb,
            request.path,
            parameters=dict(request.query or {}),
            headers={"Authorization": authorization},
            input=request.fields,
            cnx=self._connection,
        )


class Lines:
    """All lines to one GitHub. Safe to be used by many threads."""

    def __init__(self, base_url: str, timeout_s: float) -> None:
        self._base_url = base_url
        self._timeout_s = timeout_s
        self._free: deque[Line] = deque()

    def close(self) -> None:
        """Close those that are free."""
        while self._free:
            self._free.pop().close()

    def ask(self, request: Request, authorization: str, now: datetime) -> Answer:
        """
        The status, the headers and the body of the answer to *request*.

        Args:
            request: What to ask.
            authorization: Who asks, as the header of that name has it.
            now: The time, with its zone.

        Raises:
            PlatformError: If there is no answer that can be read.
        """
        with told_in_our_terms(now), self._line() as line:
            return line.ask(request, authorization)

    @contextmanager
    def _line(self) -> Iterator[Line]:
        try:
            line = self._free.pop()
        except IndexError:
            line = Line(self._base_url, self._timeout_s)
        try:
            yield line
        finally:
            self._free.append(line)
