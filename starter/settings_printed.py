"""The settings, printed: a page of the reference, and ``.env.example``."""

from collections.abc import Iterator
from enum import Enum

from pydantic.fields import FieldInfo

from starter.markdown import page, table
from starter.settings import Settings

SECTIONS = {
    "github_token": "What the platforms know us by",
    "github_webhook_secret": "What proves that a delivery is theirs",
    "github_api_url": "Where the platforms are",
    "payload_keys": "What only we can read",
    "operator_tokens": "Who may give orders",
    "reactions": "What leads to what",
    "host": "The door",
    "var": "Our own data",
    "deliveries_slots": "The worker",
    "sweep_interval_s": "The missed-delivery sweep",
}

UNITS = {"_s": "seconds", "_bytes": "bytes", "_slots": "tasks", "_in_flight": "starts"}

BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}

OTHERS = """
# --- The engine ---
# Read by Temporal's SDK itself; without an address the embedded engine is started.

# where the engine's frontend answers
# TEMPORAL_ADDRESS=127.0.0.1:7233

# namespace our workflows live in
# TEMPORAL_NAMESPACE=default

# key for Temporal Cloud
# TEMPORAL_API_KEY=

# profile to take the connection from, and the file that holds it
# TEMPORAL_PROFILE=
# TEMPORAL_CONFIG_FILE=

# --- A model's provider, and LangSmith; read by their own libraries, by the model worker ---

# key of the provider that AGENT_MODEL names
# OPENAI_API_KEY=

# whether runs of agents are traced, and where: true turns it on
# LANGSMITH_TRACING=
# LANGSMITH_API_KEY=
# LANGSMITH_ENDPOINT=
# LANGSMITH_PROJECT=

# --- The other services of docker-compose.temporal.yml ---
# Needed there and nowhere else. Make each up: `openssl rand -hex 24`.

# password of the engine's database
# POSTGRES_PASSWORD=

# password of the user contexten, whose database holds attempts and incidents
# LEDGER_PASSWORD=

# password of Grafana's user admin
# GRAFANA_PASSWORD=

# password and token of InfluxDB's user contexten
# INFLUXDB_PASSWORD=
# INFLUXDB_TOKEN=

# password of Neo4j's user neo4j; at least 8 characters
# NEO4J_PASSWORD=
"""


def sections() -> Iterator[tuple[str, list[tuple[str, FieldInfo]]]]:
    """The settings in order, under their headings."""
    heading, fields = "", list[tuple[str, FieldInfo]]()
    for name, field in Settings.model_fields.items():
        if name in SECTIONS:
            if fields:
                yield heading, fields
            heading, fields = SECTIONS[name], []
        fields.append((name, field))
    yield heading, fields


def default(field: FieldInfo) -> str:
    """The default of *field* as it would be written in the environment."""
    value = field.default
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, float):
        return f"{value:g}"
    return str(value.value if isinstance(value, Enum) else value)


def kind(name: str, field: FieldInfo) -> str:
    """What *field* takes: its type in a reader's words, and its unit."""
    unit = next((u for ending, u in UNITS.items() if name.endswith(ending)), None)
    declared = str(field.annotation)
    if isinstance(field.annotation, type) and issubclass(field.annotation, Enum):
        return " or ".join(f"`{one.value}`" for one in field.annotation)
    word = "list" if "tuple" in declared else "text"
    if "SecretStr" in declared:
        return f"secret {word}"
    for found, number in (("float", "number"), ("int", "whole number"), ("Path", "folder")):
        if found in declared:
            word = number
            break
    return f"{word}, {unit}" if unit else word


def bounds(field: FieldInfo) -> str:
    """The bounds of *field* in words; nothing if it has none."""
    said = []
    for rule in field.metadata:
        said += [
            f"{words} {getattr(rule, limit):,}".replace(",", " ")
            for limit, words in BOUNDS.items()
            if getattr(rule, limit, None) is not None
        ]
    return ", ".join(said)


def settings_page() -> str:
    """Every setting, from the class that reads them."""
    parts = []
    for heading, fields in sections():
        rows = [
            (
                f"`{field.alias}`",
                kind(name, field),
                f"`{default(field)}`" if default(field) else "",
                bounds(field),
                field.description or "",
            )
            for name, field in fields
        ]
        parts.append(
            f"## {heading}\n\n" + table(("name", "takes", "default", "bounds", "is"), rows)
        )
    intro = (
        "Read once at the start, from the environment and from `.env` where there is one; "
        "`CONTEXTEN_ENV_FILE` names another file in its place.\n"
        "An empty value counts as not set.\n"
        "Whatever is missing or out of bounds is named all at once, and nothing starts half.\n\n"
        "Temporal's own names (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, "
        "`TEMPORAL_PROFILE`, `TEMPORAL_CONFIG_FILE`) are read by its SDK,\n"
        "from the same places."
    )
    return page("Settings", intro, *parts)


def env_example() -> str:
    """Every setting as a comment in ``.env.example``, at its default."""
    lines = [
        "# Copy to .env and uncomment what you set. Nothing here is needed for `make demo`.",
        "# Printed from the code by `make docs`.",
    ]
    for heading, fields in sections():
        lines += ["", f"# --- {heading} ---"]
        for _, field in fields:
            limits = f" ({bounds(field)})" if bounds(field) else ""
            lines += ["", f"# {field.description}{limits}", f"# {field.alias}={default(field)}"]
    return "\n".join(lines) + "\n" + OTHERS
