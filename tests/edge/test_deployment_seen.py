"""What is seen of a deployment agrees with the code: engine, metrics, alerts, dashboard."""

import asyncio
import json
import re
import shutil
import subprocess
import urllib.request
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from deployed import ROOT, SERVICES, WORKERS, environment, mounts
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowFailureError
from temporalio.common import MetricMeter, RetryPolicy
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker
from waiting import free_port

from activities.metrics import AttemptMetrics, StandingMetrics
from contexten.ledger import Attempt, Outcome
from contexten.queues import Queue
from contexten.snapshot import Snapshot
from contexten.standing import Standing
from starter import client as starter_client
from starter import engine
from starter.aside import Aside
from starter.ledger import losses_of
from starter.limits import BodyMemory
from starter.serve import counters_of
from starter.settings import MIB, Settings
from starter.spool import Spool


def test_the_cluster_is_tuned_as_the_embedded_engine_is() -> None:
    text = (ROOT / "deploy/temporal/dynamic-config.yaml").read_text()
    tuned = {key: values[0]["value"] for key, values in yaml.safe_load(text).items()}

    assert tuned == {key: json.loads(value) for key, value in engine.DYNAMIC_CONFIG.items()}


@pytest.mark.parametrize(
    "script", ["temporal/schema.sh", "temporal/namespace.sh", "postgresql/ledger.sh"]
)
def test_the_databases_scripts_are_shell(script: str) -> None:
    path = ROOT / "deploy" / script

    assert subprocess.run(["sh", "-n", path], check=False).returncode == 0


PROMETHEUS: dict[str, Any] = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
ALERTS: dict[str, Any] = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())
RULES: list[dict[str, Any]] = [rule for group in ALERTS["groups"] for rule in group["rules"]]


def test_prometheus_asks_every_worker_that_runs() -> None:
    job = next(job for job in PROMETHEUS["scrape_configs"] if job["job_name"] == "workers")
    found = job["dns_sd_configs"][0]

    assert set(found["names"]) == set(WORKERS)
    assert {str(found["port"])} == {environment(name)["METRICS_PORT"] for name in WORKERS}


def test_prometheus_knows_only_services_that_are_there() -> None:
    static = [job.get("static_configs", []) for job in PROMETHEUS["scrape_configs"]]
    alertmanagers = [one["static_configs"] for one in PROMETHEUS["alerting"]["alertmanagers"]]
    targets = [t for group in static + alertmanagers for one in group for t in one["targets"]]

    assert {target.split(":")[0] for target in targets} <= {*SERVICES, "localhost"}
    assert f"door:{environment('door')['PORT']}" in targets
    assert "temporal:" + str(environment("temporal")["PROMETHEUS_ENDPOINT"])[-4:] in targets


def test_prometheus_finds_its_alert_rules() -> None:
    inside = next(p for p, source in mounts(SERVICES["prometheus"]).items() if source[0] == ".")
    files = [Path(name).relative_to(inside) for name in PROMETHEUS["rule_files"]]

    assert all((ROOT / "deploy/prometheus" / file).exists() for file in files)


def test_every_alert_says_how_bad_it_is_and_what_to_do() -> None:
    for rule in RULES:
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"].endswith(".")


def test_every_served_queue_is_missed_when_nobody_serves_it() -> None:
    rule = next(rule for rule in RULES if rule["alert"] == "QueueUnserved")

    assert set(re.findall(r'task_queue="(\w+)"', rule["expr"])) == set(Queue)


def test_alertmanager_routes_to_a_receiver_it_has() -> None:
    config = yaml.safe_load((ROOT / "deploy/alertmanager/alertmanager.yml").read_text())
    silenced = str(config["inhibit_rules"])

    assert config["route"]["receiver"] in {one["name"] for one in config["receivers"]}
    named = set(re.findall(r"\b[A-Z]\w+[A-Z]\w+\b", silenced))
    assert named
    assert named <= {rule["alert"] for rule in RULES}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool on this machine")
def test_promtool_takes_the_alert_rules() -> None:
    file = ROOT / "deploy/prometheus/alerts.yml"

    assert subprocess.run(["promtool", "check", "rules", file], check=False).returncode == 0


DASHBOARDS = sorted((ROOT / "deploy/grafana/dashboards").glob("*.json"))


def test_grafana_finds_its_dashboard_and_its_source() -> None:
    folder = ROOT / "deploy/grafana/provisioning"
    provider = yaml.safe_load((folder / "dashboards/contexten.yml").read_text())["providers"][0]
    source = yaml.safe_load((folder / "datasources/prometheus.yml").read_text())["datasources"][0]

    assert mounts(SERVICES["grafana"])[provider["options"]["path"]] == "./deploy/grafana/dashboards"
    assert DASHBOARDS
    for path in DASHBOARDS:
        panels = json.loads(path.read_text())["panels"]
        assert {panel["datasource"]["uid"] for panel in panels} == {source["uid"]}
        assert all(panel["targets"] and panel["description"] for panel in panels)


def named_metrics() -> set[str]:
    """Every metric of ours or of a worker that an alert or a panel names."""
    texts = [rule["expr"] for rule in RULES]
    for path in DASHBOARDS:
        panels = json.loads(path.read_text())["panels"]
        texts += [target["expr"] for panel in panels for target in panel["targets"]]
    found = set(re.findall(r"\b(?:temporal|contexten)_\w+", " ".join(texts)))
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in found}


@activity.defn
async def fail_or_not(fail: bool) -> None:
    """
    Raises:
        ValueError: If told to.
    """
    if fail:
        raise ValueError("told to fail")


@workflow.defn
class Measured:
    """Workflow ID: ``measured-<whether it fails>``."""

    @workflow.run
    async def run(self, fail: bool) -> None:
        await workflow.execute_activity(
            fail_or_not,
            fail,
            start_to_close_timeout=timedelta(seconds=5),
            retry_policy=RetryPolicy(maximum_attempts=1),
        )


async def shown_by_a_worker(address: str) -> set[str]:
    """The metrics of a worker that did well once, failed once, and was refused once."""
    port = free_port()
    settings = Settings(_env_file=None, METRICS_PORT=port)  # type: ignore[call-arg]
    client = await Client.connect(address, runtime=starter_client.telemetry(settings))
    serving = Worker(
        client,
        task_queue="measured",
        workflows=[Measured],
        activities=[fail_or_not],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    async with serving:
        for fail in (False, True):
            with suppress(WorkflowFailureError):
                await client.execute_workflow(
                    Measured.run, fail, id=f"measured-{fail}", task_queue="measured"
                )
        with suppress(RPCError):
            await client.get_workflow_handle("not there").describe()
        losses_of(client)
        show_ours(starter_client.meter_of(client))
        shown = await asyncio.to_thread(scrape, port)
    await asyncio.sleep(0.1)
    return shown


def show_ours(meter: MetricMeter) -> None:
    """One attempt, and one standing."""
    AttemptMetrics(meter).record(
        Attempt(datetime.now(UTC), "slack", "slack.read_user", 1, Outcome.OK, latency_s=0.01)
    )
    StandingMetrics(meter).show(Snapshot(gates={"slack": Standing()}))


def scrape(port: int) -> set[str]:
    """The names of the metrics shown on *port*."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        return types_in(answer.read().decode())


def types_in(text: str) -> set[str]:
    """The names of the metrics in *text*, which is Prometheus'."""
    return set(re.findall(r"^# TYPE (\w+) ", text, re.MULTILINE))


async def shown_by_the_door(folder: Path) -> set[str]:
    """The metrics of a door that has answered nothing yet."""
    spool = Spool(folder / "spool", segment_bytes=MIB, limit_bytes=MIB)
    aside = Aside(folder / "quarantine", folder / "refused", spool.folder)
    shown = counters_of(BodyMemory(MIB), aside, spool).text().decode()
    await spool.close()
    return types_in(shown)


def test_every_metric_that_is_named_is_one_that_is_shown(
    engine_address: str, tmp_path: Path
) -> None:
    shown = asyncio.run(shown_by_a_worker(engine_address))
    shown |= asyncio.run(shown_by_the_door(tmp_path))

    assert len(named_metrics()) >= 10
    assert named_metrics() - shown == set()
