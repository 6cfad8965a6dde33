"""What leads to nothing is listed, shown without harm, and released once it can be."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import httpx
from conftest import OWN_PAYLOADS
from shell import Shell, Up
from waiting import until

from contexten.delivery import Event, Platform
from contexten.reading import Claim, read
from starter.console import running
from starter.quarantine import Quarantine
from starter.record import header_of
from starter.settings import MIB
from starter.spool import Spool

LABELED = OWN_PAYLOADS / "github" / "issues.labeled.json"
NOW = datetime.now(UTC)
HEADERS = {b"content-type": b"application/json", b"x-hub-signature-256": b"sha256=" + b"0" * 64}
NOWHERE = "127.0.0.1:1"
TOO_LONG = "x" * 2000
RAW = b'{"a": "\x1b[2Jcleared", "b": "\xff"}'


def claim(delivery_id: str, name: str = "issues") -> Claim:
    return Claim(Platform.GITHUB, delivery_id, name, "octo/hello", NOW)


async def in_quarantine(folder: Path, *bodies: tuple[str, bytes]) -> None:
    """Have a door that reads nothing set *bodies* aside, by their delivery ids."""
    quarantine = Quarantine(folder)
    for delivery_id, body in bodies:
        await quarantine.keep(claim(delivery_id), HEADERS, body, delivery_id, "not known then")
    await quarantine.close()


async def in_refused(folder: Path, *deliveries: str) -> None:
    """Set the labelled issue aside as the feeder does, under each of *deliveries*."""
    kept = Spool(folder, segment_bytes=MIB, limit_bytes=MIB)
    body = LABELED.read_bytes()
    for delivery_id in deliveries:
        event = read(claim(delivery_id), json.loads(body))
        assert isinstance(event, Event)
        await kept.append(header_of(event, "0" * 64), body)
    await kept.append(b"no header", b"null")
    await kept.close()


def ids(listed: str) -> list[str]:
    """The ids in what `list` printed."""
    return re.findall(r"^ *([0-9a-f]{12})  ", listed, re.MULTILINE)


async def handled(shell: Shell, workflow_id: str) -> bool:
    lines = shell.run("deliveries", "--outcome", "handled").text.splitlines()
    return any(workflow_id in line for line in lines)


async def effects(shell: Shell) -> list[str]:
    found = running.read(shell.var)
    assert found is not None
    async with httpx.AsyncClient() as http:
        answer = (await http.get(f"{found.sandbox}/_ledger")).json()
    return [effect["kind"] for effect in answer["effects"]]


async def test_what_can_be_read_by_now_is_released_from_quarantine_once(shell: Shell) -> None:
    await in_quarantine(shell.var / "quarantine", ("old-1", LABELED.read_bytes()), ("old-2", RAW))
    up = Up(shell)
    try:
        await up.ready()
        first, second = ids(shell.run("quarantine", "list").text)
        before = shell.run("status")
        both = shell.run("quarantine", "release", "--all")
        again = shell.run("quarantine", "release", first)
        await until(lambda: handled(shell, "github/old-1"))
        left = ids(shell.run("quarantine", "list").text)
        after = shell.run("status")
        done = await effects(shell)
    finally:
        await up.stopped()

    assert "2 deliveries cannot be read" in before.text
    assert both.status == again.status == after.status == 1
    assert f"{first}: github/old-1 is with the engine now" in both.text
    assert f"{second}: it still cannot be read: the body is no JSON" in both.text
    assert f"There is no {first}" in again.text
    assert left == [second]
    assert "1 deliveries cannot be read" in after.text
    assert done == ["comment"]


async def test_what_was_refused_is_released_and_then_leads_to_something(shell: Shell) -> None:
    await in_refused(shell.var / "refused", "late-1", "late-2", TOO_LONG)
    up = Up(shell)
    try:
        await up.ready()
        first, second, too_long, unreadable = ids(shell.run("refused", "list").text)
        before = shell.run("status")
        one = shell.run("refused", "release", first)
        rest = shell.run("refused", "release", "--all")
        await until(lambda: handled(shell, "github/late-2"))
        left = ids(shell.run("refused", "list").text)
        done = await effects(shell)
    finally:
        await up.stopped()

    assert "4 deliveries the engine did not take" in before.text
    assert (before.status, one.status, rest.status) == (1, 0, 1)
    assert "github/late-1 is with the engine now" in one.text
    assert "github/late-2 is with the engine now" in rest.text
    assert second in rest.text
    assert f"{unreadable}: its header cannot be read" in rest.text
    assert f"{too_long}: the engine does not take it: " in rest.text
    assert "Not released: 2 of 3." in rest.text
    assert left == [too_long, unreadable]
    assert done == ["comment", "comment"]


async def test_what_is_in_quarantine_is_shown_without_signatures_and_without_harm(
    shell: Shell,
) -> None:
    await in_quarantine(shell.var / "quarantine", ("odd-1", RAW))

    (name,) = ids(shell.run("quarantine", "list").text)
    said = shell.run("quarantine", "show", name)

    assert said.status == 0, said.text
    assert r'{"a": "\x1b[2Jcleared", "b": "\xff"}' in said.text
    assert "not known then" in said.text
    assert "content-type: application/json" in said.text
    assert "\x1b" not in said.text
    assert "signature" not in said.text


async def test_without_an_engine_nothing_is_released(shell: Shell) -> None:
    await in_quarantine(shell.var / "quarantine", ("old-1", LABELED.read_bytes()))

    said = shell.run("quarantine", "release", "--all", TEMPORAL_ADDRESS=NOWHERE)

    assert said.status == 1
    assert f"No engine answers at {NOWHERE}" in said.text
    assert len(ids(shell.run("quarantine", "list").text)) == 1


def test_what_is_not_there_is_said(shell: Shell) -> None:
    assert shell.run("refused", "list").text == "There are none.\n"
    assert shell.run("refused", "show", "0123456789ab").status == 1
    assert shell.run("quarantine", "release", "0123456789ab").status == 1
    assert shell.run("quarantine", "release").status == 2
