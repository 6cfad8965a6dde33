"""Orders as an operator types them, with everything up, and what is shown of them."""

import json

import httpx
import pytest
from conftest import OWN_PAYLOADS
from shell import Said, Shell, Up
from waiting import until

LABELED = OWN_PAYLOADS / "github" / "issues.labeled.json"


async def comes_to_stand(shell: Shell, level: str) -> None:
    async def stands() -> bool:
        said = shell.run("standing", "--json")
        return said.status == 0 and json.loads(said.text)["service"]["level"] == level

    await until(stands)


async def in_force(shell: Shell, *words: str) -> Said:
    """Give an order as soon as the entity is there."""
    said = [Said(1, "")]

    async def given() -> bool:
        said.append(shell.run(*words))
        return "the engine has no workflow" not in said[-1].text

    await until(given)
    return said[-1]


async def test_the_whole_is_paused_with_who_and_why_and_resumed(up: Up) -> None:
    shell = up.shell
    paused = await in_force(
        shell, "pause", "all", "--for", "10m", "--because", "moving house", "--by", "ada"
    )
    await comes_to_stand(shell, "maintenance")
    shown = shell.run("standing").text
    resumed = shell.run("resume", "all", "--because", "all in", "--by", "grace")
    again = shell.run("resume", "all")

    assert (paused.status, paused.text.strip()) == (0, "pause all: in force")
    assert "paused by ada: moving house" in shown
    assert (resumed.status, again.status) == (0, 1)
    assert "No effect: not everything is paused." in again.text
    await comes_to_stand(shell, "full")
    log = shell.run("standing").text
    assert "grace" in log
    assert "refused: not everything is paused" in log


async def test_a_paused_platform_holds_its_deliveries_until_it_is_resumed(up: Up) -> None:
    shell = up.shell
    await in_force(shell, "pause", "github", "--for", "10m", "--because", "no why", "--by", "ada")

    async def held() -> bool:
        gates = json.loads(shell.run("standing", "--json").text)["platforms"]
        return "github" in gates and gates["github"]["rate"] == 0

    await until(held)
    shell.run("deliver", str(LABELED), "--id", "held")
    shown = shell.run("standing").text
    before = await effects(up)
    resumed = shell.run("resume", "github", "--by", "ada")

    async def handled() -> bool:
        return "github/held" in shell.run("deliveries", "--outcome", "handled").text

    await until(handled)
    assert "paused by ada: no why" in shown
    assert before == []
    assert resumed.text.strip() == "resume github: in force"
    assert await effects(up) == ["comment"]


async def effects(up: Up) -> list[str]:
    """What was seen at the platforms."""
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{up.running.sandbox}/_ledger")
    return [one["kind"] for one in answer.json()["effects"]]


async def test_a_repository_and_a_level_are_ordered_about_by_name(up: Up) -> None:
    shell = up.shell
    await in_force(shell, "pause", "octo/hello", "--because", "renamed", "--by", "ada")
    degraded = shell.run("degrade", "limited", "--for", "1h", "--because", "big launch")
    shown = shell.run("standing").text
    released = shell.run("release")

    assert "degrade to limited: in force" in degraded.text
    assert "repository octo/hello" in shown
    assert "by ada: renamed, since" in shown
    assert "until" in shown
    assert released.status == 0
    await comes_to_stand(shell, "full")


async def test_an_old_runbook_still_pauses_and_resumes(up: Up) -> None:
    shell = up.shell
    await in_force(shell, "degrade", "full")
    pausing = shell.run(
        "tctl", "wf", "signal", "-w", "degradation", "-n", "pause", "-i", '"old" "ada"'
    )

    assert pausing.status == 0, pausing.text
    await comes_to_stand(shell, "maintenance")
    shell.run("tctl", "workflow", "signal", "-w", "degradation", "-n", "resume")
    await comes_to_stand(shell, "full")


async def test_a_failed_delivery_is_retried_from_its_failed_step(up: Up) -> None:
    shell = up.shell
    shell.run("sandbox", "break", "github", "--kind", "status", "--status", "422")
    shell.run("deliver", str(LABELED), "--id", "retried", "--wait")
    shell.run("sandbox", "heal")
    came = shell.run("retry", "github/retried", "--because", "it is well again", "--by", "ada")

    async def handled() -> bool:
        return "github/retried" in shell.run("deliveries", "--outcome", "handled").text

    assert came.status == 0, came.text
    assert "github/retried: again from github.post_comment, 0 finished steps are kept" in came.text
    await until(handled)
    assert await effects(up) == ["comment"]
    nothing = shell.run("retry", "github/retried")
    assert (nothing.status, "no step that failed" in nothing.text) == (1, True)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("pause", "nothing"), 2, "'nothing' is nothing to order about"),
        (("pause", "all", "--for", "soon"), 2, "'soon' is no duration"),
        (("degrade", "half"), 1, "No engine answers"),
        (("standing",), 1, "No engine answers"),
        (("retry", "github/x"), 1, "No engine answers"),
        (("tctl", "admin", "x"), 2, "no counterpart"),
    ],
)
def test_what_cannot_be_done_is_said_in_plain_words(
    shell: Shell, words: tuple[str, ...], status: int, said: str
) -> None:
    came = shell.run(*words, TEMPORAL_ADDRESS="127.0.0.1:1")

    assert came.status == status
    assert said in came.text
    assert "Traceback" not in came.text
