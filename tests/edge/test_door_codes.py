"""Each platform gets each answer that is promised to it, by either of its routes."""

from collections.abc import Iterator

import httpx
import pytest
from doors import KEYS, PLATFORMS, Headers, Running, body_of, hexed, served, signed, slack

LIMIT = 1024
ROUTES = {"plain": "", "repository": "/octo/hello"}
SIGNATURES = {
    "github": "x-hub-signature-256",
    "linear": "linear-signature",
    "slack": "x-slack-signature",
}
EVERYWHERE = pytest.mark.parametrize(
    ("platform", "route"), [(p, r) for p in PLATFORMS for r in ROUTES]
)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A door that takes small bodies only."""
    folder = tmp_path_factory.mktemp("strict")
    with served(folder, BODY_LIMIT_BYTES=LIMIT, REPLAY_WINDOW_S=0) as door:
        yield door


def path_of(platform: str, route: str) -> str:
    return f"{ROUTES[route]}/{platform}/events"


@EVERYWHERE
def test_good_is_202(strict: Running, platform: str, route: str) -> None:
    body = body_of(platform)

    answer = strict.post(path_of(platform, route), body, signed(platform, body))

    assert (answer.status_code, answer.json()["status"]) == (202, "accepted")
    assert answer.headers["content-type"] == "application/json"


@EVERYWHERE
def test_unreadable_is_202(strict: Running, platform: str, route: str) -> None:
    body = f'"{platform} {route}"'.encode()

    answer = strict.post(path_of(platform, route), body, signed(platform, body))

    assert (answer.status_code, answer.json()) == (202, {"status": "quarantined"})


@EVERYWHERE
def test_of_another_kind_is_415(strict: Running, platform: str, route: str) -> None:
    body = body_of(platform)
    headers = signed(platform, body) | {"content-type": "text/xml"}

    assert strict.post(path_of(platform, route), body, headers).status_code == 415


@EVERYWHERE
def test_too_large_is_413_signed_or_not(strict: Running, platform: str, route: str) -> None:
    body = b"x" * (LIMIT + 1)

    answers = [
        strict.post(path_of(platform, route), body, signed(platform, body, key=key)).status_code
        for key in (KEYS[platform], "wrong")
    ]

    assert answers == [413, 413]


@EVERYWHERE
def test_anything_but_post_is_405(strict: Running, platform: str, route: str) -> None:
    answer = httpx.get(strict.url + path_of(platform, route))

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_without_a_delivery_id_linear_is_told_400(strict: Running) -> None:
    body = body_of("linear")
    headers = signed("linear", body)
    del headers["linear-delivery"]

    answer = strict.post("/linear/events", body, headers)

    assert (answer.status_code, "linear-delivery" in answer.json()["reason"]) == (400, True)


def forged(platform: str, body: bytes) -> Iterator[Headers]:
    """Headers that prove nothing: without a signature, with a malformed one, with a wrong one."""
    good, name = signed(platform, body), SIGNATURES[platform]
    digest = good[name].rpartition("=")[2]
    yield {key: value for key, value in good.items() if key != name}
    for value in ("", "x", digest[:-1], good[name].upper(), good[name] + "0", f"sha1={digest}"):
        yield good | {name: value}
    yield good | {name: good[name].replace(digest, "0" * 64)}
    yield signed(platform, body, key="wrong")
    yield signed(platform, body + b" ")
    if platform == "slack":
        for at in ("", "abc", "-1", "1e9", "9" * 5000, "1.0", "0"):
            yield good | {"x-slack-request-timestamp": at}
            signed_so = f"v0={hexed(KEYS['slack'], f'v0:{at}:'.encode() + body)}"
            yield good | {"x-slack-request-timestamp": at, name: signed_so}
        yield {key: value for key, value in good.items() if key != "x-slack-request-timestamp"}


@EVERYWHERE
def test_unproved_is_401_in_the_same_bytes(strict: Running, platform: str, route: str) -> None:
    body = body_of(platform)

    answers = [
        strict.post(path_of(platform, route), body, headers) for headers in forged(platform, body)
    ]

    assert {one.status_code for one in answers} == {401}
    assert len({one.content for one in answers}) == 1
    assert len({frozenset(one.headers) for one in answers}) == 1


def test_a_slack_signature_of_another_time_is_401(strict: Running) -> None:
    body = body_of("slack")
    now = slack(body)
    later = slack(body, at=int(now["x-slack-request-timestamp"]) + 1)
    mixed = now | {"x-slack-signature": later["x-slack-signature"]}

    assert strict.post("/slack/events", body, mixed).status_code == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 1000, b"\xff\xfe\0", b"null"])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_parser_sees_what_is_unproved(strict: Running, platform: str, body: bytes) -> None:
    before = strict.get("/readyz").json()["quarantined"]

    answer = strict.send(platform, body, key="wrong")

    assert answer.status_code == 401
    assert strict.get("/readyz").json()["quarantined"] == before
