"""What can be read may be odd, and is done all the same: nothing the door takes sticks later."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from doors import FORM, Headers, github, issue, linear, mention, slack, ticket
from history import Ended
from house import SECRETS, House
from traffic import runs
from waiting import until

from starter.spool import records, segments

WIDE = "\U0001f980" * 255
NULL = "a\0b"

GITHUB = {
    "a null in every text": issue(
        action=NULL, repository={"full_name": NULL}, sender={"login": NULL, "type": NULL}
    ),
    "the longest texts": issue(
        action=WIDE, repository={"full_name": WIDE}, sender={"login": WIDE, "type": "User"}
    ),
    "a huge number": issue(10**30),
    "a negative number": issue(-1),
    "deep nesting": issue(deep=0).replace(b": 0}", b": " + b"[" * 900 + b"]" * 900 + b"}"),
    "a label and no issue": issue(action="labeled", label={"name": "contexten"}, issue=None),
    "a label that is a list": issue(action="labeled", label=["contexten"]),
    "our label and no repository": issue(
        action="labeled", label={"name": "contexten"}, repository=None
    ),
    "a large body": issue(note="x" * 3_000_000),
    "blanks around": b" \n" + issue(8) + b"\n ",
}
LINEAR: dict[str, dict[str, Any]] = {
    "a null in every text": {"actor": {"id": NULL, "type": NULL}, "url": NULL, "action": NULL},
    "the longest texts": {"actor": {"id": WIDE}, "action": WIDE},
    "nothing in it": {"data": None},
}
SLACK = {
    "a null in every text": mention(
        "Ev-null", type="message", user=NULL, channel=NULL, ts=NULL, subtype=NULL
    ),
    "the longest texts": mention(
        "E" * 128, type="message", user=WIDE, channel=WIDE, ts=WIDE, subtype=WIDE
    ),
}
ACTIONS = [{"action_id": WIDE}]
COMMANDS = {
    "a button of the longest name": {
        "payload": json.dumps({"type": "block_actions", "actions": ACTIONS, "user": {"id": WIDE}})
    },
    "a command of no words": {"command": WIDE, "channel_id": WIDE, "user_id": NULL},
}


def deliveries() -> list[tuple[str, bytes, Headers]]:
    """Every odd delivery: whose it is, its body and its headers."""
    tickets = {name: ticket(**fields) for name, fields in LINEAR.items()}  # they say when it is
    forms = [urlencode(fields).encode() for fields in COMMANDS.values()]
    key = SECRETS["slack"]
    return [
        *(("github", b, github(b, f"odd-{n}", key=SECRETS["github"])) for n, b in numbered(GITHUB)),
        *(("linear", b, linear(b, f"odd-{n}", SECRETS["linear"])) for n, b in numbered(tickets)),
        *(("slack", body, slack(body, key=key)) for body in SLACK.values()),
        *(("slack", form, slack(form, key=key, kind=FORM)) for form in forms),
    ]


def numbered(bodies: dict[str, bytes]) -> Iterable[tuple[int, bytes]]:
    return enumerate(bodies.values())


@pytest.mark.timeout(120)
async def test_odd_deliveries_are_done(tmp_path: Path) -> None:
    wanted = deliveries()
    async with House(tmp_path) as house:
        await house.start("deliveries,github,linear,slack")
        answers = [
            await house.http.post(f"{house.url}/{platform}/events", content=body, headers=headers)
            for platform, body, headers in wanted
        ]
        assert [one.status_code for one in answers if not one.is_success] == []

        async def done() -> bool:
            return sum(one.closed_at is not None for one in await runs(house)) == len(wanted)

        await until(done, 30, 0.2)
        ended = {one.id: one.ended for one in await runs(house)}

    assert {one.text for one in answers if "quarantined" in one.text} == set()
    assert {one for one, how in ended.items() if how is not Ended.COMPLETED} == set()
    assert [one.header for path in segments(house.var / "refused") for one in records(path)] == []
