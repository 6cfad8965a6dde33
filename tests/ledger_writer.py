"""
A process that writes to a ledger, as a worker does: ``python ledger_writer.py URL ROWS A_SECOND``.

It says how it stands in a line of JSON every few milliseconds, and ends after SIGTERM, or
once it has recorded all its rows.
"""

import json
import logging
import os
import signal
import sys
import threading
import time

import structlog
from attempts import QUICK, row

from activities.stores.database import Database
from activities.stores.ledger import Ledger

SAID_EVERY_S = 0.01


def main() -> None:
    """Record, say, close."""
    url, rows, a_second = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    ledger = Ledger(Database(url), QUICK)
    begun, recorded, said_at = time.monotonic(), 0, 0.0
    while recorded < rows and not stop.is_set():
        due = min(rows, int((time.monotonic() - begun) * a_second) + 1)
        while recorded < due:
            ledger.record(row(recorded, run_id=str(os.getpid())))
            recorded += 1
        if time.monotonic() - said_at > SAID_EVERY_S:
            said_at = time.monotonic()
            say(ledger, recorded)
        stop.wait(0.001)
    ledger.close(within_s=10.0)
    say(ledger, recorded)


def say(ledger: Ledger, recorded: int) -> None:
    """How it stands."""
    print(json.dumps({"recorded": recorded, "written": ledger.written, "lost": ledger.lost}))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
