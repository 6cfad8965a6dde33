"""
The same job with FastAPI and Celery on Valkey, as they come: acknowledged early, results ignored.

    uvicorn bench.celery_app:door
    celery -A bench.celery_app worker -c 2
"""

import os
from typing import Any

import httpx
import orjson
from celery import Celery, signals  # type: ignore[import-untyped]
from fastapi import FastAPI, Request, Response

from bench.bare import signed
from bench.call import HEADERS, LABELS, address

celery = Celery("bench", broker=os.environ.get("BROKER_URL"))
celery.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)
door = FastAPI()
platform = httpx.Client(headers=HEADERS, timeout=60)


@signals.worker_ready.connect  # type: ignore[untyped-decorator]
def tell(**_: Any) -> None:
    """Say when work is taken."""
    print("worker ready", flush=True)


@celery.task(name="bench.triage")  # type: ignore[untyped-decorator]
def triage(payload: dict[str, Any]) -> None:
    """One call to the platform, and nothing else."""
    platform.post(address(payload["issue"]["number"]), json=LABELS).raise_for_status()


@door.post("/github/events")
async def receive(request: Request) -> Response:
    """Hand a signed delivery to the broker, then answer 202."""
    body = await request.body()
    if not signed(request.headers.get("x-hub-signature-256", ""), body):
        return Response(status_code=401)
    triage.delay(orjson.loads(body))
    return Response(b'{"accepted":true}', 202, media_type="application/json")
