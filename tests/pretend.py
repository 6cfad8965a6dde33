"""The real sandbox on a port of its own: fixture `sandbox`, for a conftest or a test to import."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from sandbox.__main__ import listening, server


class Sandbox:
    """A running sandbox: what was done on it, and how to break it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url, timeout=10)

    def close(self) -> None:
        self._http.close()

    def effects(self, kind: str | None = None, platform: str | None = None) -> list[dict[str, Any]]:
        """The visible effects so far, oldest first."""
        query = {k: v for k, v in {"kind": kind, "platform": platform}.items() if v}
        effects: list[dict[str, Any]] = self._http.get("/_ledger", params=query).json()["effects"]
        return effects

    def calls(self, platform: str) -> int:
        """How many requests reached *platform*."""
        calls: dict[str, int] = self._http.get("/_ledger").json()["calls"]
        return calls.get(platform, 0)

    def breaks(self, platform: str, kind: str, **more: Any) -> None:
        """From now on *platform* fails by *kind*; see ``sandbox.faults`` for the rest."""
        self.arrange("/_faults", {"platform": platform, "kind": kind, **more})

    def heals(self) -> None:
        """All faults end."""
        self._http.delete("/_faults").raise_for_status()

    def struck(self) -> int:
        """How often the faults in force struck."""
        faults = self._http.get("/_faults").json()["faults"]
        return sum(fault["struck"] for fault in faults)

    def arrange(self, path: str, said: dict[str, Any], method: str = "POST") -> Any:
        """Ask a control route for something; its answer."""
        answer = self._http.request(method, path, json=said)
        answer.raise_for_status()
        return answer.json() if answer.content else None


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A fresh sandbox, with nothing on it and nothing broken."""
    with running_sandbox() as running:
        yield running


@contextmanager
def running_sandbox() -> Iterator[Sandbox]:
    """A fresh sandbox."""
    sock = listening(0)
    uvicorn_server = server()
    thread = threading.Thread(target=uvicorn_server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    running = Sandbox(f"http://127.0.0.1:{sock.getsockname()[1]}")
    try:
        yield running
    finally:
        running.heals()
        running.close()
        uvicorn_server.should_exit = uvicorn_server.force_exit = True  # whatever still hangs
        thread.join(10)
        sock.close()
