"""How everything stands, as an operator asks for it."""

import json

from shell import Shell, Up
from waiting import until

from contexten.health import Family


async def test_health_is_shown_with_its_history(up: Up) -> None:
    run = up.shell.run

    async def looked() -> bool:
        return "disk" in run("health").text

    await until(looked, timeout_s=60)
    shown, told = run("health"), run("health", "--json", "--family", "system")

    assert shown.status == 0, shown.text
    assert "integration" in shown.text
    found = json.loads(told.text)
    assert {one["latest"]["name"] for one in found} == {"cpu", "memory", "disk"}
    assert {one["latest"]["family"] for one in found} == {str(Family.SYSTEM)}
    assert all(one["before"] for one in found)


def test_nobody_who_answers_is_no_good_news(shell: Shell) -> None:
    asked = shell.run("health")

    assert asked.status == 1
    assert "Traceback" not in asked.text


def test_a_broken_module_of_checks_ends_the_worker_with_the_place(shell: Shell) -> None:
    (shell.folder / "broken_checks.py").write_text("import nowhere\n")

    said = shell.run("worker", "--queues", "control", CHECKS="broken_checks", PYTHONPATH=".")

    assert said.status == 2
    assert "broken_checks.py:1: ModuleNotFoundError" in said.text
