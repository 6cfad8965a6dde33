"""The rule book as an operator reads and changes it, with everything up."""

import json

import pytest
from conftest import OWN_PAYLOADS
from shell import Said, Shell, Up
from waiting import until

LABELED = OWN_PAYLOADS / "github" / "issues.labeled.json"


async def there_is_a_book(shell: Shell) -> None:
    async def shown() -> bool:
        return shell.run("rules", "show").status == 0

    await until(shown)


def changed(shell: Shell, *changes: str) -> Said:
    return shell.run("rules", "set", *changes, "--because", "Slack is slow", "--by", "ada")


async def test_rules_are_changed_shown_and_rolled_back(up: Up) -> None:
    shell = up.shell
    await there_is_a_book(shell)
    done = changed(shell, "slack.base_delay=2s", "github.post_comment.server_error.attempts=5")
    again = changed(shell, "slack.base_delay=2s")
    shown = shell.run("rules", "show", "slack", "--changed")
    as_json = json.loads(shell.run("rules", "show", "github.post_comment", "--json").text)
    back = shell.run("rules", "rollback", "1", "--because", "it was better")
    told = json.loads(shell.run("rules", "history", "--json").text)
    table = shell.run("rules", "history").text

    assert (done.status, again.status, back.status) == (0, 0, 0)
    assert "version 2" in done.text
    assert "default  2s" in done.text
    assert "nothing changes: version 2 says so already" in again.text
    assert "slack.base_delay  2s *  from 10ms to 1h" in shown.text
    assert "github" not in shown.text
    assert as_json["version"] == 2
    assert as_json["values"]["github.post_comment.server_error.attempts"] == "5"
    assert "version 3" in back.text
    assert [(one["version"], one["restores"]) for one in told] == [(2, None), (3, 1)]
    assert told[0]["by"] == "ada"
    assert "back to version 1" in table


@pytest.mark.timeout(180)
async def test_what_may_not_be_is_refused_in_plain_words(up: Up) -> None:
    shell = up.shell
    await there_is_a_book(shell)
    refused = [
        changed(shell, "slack.base_delay=2h"),
        changed(shell, "slack.warmth=2"),
        changed(shell, "slack.base_delay=soon"),
        changed(shell, "slack.base_delay"),
        shell.run("rules", "rollback", "7", "--because", "to see"),
        shell.run("rules", "show", "teams"),
    ]
    unreasoned = shell.run("rules", "set", "slack.base_delay=2s")
    shown = shell.run("rules", "show", "--changed")

    assert [said.status for said in refused] == [2] * 6
    texts = [said.text.strip() for said in refused]
    assert texts[0] == (
        "Refused: slack.base_delay: 2h is out of bounds; it may be from 10ms to 1h."
    )
    assert "there is no field 'warmth' here, only base_delay" in texts[1]
    assert "'soon' is no duration; write it as 250ms" in texts[2]
    assert "is no PATH=VALUE" in texts[3]
    assert "there is no version 7, only 1 to 1" in texts[4]
    assert "There is nothing about 'teams' in the book." in texts[5]
    assert unreasoned.status == 2
    assert (shown.status, shown.text.strip()) == (0, "version 1")


async def test_a_delivery_that_would_wait_for_long_is_done_soon_after_an_edit(up: Up) -> None:
    shell = up.shell
    await there_is_a_book(shell)
    assert changed(shell, "github.max_delay=1d", "github.base_delay=1h").status == 0

    async def known_to_workers() -> bool:
        told = json.loads(shell.run("rules", "history", "--json").text)
        return all(one["reached"] for one in told)

    await until(known_to_workers)
    assert shell.run("sandbox", "break", "github", "--status", "503").status == 0
    shell.run("deliver", str(LABELED), "--id", "late")

    async def has_failed_once() -> bool:
        return "ServerError" in shell.run("failures", "--platform", "github").text

    await until(has_failed_once)
    assert shell.run("sandbox", "heal").status == 0
    changed(shell, "github.base_delay=1s", "github.max_delay=30s")

    async def is_done() -> bool:
        return "github/late" in shell.run("deliveries", "--outcome", "handled").text

    await until(is_done, timeout_s=20)
    told = json.loads(shell.run("rules", "history", "--json").text)
    assert told[-1]["reached"].startswith("1 waiting call moved, of ")
