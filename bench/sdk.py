"""
The same job with FastAPI and Temporal's SDK as its documentation has it, under its defaults.

The request awaits ``start_workflow``; one worker, sandboxed, serves the workflow and its one
activity on one queue.

    uvicorn bench.sdk:door
    python -m bench.sdk
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
from fastapi import FastAPI, Request, Response
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from bench.bare import signed
from bench.call import HEADERS, LABELS, address
from bench.sdk_workflow import QUEUE, PlainDelivery


class Triage:
    """The activity, with its connection."""

    def __init__(self, platform: httpx.AsyncClient) -> None:
        self._platform = platform

    @activity.defn
    async def triage(self, number: int) -> None:
        """One call to the platform, and nothing else."""
        (await self._platform.post(address(number), json=LABELS)).raise_for_status()


@asynccontextmanager
async def connected(app: FastAPI) -> AsyncIterator[None]:
    """Connect before the first request."""
    app.state.engine = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    yield


door = FastAPI(lifespan=connected)


@door.post("/github/events")
async def receive(request: Request) -> Response:
    """Start the workflow of a signed delivery, then answer 202."""
    body = await request.body()
    if not signed(request.headers.get("x-hub-signature-256", ""), body):
        return Response(status_code=401)
    engine: Client = request.app.state.engine
    payload: dict[str, Any] = orjson.loads(body)
    delivery = f"sdk/{request.headers['x-github-delivery']}"
    await engine.start_workflow(PlainDelivery.run, payload, id=delivery, task_queue=QUEUE)
    return Response(b'{"accepted":true}', 202, media_type="application/json")


async def work() -> None:
    """Serve the queue until stopped."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    engine = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    async with httpx.AsyncClient(headers=HEADERS, timeout=60) as http:
        deeds = [Triage(http).triage]
        async with Worker(engine, task_queue=QUEUE, workflows=[PlainDelivery], activities=deeds):
            print("worker ready", flush=True)
            await stop.wait()


if __name__ == "__main__":
    asyncio.run(work())
    time.sleep(0.1)  # the SDK's own threads must let go of the interpreter first
