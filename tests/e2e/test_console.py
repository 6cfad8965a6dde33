"""What an operator types, and what comes of it."""

import os
import signal
import socket
from collections.abc import Iterable
from contextlib import suppress

import httpx
import psutil
import pytest
from conftest import OWN_PAYLOADS
from shell import Shell, Up
from waiting import until

from starter.console import running

LABELED = str(OWN_PAYLOADS / "github" / "issues.labeled.json")
MENTION = str(OWN_PAYLOADS / "slack" / "app_mention.json")
COMMAND = str(OWN_PAYLOADS / "slack" / "slash_command.form")
COMMANDS = (
    *("up", "demo", "worker", "serve"),
    *("deliver", "deliveries", "status", "doctor"),
    *("quarantine", "refused", "sandbox"),
)
EVERY_SETTING_WRONG = {"PORT": "none", "GITHUB_SLOTS": "0", "SPOOL_LIMIT_BYTES": "1"}


def test_the_demo_shows_every_delivery_done_once(shell: Shell) -> None:
    said = shell.run("demo")

    assert said.status == 0, said.text
    assert "32 deliveries taken, 16 workflows; 6 answers asked for, 6 given" in said.text
    assert said.text.count("/namespaces/default/workflows/") == 17
    assert not list(shell.folder.iterdir()), "the demo keeps to a folder of its own"
    for words in (
        "ada-marsh put our label on octo/hello#1",
        "agent/github/octo/hello#1: done, in 8 turns",
        "offline, no language model",
        "run_bash_command (5), edit_file, commit, create_pr, finish",
        "/pull/1001: In greeting.py, line 6",
        "main: 1 failed, 2 passed",
        ": 3 passed",
        "at octo/hello#1: On it.",
        "at octo/hello#1: All tests pass now.",
    ):
        assert words in said.text, said.text


def test_the_demo_says_so_where_agents_may_run_no_commands(shell: Shell) -> None:
    said = shell.run("demo", AGENT_SHELL="off", AGENT_MODEL="openai:none-of-the-demo")

    assert said.status == 0, said.text
    assert "commands cannot be run here: AGENT_SHELL is off" in said.text
    assert "none, as the tests could not be run" in said.text
    assert "offline, no language model" in said.text


async def test_up_takes_deliveries_and_says_how_things_stand(up: Up) -> None:
    shell = up.shell

    delivered = shell.run("deliver", LABELED, "--wait")
    command = shell.run("deliver", COMMAND, "--wait")
    await until(lambda: listed(shell, "github/"))
    status, doctor = shell.run("status"), shell.run("doctor")

    assert (delivered.status, command.status) == (0, 0), delivered.text + command.text
    assert '202 {"status":"accepted"' in delivered.text
    assert "handled" in delivered.text
    assert "ignored" in command.text
    assert await effects(up) == ["comment"]
    assert status.status == 0, status.text
    assert "1 handled, 1 ignored, 0 failed" in status.text
    assert doctor.status == 0, doctor.text
    assert "it stands in for the platforms" in doctor.text


async def test_what_leads_to_no_workflow_is_not_waited_for(up: Up) -> None:
    first = up.shell.run("deliver", LABELED, "--wait")
    again = up.shell.run("deliver", LABELED, "--wait")

    assert first.status == 0, first.text
    assert again.status == 1
    assert again.text.splitlines() == [
        '200 {"status":"duplicate"}',
        "There is nothing to wait for: it leads to no workflow.",
    ]


async def test_a_name_from_outside_gives_the_terminal_no_orders(up: Up) -> None:
    odd = up.shell.folder / "github" / "issues.odd.json"
    odd.parent.mkdir()
    odd.write_text('{"action": "\\u001b[2Jgone", "issue": {"number": 7}}')

    delivered = up.shell.run("deliver", str(odd), "--wait")
    await until(lambda: listed(up.shell, "issues:"))
    shown = up.shell.run("deliveries").text

    assert delivered.status == 0, delivered.text
    assert r"issues:\x1b[2Jgone" in shown
    assert "\x1b" not in shown


async def test_an_engine_that_refuses_is_said_in_plain_words(up: Up) -> None:
    said = up.shell.run("deliveries", TEMPORAL_NAMESPACE="nowhere")

    assert said.status == 1
    assert said.text.startswith("The engine refuses: Namespace nowhere is not found")


async def test_what_is_broken_waits_and_is_done_once_when_healed(up: Up) -> None:
    shell = up.shell

    assert shell.run("sandbox", "break", "slack", "--kind", "status", "--status", "503").status == 0
    shell.run("deliver", MENTION, "--id", "Ev0001")
    await until(lambda: struck(up))
    waiting = shell.run("deliveries", "--outcome", "running")
    assert await effects(up) == []
    assert shell.run("sandbox", "heal").text == "1 fault healed.\n"
    await until(lambda: listed(shell, "handled"))

    assert "slack/Ev0001" in waiting.text
    assert await effects(up) == ["reply"]


async def test_a_part_that_dies_is_started_again(up: Up) -> None:
    before = parts(up)
    os.kill(before["worker"], signal.SIGKILL)

    async def came_back() -> bool:
        now = parts(up)
        return now.get("worker", before["worker"]) != before["worker"]

    await until(came_back)
    delivered = up.shell.run("deliver", LABELED, "--wait")

    assert delivered.status == 0, delivered.text
    assert "worker ended with status -9; again in" in up.shell.said()


async def test_a_second_one_is_refused_and_sigterm_leaves_nothing_behind(up: Up) -> None:
    children = parts(up)

    second = up.shell.run("up", "--sandbox")
    status = await up.stopped()

    assert second.status == 1
    assert f"Contexten runs already (process {up.process.pid}" in second.text
    assert status == 0, up.shell.said()
    assert set(children) == {"engine", "sandbox", "worker", "door"}
    assert [name for name, pid in children.items() if psutil.pid_exists(pid)] == []
    assert not (up.shell.var / "run.json").exists()


async def test_parts_that_outlive_their_keeper_are_named_before_anything_is_started(up: Up) -> None:
    left = parts(up)
    up.process.kill()
    up.process.wait()

    refused = up.shell.run("up", "--sandbox", "--port", "0")
    still_at_work = up.shell.run("status", TEMPORAL_ADDRESS=running_engine(up))
    for pid in left.values():
        os.kill(pid, signal.SIGTERM)
    await until(lambda: all_gone(left.values()))
    again = Up(up.shell)
    await again.ready()

    assert refused.status == 1
    assert "an earlier `contexten up` was killed and its parts still run" in refused.text
    assert all(f"{name} {pid}" in refused.text for name, pid in left.items())
    assert "answers" in still_at_work.text
    assert await again.stopped() == 0


def test_without_anything_running_each_command_says_what_to_do(shell: Shell) -> None:
    for words in (["status"], ["deliveries"], ["sandbox", "heal"], ["sandbox", "break", "slack"]):
        said = shell.run(*words, TEMPORAL_ADDRESS="127.0.0.1:1")
        assert said.status == 1, said.text
        assert "contexten" in said.text
        assert "Traceback" not in said.text


def test_a_delivery_without_a_secret_says_which_to_set(shell: Shell) -> None:
    said = shell.run("deliver", LABELED)

    assert said.status == 2
    assert said.text == "Nothing to sign with: set GITHUB_WEBHOOK_SECRET.\n"


def test_a_delivery_that_nobody_takes_says_so(shell: Shell) -> None:
    said = shell.run(
        "deliver", LABELED, "--to", "http://127.0.0.1:1", GITHUB_WEBHOOK_SECRET="secret"
    )

    assert said.status == 1
    assert "No door answers at http://127.0.0.1:1" in said.text


@pytest.mark.parametrize("command", ["up", "serve", "worker", "doctor", "status"])
def test_every_setting_that_does_not_hold_is_named_at_once(shell: Shell, command: str) -> None:
    said = shell.run(command, **EVERY_SETTING_WRONG)

    assert said.status == 2
    assert all(f"{name}: " in said.text for name in EVERY_SETTING_WRONG), said.text
    assert "bytes" in said.text
    assert "Traceback" not in said.text
    assert not shell.var.exists()


def test_tokens_without_any_webhook_secret_start_nothing(shell: Shell) -> None:
    said = shell.run("up", GITHUB_TOKEN="ghp_that_nobody_must_see")

    assert said.status == 2
    assert "GITHUB_WEBHOOK_SECRET, LINEAR_WEBHOOK_SECRET or SLACK_SIGNING_SECRET" in said.text
    assert "ghp_" not in said.text


def test_a_broken_module_is_refused_with_its_line(shell: Shell) -> None:
    (shell.folder / "broken_reactions.py").write_text("app = 1 / 0\n")

    said = shell.run("worker", REACTIONS="broken_reactions", TEMPORAL_ADDRESS="127.0.0.1:1")

    assert said.status == 2
    assert "broken_reactions.py:1: ZeroDivisionError" in said.text


def test_a_part_that_cannot_start_ends_everything_with_its_last_words(shell: Shell) -> None:
    (shell.folder / "broken_reactions.py").write_text("raise ImportError('no such luck')\n")

    said = shell.run("up", "--sandbox", "--port", "0", REACTIONS="broken_reactions")

    assert said.status == 1
    assert "ended with status 2" in said.text
    assert "broken_reactions.py:1: ImportError: no such luck" in said.text
    assert "Traceback" not in said.text
    assert not (shell.var / "run.json").exists()


def test_an_unknown_fault_is_refused_with_what_there_is(up: Up) -> None:
    said = up.shell.run("sandbox", "break", "slack", "--kind", "flood")

    assert said.status == 2
    assert "'status', 'rate_limit', 'hang'" in said.text


def test_a_port_that_is_taken_is_said(shell: Shell) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = shell.run("up", "--sandbox", "--port", port)

    assert said.status == 1
    assert f"Port {port} of 127.0.0.1 is taken" in said.text


def test_the_version_and_the_help_are_there(shell: Shell) -> None:
    assert shell.run("--version").text.startswith("contexten 0.")
    commands = shell.run("--help").text
    for name in COMMANDS:
        assert f" {name} " in commands


def running_engine(up: Up) -> str:
    found = running.left(up.shell.var)
    assert found is not None
    return found.engine


async def all_gone(pids: Iterable[int]) -> bool:
    return not any(psutil.pid_exists(pid) for pid in pids)


async def listed(shell: Shell, words: str) -> bool:
    return words in shell.run("deliveries").text


async def effects(up: Up) -> list[str]:
    async with httpx.AsyncClient() as http:
        found = (await http.get(f"{up.running.sandbox}/_ledger")).json()["effects"]
    return [effect["kind"] for effect in found]


async def struck(up: Up) -> bool:
    async with httpx.AsyncClient() as http:
        faults = (await http.get(f"{up.running.sandbox}/_faults")).json()["faults"]
    return bool(faults[0]["struck"])


def parts(up: Up) -> dict[str, int]:
    """The process ids of the parts, by name."""
    names = {"start-dev": "engine", "sandbox": "sandbox", "worker": "worker", "serve": "door"}
    found = {}
    for child in psutil.Process(up.process.pid).children():
        with suppress(psutil.Error):
            line = child.cmdline()
            found |= {name: child.pid for word, name in names.items() if word in line}
    return found
