"""
LangSmith: one trace for each run, whichever processes its turns are made in.

The run is the root, under the id that its workflow chose, and each turn is a child of it. What
a run is called in LangSmith follows from its id and from when it began, so no process has to
remember anything for another. LangSmith is told in the background: it never fails a turn and
never holds one up.
"""

import os
import threading
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from langsmith import Client

from activities.model import Answer, Trace
from contexten.classification import without_keys
from contexten.transcript import Message

log = structlog.get_logger()

LONGEST_SHOWN = 20_000
MOST_SHOWN = 50
CLOSE_S = 2.0
TIMEOUT_MS = 5000
ORDERED = "%Y%m%dT%H%M%S%fZ"


@dataclass(frozen=True, slots=True)
class Traced:
    """One turn that is under way."""

    tracing: "Tracing"
    trace: Trace
    id: uuid.UUID
    began: datetime

    def ended(self, answer: Answer) -> str | None:
        """It ended with *answer*; where a person sees the trace."""
        calls = [{"name": c.name, "arguments": shown(c.arguments)} for c in answer.calls]
        said = {
            "text": shown(answer.text),
            "calls": calls,
            "model": answer.model,
            "unusable": answer.unusable,
            "usage_metadata": {
                "input_tokens": answer.tokens_in,
                "output_tokens": answer.tokens_out,
                "total_tokens": answer.tokens_in + answer.tokens_out,
            },
        }
        self.tracing.end(self, outputs=said)
        return self.tracing.url(self.trace)

    def failed(self, error: BaseException) -> None:
        """It failed."""
        self.tracing.end(self, error=f"{type(error).__name__}: {shown(str(error))}")


class Tracing:
    """What LangSmith is told through."""

    def __init__(self, client: Client, project: str) -> None:
        self._client = client
        self._project = project
        self._where: str | None = None
        self._asked = False

    def turn(self, trace: Trace, messages: Sequence[Message]) -> Traced:
        """A turn begins: it was told *messages*."""
        now = datetime.now(UTC)
        traced = Traced(self, trace, uuid.uuid4(), now)
        root = uuid.UUID(trace.id)
        order = dotted(trace.began, root)
        said = [{"role": one.role, "content": shown(one.text)} for one in messages[-MOST_SHOWN:]]
        if trace.number == 1:
            self._tell(
                id=root,
                trace_id=root,
                dotted_order=order,
                name=trace.run,
                run_type="chain",
                inputs={"messages": said},
                start_time=trace.began,
                end_time=now,
            )
        self._tell(
            id=traced.id,
            trace_id=root,
            parent_run_id=root,
            dotted_order=f"{order}.{dotted(now, traced.id)}",
            name=f"turn {trace.number}",
            run_type="llm",
            inputs={"messages": said},
            start_time=now,
        )
        return traced

    def end(self, traced: Traced, **how: Any) -> None:
        """A turn ended."""
        root = uuid.UUID(traced.trace.id)
        with suppress(Exception):
            self._client.update_run(
                traced.id,
                trace_id=root,
                parent_run_id=root,
                dotted_order=".".join(
                    (dotted(traced.trace.began, root), dotted(traced.began, traced.id))
                ),
                end_time=datetime.now(UTC),
                **how,
            )

    def url(self, trace: Trace) -> str | None:
        """Where a person sees *trace*; None as long as LangSmith has not said."""
        if not self._asked:
            self._asked = True
            threading.Thread(target=self._ask_where, daemon=True).start()
        return f"{self._where}/r/{trace.id}" if self._where else None

    def _ask_where(self) -> None:
        try:
            self._where = self._client.read_project(project_name=self._project).url
        except Exception as error:  # noqa: BLE001 - whatever it is, no turn depends on it
            self._asked = False
            log.warning("tracing.failed", reason=type(error).__name__)

    def _tell(self, **run: Any) -> None:
        try:
            self._client.create_run(project_name=self._project, **run)
        except Exception as error:  # noqa: BLE001 - whatever it is, the turn goes on
            log.warning("tracing.failed", reason=type(error).__name__)

    def close(self) -> None:
        """Tell what is still to be told, for a moment."""
        with suppress(Exception):
            self._client.flush(timeout=CLOSE_S)


def as_set(environ: Mapping[str, str] = os.environ) -> Tracing | None:
    """The tracing that LANGSMITH_TRACING and its like ask for; None if they ask for none."""
    if environ.get("LANGSMITH_TRACING", "").lower() not in ("true", "1", "yes"):
        return None
    client = Client(
        api_url=environ.get("LANGSMITH_ENDPOINT"),
        api_key=environ.get("LANGSMITH_API_KEY"),
        timeout_ms=TIMEOUT_MS,
        omit_traced_runtime_info=True,
    )
    return Tracing(client, environ.get("LANGSMITH_PROJECT") or "contexten")


def dotted(began: datetime, run: uuid.UUID) -> str:
    """By what LangSmith orders the runs of a trace."""
    return began.astimezone(UTC).strftime(ORDERED) + str(run)


def shown(text: str) -> str:
    """*text* as LangSmith may see it: bounded, and without keys."""
    cut = text[:LONGEST_SHOWN]
    return "".join(without_keys(cut[i : i + 3000]) for i in range(0, len(cut), 3000))
