"""
Reading an HTTP answer within the time that is left, to the last byte.

The timeout of requests is about silence: an answer of which a byte comes now and then, in its
headers or its body, would be read for ever.
"""

import socket
from http.client import HTTPResponse
from io import BufferedReader, RawIOBase
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool

from activities.clients.deadline import left


class Received(RawIOBase):
    """What a socket receives, each time for as long as is left."""

    def __init__(self, sock: socket.socket, raw: RawIOBase) -> None:
        super().__init__()
        self._sock = sock
        self._raw = raw

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """
        Read what there is.

        Raises:
            TimeoutError: If nothing came in time, or the time was over before.
        """
        seconds = left()
        if seconds <= 0:
            raise TimeoutError("the answer took too long")
        self._sock.settimeout(seconds)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Let go of the socket."""
        self._raw.close()
        super().close()


class Response(HTTPResponse):
    """An answer that is read within the time that is left."""

    def __init__(self, sock: socket.socket, *args: Any, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        self.fp: Any = BufferedReader(Received(sock, self.fp.detach()))


class Plain(HTTPConnection):
    """A connection without TLS."""

    response_class = Response


class Secure(HTTPSConnection):
    """A connection with TLS."""

    response_class = Response


class Adapter(HTTPAdapter):
    """What lets requests read in time; whoever sends sets the limit."""

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: bool | str,
        proxies: dict[str, str] | None = None,
        cert: Any = None,
    ) -> HTTPConnectionPool:
        """The pool of connections for *request*."""
        pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
        pool.ConnectionCls = Secure if pool.scheme == "https" else Plain
        return pool
