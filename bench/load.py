"""
The load generator: signed deliveries over raw sockets, from a process of its own.

    keep     as fast as answers come, over connections that stay open
    bursts   that many connections opened at once, one delivery on each, again and again
    paced    a fixed number a second, whatever the answers do; a wait for us counts as well

``python -m bench.load JOB`` takes a job as JSON and prints what it saw as JSON.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from bench.connection import Connection
from bench.figures import percentile
from bench.part import Part
from bench.payload import Deliveries

BURST_EVERY_S = 0.5
PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Job:
    """
    What to send.

    Attributes:
        port: Where the receiver listens, on this machine.
        mode: How, as the module says.
        connections: How many at once, or in one burst.
        seconds: For how long new deliveries are begun.
        rate: Deliveries a second, when paced.
        most: Deliveries at most; None for no end.
        first: The number of the first delivery; each further one takes the next.
        path: The route.
        action: What was done to the issue.
        records: File to which each delivery's number, epoch seconds of sending and answer, and
            status are written, a line each.
    """

    port: int
    mode: Literal["keep", "bursts", "paced"] = "keep"
    connections: int = 1
    seconds: float = 2.0
    rate: float = 20.0
    most: int | None = None
    first: int = 0
    path: str = "/github/events"
    action: str = "labeled"
    records: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """
    What came back.

    Attributes:
        answered: Deliveries that were answered 2xx.
        refused: Deliveries that were answered otherwise, or not at all.
        seconds: From the first delivery to the last answer.
        began: Epoch seconds of the first delivery.
        rate: Answers 2xx a second.
        p50_ms, p95_ms, p99_ms, worst_ms: Of the answers 2xx.
    """

    answered: int
    refused: int
    seconds: float
    began: float
    rate: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    worst_ms: float


@dataclass(slots=True)
class Answered:
    """One delivery: its number, when it was due and when answered, and the status; 0 if broken."""

    number: int
    due: float
    at: float
    status: int


@dataclass(slots=True)
class Sender:
    """One job at work."""

    job: Job
    deliveries: Deliveries
    answers: list[Answered] = field(default_factory=list)
    sent: int = 0

    async def run(self) -> Seen:
        """Do the job; what was seen."""
        began, started = time.time(), time.perf_counter()
        modes = {"keep": self._keep, "bursts": self._bursts, "paced": self._paced}
        await modes[self.job.mode](started)
        if self.job.records:
            self._write(Path(self.job.records), began - started)
        return self._seen(began, started)

    async def _keep(self, started: float) -> None:
        connections = await asyncio.gather(*(self._connect() for _ in range(self.job.connections)))
        await asyncio.gather(*(self._one_after_another(c, started) for c in connections))

    async def _one_after_another(self, connection: Connection, started: float) -> None:
        while not self._over(started):
            await self._deliver(connection, self._next(), time.perf_counter())
            if connection.transport is None:
                connection = await self._connect()
        connection.close()

    async def _bursts(self, started: float) -> None:
        while not self._over(started):
            due = time.perf_counter()
            await asyncio.gather(*(self._on_a_new_one(due) for _ in range(self.job.connections)))
            await asyncio.sleep(max(0.0, due + BURST_EVERY_S - time.perf_counter()))

    async def _on_a_new_one(self, due: float) -> None:
        connection = await self._connect()
        await self._deliver(connection, self._next(), due)
        connection.close()

    async def _paced(self, started: float) -> None:
        idle: list[Connection] = [await self._connect() for _ in range(self.job.connections)]
        under_way: list[asyncio.Task[None]] = []
        while not self._over(started):
            due = started + self.sent / self.job.rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            under_way.append(asyncio.create_task(self._on_an_idle_one(idle, self._next(), due)))
        await asyncio.gather(*under_way)
        for connection in idle:
            connection.close()

    async def _on_an_idle_one(self, idle: list[Connection], number: int, due: float) -> None:
        connection = idle.pop() if idle else await self._connect()
        if connection.transport is None:  # a server lets go of one that rests for long
            connection = await self._connect()
        await self._deliver(connection, number, due)
        if connection.transport is not None:
            idle.append(connection)

    def _over(self, started: float) -> bool:
        """Whether that was all; never before the first, however long it took to connect."""
        if not self.sent:
            return False
        enough = self.job.most is not None and self.sent >= self.job.most
        return enough or time.perf_counter() - started >= self.job.seconds

    def _next(self) -> int:
        self.sent += 1
        return self.job.first + self.sent - 1

    async def _deliver(self, connection: Connection, number: int, due: float) -> None:
        status = await connection.ask(self.deliveries.request(number))
        self.answers.append(Answered(number, due, time.perf_counter(), status))

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            _, made = await loop.create_connection(Connection, "127.0.0.1", self.job.port)
        except OSError:
            await asyncio.sleep(0.01)
            return Connection()
        return made

    def _write(self, path: Path, epoch: float) -> None:
        lines = (f"{a.number} {a.due + epoch} {a.at + epoch} {a.status}\n" for a in self.answers)
        path.write_text("".join(lines))

    def _seen(self, began: float, started: float) -> Seen:
        well = [a for a in self.answers if 200 <= a.status < 300]
        waits = [(a.at - a.due) * 1000 for a in well]
        seconds = max((a.at for a in self.answers), default=started) - started
        return Seen(
            answered=len(well),
            refused=len(self.answers) - len(well),
            seconds=seconds,
            began=began,
            rate=len(well) / seconds if seconds else 0.0,
            p50_ms=percentile(waits, 0.5),
            p95_ms=percentile(waits, 0.95),
            p99_ms=percentile(waits, 0.99),
            worst_ms=percentile(waits, 1),
        )


def records(path: Path) -> dict[int, tuple[float, float]]:
    """When, in epoch seconds, each delivery that *path* records was sent and answered 2xx."""
    lines = (line.split() for line in path.read_text().splitlines())
    return {int(n): (float(due), float(at)) for n, due, at, status in lines if status[0] == "2"}


async def do(job: Job) -> Seen:
    """Do *job* in this process; what was seen."""
    deliveries = Deliveries(job.port, path=job.path, action=job.action, close=job.mode == "bursts")
    return await Sender(job, deliveries).run()


async def send(job: Job) -> Seen:
    """
    Have *job* done by a process of its own.

    Raises:
        RuntimeError: If that process fails; the message says how.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.load",
        json.dumps(asdict(job)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[1],
    )
    try:
        async with asyncio.timeout(job.seconds + PATIENCE_S):
            out, complaint = await process.communicate()
    except TimeoutError:
        raise RuntimeError(f"the load generator got no answers within {PATIENCE_S} s") from None
    finally:
        if process.returncode is None:  # nobody waits for it any more
            process.kill()
            await process.wait()
    if process.returncode:
        raise RuntimeError(f"the load generator failed: {complaint.decode()[-2000:]}")
    return Seen(**json.loads(out))


def whole(seen: Seen, receiver: Part) -> Seen:
    """
    *seen*, if *receiver* answered everything well.

    Raises:
        RuntimeError: If not: a figure must not come from refusals.
    """
    if seen.refused or not seen.answered:
        counts = f"{seen.answered} well, {seen.refused} not"
        raise RuntimeError(f"{receiver.name} answered {counts}:\n{receiver.said[-2000:]}")
    return seen


def main() -> None:
    """Do the job on the command line."""
    print(json.dumps(asdict(asyncio.run(do(Job(**json.loads(sys.argv[1])))))))


if __name__ == "__main__":
    main()
