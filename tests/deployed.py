"""What is deployed, read once: the compose file, and which of its services are ours."""

import re
from pathlib import Path
from typing import Any

import yaml

from starter.settings import Settings

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.temporal.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: s for name, s in SERVICES.items() if s["image"].startswith("contexten:")}
WORKERS = {name: s for name, s in OURS.items() if "worker.py" in s["command"]}
ALIASES = {str(field.alias) for field in Settings.model_fields.values()}
TEMPORALS = {"TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE"}


def environment(name: str) -> dict[str, str | None]:
    found: dict[str, str | None] = SERVICES[name].get("environment", {})
    return found


def interpolated() -> set[str]:
    text = (ROOT / "docker-compose.temporal.yml").read_text()
    return set(re.findall(r"\$\{([A-Z0-9_]+)", text))


def mounts(service: dict[str, Any]) -> dict[str, str]:
    """Where each volume or file of *service* comes from, by its place inside."""
    pairs = (str(one).split(":") for one in service.get("volumes", ()))
    return {pair[1]: pair[0] for pair in pairs}


def settings_of(name: str) -> Settings:
    """The settings that the service *name* would load, with nothing set by the operator."""
    fixed = {k: v for k, v in environment(name).items() if k in ALIASES and v is not None}
    return Settings(_env_file=None, **fixed)  # type: ignore[call-arg, arg-type]
