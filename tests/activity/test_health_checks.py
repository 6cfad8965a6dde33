"""Health checks are found, made all at once, each in its time, and none breaks a round."""

import asyncio
import re
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from attempts import BAD, GOOD, ledger_at
from temporalio.client import Client

from activities.clients.engine_health import EngineHealth
from activities.evidence import Evidence
from activities.health import BrokenChecks, Checkup, Registered, load
from activities.limits import LimitsHeard
from activities.stores.database import Database
from activities.stores.limits import LimitsKept
from activities.stores.traffic import Calls
from contexten.errors import ServerError
from contexten.health import Check, Family, Reading, Result, Status
from contexten.limits import Limits
from contexten.operations import PLATFORMS, PROBED_WHEN_QUIET
from contexten.queues import Queue
from contexten.traffic import Probe, Traffic

SHIPPED = "activities.health_checks"
WELL = Reading(Status.HEALTHY, "well", 1.0, "x")
QUICK = timedelta(seconds=0.1)


class Idle:
    """An engine that answers at once, and on whose queues as many work as one says."""

    def __init__(
        self, pollers: Mapping[str, int] | None = None, runs: tuple[int, int] = (0, 0)
    ) -> None:
        self.on = pollers or dict.fromkeys(Queue, 1)
        self.ended = runs

    async def answers(self) -> float:
        return 0.01

    async def pollers(self) -> Mapping[str, int]:
        return self.on

    async def runs(self) -> tuple[int, int]:
        return self.ended


class Stuck:
    """A ledger that answers when it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def seen(self, *asked: object) -> tuple[Traffic, dict[str, Traffic]]:
        self.let_go.wait(20)
        return Traffic(), {}

    def tool_calls(self, since: datetime) -> tuple[int, int]:
        return 0, 0

    def read(self) -> dict[str, Limits]:
        return {}


def one(
    function: Callable[..., object], name: str = "odd", timeout: timedelta = QUICK
) -> Registered:
    """A check made by *function*."""
    return Registered(Check(name, Family.SYSTEM, timeout=timeout), function)


async def found(*checks: Registered) -> list[Result]:
    """What these checks find in one round."""
    return list(await Checkup(checks).round(None))


def shipped(evidence: Evidence, *probes: Probe) -> dict[str, Result]:
    """What the checks we ship find, by name."""
    look = evidence.look(probes)
    return {r.name: r for r in asyncio.run(Checkup(load([SHIPPED])).round(look))}


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path}/ledger.db")


@pytest.fixture
def evidence(tmp_path: Path, database: Database) -> Evidence:
    return Evidence(str(tmp_path), Calls(database), Idle(), LimitsKept(database))


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Write a module of checks, as a user would."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def written(source: str) -> str:
        name = f"checks_{uuid.uuid4().hex}"
        declares = "from contexten.health import Family, Reading, Status, check\n"
        (tmp_path / f"{name}.py").write_text(declares + source)
        return name

    return written


def test_the_families_of_the_report_are_all_looked_at() -> None:
    checks = [registered.check for registered in load([SHIPPED])]

    assert {check.family for check in checks} == set(Family)
    assert {check.name for check in checks if check.critical} == {
        "memory",
        "disk",
        "engine",
        *PROBED_WHEN_QUIET,
    }


def test_this_machine_is_measured(evidence: Evidence) -> None:
    results = shipped(evidence)

    for name in ("cpu", "memory", "disk"):
        value = results[name].value
        assert value is not None
        assert 0 <= value <= 100
        assert results[name].unit == "%"
        assert results[name].status is not Status.UNKNOWN


def test_a_folder_that_is_yet_to_be_made_is_on_the_disk_of_the_one_above(
    evidence: Evidence, tmp_path: Path
) -> None:
    later = shipped(replace(evidence, var=f"{tmp_path}/not/yet"))["disk"]

    assert later.value == pytest.approx(shipped(evidence)["disk"].value, abs=1)


def test_without_calls_platforms_and_our_own_work_are_not_known(evidence: Evidence) -> None:
    results = shipped(evidence)

    assert {results[name].status for name in (*PLATFORMS, "latency")} == {Status.UNKNOWN}
    assert results["throughput"].value == 0


def test_real_calls_say_how_a_platform_does(evidence: Evidence, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with ledger_at(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        for n in range(20):
            ledger.record(replace(GOOD, at=now - timedelta(seconds=n), latency_s=n / 10))
            ledger.record(replace(BAD, at=now - timedelta(seconds=n), platform="slack"))

    results = shipped(evidence)

    assert results["github"].status is Status.HEALTHY
    assert results["github"].value == pytest.approx(1.8)
    assert results["slack"].status is Status.UNHEALTHY
    assert results["slack"].said == "20 of 20 calls failed; the last of: GitHub answered 503"
    assert results["linear"].status is Status.UNKNOWN
    assert results["error_rate"].value == 50


def test_a_probe_says_how_a_platform_does_that_nobody_called(evidence: Evidence) -> None:
    probe = Probe("linear", False, "ServerError: 502", 0.2, datetime.now(UTC))

    results = shipped(evidence, probe)

    assert results["linear"].status is Status.UNHEALTHY
    assert "502" in results["linear"].said


async def test_a_ledger_that_does_not_answer_makes_no_platform_unhealthy(tmp_path: Path) -> None:
    stuck = Stuck()
    evidence = Evidence(str(tmp_path), stuck, Idle(), stuck)

    results = await Checkup(load([SHIPPED])).round(evidence.look())
    stuck.let_go.set()

    named = {result.name: result for result in results}
    assert named["ledger"].said == "no answer within 5 s"
    assert {named[name].status for name in (*PLATFORMS, "error_rate")} == {Status.UNKNOWN}


async def test_what_a_platform_says_of_its_limit_is_seen_from_every_process(
    evidence: Evidence, database: Database
) -> None:
    now = datetime.now(UTC)
    heard = LimitsHeard(LimitsKept(database))
    said = Limits(40, 5000, now + timedelta(minutes=10), now)
    await heard.keep({"github": lambda: said, "linear": lambda: None})
    await heard.keep({"github": lambda: replace(said, remaining=39, asked_at=now - QUICK)})

    look = evidence.look()
    github, linear = await look.allowance("github"), await look.allowance("linear")

    assert (github.status, github.value) == (Status.DEGRADED, 40)
    assert github.said.startswith("40 of 5000 requests left, all of them again at")
    assert linear.status is Status.UNKNOWN


async def test_a_limit_that_cannot_be_kept_is_kept_once_it_can(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    (tmp_path / "file").write_text("")
    database = Database(f"sqlite:///{tmp_path}/file/x.db")
    heard = LimitsHeard(LimitsKept(database))
    said = {"github": lambda: Limits(1, 2, now, now)}

    await heard.keep(said)
    (tmp_path / "file").unlink()
    await heard.keep(said)

    assert LimitsKept(database).read() == {"github": Limits(1, 2, now, now)}


def test_a_ledger_that_refuses_is_unhealthy_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    database = Database(f"sqlite:///{tmp_path}/file/x.db")
    refusing = Evidence(str(tmp_path), Calls(database), Idle(), LimitsKept(database))

    results = shipped(refusing)

    bad = [name for name, result in results.items() if result.status is Status.UNHEALTHY]
    assert bad == ["ledger"]
    assert "TransientError" in results["ledger"].said


@pytest.mark.parametrize(
    ("without", "status"),
    [("slack", Status.DEGRADED), ("deliveries", Status.UNHEALTHY)],
)
def test_a_queue_that_nobody_works_on_is_named(
    evidence: Evidence, without: str, status: Status
) -> None:
    pollers = {str(queue): int(queue != without) for queue in Queue}

    queues = shipped(replace(evidence, engine=Idle(pollers)))["queues"]

    assert (queues.status, queues.said) == (status, f"nobody works on {without}")


@pytest.mark.parametrize(
    ("ended", "failed", "status"),
    [(2, 2, Status.UNKNOWN), (10, 1, Status.HEALTHY), (10, 5, Status.UNHEALTHY)],
)
def test_agents_are_as_well_as_their_runs_end(
    evidence: Evidence, ended: int, failed: int, status: Status
) -> None:
    engine = Idle(runs=(ended, failed))

    assert shipped(replace(evidence, engine=engine))["completion"].status is status


async def test_a_real_engine_answers_and_says_who_works(temporal: Client) -> None:
    engine = EngineHealth(temporal, [Queue.AGENTS, Queue.TOOLS])
    ended, failed = await engine.runs()
    assert ended >= failed >= 0

    assert 0 < await engine.answers() < 5
    assert set(await engine.pollers()) == {"agents", "tools"}


async def test_a_check_that_raises_is_unhealthy_and_says_what_and_where_but_no_key() -> None:
    def broken() -> Reading:
        raise ValueError("no access with xoxb-12-secret, nor with sesame")

    async def broken_too() -> Reading:
        raise ServerError("no access\nwith xoxb-12-secret", platform="slack")

    results = await found(one(broken, "a"), one(broken_too, "b"), one(lambda: WELL, "c"))

    where = r"ValueError in broken \(tests/activity/test_health_checks.py:\d+\)"
    assert re.fullmatch(where, results[0].said)
    assert [r.said for r in results[1:]] == ["ServerError: no access with ***", "well"]
    assert [r.status for r in results] == [Status.UNHEALTHY, Status.UNHEALTHY, Status.HEALTHY]


async def test_a_check_that_would_end_the_process_ends_only_itself() -> None:
    def leaves() -> Reading:
        raise SystemExit(3)

    (result,) = await found(one(leaves))

    assert result.said.startswith("SystemExit in leaves (")


async def test_a_check_that_gives_no_reading_is_unhealthy() -> None:
    (result,) = await found(one(lambda: 3))

    assert result.said == "it gave int, and no Reading"


async def test_a_check_that_waits_too_long_is_given_up_and_ended() -> None:
    ended = asyncio.Event()

    async def waits() -> Reading:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        return WELL

    (result,) = await found(one(waits))

    assert (result.status, result.said) == (Status.UNHEALTHY, "no answer within 0.1 s")
    assert result.took_s < 5
    assert ended.is_set()


async def test_a_check_whose_own_wait_ran_out_says_so_and_not_that_it_was_late() -> None:
    async def refused() -> Reading:
        raise TimeoutError("the licence server is silent")

    (result,) = await found(one(refused))

    assert result.said.startswith("TimeoutError in refused (")


async def test_a_check_that_does_not_come_back_is_not_begun_again_before_it_has() -> None:
    let_go, begun = threading.Event(), []

    def hangs() -> Reading:
        begun.append(1)
        let_go.wait(20)
        return WELL

    checkup = Checkup([one(hangs)])
    said = [(await checkup.round(None))[0].said for _ in range(3)]
    let_go.set()
    while (last := (await checkup.round(None))[0]).status is not Status.HEALTHY:
        assert len(begun) == 1
        await asyncio.sleep(0.01)

    assert said[0] == "no answer within 0.1 s"
    assert all("has not come back" in one for one in said[1:])
    assert (last.said, len(begun)) == ("well", 2)


async def test_the_checks_of_a_round_are_made_at_once() -> None:
    together = threading.Barrier(10)

    def meets() -> Reading:
        together.wait(10)
        return WELL

    checks = [one(meets, str(n), timedelta(seconds=8)) for n in range(10)]

    assert {result.said for result in await found(*checks)} == {"well"}


async def test_a_users_check_is_made_beside_those_we_ship(module: Callable[[str], str]) -> None:
    name = module(
        "@check('licence', family=Family.APPLICATION)\n"
        "async def licence() -> Reading:\n"
        "    return Reading(Status.DEGRADED, 'three days left', 3, 'd')\n"
    )

    *_, last = load([SHIPPED, name])

    assert (await found(last))[0].value == 3


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("nothing = 1\n", "declares no check"),
        ("def (", r"checks_\w+\.py:2: SyntaxError"),
        ("raise OSError('no')\n", r"checks_\w+\.py:2: OSError: no"),
        ("check('', family=Family.AGENT)\n", "ValueError: a check has a name"),
        ("@check('a', family=Family.AGENT)\ndef a(b, c): ...\n", "a takes nothing, or what"),
        (
            "@check('a', family=Family.AGENT)\ndef a(): ...\n"
            "@check('a', family=Family.AGENT)\ndef b(): ...\n",
            "two named a",
        ),
        ("from activities.health_checks import disk\n", "declares no check"),
    ],
)
def test_a_module_that_cannot_be_used_is_refused_with_the_place(
    module: Callable[[str], str], source: str, reason: str
) -> None:
    with pytest.raises(BrokenChecks, match=reason):
        load([module(source)])


def test_a_module_that_is_not_there_is_refused() -> None:
    with pytest.raises(BrokenChecks, match="checks module not_there: ModuleNotFoundError"):
        load(["not_there"])


def test_a_check_named_as_one_of_ours_is_refused(module: Callable[[str], str]) -> None:
    name = module("@check('disk', family=Family.SYSTEM)\ndef disk(): ...\n")

    with pytest.raises(BrokenChecks, match="two named disk"):
        load([SHIPPED, name])
