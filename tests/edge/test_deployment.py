"""What we deploy agrees with the code: variables, commands, volumes, the image."""

import json
import re
import shutil
import subprocess
import tomllib
from copy import deepcopy
from pathlib import Path

import jsonschema
import pytest
import typer
from deployed import (
    ALIASES,
    COMPOSE,
    OURS,
    ROOT,
    SERVICES,
    TEMPORALS,
    WORKERS,
    environment,
    interpolated,
    mounts,
    settings_of,
)
from temporalio.envconfig import ClientConfig

import worker
from contexten.queues import Queue
from starter import cli

SCHEMA = json.loads(Path(__file__).with_name("compose.schema.json").read_text())
SECRETS = {
    "GITHUB_TOKEN": {"worker-github", "worker-tools"},
    "LINEAR_ACCESS_TOKEN": {"worker-linear"},
    "SLACK_BOT_TOKEN": {"worker-slack"},
    "GITHUB_WEBHOOK_SECRET": {"door"},
    "LINEAR_WEBHOOK_SECRET": {"door"},
    "SLACK_SIGNING_SECRET": {"door"},
    "LEDGER_URL": set(WORKERS),
    "PAYLOAD_KEYS": set(OURS),
    "OPERATOR_TOKENS": {"door"},
    "OPENAI_API_KEY": {"worker-model"},
    "LANGSMITH_API_KEY": {"worker-model"},
    "LEDGER_PASSWORD": {"postgresql"},
}
OF_OTHERS = {
    "postgresql": {"POSTGRES_USER", "POSTGRES_PASSWORD", "LEDGER_PASSWORD"},
    "temporal-schema": {"SQL_PLUGIN", "SQL_HOST", "SQL_PORT", "SQL_USER", "SQL_PASSWORD"},
    "temporal": {
        "DB",
        "DB_PORT",
        "POSTGRES_SEEDS",
        "POSTGRES_USER",
        "POSTGRES_PWD",
        "BIND_ON_IP",
        "NUM_HISTORY_SHARDS",
        "LOG_LEVEL",
        "PROMETHEUS_ENDPOINT",
        "DYNAMIC_CONFIG_FILE_PATH",
    },
    "temporal-namespace": TEMPORALS,
    "temporal-ui": {"TEMPORAL_ADDRESS"},
    "grafana": {
        "GF_SECURITY_ADMIN_PASSWORD",
        "GF_ANALYTICS_REPORTING_ENABLED",
        "GF_ANALYTICS_CHECK_FOR_UPDATES",
    },
    "influxdb": {
        f"DOCKER_INFLUXDB_INIT_{word}"
        for word in ("MODE", "USERNAME", "PASSWORD", "ORG", "BUCKET", "ADMIN_TOKEN")
    },
    "neo4j": {
        "NEO4J_AUTH",
        "NEO4J_server_memory_heap_max__size",
        "NEO4J_server_memory_pagecache_size",
    },
    "chroma": {"ANONYMIZED_TELEMETRY"},
}


OF_PROVIDERS = {
    "OPENAI_API_KEY",
    "LANGSMITH_API_KEY",
    "LANGSMITH_ENDPOINT",
    "LANGSMITH_PROJECT",
    "LANGSMITH_TRACING",
}
"""What a model's provider, and LangSmith, are reached by."""


def example_variables() -> set[str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return {found[1] for line in lines if (found := re.match(r"# ([A-Z][A-Z0-9_]*)=", line))}


# The compose file.


def test_the_compose_file_keeps_to_the_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    errors = jsonschema.Draft202012Validator(SCHEMA).iter_errors(COMPOSE)

    assert [error.message for error in errors] == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ports", ["0.0.0.0:8000:8000"]),
        ("ports", ["8000:8000"]),
        ("image", "contexten"),
        ("deploy", {"resources": {"limits": {"cpus": "1"}}}),
        ("restart", "sometimes"),
        ("healthcheck", {"test": ["curl"]}),
        ("enviroment", {}),
        ("depends_on", {"temporal": {"condition": "service_ready"}}),
    ],
)
def test_the_schema_refuses_what_we_do_not_allow(key: str, value: object) -> None:
    broken = deepcopy(COMPOSE)
    broken["services"]["door"][key] = value

    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(broken)


def compose_command() -> list[str] | None:
    """The installed Compose, if there is one: it reads a file without an engine."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            asked = subprocess.run([*command, "version"], capture_output=True, check=False)
            if asked.returncode == 0:
                return command
    return None


@pytest.mark.skipif(compose_command() is None, reason="no Compose on this machine")
def test_compose_itself_takes_the_file(tmp_path: Path) -> None:
    filled = tmp_path / "env"
    filled.write_text("".join(f"{name}=x\n" for name in interpolated()))
    file = ROOT / "docker-compose.temporal.yml"
    command = [*(compose_command() or []), "--env-file", str(filled), "-f", str(file), "config"]

    asked = subprocess.run([*command, "--quiet"], capture_output=True, text=True, check=False)

    assert asked.returncode == 0, asked.stderr


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_waits_only_for_what_can_be_waited_for(name: str) -> None:
    for other, rule in SERVICES[name].get("depends_on", {}).items():
        assert other in SERVICES
        if rule["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
        if rule["condition"] == "service_completed_successfully":
            assert SERVICES[other]["restart"].startswith("on-failure")


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_mount_has_a_source(name: str) -> None:
    for source in mounts(SERVICES[name]).values():
        if source.startswith("."):
            assert (ROOT / source).exists(), source
        else:
            assert source in COMPOSE["volumes"]


def test_every_named_volume_is_used() -> None:
    used = {source for service in SERVICES.values() for source in mounts(service).values()}

    assert set(COMPOSE["volumes"]) <= used


def test_no_two_services_publish_the_same_port() -> None:
    ports = [str(p).split(":")[1] for s in SERVICES.values() for p in s.get("ports", ())]

    assert len(ports) == len(set(ports))


def test_the_spool_is_shared_by_the_door_and_what_feeds_the_engine_alone() -> None:
    sharing = {name for name, s in SERVICES.items() if "spool" in mounts(s).values()}

    assert sharing == {"door", "worker-deliveries"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_folder_a_service_writes_outlives_its_container(name: str) -> None:
    settings = settings_of(name)
    wanted = {settings.blobs}
    if name == "door":
        wanted |= {settings.spool, settings.quarantine}
    if name == "worker-deliveries":
        wanted |= {settings.spool, settings.refused}
    if name == "worker-tools":
        wanted.add(settings.codebase)

    assert {str(folder) for folder in wanted} == set(mounts(OURS[name]))


# Variables.


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_services_are_given_settings_and_nothing_else(name: str) -> None:
    of_providers = OF_PROVIDERS if name == "worker-model" else set()

    assert set(environment(name)) <= ALIASES | TEMPORALS | of_providers
    assert settings_of(name).var == Path("/var/lib/contexten")


def test_every_setting_reaches_a_service() -> None:
    given = set[str]().union(*(environment(name) for name in OURS))

    assert given >= ALIASES


@pytest.mark.parametrize("name", sorted(set(SERVICES) - set(OURS)))
def test_services_of_others_are_given_what_they_know(name: str) -> None:
    assert set(environment(name)) == OF_OTHERS.get(name, set())


@pytest.mark.parametrize("secret", sorted(SECRETS))
def test_a_secret_is_seen_only_by_who_needs_it(secret: str) -> None:
    assert {name for name in SERVICES if secret in environment(name)} == SECRETS[secret]


def test_no_secret_is_written_down() -> None:
    secret = re.compile(r"PASSWORD|_PWD|TOKEN|SECRET|_KEY|_AUTH|LEDGER_URL")
    values = [
        (name, key, value)
        for name in SERVICES
        for key, value in environment(name).items()
        if secret.search(key) and value is not None
    ]

    assert values
    assert [v for v in values if ":?" not in v[2]] == []


def test_the_engine_is_found_by_the_sdks_own_variables() -> None:
    given = environment("door")
    found = ClientConfig.load_client_connect_config(
        disable_file=True, override_env_vars={k: str(given[k]) for k in TEMPORALS}
    )

    assert found.get("target_host") == "temporal:7233"
    assert found.get("namespace") == environment("temporal-namespace")["TEMPORAL_NAMESPACE"]


def test_the_example_environment_names_every_setting() -> None:
    assert example_variables() >= ALIASES | OF_PROVIDERS


def test_the_example_environment_names_nothing_unknown() -> None:
    of_the_sdk = {name for name in example_variables() if name.startswith("TEMPORAL_")}

    others = example_variables() - ALIASES - of_the_sdk - OF_PROVIDERS

    assert others == interpolated()
    assert of_the_sdk >= TEMPORALS


# Commands.


def test_the_doors_command_parses() -> None:
    program, *arguments = SERVICES["door"]["command"]
    group = typer.main.get_command(cli.app)
    assert isinstance(group, typer.core.TyperGroup)
    context = group.make_context(program, list(arguments), resilient_parsing=False)

    name, command, rest = group.resolve_command(context, list(arguments))
    assert command is not None

    assert command.make_context(name, rest, parent=context).params is not None
    assert name == "serve"


def test_the_scripts_entry_point_is_the_cli() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert project["scripts"]["contexten"] == "starter.cli:main"
    assert callable(cli.main)


@pytest.mark.parametrize("name", sorted(WORKERS))
def test_a_workers_command_parses(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    program, file, *arguments = WORKERS[name]["command"]
    assert (program, file) == ("python", "worker.py")

    with pytest.raises(SystemExit) as left:
        worker.main([*arguments, "--help"])

    assert left.value.code == 0
    assert "--queues" in capsys.readouterr().out


def test_a_worker_of_an_unknown_queue_does_not_parse(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        worker.main(["--queues", "nowhere", "--help"])

    assert left.value.code == 2
    assert "nowhere" in capsys.readouterr().err


def test_each_queue_has_a_service_of_its_own() -> None:
    served = sorted(service["command"][-1] for service in WORKERS.values())

    assert served == sorted(Queue)


def test_every_worker_is_started_without_being_asked_for() -> None:
    assert [name for name, service in WORKERS.items() if "profiles" in service] == []


# The image.


def dockerfile() -> list[str]:
    """The instructions of the Dockerfile, each on one line."""
    joined = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    return [line for line in joined.splitlines() if line and not line.startswith("#")]


def copied() -> set[str]:
    """What the image takes from the checkout."""
    lines = (line.split()[1:] for line in dockerfile() if line.startswith("COPY "))
    return {source for line in lines if "--from" not in line[0] for source in line[:-1]}


def test_the_image_holds_every_package_and_nothing_that_is_missing() -> None:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    modules = {f"{module}.py" for module in tool["py-modules"]}
    ours = {name.split(".")[0] for name in tool["packages"]} | modules

    assert copied() >= ours
    assert [name for name in copied() if not (ROOT / name).exists()] == []


def test_what_the_image_takes_is_in_its_context() -> None:
    let_through = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }

    assert let_through == copied()


def test_the_image_runs_as_nobody_special_and_says_how_it_is() -> None:
    users = [line.split()[1] for line in dockerfile() if line.startswith("USER ")]

    assert users
    assert users[-1] not in {"root", "0"}
    assert any(line.startswith("HEALTHCHECK ") for line in dockerfile())


def test_the_image_has_git() -> None:
    installs = [line for line in dockerfile() if "apt-get install" in line]

    assert [" git " in line for line in installs] == [True]


def test_the_images_folders_are_those_we_write() -> None:
    of = settings_of("door")
    paths = (of.spool, of.quarantine, of.refused, of.blobs, of.codebase)
    folders = {path.name for path in paths}
    made = next(line for line in dockerfile() if "useradd" in line)

    assert set(re.search(r"for folder in ([\w ]+);", made)[1].split()) == folders  # type: ignore[index]


def test_the_image_is_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert {service["image"] for service in OURS.values()} == {f"contexten:{project['version']}"}
