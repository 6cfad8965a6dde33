"""Whatever a sender puts into a request, signed or not, the door answers and goes on."""

import json
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from doors import FORM, PLATFORMS, Running, body_of, github, issue, set_aside, signed, slack
from hypothesis import given, settings
from hypothesis import strategies as st

SIGNED = {
    "github": {200, 202},
    "linear": {200, 202, 401},
    "slack": {200, 202},
}
"""What a signed delivery is answered; on Linear, the time it claims in its body may be stale."""

TEXTS = st.text(st.characters(codec="utf-8"))
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10
)
READ_BY_US = """
    action issue comment pull_request repository sender full_name number login type data
    identifier team webhookTimestamp actor url event event_id user channel ts thread_ts
    command payload challenge authorizations bot_id actions container message id
"""
KEYS_READ = st.sampled_from(READ_BY_US.split())
SHAPED = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS_READ, inner),
    max_leaves=20,
)


@st.composite
def bodies(draw: st.DrawFn, platform: str) -> bytes:
    """Bytes of any kind: a good body with other values in it, any JSON, or no JSON at all."""
    if draw(st.booleans()):
        good = json.loads(body_of(platform))
        changed = {**good, **draw(st.dictionaries(KEYS_READ, SHAPED, max_size=4))}
        return json.dumps(changed).encode()
    if draw(st.booleans()):
        return json.dumps(draw(VALUES | SHAPED)).encode()
    return draw(st.binary())


@pytest.fixture(scope="module")
def line(shared_door: Running) -> Any:
    with httpx.Client(base_url=shared_door.url, timeout=30) as kept:
        yield kept


@pytest.mark.parametrize("platform", PLATFORMS)
@settings(max_examples=40, deadline=None)
@given(data=st.data(), number=st.integers(0))
def test_a_signed_body_of_any_shape_is_taken_or_set_aside(
    line: httpx.Client, platform: str, data: st.DataObject, number: int
) -> None:
    body = data.draw(bodies(platform))

    answer = line.post(
        f"/{platform}/events", content=body, headers=signed(platform, body, f"h-{number}")
    )

    assert answer.status_code in SIGNED[platform]


FIELDS = st.dictionaries(TEXTS | st.just("payload"), TEXTS | SHAPED.map(json.dumps))
FORMS = st.binary() | FIELDS.map(lambda fields: urlencode(fields).encode())


@pytest.mark.parametrize("platform", ["github", "slack"])
@settings(max_examples=20, deadline=None)
@given(form=FORMS)
def test_a_signed_form_of_any_shape_is_taken_or_set_aside(
    line: httpx.Client, platform: str, form: bytes
) -> None:
    headers = {**signed(platform, form), "content-type": FORM}

    answer = line.post(f"/{platform}/events", content=form, headers=headers)

    assert answer.status_code in SIGNED[platform]


IN_A_LINE = st.binary(max_size=200).filter(lambda value: not set(value) & set(b"\r\n"))


@pytest.mark.parametrize("platform", PLATFORMS)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_headers_of_any_value_are_answered(
    shared_door: Running, platform: str, data: st.DataObject
) -> None:
    body = body_of(platform)
    good = {name: value.encode() for name, value in signed(platform, body).items()}
    odd = data.draw(st.dictionaries(st.sampled_from(sorted(good)), IN_A_LINE, min_size=1))

    assert status_of(shared_door, platform, body, {**good, **odd}) in {200, 202, 400, 401, 415}


def status_of(door: Running, platform: str, body: bytes, headers: dict[str, bytes]) -> int:
    """What *door* answers to headers that a careful client would not send."""
    connection = HTTPConnection("127.0.0.1", door.port, timeout=30)
    connection.putrequest("POST", f"/{platform}/events")
    for name, value in {**headers, "content-length": b"%d" % len(body)}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    status = connection.getresponse().status
    connection.close()
    return status


def test_of_all_this_nothing_was_an_error(shared_door: Running) -> None:
    counted = shared_door.get("/metrics").text

    assert 'answer="accepted"' in counted
    assert 'answer="quarantined"' in counted
    assert "Traceback" not in shared_door.log()
    assert shared_door.get("/readyz").status_code == 200


def nested(depth: int) -> bytes:
    """A body that opens *depth* more objects."""
    return issue(deep=0).replace(b": 0}", b": " + b'{"a":' * depth + b"0" + b"}" * depth + b"}")


def with_value(value: bytes) -> bytes:
    """A body with *value* where a reaction would look."""
    return issue(action=0).replace(b'"action": 0', b'"action": ' + value)


READABLE = {
    "nested": nested(900),
    "a number beyond 64 bits": with_value(b"123456789012345678901234567890"),
    "the smallest number": with_value(b"-9223372036854775808"),
    "an escaped null": with_value(b'"a\\u0000b"'),
    "a name twice": with_value(b'"opened", "action": "labeled"'),
    "a long text": with_value(b'"' + b"x" * 100_000 + b'"'),
    "blanks around": b" \n\t" + issue(77) + b"\r\n ",
    "many names": issue(**{f"name-{n}": n for n in range(10_000)}),
    "markup": with_value(b'"<script>\\r\\nx-injected: 1"'),
    "marks of direction": with_value('"\u202e\ufeff\U0001f980"'.encode()),
}


@pytest.mark.parametrize("what", READABLE)
def test_odd_json_that_can_be_read_is_taken_as_it_is(shared_door: Running, what: str) -> None:
    delivery = what.replace(" ", "-")

    answer = shared_door.deliver(READABLE[what], delivery)

    assert answer.json() == {"status": "accepted", "id": f"github/{delivery}"}
    assert (delivery, READABLE[what]) in [(e.delivery_id, b) for e, b in shared_door.spooled()]


UNREADABLE = {
    "nested too deeply": nested(1100),
    "a number without end": with_value(b"1" * 5000),
    "not a number": with_value(b"NaN"),
    "infinity": with_value(b"Infinity"),
    "a number beyond a double": with_value(b"1e999"),
    "half a pair": with_value(b'"\\ud800"'),
    "a null byte": with_value(b'"a\0b"'),
    "bytes that are no text": with_value(b'"\xff\xfe"'),
    "an overlong encoding": with_value(b'"\xc0\xaf"'),
    "a byte order mark": b"\xef\xbb\xbf" + issue(78),
    "wide characters": issue(79).decode().encode("utf-16"),
    "a comment": issue(80) + b" // done",
    "two bodies": issue(81) + issue(82),
    "single quotes": b"{'action': 'opened', 'issue': {}}",
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_json_that_cannot_be_read_is_kept_as_it_came(shared_door: Running, what: str) -> None:
    answer = shared_door.deliver(UNREADABLE[what], what.replace(" ", "-"))

    assert (answer.status_code, answer.json()) == (202, {"status": "quarantined"})
    kept = set_aside(shared_door.folder / "var" / "quarantine")
    assert [one.reason[:19] for one in kept if one.body == UNREADABLE[what]] == [
        "the body is no JSON"
    ]


def test_nothing_of_a_request_gets_into_the_headers_of_the_answer(shared_door: Running) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "a\r\nx-injected: 1"}).encode()

    answers = [
        shared_door.post("/slack/events", body, slack(body)),
        shared_door.deliver(b"", "a%0d%0ax-injected:1"),
        shared_door.deliver(issue(9001), "x-injected:1"),
        shared_door.post("/a%0d%0ax-injected:%201/b/github/events", issue(), github(issue())),
    ]

    assert [one.status_code for one in answers] == [200, 400, 202, 404]
    assert not any("x-injected" in one.headers for one in answers)
    assert answers[0].json() == {"challenge": "a\r\nx-injected: 1"}


def test_the_log_stays_one_object_a_line(shared_door: Running) -> None:
    shared_door.deliver(b'{"a": "\n{}\n', "log-1")

    assert all(json.loads(line)["event"] for line in shared_door.log().splitlines())
