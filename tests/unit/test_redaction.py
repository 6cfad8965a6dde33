"""Secrets are cut out of every text, in whatever form somebody wrote them down."""

import base64
import json
import string
import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contexten.redaction import REDACTED, SHORTEST, Redaction

SECRET = 'p4ss/w+rd&more=of"it'
PEM = "\n".join(["-----BEGIN PRIVATE KEY-----", "A" * 64, "Bc" * 20, "-----END PRIVATE KEY-----"])
SHAPES = (
    "ghp_" + "a1" * 18,
    "ghs_" + "B2" * 18,
    "github_pat_" + "1A_" * 20,
    "xoxb-1234567890-abcdefghij",
    "lin_api_" + "x9" * 20,
    "sk-proj-" + "Zz9_" * 8,
    "sk-ant-api03-" + "q" * 40,
    "AKIA" + "A1B2C3D4E5F6G7H8",
    "glpat-" + "k" * 20,
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0." + "s" * 43,
)
words = st.text(st.sampled_from(string.ascii_letters + string.digits + '/+&="\\ é-_'), min_size=8)
around = st.text(max_size=40)


def encoded(secret: str, before: str, after: str) -> list[str]:
    """*secret* among other text, as others write it down."""
    whole = before + secret + after
    raw = whole.encode(errors="replace")
    return [
        whole,
        json.dumps(whole),
        quote(whole, safe="", errors="replace"),
        raw.hex(),
        raw.hex().upper(),
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
    ]


@given(words, around, around)
def test_a_known_secret_leaves_in_no_form(secret: str, before: str, after: str) -> None:
    clean = Redaction([secret]).clean

    for text in encoded(secret, before, after):
        assert REDACTED in clean(text)
        assert secret not in clean(text).replace(REDACTED, " ")


@given(around)
def test_a_text_without_secrets_stays_as_it_is(text: str) -> None:
    assert Redaction([SECRET]).clean(text) == text


@pytest.mark.parametrize("token", SHAPES, ids=lambda token: token[:8])
def test_what_looks_like_a_token_is_cut_out_though_nobody_knows_it(token: str) -> None:
    assert Redaction().clean(f"use {token}, please") == f"use {REDACTED}, please"
    assert token not in Redaction().clean(f"x={token}\n")


@pytest.mark.parametrize(
    "text",
    ["task-force-one-two-three-four-five", "risk-assessment-of-the-year-2026", "ghp_short", "AKIA"],
)
def test_words_that_only_begin_like_tokens_are_left_alone(text: str) -> None:
    assert Redaction().clean(text) == text


def test_a_private_key_is_cut_out_whole_and_without_its_end() -> None:
    clean = Redaction().clean

    assert clean(f"a\n{PEM}\nb") == f"a\n{REDACTED}\nb"
    assert clean(f"a\n{PEM[:80]}") == f"a\n{REDACTED}"


def test_a_known_key_is_cut_out_line_by_line() -> None:
    clean = Redaction([PEM]).clean

    assert clean(f"> {'A' * 64}\n> {'Bc' * 20}") == f"> {REDACTED}\n> {REDACTED}"
    assert clean("-----BEGIN") == "-----BEGIN"


def test_the_password_in_an_address_is_cut_out() -> None:
    said = Redaction().clean("fatal: https://x-access-token:hunter2hunter2@github.com/a/b failed")

    assert said == f"fatal: https://{REDACTED}@github.com/a/b failed"


def test_short_secrets_cut_nothing_out() -> None:
    assert Redaction(["a" * (SHORTEST - 1), ""]).clean("aaaaaaaaaaaaaaaa") == "a" * 16


@pytest.mark.parametrize(
    "piece",
    [
        "-----BEGIN PRIVATE KEY-----",
        "eyJaaaaaaaaaa.",
        "://a:",
        "sk-",
        "ghp_",
        "://",
        "-----BEGIN A",
    ],
)
def test_hostile_text_takes_time_in_proportion(piece: str) -> None:
    clean = Redaction([SECRET, PEM]).clean

    def took(times: int) -> float:
        since = time.perf_counter()
        clean(piece * times)
        return time.perf_counter() - since

    took(10)
    assert took(40_000) < 2.0
