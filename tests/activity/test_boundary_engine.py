"""A real engine keeps what became of the attempts, and the boundary goes by it."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from gates import seconds
from pretend import Sandbox
from temporalio import activity
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import (
    Worker,
)
from waiting import until
from walled import OPERATION, Walled, platform_error

import worker
from activities.boundary import Boundary
from contexten.calls import Tries
from contexten.errors import (
    Category,
    ServerError,
)
from contexten.github import Target
from contexten.snapshot import Snapshot
from contexten.standing import Standing
from starter.settings import load


class Real:
    """A worker of a real engine whose attempts fail as told, one after the other."""

    def __init__(self, client: Client, ends: Sequence[BaseException | None]) -> None:
        self.client, self.ends, self.house = client, list(ends), Walled()
        self.house.watch.dice = lambda: 0.0

    def next(self) -> str:
        end = self.ends.pop(0)
        if end is not None:
            raise end
        return "done"

    async def run(self, deed: Callable[..., Any], **options: Any) -> Any:
        queue = f"boundary-{uuid.uuid4()}"
        usual: dict[str, Any] = {
            "start_to_close_timeout": timedelta(seconds=5),
            "retry_policy": RetryPolicy(initial_interval=timedelta(milliseconds=10)),
        }
        async with Worker(
            self.client,
            task_queue=queue,
            activities=[deed],
            activity_executor=ThreadPoolExecutor(2),
            interceptors=[Boundary(self.house.watch)],
        ):
            return await self.client.execute_activity(
                OPERATION, id=queue, task_queue=queue, result_type=str, **{**usual, **options}
            )


@pytest.mark.parametrize("in_thread", [True, False])
async def test_the_engine_keeps_what_became_of_the_attempts(
    temporal: Client, in_thread: bool
) -> None:
    broken, odd = platform_error(ServerError, 503), ValueError("x")
    real = Real(temporal, [broken, odd, broken, None])

    @activity.defn(name=OPERATION)
    def blocking() -> str:
        return real.next()

    @activity.defn(name=OPERATION)
    async def waiting() -> str:
        seen.append(Tries.from_json((*activity.info().heartbeat_details, None)[0]))
        return real.next()

    seen: list[Tries] = []
    assert await real.run(blocking if in_thread else waiting) == "done"

    assert [row.outcome for row in real.house.rows] == ["failed"] * 3 + ["ok"]
    assert in_thread or seen[-1] == Tries({"server_error": 2, "unknown": 1})


async def test_a_lost_attempt_is_found_by_the_next_one(temporal: Client) -> None:
    real, hung = Real(temporal, [None]), asyncio.Event()

    @activity.defn(name=OPERATION)
    async def deed() -> str:
        if activity.info().attempt == 1:
            await hung.wait()
        return real.next()

    try:
        assert await real.run(deed, start_to_close_timeout=timedelta(seconds=1)) == "done"
    finally:
        hung.set()

    rows = [(row.outcome, row.attempt) for row in real.house.rows if row.outcome != "failed"]
    assert rows[:2] == [("lost", 1), ("ok", 2)]


async def test_a_rotated_token_is_picked_up_by_the_next_attempt(
    temporal: Client, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, said = tmp_path / "settings.env", sandbox.arrange("/_tokens", {}, "PUT")
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    monkeypatch.setenv("CONTEXTEN_ENV_FILE", str(file))
    file.write_text("".join(f"{name}={value}\n" for name, value in said.items()))
    github = worker.github_client(load())
    anew = sandbox.arrange("/_tokens", {"github": "ghp_another"}, "PUT")
    file.write_text("".join(f"{name}={value}\n" for name, value in anew.items()))
    real = Real(temporal, [])
    real.house.watch.renew["github"] = github.renew

    @activity.defn(name=OPERATION)
    def deed() -> str:
        return str(github.read_pull_request(Target("octo/hello", 12)).number)

    assert await real.run(deed) == "12"
    github.close()

    assert [row.outcome for row in real.house.rows] == ["failed", "ok"]
    assert real.house.rows[0].category == Category.AUTHENTICATION


async def test_a_parked_call_goes_out_once_the_gate_is_open(temporal: Client) -> None:
    real = Real(temporal, [None])
    states = [Snapshot(gates={"github": Standing(limited={"write": seconds(0)})})]
    soon = datetime.now(UTC) + timedelta(milliseconds=300)
    states[0] = Snapshot(gates={"github": Standing(limited={"write": soon})})
    real.house.watch.snapshot = lambda: states[0]

    @activity.defn(name=OPERATION)
    async def deed() -> str:
        return real.next()

    assert await real.run(deed) == "done"

    async def written() -> bool:
        return len(real.house.rows) >= 2

    await until(written)
    assert [row.outcome for row in real.house.rows] == ["parked", "ok"]
