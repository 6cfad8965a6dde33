"""The engine may stop or freeze: every delivery is still taken, and done once it is back."""

import asyncio
import random
import signal
import time
from collections.abc import Awaitable, Callable

import pytest
from history import check, told
from house import House
from traffic import Sender, comment, history, settled
from waiting import until

pytestmark = pytest.mark.timeout(900)

Fault = Callable[[House, float], Awaitable[None]]

PER_SECOND = 100
DRAINED_WITHIN_S = 60
ASKS_ONE_IN = 10


async def stopped(house: House, away_s: float) -> None:
    """The engine stops, and comes back on its database."""
    await house.engine.stop()
    await asyncio.sleep(away_s)
    await house.start_engine()


async def killed(house: House, away_s: float) -> None:
    """The engine is killed, and comes back on its database."""
    await house.engine.kill()
    await asyncio.sleep(away_s)
    await house.start_engine()


async def frozen(house: House, away_s: float) -> None:
    """The engine answers nothing for a while, and keeps its connections."""
    house.engine.signal(signal.SIGSTOP)
    await asyncio.sleep(away_s)
    house.engine.signal(signal.SIGCONT)


@pytest.mark.parametrize("fault", [stopped, killed, frozen])
async def test_every_delivery_is_taken_while_the_engine_is_away_and_done_once_it_is_back(
    house: House, sender: Sender, dice: random.Random, size: str, fault: Fault
) -> None:
    away_s = 8 if size == "S" else 30
    await house.start("deliveries", "github")
    count = int(PER_SECOND * (away_s + 1))
    deliveries = [comment(dice, n, asks=n % ASKS_ONE_IN == 0) for n in range(1, count + 1)]

    sending = asyncio.create_task(sender.pace(deliveries, PER_SECOND))
    await asyncio.sleep(0.5)
    await fault(house, away_s)
    back_at = time.time()
    await sending
    await until(settled(house, sender), DRAINED_WITHIN_S, 0.5)

    assert sender.answers() == {202: count}
    found = check(await history(house, sender, faults_ended_at=back_at))
    assert not found, told(found)
    print(f"{count} deliveries drained {time.time() - back_at:.1f} s after the engine's return")
