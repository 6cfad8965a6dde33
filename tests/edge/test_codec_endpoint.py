"""The codec endpoint reads and writes payloads for whoever may give orders, and for nobody else."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from doors import Running, served
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keys import SPRING, SUMMER, ring
from starlette.testclient import TestClient
from temporalio.api.common.v1 import Payload

from starter.codec import EncryptionCodec
from starter.codec_routes import LARGEST_BYTES, MOST_PAYLOADS, as_json, payloads_in
from starter.console.codec import application
from starter.settings import Settings

TOKEN = "a-token-of-adas-own"
UI = "https://temporal.example.com"
PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'"between us"')


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A door with keys and an operator."""
    folder = tmp_path_factory.mktemp("door")
    more = {"PAYLOAD_KEYS": SPRING, "OPERATOR_TOKENS": f"ada:{TOKEN}", "CODEC_ORIGIN": UI}
    with served(folder, **more) as running:
        yield running


def asked(
    door: Running, what: str, body: Any, token: str = TOKEN, **headers: str
) -> httpx.Response:
    """What the endpoint answers."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"authorization": f"Bearer {token}", "x-namespace": "default"} | headers
    sent["content-type"] = "application/json"
    return httpx.post(f"{door.url}/codec/{what}", content=content, headers=sent, timeout=30)


def listed(*payloads: Payload) -> dict[str, Any]:
    return {"payloads": [as_json(one) for one in payloads]}


def encrypted(key: str) -> Payload:
    (found,) = asyncio.run(EncryptionCodec(ring(key)).encode([PLAIN]))
    return found


def test_what_is_encrypted_is_read_and_what_is_not_stays(door: Running) -> None:
    answer = asked(door, "decode", listed(encrypted(SPRING), PLAIN))

    assert answer.status_code == 200
    assert answer.json() == listed(PLAIN, PLAIN)
    assert answer.headers["cache-control"] == "no-store"


def test_what_is_encoded_is_what_our_workers_read(door: Running) -> None:
    answer = asked(door, "encode", listed(PLAIN))

    (found,) = payloads_in(answer.content)
    assert b"between us" not in found.SerializeToString()
    assert asyncio.run(EncryptionCodec(ring(SPRING)).decode([found])) == [PLAIN]


@pytest.mark.parametrize("token", ["nothing", "a-token-of-nobodys"])
def test_nobody_else_is_answered(door: Running, token: str) -> None:
    answer = asked(door, "decode", listed(encrypted(SPRING)), token)

    assert answer.status_code == 401
    assert "between us" not in answer.text


def test_a_key_that_is_not_there_is_named(door: Running) -> None:
    answer = asked(door, "decode", listed(encrypted(SUMMER)))

    assert answer.status_code == 422
    assert "'summer'" in answer.json()["reason"]
    assert "PAYLOAD_KEYS" in answer.json()["reason"]


def test_without_keys_or_operators_there_is_nothing(shared_door: Running) -> None:
    answer = asked(shared_door, "decode", listed(PLAIN))

    assert answer.status_code == 404
    assert "OPERATOR_TOKENS" in answer.json()["reason"]


def test_only_the_one_page_may_ask_from_a_browser(door: Running) -> None:
    def preflight(origin: str) -> httpx.Response:
        asking = {"origin": origin, "access-control-request-method": "POST"}
        return httpx.options(f"{door.url}/codec/decode", headers=asking)

    ours, theirs = preflight(UI), preflight("https://elsewhere.example.com")
    read = asked(door, "decode", listed(PLAIN), origin=UI)
    unread = asked(door, "decode", listed(PLAIN), origin="null")

    assert (ours.status_code, ours.headers["access-control-allow-origin"]) == (204, UI)
    assert "x-namespace" in ours.headers["access-control-allow-headers"]
    assert theirs.status_code == 403
    assert read.headers["access-control-allow-origin"] == UI
    for one in (theirs, unread):
        assert "access-control-allow-origin" not in one.headers


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"[]", 422),
        (b'{"payloads": {}}', 422),
        (b'{"payloads": [1]}', 422),
        (b'{"payloads": [{"data": "%%%"}]}', 422),
        (b'{"payloads": [{"metadata": {"encoding": 7}}]}', 422),
        (b'{"payloads": [{"metadata": {"\\ud800": ""}}]}', 422),
        (b"[" * 100_000, 422),
        (b'{"payloads": [' + b"{}," * MOST_PAYLOADS + b"{}]}", 422),
        (b" " * (LARGEST_BYTES + 1), 413),
    ],
)
def test_what_is_no_payload_is_refused_in_plain_words(
    door: Running, body: bytes, status: int
) -> None:
    answer = asked(door, "decode", body)

    assert answer.status_code == status
    assert answer.json()["reason"]


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda some: (
        st.lists(some, max_size=4) | st.dictionaries(st.text(max_size=9), some, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(st.lists(st.fixed_dictionaries({}, optional={"metadata": ODD, "data": ODD}), max_size=4))
def test_whatever_is_sent_is_answered(door: Running, payloads: list[Any]) -> None:
    assert asked(door, "decode", {"payloads": payloads}).status_code in {200, 422}


def test_an_encrypted_payload_that_was_cut_short_is_refused(door: Running) -> None:
    cut = encrypted(SPRING)
    cut.data = cut.data[:5]

    answer = asked(door, "decode", listed(cut))

    assert answer.status_code == 422
    assert "damaged" in answer.json()["reason"]


def on_loopback(host: str) -> int:
    """What the endpoint of ``contexten codec`` answers who calls it *host*."""
    keys = Settings(_env_file=None, PAYLOAD_KEYS=SPRING)  # type: ignore[call-arg, arg-type]
    with TestClient(application(keys, UI + "/"), base_url=f"http://{host}:8088") as http:
        answer = http.post("/codec/decode", json=listed(encrypted(SPRING)), headers={"origin": UI})
    if answer.status_code == 200:
        assert answer.json() == listed(PLAIN)
        assert answer.headers["access-control-allow-origin"] == UI
    return answer.status_code


def test_on_loopback_nobody_needs_a_token_who_calls_it_by_its_name() -> None:
    assert [on_loopback(host) for host in ("127.0.0.1", "localhost")] == [200, 200]
    assert [on_loopback(host) for host in ("evil.example.com", "10.0.0.1")] == [403, 403]
