"""Every line of a log is one JSON object, whoever says it; a disk that refuses costs nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import asyncio, logging, structlog
from starter.logs import log_to_stderr
log_to_stderr()
structlog.get_logger().info("ours", count=3)
logging.getLogger("temporalio.activity").info("of no concern")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("temporalio.activity").warning("theirs of %s", "Slack", exc_info=True)
try:
    raise asyncio.CancelledError
except asyncio.CancelledError:
    logging.getLogger("uvicorn.error").error("ended by ourselves", exc_info=True)
print("still here")
"""


def test_what_libraries_say_is_json_as_well_and_on_one_line() -> None:
    said = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    ours, theirs = map(json.loads, said.stderr.splitlines())

    assert (ours["event"], ours["level"], ours["count"]) == ("ours", "info", 3)
    assert (theirs["event"], theirs["level"]) == ("theirs of Slack", "warning")
    assert "ZeroDivisionError" in theirs["exception"]
    assert {"timestamp"} <= ours.keys() & theirs.keys()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is full for good")
def test_a_log_that_cannot_be_written_stops_nobody() -> None:
    with Path("/dev/full").open("wb") as full:
        said = subprocess.run(
            [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=full, check=False
        )

    assert said.stdout == b"still here\n"
