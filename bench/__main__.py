"""
Measure, beside what else does the same job: ``python -m bench [NAME]``.

    ack         how fast a delivery is acknowledged
    agent       what an agent run costs beside a bare loop: time, memory, history
    completion  how fast deliveries are done, and what that costs
    open        whether thousands open at once all end well, and what memory they take
    outage      what an outage of a platform does to it, and how the work comes back
    path        what stands around one platform call, in processor time
    spool       what an append to the spool costs

Ends with 1 only if a bench could not be taken; a goal that is missed is said in the table.
"""

import argparse
import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from rich.console import Console

from bench import ack, agent, completion, figures, outage, path, spool
from bench import open as held_open
from bench.figures import Figure
from bench.scale import USUAL_SECONDS, Scale, scale_of

Bench = Callable[[Path, Scale], Awaitable[list[Figure]]]
BENCHES: dict[str, Bench] = {
    "ack": ack.run,
    "agent": agent.run,
    "completion": completion.run,
    "open": held_open.run,
    "outage": outage.run,
    "path": path.run,
    "spool": spool.run,
}
LONGEST_S = 300
LONGER_S = {"agent": 1200, "outage": 600}
PLAIN_WIDTH = 160


async def take(bench: Bench, folder: Path, scale: Scale, within_s: float) -> list[Figure]:
    """
    Take the figures of *bench*; what it keeps meanwhile goes into *folder*.

    Raises:
        RuntimeError: If it cannot be taken; what was started has ended by then.
        TimeoutError: If it takes more than *within_s* seconds.
    """
    ours = asyncio.current_task()
    assert ours is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ours.cancel)
    async with asyncio.timeout(within_s):
        return await bench(folder, scale)


def measure(benches: Mapping[str, Bench], seconds: float, out: Path, console: Console) -> int:
    """Take the figures of *benches* in turn, show and keep them in *out*; the exit status."""
    out.mkdir(parents=True, exist_ok=True)
    status = 0
    for name, bench in benches.items():
        began = time.monotonic()

        def tell(words: str, name: str = name, began: float = began) -> None:
            console.print(f"{name} {time.monotonic() - began:4.0f} s  {words}", style="dim")

        scale = scale_of(seconds, full=True, tell=tell)
        try:
            with tempfile.TemporaryDirectory(prefix=f"{name}-", dir=out) as folder:
                within_s = LONGER_S.get(name, LONGEST_S)
                found = asyncio.run(take(bench, Path(folder), scale, within_s))
        except (RuntimeError, TimeoutError) as error:
            console.print(
                f"{name} could not be taken: {error or 'it took too long'}",
                style="red",
                markup=False,
            )
            status = 1
            continue
        console.print(figures.table(name, found))
        console.print(f"kept in {figures.write(name, found, out)}\n", style="dim")
    return status


def options(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="?", choices=list(BENCHES), help="one bench (default: all)")
    parser.add_argument(
        "--seconds",
        type=float,
        default=USUAL_SECONDS,
        help=f"of one round of load (default {USUAL_SECONDS}); all else in proportion",
    )
    parser.add_argument("--out", type=Path, default=figures.OUT, help="where figures are kept")
    parser.add_argument("--markdown", action="store_true", help="print what is kept, and end")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; the exit status."""
    wanted = options(arguments)
    if wanted.markdown:
        print(figures.markdown(wanted.out), end="")
        return 0
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)
    chosen = {wanted.name: BENCHES[wanted.name]} if wanted.name else BENCHES
    status = measure(chosen, wanted.seconds, wanted.out.resolve(), console)
    time.sleep(0.1)  # the SDK's own threads must let go of the interpreter first
    return status


if __name__ == "__main__":
    sys.exit(main())
