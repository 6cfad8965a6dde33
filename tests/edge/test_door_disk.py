"""What cannot be made durable is not acknowledged: its sender is told to come back."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from doors import PLATFORMS, Running, body_of, end, issue, serving, started

from starter.settings import MIB


@contextmanager
def refusing_disk(door: Running, room_bytes: int = 64) -> Iterator[None]:
    """No file of *door* grows beyond a few bytes: what it writes fails half way."""
    pid, size = door.process.pid, resource.RLIMIT_FSIZE
    soft, hard = resource.prlimit(pid, size)
    resource.prlimit(pid, size, (room_bytes, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, size, (soft, hard))


async def stands(door: Running, spool: str) -> bool:
    """Whether *door* says that its spool is *spool*, and is ready only if that is writable."""
    answer = door.get("/readyz")
    return (answer.status_code, answer.json()["spool"]) == (
        200 if spool == "writable" else 503,
        spool,
    )


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_disk_that_refuses_is_a_503_until_it_takes_again(
    door: Running, platform: str
) -> None:
    with refusing_disk(door):
        refused = [door.send(platform, body_of(platform, n), f"f-{n}") for n in range(3)]
        broken = await stands(door, "broken")
    mended = await stands(door, "writable")
    taken = door.send(platform, body_of(platform, 0), "f-0")

    assert [one.status_code for one in refused] == [503, 503, 503]
    assert all(int(one.headers["retry-after"]) > 0 for one in refused)
    assert (broken, mended) == (True, True)
    assert taken.status_code == 202
    assert len(door.spooled()) == 1


async def test_a_disk_that_was_full_when_a_file_was_to_be_begun_is_no_503_for_ever(
    tmp_path: Path,
) -> None:
    large = "x" * (MIB // 3)
    async with serving(tmp_path, SPOOL_SEGMENT_BYTES=MIB) as door:
        filling = [door.deliver(issue(n, note=large), f"f-{n}").status_code for n in range(2)]
        with refusing_disk(door, room_bytes=0):
            refused = [
                door.deliver(issue(n + 10, note=large), f"r-{n}").status_code for n in range(3)
            ]
        taken = [door.deliver(issue(n + 20, note=large), f"t-{n}").status_code for n in range(3)]

    assert (filling, refused, taken) == ([202] * 2, [503] * 3, [202] * 3)


async def test_a_disk_with_little_room_is_broken_until_a_usual_delivery_fits_again(
    door: Running,
) -> None:
    body = issue(note="x" * 30_000)
    with refusing_disk(door, room_bytes=10_000):
        refused = door.deliver(body).status_code
        broken = [await stands(door, "broken") for _ in range(3)]
    mended = await stands(door, "writable")
    left = [path.name for path in (door.folder / "var" / "spool").glob("probe*")]

    assert refused == 503
    assert broken == [True, True, True]
    assert (mended, left) == (True, [])
    assert door.deliver(body).status_code == 202


async def test_a_body_the_disk_refused_may_come_under_another_id(door: Running) -> None:
    with refusing_disk(door):
        refused = door.deliver(issue(), "a-1").status_code

    assert (refused, door.deliver(issue(), "a-2").status_code) == (503, 202)


async def test_what_cannot_be_read_is_not_dropped_when_the_disk_refuses(door: Running) -> None:
    with refusing_disk(door):
        refused = door.deliver(b"null").status_code
    taken = door.deliver(b"null")

    assert (refused, taken.status_code) == (503, 202)
    assert door.get("/readyz").json()["quarantined"] == 1


async def test_a_disk_that_refuses_keeps_no_challenge_from_being_answered(door: Running) -> None:
    with refusing_disk(door):
        answer = door.send("slack", b'{"type": "url_verification", "challenge": "c"}')

    assert (answer.status_code, answer.json()) == (200, {"challenge": "c"})


async def test_a_full_spool_is_a_503_and_says_so(tmp_path: Path) -> None:
    bodies = [issue(n, note="x" * (MIB // 4)) for n in range(6)]
    async with serving(tmp_path, SPOOL_LIMIT_BYTES=MIB) as door:
        answers = [door.deliver(body, f"s-{n}") for n, body in enumerate(bodies)]
        small = door.deliver(issue(99), "small")
        kept = [event.delivery_id for event, _ in door.spooled()]

    statuses = [one.status_code for one in answers]
    assert statuses == [202, 202, 202, 503, 503, 503]
    assert all(int(one.headers["retry-after"]) > 0 for one in answers[3:])
    assert small.status_code == 202
    assert kept == ["s-0", "s-1", "s-2", "small"]


async def test_a_spool_without_room_is_not_ready(tmp_path: Path) -> None:
    async with serving(tmp_path, SPOOL_LIMIT_BYTES=MIB) as door:
        door.deliver(issue(1, note="x" * (MIB // 2)), "s-1")
        half = await stands(door, "writable")
        door.deliver(issue(2, note="x" * (MIB // 2 - 20_000)), "s-2")
        full = await stands(door, "full")

    assert (half, full) == (True, True)


async def test_a_second_door_on_the_same_folder_does_not_start(door: Running) -> None:
    second = started(door.folder)
    try:
        status = second.process.wait(20)
    finally:
        end(second)

    assert status != 0
    assert "CONTEXTEN_VAR" in door.log()
    assert door.deliver(issue()).status_code == 202
