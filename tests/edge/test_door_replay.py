"""A captured body leads to nothing under another name; a true redelivery goes through."""

import asyncio
import json
from collections import Counter
from pathlib import Path

import httpx
import pytest
from doors import KEYS, Running, body_of, github, issue, linear, mention, serving, signed, slack
from waiting import until

GUARDED = ("github", "linear")


@pytest.mark.parametrize("platform", GUARDED)
def test_the_same_body_under_another_id_is_a_duplicate(shared_door: Running, platform: str) -> None:
    body = body_of(platform)

    first = shared_door.send(platform, body, "r-1")
    other = shared_door.send(platform, body, "r-2")

    assert first.json() == {"status": "accepted", "id": f"{platform}/r-1"}
    assert (other.status_code, other.json()) == (200, {"status": "duplicate"})
    assert body not in [kept for event, kept in shared_door.spooled() if event.delivery_id == "r-2"]


@pytest.mark.parametrize("platform", GUARDED)
def test_the_same_delivery_again_is_let_through(shared_door: Running, platform: str) -> None:
    body = body_of(platform, 2)

    answers = [shared_door.send(platform, body, "again").status_code for _ in range(3)]

    assert answers == [202, 202, 202]


def test_the_same_body_as_another_event_is_a_duplicate(shared_door: Running) -> None:
    body = issue(3)

    first = shared_door.deliver(body, "e-1", "issues")
    other = shared_door.deliver(body, "e-1", "some_event_to_come")

    assert (first.status_code, other.json()) == (202, {"status": "duplicate"})


def test_a_body_of_another_event_is_set_aside(shared_door: Running) -> None:
    answer = shared_door.deliver(issue(4), "s-1", "pull_request")

    assert answer.json() == {"status": "quarantined"}


@pytest.mark.parametrize("name", ["pull_request", "some_event_to_come"])
def test_a_wrong_name_that_comes_first_keeps_no_genuine_delivery_out(
    shared_door: Running, name: str
) -> None:
    body = issue(6, title=name)

    shared_door.deliver(body, "x-1", name)
    genuine = shared_door.deliver(body, f"real-{name}", "issues")
    again = shared_door.deliver(body, "x-2", "issues")

    assert genuine.json() == {"status": "accepted", "id": f"github/real-{name}"}
    assert again.json() == {"status": "duplicate"}


def test_of_several_names_to_come_one_is_taken(shared_door: Running) -> None:
    body = issue(7)

    first = shared_door.deliver(body, "c-1", "some_event_to_come")
    other = shared_door.deliver(body, "c-1", "another_event_to_come")

    assert (first.status_code, other.json()) == (202, {"status": "duplicate"})


def test_slack_says_which_event_it_is_under_the_signature(shared_door: Running) -> None:
    body = mention("Ev77")
    retried = slack(body) | {"x-slack-retry-num": "1", "x-slack-retry-reason": "http_timeout"}

    first = shared_door.post("/slack/events", body, slack(body))
    again = shared_door.post("/slack/events", body, retried)

    assert first.status_code == again.status_code == 202
    assert first.json() == again.json() == {"status": "accepted", "id": "slack/Ev77"}


async def test_the_window_closes(tmp_path: Path) -> None:
    body = issue()
    async with serving(tmp_path, REPLAY_WINDOW_S=0.5) as door:
        door.deliver(body, "w-1")
        at_once = door.deliver(body, "w-2").status_code

        async def taken() -> bool:
            return door.deliver(body, "w-2").status_code == 202

        await until(taken)

    assert at_once == 200


async def test_without_a_window_every_id_is_taken(tmp_path: Path) -> None:
    async with serving(tmp_path, REPLAY_WINDOW_S=0) as door:
        answers = await at_once(door, issue(), [f"n-{n % 3}" for n in range(30)])

    assert answers == {202: 30}


async def at_once(door: Running, body: bytes, deliveries: list[str]) -> Counter[int]:
    """How often which status answers *body* when it comes under all these ids together."""
    async with httpx.AsyncClient(base_url=door.url, timeout=30) as client:
        answers = await asyncio.gather(
            *(
                client.post("/github/events", content=body, headers=github(body, one))
                for one in deliveries
            )
        )
    return Counter(answer.status_code for answer in answers)


async def test_of_many_ids_at_once_one_is_taken(door: Running) -> None:
    answers = await at_once(door, issue(), [f"m-{n}" for n in range(40)])

    assert answers == {202: 1, 200: 39}
    assert len(door.spooled()) == 1


async def test_a_door_started_anew_remembers(tmp_path: Path) -> None:
    bodies = {platform: body_of(platform) for platform in GUARDED}
    async with serving(tmp_path) as door:
        first = [door.send(p, body, "b-1").status_code for p, body in bodies.items()]
    async with serving(tmp_path) as door:
        other = [door.send(p, body, "b-2").json()["status"] for p, body in bodies.items()]
        same = [door.send(p, body, "b-1").status_code for p, body in bodies.items()]

    assert first == same == [202, 202]
    assert other == ["duplicate", "duplicate"]


async def test_a_door_started_anew_keeps_no_genuine_delivery_out(tmp_path: Path) -> None:
    async with serving(tmp_path) as door:
        door.deliver(issue(), "x-1", "some_event_to_come")
    async with serving(tmp_path) as door:
        genuine = door.deliver(issue(), "real-1", "issues")

    assert genuine.status_code == 202


async def test_platforms_that_share_a_secret_do_not_take_each_others_bodies(
    tmp_path: Path,
) -> None:
    body = json.dumps({**json.loads(body_of("linear")), **json.loads(issue())}).encode()
    async with serving(tmp_path, LINEAR_WEBHOOK_SECRET=KEYS["github"]) as door:
        answers = [
            door.deliver(body, "both").status_code,
            door.post("/linear/events", body, linear(body, "both", KEYS["github"])).status_code,
        ]

    assert answers == [202, 202]


@pytest.mark.parametrize("platform", GUARDED)
def test_another_route_is_no_way_around(shared_door: Running, platform: str) -> None:
    body = body_of(platform, 5)
    path = f"/octo/hello/{platform}/events"

    first = shared_door.post(path, body, signed(platform, body, "t-1"))
    other = shared_door.send(platform, body, "t-2")

    assert (first.status_code, other.json()) == (202, {"status": "duplicate"})
