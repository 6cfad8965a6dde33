"""
GitHub's calls as Temporal alone has them: our activities, and its own retries.

Nothing stands around a call: no gate, no budget, no ledger.

    python -m bench.plain
"""

import asyncio
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from temporalio.worker import Worker

from activities.github import GithubActivities
from contexten.queues import Queue
from starter import client
from starter.settings import load
from worker import deeds_of, github_client


async def work() -> None:
    """Serve the queue until stopped."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    settings = load()
    connected, slots = await client.connected(settings), settings.slots(Queue.GITHUB)
    with closing(github_client(settings)) as github, ThreadPoolExecutor(slots) as pool:
        async with Worker(
            connected,
            task_queue=Queue.GITHUB,
            activities=deeds_of(GithubActivities(github)),
            activity_executor=pool,
            max_concurrent_activities=slots,
        ):
            print("worker ready", flush=True)
            await stop.wait()


if __name__ == "__main__":
    asyncio.run(work())
    time.sleep(0.1)  # the SDK's own threads must let go of the interpreter first
