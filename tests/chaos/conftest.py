"""A house under fire, its sender, and dice whose seed is printed: CHAOS_SEED repeats a run."""

import os
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from house import House
from traffic import Sender


@pytest.fixture
def seed() -> int:
    """What this run's dice start from."""
    chosen = int(os.environ.get("CHAOS_SEED") or time.time_ns() % 1_000_000)
    print(f"CHAOS_SEED={chosen}")
    return chosen


@pytest.fixture
def dice(seed: int) -> random.Random:
    return random.Random(seed)


@pytest.fixture
async def house(tmp_path: Path, seed: int) -> AsyncIterator[House]:
    """The system, not yet started."""
    async with House(tmp_path, seed=seed) as one:
        yield one


@pytest.fixture
async def sender(house: House) -> AsyncIterator[Sender]:
    """A sender to the house's door."""
    one = Sender(house)
    yield one
    await one.close()
