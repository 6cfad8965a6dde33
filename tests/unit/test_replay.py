"""A body that was taken is refused under any other name while the window is open."""

import asyncio

import pytest
from waiting import until

from contexten.delivery import Platform
from starter.replay import ReplayGuard, claimant, fingerprint

WINDOW_S = 600.0
BODY = b"fingerprint"


async def taken(guard: ReplayGuard, body: bytes, under: str, now: float) -> bool:
    """Whether *guard* lets *body* be taken; it is durable at once then."""
    if not await guard.admit(body, under, now):
        return False
    guard.settle(body, under, now, taken=True)
    return True


@pytest.mark.parametrize(("age_s", "let_in"), [(0.0, False), (599.9, False), (600.0, True)])
async def test_the_window_ends_when_it_is_over(age_s: float, let_in: bool) -> None:
    guard = ReplayGuard(WINDOW_S)
    await taken(guard, BODY, "a", 1000.0)

    assert await taken(guard, BODY, "b", 1000.0 + age_s) == let_in


async def test_the_same_name_is_always_let_in_and_opens_the_window_anew() -> None:
    guard = ReplayGuard(WINDOW_S)
    first = await taken(guard, BODY, "a", 0.0)
    again = await taken(guard, BODY, "a", 500.0)

    assert (first, again) == (True, True)
    assert not await taken(guard, BODY, "b", 1000.0)


async def test_a_refused_name_does_not_open_the_window_anew() -> None:
    guard = ReplayGuard(WINDOW_S)
    await taken(guard, BODY, "a", 0.0)
    await taken(guard, BODY, "b", 500.0)

    assert await taken(guard, BODY, "b", 601.0)


async def test_what_did_not_become_durable_is_not_remembered() -> None:
    guard = ReplayGuard(WINDOW_S)
    await guard.admit(BODY, "a", 0.0)
    guard.settle(BODY, "a", 0.0, taken=False)

    assert await taken(guard, BODY, "b", 1.0)


@pytest.mark.parametrize("durable", [True, False])
async def test_another_name_waits_until_the_first_is_decided(durable: bool) -> None:
    guard = ReplayGuard(WINDOW_S)
    await guard.admit(BODY, "a", 0.0)
    other = asyncio.create_task(taken(guard, BODY, "b", 0.0))
    await asyncio.sleep(0)
    waited = not other.done()
    guard.settle(BODY, "a", 0.0, taken=durable)

    assert waited
    assert await other == (not durable)


@pytest.mark.parametrize("window_s", [0.0, WINDOW_S])
async def test_waiting_for_several_of_one_name_stops_nobody(window_s: float) -> None:
    guard = ReplayGuard(window_s)
    await guard.admit(BODY, "a", 0.0)
    await guard.admit(BODY, "a", 0.0)
    other = asyncio.create_task(taken(guard, BODY, "b", 0.0))
    await asyncio.sleep(0)
    guard.settle(BODY, "a", 0.0, taken=True)
    await asyncio.sleep(0)
    guard.settle(BODY, "a", 0.0, taken=True)

    async def decided() -> bool:
        return other.done()

    await until(decided)
    assert other.result() == (window_s == 0)


async def test_the_oldest_are_forgotten_when_there_are_too_many() -> None:
    guard = ReplayGuard(WINDOW_S, most=10)
    for n in range(30):
        await taken(guard, b"%d" % n, "a", float(n))

    assert len(guard) == 10
    assert await taken(guard, b"0", "b", 30.0)
    assert not await taken(guard, b"29", "b", 30.0)


async def test_what_is_too_old_is_forgotten_while_others_come() -> None:
    guard = ReplayGuard(WINDOW_S)
    for n in range(10):
        await taken(guard, b"old %d" % n, "a", float(n))
    for n in range(10):
        await taken(guard, b"new %d" % n, "a", 1000.0 + n)

    assert len(guard) == 10


def test_one_platforms_body_is_not_anothers() -> None:
    digest = bytes(range(32))

    assert len({fingerprint(platform, digest) for platform in Platform}) == len(Platform)


def test_a_name_that_tells_nothing_of_the_shape_makes_another_fingerprint() -> None:
    names = (None, "issues", "push", "some_event_to_come")

    assert len({fingerprint(Platform.GITHUB, bytes(32), name) for name in names}) == 2


def test_everything_unsigned_is_part_of_the_name() -> None:
    names = {
        claimant(Platform.GITHUB, "d-1", "issues"),
        claimant(Platform.GITHUB, "d-1", "push"),
        claimant(Platform.GITHUB, "d-2", "issues"),
        claimant(Platform.LINEAR, "d-1", None),
    }

    assert len(names) == 4
