"""Any live secret proves a delivery, secrets change while the door serves, and it has one."""

import signal
from pathlib import Path

import httpx
import pytest
from doors import KEYS, PLATFORMS, Running, body_of, end, github, issue, listens, serving, started
from waiting import until

SECRETS = ("GITHUB_WEBHOOK_SECRET", "LINEAR_WEBHOOK_SECRET", "SLACK_SIGNING_SECRET")


async def hung_up(door: Running, settings: str, said: str) -> None:
    """Write *settings* where the door reads them, and wait until it has and *said* so."""
    before = door.log().count(said)
    (door.folder / ".env").write_text(settings)
    door.process.send_signal(signal.SIGHUP)

    async def read() -> bool:
        return door.log().count(said) > before

    await until(read)


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_any_of_several_live_secrets_proves_a_delivery(tmp_path: Path, platform: str) -> None:
    keys = ["old", "new", "old,new", "older", " "]
    async with serving(tmp_path, **dict.fromkeys(SECRETS, "old, new")) as door:
        answers = [
            door.send(platform, body_of(platform, n), f"d-{n}", key).status_code
            for n, key in enumerate(keys)
        ]

    assert answers == [202, 202, 401, 401, 401]


async def test_a_hangup_changes_the_secrets(tmp_path: Path) -> None:
    numbers = iter(range(100))

    def takes(door: Running, key: str) -> bool:
        n = next(numbers)
        return door.send("github", issue(n), f"d-{n}", key).status_code == 202

    async with serving(tmp_path, GITHUB_WEBHOOK_SECRET=None) as door:
        before = takes(door, "old-key"), takes(door, "new-key")
        after = []
        for live in ("old-key", "old-key,new-key", "new-key"):
            await hung_up(door, f"GITHUB_WEBHOOK_SECRET={live}\n", "keys.read")
            after.append((takes(door, "old-key"), takes(door, "new-key")))

    assert before == (False, False)
    assert after == [(True, False), (True, True), (False, True)]
    assert "-key" not in door.log()


async def test_a_hangup_drops_no_connection(door: Running) -> None:
    def line(answer: httpx.Response) -> object:
        return answer.extensions["network_stream"].get_extra_info("client_addr")

    async with httpx.AsyncClient(base_url=door.url) as connection:
        before = line(await connection.get("/healthz"))
        await hung_up(door, "", "keys.read")
        answer = await connection.post("/github/events", content=issue(), headers=github(issue()))
        after = line(answer)

    assert (answer.status_code, after) == (202, before)


IMPORTED_SLOWLY = """
import pathlib, time
from contexten.app import App
app = App()
pathlib.Path("importing").touch()
while not pathlib.Path("go").exists():
    time.sleep(0.01)
"""


async def test_a_hangup_while_the_door_starts_is_obeyed_once_it_serves(tmp_path: Path) -> None:
    (tmp_path / "slow_reactions.py").write_text(IMPORTED_SLOWLY)

    async def importing() -> bool:
        return (tmp_path / "importing").exists()

    door = started(tmp_path, REACTIONS="slow_reactions", GITHUB_WEBHOOK_SECRET=None)
    try:
        await until(importing)
        (tmp_path / ".env").write_text("GITHUB_WEBHOOK_SECRET=new-key\n")
        door.process.send_signal(signal.SIGHUP)
        (tmp_path / "go").touch()
        await until(lambda: listens(door))
        answer = door.send("github", issue(), key="new-key")
    finally:
        end(door)

    assert answer.status_code == 202


@pytest.mark.parametrize("settings", ["SLACK_SLOTS=none\nGITHUB_WEBHOOK_SECRET=other\n", ""])
async def test_settings_that_do_not_hold_leave_the_secrets_as_they_were(
    tmp_path: Path, settings: str
) -> None:
    (tmp_path / ".env").write_text(f"GITHUB_WEBHOOK_SECRET={KEYS['github']}\n")
    async with serving(tmp_path, **dict.fromkeys(SECRETS)) as door:
        await hung_up(door, settings, "keys.kept")
        answer = door.deliver(issue())

    assert answer.status_code == 202


def test_a_door_without_any_secret_does_not_start(tmp_path: Path) -> None:
    door = started(tmp_path, **dict.fromkeys(SECRETS))
    try:
        status = door.process.wait(20)
    finally:
        end(door)

    assert status != 0
    assert all(name in door.log() for name in SECRETS)
    assert "SettingsError" in door.log()
    assert not (tmp_path / "var").exists()
