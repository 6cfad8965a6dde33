"""LangSmith sees one trace for a run, whichever processes its turns were made in."""

import json
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from activities.clients.tracing import Tracing, as_set
from activities.model import Answer, Trace
from contexten.transcript import Message

BATCHES = {
    "use_multipart_endpoint": True,
    "size_limit": 100,
    "size_limit_bytes": 20_971_520,
    "scale_up_nthreads_limit": 4,
    "scale_up_qsize_trigger": 1000,
    "scale_down_nempty_trigger": 4,
}
BEGAN = datetime(2026, 1, 1, 12, tzinfo=UTC)
TOKEN = "ghp_" + "a" * 36


class LangSmith:
    """A loopback endpoint that keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[bytes] = []
        told = self.told

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer({"batch_ingest_config": BATCHES})

            def do_POST(self) -> None:
                length = self.headers.get("content-length")
                if length:
                    told.append(self.rfile.read(int(length)))
                else:
                    told.append(self.chunks())
                self.answer({})

            do_PATCH = do_POST  # noqa: N815 - the name is the standard library's

            def chunks(self) -> bytes:
                found = b""
                while size := int(self.rfile.readline() or b"0", 16):
                    found += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return found

            def answer(self, said: dict[str, Any]) -> None:
                body = json.dumps(said).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def langsmith() -> Iterator[LangSmith]:
    made = LangSmith()
    yield made
    made.close()


def tracing_at(url: str) -> Tracing:
    """What a process of its own would trace with."""
    variables = {"LANGSMITH_TRACING": "true", "LANGSMITH_ENDPOINT": url, "LANGSMITH_API_KEY": "k"}
    made = as_set(variables)
    assert made is not None
    return made


def test_nothing_is_traced_unless_it_is_asked_for() -> None:
    assert as_set({}) is None
    assert as_set({"LANGSMITH_TRACING": "false"}) is None


def test_turns_of_two_processes_are_in_one_trace_without_keys(langsmith: LangSmith) -> None:
    trace = str(uuid.uuid4())
    for number in (1, 2):
        tracing = tracing_at(langsmith.url)
        turn = tracing.turn(
            Trace(trace, "agent/1", BEGAN, number), [Message("user", f"hello {TOKEN}")]
        )
        turn.ended(Answer(text=f"well {TOKEN}", model="offline"))
        tracing.close()

    told = b"".join(langsmith.told)
    order = f"20260101T120000000000Z{trace}"
    assert told.count(order.encode()) >= 3
    assert b"turn 1" in told
    assert b"turn 2" in told
    assert TOKEN.encode() not in told


def test_a_langsmith_that_is_away_fails_no_turn() -> None:
    tracing = tracing_at("http://127.0.0.1:9")
    turn = tracing.turn(Trace(str(uuid.uuid4()), "agent/1", BEGAN, 1), [Message("user", "hello")])

    turn.failed(RuntimeError("odd"))

    assert turn.ended(Answer(text="well")) is None
