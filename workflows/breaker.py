"""The workflow that holds a platform's gate, for the whole cluster."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():  # one copy of each value, or `is` tells them apart
    from contexten.breaker import Forced
    from contexten.calls import Group
    from contexten.gate import WHOLE, Batch, Gate, Rules
    from contexten.incident import Incident
    from contexten.orders import LONGEST_REASON, Entry, Order, Pause, clean, logged, order_of
    from contexten.outage import fatal_followed, followed, heard, unproven
    from contexten.rulebook import from_json
    from contexten.standing import Rate, next_due, rate, standing

from workflows import control
from workflows.standing_shown import shown

SOONEST = timedelta(milliseconds=50)
IDLE = {
    "resume": "it is not paused",
    "release": "no breaker is forced",
    "release_hold": "it is not held",
}
"""Why an order that changes nothing has no effect."""

AFTER_A_FAILURE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Carried:
    """What a run hands over to the next; the book as JSON, which knows no durations."""

    gate: Gate = field(default_factory=Gate)
    book: dict[str, Any] = field(default_factory=dict)
    told: Batch = field(default_factory=Batch)
    incident: Incident | None = None
    fatal: Incident | None = None
    orders: tuple[Entry, ...] = ()
    applied: Rate | None = None


@workflow.defn
class PlatformWorkflow:
    """
    Hold a platform's gate: open and shut it by what its calls come to, and by what people say.

    Workflow ID: ``platform/<name>``; there is exactly one for each platform.
    """

    @workflow.init
    def __init__(self, carried: Carried | None = None) -> None:
        carried = carried or Carried()
        self._platform = workflow.info().workflow_id.partition("/")[2]
        self._gate, self._told, self._rules = carried.gate, carried.told, Rules()
        self._incident, self._fatal = carried.incident, carried.fatal
        self._orders, self._applied = carried.orders, carried.applied
        self._memo: dict[str, Any] = {}
        self._probing, self._recording = 0, False
        self._stale = self._changed = True
        self._saved: set[Incident] = set()
        self.rules_changed(carried.book)

    @workflow.run
    async def run(self, carried: Carried | None = None) -> None:
        while not workflow.info().is_continue_as_new_suggested():
            self._changed = False
            if self._stale:
                await self._read_rules()
            await self._settled()
            await self._something_is_due()
        await workflow.wait_condition(self._quiet)
        workflow.continue_as_new(self._carried())

    def _carried(self) -> Carried:
        now = self._gate, self._book, self._told, self._incident, self._fatal, self._orders
        return Carried(*now, self._applied)

    async def _read_rules(self) -> None:
        """Follow the rule book as it is now, unless a newer one came while it was being read."""
        self._stale, known = False, self._rules
        try:
            book = await control.read_rules()
            if book and (self._rules is known or from_json(book).version >= self._rules.version):
                self._follow(book)
        except ActivityError as error:
            workflow.logger.warning("%s: goes by the rules it had: %s", self._platform, error.cause)

    def _quiet(self) -> bool:
        return not (self._probing or self._recording) and workflow.all_handlers_finished()

    async def _settled(self) -> None:
        """Do what follows from the gate as it is now: probes, the queue's rate, the records."""
        now = workflow.now()
        self._turn(self._gate.tick(self._rules, now))
        held = rate(self._gate, self._rules, now).rps == 0
        self._gate = self._gate.spanned(held=held, now=now)
        wanted = rate(self._gate, self._rules, now)
        for group in self._gate.to_probe:
            self._begin_probe(group)
        self._gate = self._gate.probes_taken()
        self._show(now)
        self._begin_record()
        try:
            await self._apply(wanted)
            if self._gate.ramping_since and not await control.count_waiting(self._platform):
                self._gate = self._gate.drained()
                self._changed = True
        except ActivityError as error:
            workflow.logger.warning("%s: cannot settle: %s", self._platform, error.cause)

    def _turn(self, after: Gate) -> None:
        """From now on the gate is *after*; what that means for the incident is noted."""
        now, known = workflow.now(), self._incident
        self._incident = followed(known, self._platform, self._gate, after, self._told, now)
        self._told = unproven(self._told, after)
        self._changed |= after != self._gate or self._incident != known
        self._gate = after

    async def _apply(self, wanted: Rate) -> None:
        """Have the queue go as *wanted*; at first in any case: an earlier one may have held it."""
        if wanted == self._applied:
            return
        await control.set_queue_rate(self._platform, wanted)
        incident = self._open_incident()
        if wanted.rps == 0 and incident and incident.mitigated_at is None:
            held = f"the queue is held: {wanted.because}"
            self._incident = incident.mitigated(workflow.now(), held)
        self._applied = wanted

    def _begin_record(self) -> None:
        """Have incidents kept, beside all else: a database that hangs must hold up no hold."""
        if self._unsaved() and not self._recording:
            self._recording = True
            asyncio.create_task(self._record())  # noqa: RUF006 - one at a time, and waited for

    async def _record(self) -> None:
        try:
            for incident in self._unsaved():
                await control.save_incident(incident)
                self._saved = {i for i in self._saved if i.id != incident.id} | {incident}
        except ActivityError as error:
            workflow.logger.warning("%s: incident not kept: %s", self._platform, error.cause)
        finally:
            self._recording = False

    def _unsaved(self) -> list[Incident]:
        return [i for i in (self._incident, self._fatal) if i and i not in self._saved]

    async def _something_is_due(self) -> None:
        """Wait until somebody said something, or the time alone changes something."""
        now = workflow.now()
        due = next_due(self._gate, self._rules, now)
        if self._unsaved() or rate(self._gate, self._rules, now) != self._applied:
            due = min(due or now + AFTER_A_FAILURE, now + AFTER_A_FAILURE)
        try:
            await workflow.wait_condition(
                lambda: self._changed or workflow.info().is_continue_as_new_suggested(),
                timeout=max(due - now, SOONEST) if due else None,
                timeout_summary="until the gate changes by itself",
            )
        except TimeoutError:
            self._changed = True

    def _begin_probe(self, group: str) -> None:
        self._probing += 1
        wanted = self._group_that_failed() if group == WHOLE else group
        asyncio.create_task(self._probe(group, wanted))  # noqa: RUF006 - counted, and waited for

    async def _probe(self, group: str, wanted: str) -> None:
        """Have the cheapest honest equivalent of the calls of the group *wanted* made, once."""
        round_ = self._gate.breakers[group].since
        try:
            said = await control.probe(self._platform, wanted)
            how = "passed"
        except ActivityError as error:
            said, how = str(error.cause), "failed" if control.was_made(error) else "was not made"
        finally:
            self._probing -= 1
        now = workflow.now()
        if incident := self._open_incident():
            self._incident = incident.noted(now, f"a probe of {wanted} {how}: {said}")
        if self._gate.breakers[group].since != round_ or how == "was not made":
            return  # it was of an earlier round; or it says nothing, and others are made in time
        well = how == "passed"
        if well and group != WHOLE:
            self._told = replace(self._told, proof=f"a probe of {wanted}")
        self._turn(self._gate.probed(group, well=well, rules=self._rules, now=now))

    def _group_that_failed(self) -> str:
        """The groups whose own breakers are open, in turn; reads if none is."""
        bad = [g for g, b in self._gate.breakers.items() if g != WHOLE and b.opened_for]
        return str((bad or [Group.READ])[self._probing % len(bad or [1])])

    def _show(self, now: datetime) -> None:
        """Let everybody see how things stand, if that has changed."""
        memo = standing(self._gate, self._rules, now)
        memo["orders"] = [entry.as_json() for entry in self._orders[-20:]]
        if memo == self._memo:
            return
        self._memo = memo
        workflow.upsert_memo({"standing": memo})
        workflow.set_current_details(shown(self._platform, memo, self._incident, self._orders))

    # What machines say.

    @workflow.signal
    def outcomes_reported(self, *said: Any) -> None:
        """From a worker: what its calls came to, a batch."""
        now, window = workflow.now(), self._rules.breaker.time_window
        try:
            batch = batch_in(said)
            told = heard(self._told, batch, self._gate, self._incident, window)
            after = self._gate.reported(batch, self._rules, now)
        except Exception as error:  # noqa: BLE001 - a signal that fails fails for ever
            workflow.logger.warning("%s: not understood: %r", self._platform, error)
            return
        self._told = told
        self._turn(after)
        self._fatal = fatal_followed(self._fatal, self._platform, batch, now)
        self._changed = True

    def _open_incident(self) -> Incident | None:
        return self._incident if self._incident and self._incident.open else None

    @workflow.signal
    def rules_changed(self, *said: Any) -> None:
        """From the rule book: another version is in force, the book."""
        book = said[0] if said and isinstance(said[0], dict) else {}
        if from_json(book).version >= self._rules.version:
            self._follow(book)
        else:
            self._stale = self._changed = True  # begun anew, or misled: the memo has the truth

    def _follow(self, book: dict[str, Any]) -> None:
        found = from_json(book)
        self._book = book
        breaker = found.breaker_for(self._platform)
        self._rules = replace(self._rules, breaker=breaker, version=found.version)
        self._changed = True

    # What people say.

    @workflow.signal(dynamic=True)
    def refused(self, name: str, arguments: Sequence[RawValue]) -> None:
        """A signal nobody knows: written down, without effect."""
        self._log(Entry(workflow.now(), clean(name), refused="there is no such order"))

    @workflow.signal
    def pause(self, *arguments: Any) -> None:
        """From a person: make no calls, until resumed or for a time."""
        self._obey(
            "pause", arguments, lambda order, now: replace(self._gate, paused=Pause.of(order, now))
        )

    @workflow.signal
    def resume(self, *arguments: Any) -> None:
        """From a person: the pause is over."""
        self._obey("resume", arguments, lambda _, __: replace(self._gate, paused=None))

    @workflow.signal
    def hold(self, *arguments: Any) -> None:
        """From the service level: make no calls."""
        self._obey(
            "hold", arguments, lambda order, now: replace(self._gate, held=Pause.of(order, now))
        )

    @workflow.signal
    def release_hold(self, *arguments: Any) -> None:
        """From the service level: calls may be made again."""
        self._obey("release_hold", arguments, lambda _, __: replace(self._gate, held=None))

    @workflow.signal
    def force_open(self, *arguments: Any) -> None:
        """From a person: refuse every call, whatever becomes of them."""
        self._obey("force_open", arguments, self._forcing(Forced.OPEN))

    @workflow.signal
    def force_closed(self, *arguments: Any) -> None:
        """From a person: refuse no call, whatever becomes of them."""
        self._obey("force_closed", arguments, self._forcing(Forced.CLOSED))

    @workflow.signal
    def metrics_only(self, *arguments: Any) -> None:
        """From a person: count, and refuse no call."""
        self._obey("metrics_only", arguments, self._forcing(Forced.METRICS_ONLY))

    @workflow.signal
    def release(self, *arguments: Any) -> None:
        """From a person: let the breakers decide again."""
        self._obey("release", arguments, self._forcing(None))

    def _forcing(self, forced: Forced | None) -> Callable[[Order, datetime], Gate]:
        return lambda order, now: self._gate.forced(forced, now, order.until(now))

    def _obey(
        self, name: str, arguments: Sequence[Any], change: Callable[[Order, datetime], Gate]
    ) -> None:
        """Do what a person orders, or write down why it cannot be understood."""
        now = workflow.now()
        try:
            order = order_of(*arguments)
            after = change(order, now)
        except Exception as error:  # noqa: BLE001 - a signal that fails fails for ever
            self._log(Entry(now, name, refused=clean(str(error), LONGEST_REASON)))
            return
        useless = IDLE.get(name) if after == self._gate else None
        again = name == "hold" and self._gate.held and self._gate.held.because == order.because
        self._turn(after)
        if not again:  # a reminder pushes nobody's order out of the log
            self._log(Entry(now, name, order.by, order.because, useless))

    def _log(self, entry: Entry) -> None:
        self._orders, self._changed = logged(self._orders, entry), True

    # What may be asked.

    @workflow.query
    def standing(self) -> dict[str, Any]:
        """How the gate stands, and who ordered what."""
        return self._memo

    @workflow.query
    def incident(self) -> dict[str, Any] | None:
        """The latest incident."""
        return self._incident.as_json() if self._incident else None


def batch_in(said: Sequence[Any]) -> Batch:
    """
    The batch that a signal's arguments are; an empty one if there are none.

    Raises:
        Exception: If they are anything else, as the converter says it.
    """
    if not said:
        return Batch()
    converter = workflow.payload_converter()
    return converter.from_payload(converter.to_payload(said[0]), Batch)
