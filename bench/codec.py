"""
What encrypting one payload and decrypting it again costs, beside encryption that is off.

    python -m bench.codec
"""

import asyncio
import os
import time

from pydantic import SecretStr
from temporalio.api.common.v1 import Payload

from starter.codec import EncryptionCodec
from starter.keyring import Keyring, keyring_of

KEY = SecretStr("bench:" + "A" * 43 + "=")
SIZES = (1_000, 10_000, 100_000)
ROUNDS, TIMES = 7, 2_000


async def microseconds(keyring: Keyring, size: int) -> float:
    """How long one payload of *size* bytes takes there and back: the best of several rounds."""
    codec, best = EncryptionCodec(keyring), float("inf")
    payload = Payload(metadata={"encoding": b"json/plain"}, data=os.urandom(size))
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for _ in range(TIMES):
            await codec.decode(await codec.encode([payload]))
        best = min(best, (time.perf_counter() - begun) / TIMES * 1e6)
    return best


async def measure() -> None:
    """Print one line for each size."""
    for size in SIZES:
        off, on = [await microseconds(ring, size) for ring in (Keyring(), keyring_of([KEY]))]
        print(f"{size:>7} bytes: {off:6.1f} us off, {on:6.1f} us on")


if __name__ == "__main__":
    asyncio.run(measure())
