"""Only who holds a live secret gets a yes; nothing a stranger sends makes a verifier stumble."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contexten.signature import (
    LINEAR_TOLERANCE,
    SLACK_TOLERANCE,
    github_genuine,
    linear_fresh,
    linear_genuine,
    slack_genuine,
)

KEY = b"It's a Secret to Everybody"
BODY = b"Hello, World!"
KNOWN = b"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

SLACK_KEY = b"8f742231b10e8888abcd99yyyzzz85a5"
SLACK_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
    b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
    b"&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
    b"%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
SLACK_KNOWN = b"v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
SLACK_TIME = b"1531420618"
SLACK_NOW = datetime.fromtimestamp(1531420618, UTC)


def digest(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).hexdigest().encode()


def slack_signature(timestamp: bytes, body: bytes = SLACK_BODY) -> bytes:
    return b"v0=" + digest(SLACK_KEY, b"v0:" + timestamp + b":" + body)


def test_accepts_the_documented_github_example() -> None:
    assert github_genuine([KEY], KNOWN, BODY)


def test_accepts_the_documented_slack_example() -> None:
    assert slack_genuine([SLACK_KEY], SLACK_KNOWN, SLACK_TIME, SLACK_BODY, SLACK_NOW)


def test_accepts_a_linear_signature() -> None:
    assert linear_genuine([KEY], digest(KEY, BODY), BODY)


def test_accepts_any_of_several_live_secrets() -> None:
    assert github_genuine([b"newer", KEY], KNOWN, BODY)
    assert github_genuine([KEY, b"newer"], KNOWN, BODY)


def test_refuses_when_no_secret_is_set() -> None:
    assert not github_genuine([], KNOWN, BODY)


def test_an_empty_secret_signs_nothing() -> None:
    assert not github_genuine([b""], b"sha256=" + digest(b"", BODY), BODY)


@pytest.mark.parametrize(
    "signature",
    [
        None,
        b"",
        b"sha256=",
        KNOWN.upper(),
        b"SHA256=" + KNOWN[7:],
        b"sha256=" + KNOWN[7:].upper(),
        KNOWN[7:],
        KNOWN + b"\n",
        KNOWN + b"," + KNOWN,
        b" " + KNOWN,
        b"sha1=" + hmac.new(KEY, BODY, hashlib.sha1).hexdigest().encode(),
        b"sha256=" + digest(KEY, b""),
        b"sha256=" + "é".encode() * 32,
        b"sha256=" + b"0" * 64,
    ],
)
def test_refuses_every_other_github_signature(signature: bytes | None) -> None:
    assert not github_genuine([KEY], signature, BODY)


@pytest.mark.parametrize(
    "timestamp",
    [None, b"", b"abc", b"-1", b"1e9", b"9" * 5000, b"1531420618.0", " ١".encode(), b"1531420618 "],
)
def test_refuses_a_slack_timestamp_that_is_no_number(timestamp: bytes | None) -> None:
    signature = slack_signature(timestamp or b"")

    assert not slack_genuine([SLACK_KEY], signature, timestamp, SLACK_BODY, SLACK_NOW)


@pytest.mark.parametrize("direction", [-1, 1])
def test_slack_requests_are_fresh_up_to_the_tolerance(direction: int) -> None:
    edge = SLACK_NOW + direction * SLACK_TOLERANCE
    beyond = edge + direction * timedelta(microseconds=1000)

    assert slack_genuine([SLACK_KEY], SLACK_KNOWN, SLACK_TIME, SLACK_BODY, edge)
    assert not slack_genuine([SLACK_KEY], SLACK_KNOWN, SLACK_TIME, SLACK_BODY, beyond)


def test_a_slack_signature_does_not_hold_for_another_timestamp() -> None:
    assert not slack_genuine([SLACK_KEY], SLACK_KNOWN, b"1531420619", SLACK_BODY, SLACK_NOW)


@pytest.mark.parametrize("direction", [-1, 1])
def test_linear_bodies_are_fresh_up_to_the_tolerance(direction: int) -> None:
    sent_at_ms = 1_700_000_000_000
    edge = datetime.fromtimestamp(1_700_000_000, UTC) + direction * LINEAR_TOLERANCE

    assert linear_fresh(sent_at_ms, edge)
    assert not linear_fresh(sent_at_ms, edge + direction * timedelta(milliseconds=2))


@given(st.integers() | st.sampled_from([2**1100, -(2**1100)]))
def test_linear_freshness_is_total(sent_at_ms: int) -> None:
    assert linear_fresh(sent_at_ms, SLACK_NOW) in {True, False}


anything = st.one_of(st.none(), st.binary(max_size=200))


@given(anything, anything, st.binary())
def test_nothing_passes_without_the_key_and_nothing_raises(
    signature: bytes | None, timestamp: bytes | None, body: bytes
) -> None:
    assert not github_genuine([KEY], signature, body)
    assert not linear_genuine([KEY], signature, body)
    assert not slack_genuine([KEY], signature, timestamp, body, SLACK_NOW)


@given(st.binary(), st.integers(0, 10_000), st.integers(1, 255))
def test_one_changed_byte_of_the_body_is_enough(body: bytes, place: int, change: int) -> None:
    signature = b"sha256=" + digest(KEY, body)
    changed = bytearray(body or b"\0")
    changed[place % len(changed)] ^= change

    assert github_genuine([KEY], signature, body)
    assert not github_genuine([KEY], signature, bytes(changed))
