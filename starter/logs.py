"""What a process says: one JSON object a line, on standard error."""

import asyncio
import logging
import sys
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog


class Log:
    """
    Standard error; what it does not take is lost.

    The disk that refuses our deliveries may be the one that our log goes to, and what we
    could not say must not turn an answer into another one.
    """

    def write(self, said: str) -> int:
        """Write *said*."""
        with suppress(OSError):
            sys.stderr.write(said)
        return len(said)

    def flush(self) -> None:
        """Have all that was written leave us."""
        with suppress(OSError):
            sys.stderr.flush()


def log_to_stderr() -> None:
    """Say everything as JSON, warnings of libraries too; what concerns no operator is left out."""
    said: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
    ]
    printed = structlog.processors.JSONRenderer()
    stream = cast(TextIO, Log())
    structlog.configure(
        processors=[*said, printed], logger_factory=structlog.PrintLoggerFactory(stream)
    )
    handler = logging.StreamHandler(stream)
    handler.addFilter(lambda record: not cancelled(record))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=said,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, printed],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)


def cancelled(record: logging.LogRecord) -> bool:
    """Whether *record* tells of what we ourselves put an end to when we stopped."""
    return record.exc_info is not None and isinstance(record.exc_info[1], asyncio.CancelledError)
