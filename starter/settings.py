"""
Every setting, read once at the door and passed along, never looked up.

Each field names its variable, its unit and its bounds here and nowhere else.
``docs/reference/settings.md`` is printed from this class. Temporal's address,
namespace, TLS and API key follow the SDK's own environment configuration
(``TEMPORAL_ADDRESS``, ``TEMPORAL_NAMESPACE``, ``TEMPORAL_PROFILE``, ...).
"""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from contexten.agent import Budget, Terms
from contexten.delivery import Triggers
from contexten.queues import Queue
from starter.keyring import Keyring, keyring_of

Names = Annotated[tuple[str, ...], NoDecode]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode]

MIB = 1024 * 1024
SHORTEST_TOKEN = 16
ENV_FILE = "CONTEXTEN_ENV_FILE"


class Durability(StrEnum):
    """Where an acknowledged delivery is safe."""

    SPOOL = "spool"
    ENGINE = "engine"


class WorkflowsFor(StrEnum):
    """Which deliveries get a workflow."""

    ALL = "all"
    REACTIONS = "reactions"


class Shell(StrEnum):
    """What the commands of agents are run in."""

    BUBBLEWRAP = "bubblewrap"
    UNSAFE = "unsafe"
    OFF = "off"


class SettingsError(Exception):
    """The settings do not hold; the message names every one that does not, and how to mend it."""


class Settings(BaseSettings):
    """The settings in force. Frozen: what changes at run time is not a setting."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, populate_by_name=True
    )

    # What the platforms know us by.
    github_token: SecretStr | None = Field(
        None, alias="GITHUB_TOKEN", description="token our GitHub calls are made with"
    )
    github_app_id: int | None = Field(
        None,
        ge=1,
        alias="GITHUB_APP_ID",
        description="id of the GitHub App to act as, instead of a token",
    )
    github_app_private_key: SecretStr | None = Field(
        None,
        alias="GITHUB_APP_PRIVATE_KEY",
        description="the App's private key, PEM or a path to it",
    )
    linear_access_token: SecretStr | None = Field(
        None,
        alias="LINEAR_ACCESS_TOKEN",
        description="API key our Linear calls are made with; an OAuth token ends after a day",
    )
    linear_team_id: str | None = Field(
        None, alias="LINEAR_TEAM_ID", description="team that new Linear issues belong to"
    )
    slack_bot_token: SecretStr | None = Field(
        None, alias="SLACK_BOT_TOKEN", description="bot token our Slack calls are made with"
    )

    # What proves that a delivery is theirs.
    github_webhook_secret: Secrets = Field(
        (),
        alias="GITHUB_WEBHOOK_SECRET",
        description="key that signs GitHub's deliveries; a comma-separated list while it rotates",
    )
    linear_webhook_secret: Secrets = Field(
        (),
        alias="LINEAR_WEBHOOK_SECRET",
        description="key that signs Linear's deliveries; a comma-separated list while it rotates",
    )
    slack_signing_secret: Secrets = Field(
        (),
        alias="SLACK_SIGNING_SECRET",
        description="key that signs Slack's deliveries; a comma-separated list while it rotates",
    )

    # Where the platforms are.
    github_api_url: str = Field(
        "https://api.github.com",
        pattern=r"^https?://\S+$",
        alias="GITHUB_API_URL",
        description="base address of GitHub's REST API",
    )
    github_url: str = Field(
        "https://github.com",
        pattern=r"^https?://\S+$",
        alias="GITHUB_URL",
        description="address under which GitHub has its repositories, for git",
    )
    linear_api_url: str = Field(
        "https://api.linear.app/graphql",
        pattern=r"^https?://\S+$",
        alias="LINEAR_API_URL",
        description="address of Linear's GraphQL API",
    )
    slack_api_url: str = Field(
        "https://slack.com/api/",
        pattern=r"^https?://\S+$",
        alias="SLACK_API_URL",
        description="base address of Slack's Web API",
    )

    # What only we can read.
    payload_keys: Secrets = Field(
        (),
        alias="PAYLOAD_KEYS",
        description="what payloads are encrypted with: `id:key` of each, comma-separated, a key "
        "32 bytes in base64; the first encrypts, all decrypt; with `none` in front none encrypts; "
        "not encrypted if unset",
    )

    codec_origin: str | None = Field(
        None,
        pattern=r"^https?://[^/\s]+$",
        alias="CODEC_ORIGIN",
        description="page whose scripts may have payloads decrypted at `/codec`, such as "
        "`https://temporal.example.com`; none if unset",
    )

    # Who may give orders.
    operator_tokens: Secrets = Field(
        (),
        alias="OPERATOR_TOKENS",
        description="who may give orders over HTTP: `name:token` of each, comma-separated, "
        "a token at least 16 characters; nobody if unset",
    )
    flags_provider: str | None = Field(
        None,
        pattern=r"^[\w.]+:\w+$",
        alias="FLAGS_PROVIDER",
        description="`module:factory` of the OpenFeature provider that switches what a level "
        "switches; the level itself if unset",
    )

    # The model that agents think with.
    agent_model: str = Field(
        "offline",
        pattern=r"^(offline|[\w.-]+(:[\w./:@-]+)?)$",
        alias="AGENT_MODEL",
        description="`provider:name` as LangChain knows it, such as `openai:gpt-5`; `offline` is "
        "no language model, but mends failing tests. The provider's key is in its own variable, "
        "such as OPENAI_API_KEY",
    )
    agent_fallback_models: Names = Field(
        (),
        alias="AGENT_FALLBACK_MODELS",
        description="models that answer while the first cannot, in their order, comma-separated",
    )
    agent_model_url: str | None = Field(
        None,
        pattern=r"^https?://\S+$",
        alias="AGENT_MODEL_URL",
        description="base address of the provider of AGENT_MODEL; the provider's own if unset",
    )
    agent_prices: Names = Field(
        (),
        alias="AGENT_PRICES",
        description="US dollars for a million tokens in and out, comma-separated: "
        "`openai:gpt-5=1.25/10`; a model without costs nothing",
    )
    model_timeout_s: float = Field(
        120.0,
        gt=0,
        le=270,
        alias="MODEL_TIMEOUT_S",
        description="seconds of silence after which an answer of a model is given up",
    )

    # What leads to what.
    reactions: Names = Field(
        ("workflows.reactions",),
        alias="REACTIONS",
        description="modules whose `app` holds the reactions, comma-separated",
    )
    workflows_for: WorkflowsFor = Field(
        WorkflowsFor.ALL,
        alias="WORKFLOWS_FOR",
        description="`all`: every delivery starts a workflow; "
        "`reactions`: only those something reacts to",
    )
    trigger_label: str = Field(
        "contexten",
        min_length=1,
        alias="TRIGGER_LABEL",
        description="label on an issue or ticket that asks us to act",
    )
    review_label: str = Field(
        "review",
        min_length=1,
        alias="REVIEW_LABEL",
        description="label on a pull request that asks for a review",
    )
    mention: str = Field(
        "@contexten", min_length=2, alias="MENTION", description="how people address us in comments"
    )

    # The door.
    host: str = Field(
        "127.0.0.1",
        alias="HOST",
        description="address the door and the worker's Prometheus endpoint listen on",
    )
    port: int = Field(
        8000,
        ge=0,
        le=65535,
        alias="PORT",
        description="port the door listens on; 0 takes a free one",
    )
    durability: Durability = Field(
        Durability.SPOOL,
        alias="DURABILITY",
        description="what makes an acknowledgement durable: "
        "`spool` (a disk of the door's own) or `engine`",
    )
    body_limit_bytes: int = Field(
        25 * MIB,
        ge=1024,
        le=100 * MIB,
        alias="BODY_LIMIT_BYTES",
        description="largest body accepted, bytes",
    )
    body_memory_bytes: int = Field(
        256 * MIB,
        ge=MIB,
        alias="BODY_MEMORY_BYTES",
        description="memory all bodies under way may take together, bytes; "
        "beyond it the door answers 429",
    )
    slow_request_timeout_s: float = Field(
        15.0,
        gt=0,
        le=30,
        alias="SLOW_REQUEST_TIMEOUT_S",
        description="seconds in which a request must have arrived whole",
    )
    engine_timeout_s: float = Field(
        1.0,
        gt=0,
        le=2.5,
        alias="ENGINE_TIMEOUT_S",
        description="seconds the door waits for the engine under DURABILITY=engine",
    )
    replay_window_s: float = Field(
        600.0,
        ge=0,
        le=86_400,
        alias="REPLAY_WINDOW_S",
        description="seconds for which a body seen is refused under another delivery id",
    )
    shutdown_timeout_s: float = Field(
        10.0,
        gt=0,
        le=60,
        alias="SHUTDOWN_TIMEOUT_S",
        description="seconds that work under way has to finish after SIGTERM",
    )

    # Our own data.
    var: Path = Field(
        Path("var"),
        alias="CONTEXTEN_VAR",
        description="folder of everything we keep: spool, quarantine, blobs, engine database, logs",
    )
    spool_segment_bytes: int = Field(
        64 * MIB,
        ge=MIB,
        alias="SPOOL_SEGMENT_BYTES",
        description="size at which a new spool file is begun, bytes",
    )
    spool_limit_bytes: int = Field(
        4096 * MIB,
        ge=MIB,
        alias="SPOOL_LIMIT_BYTES",
        description="undelivered bytes at which the door answers 503",
    )
    spool_retention_s: float = Field(
        900.0,
        ge=0,
        alias="SPOOL_RETENTION_S",
        description="seconds a spool file is kept after the engine has taken all of it",
    )
    claim_check_bytes: int = Field(
        128 * 1024,
        ge=1024,
        le=1_000_000,
        alias="CLAIM_CHECK_BYTES",
        description="payload size above which the engine gets a reference, bytes",
    )
    blob_retention_s: int = Field(
        30 * 86_400,
        ge=4 * 86_400,
        alias="BLOB_RETENTION_S",
        description="seconds a payload behind a reference is kept after it was last used; "
        "more than the engine's own retention",
    )
    ledger_url: SecretStr | None = Field(
        None,
        alias="LEDGER_URL",
        description="database of attempts and incidents, `sqlite:///<file>` or "
        "`postgresql+psycopg://<user>@<host>/<name>`; without it `ledger.db` in CONTEXTEN_VAR",
    )
    ledger_retention_s: int = Field(
        30 * 86_400,
        ge=3600,
        le=3650 * 86_400,
        alias="LEDGER_RETENTION_S",
        description="seconds an attempt is kept in the ledger",
    )

    # The worker.
    deliveries_slots: int = Field(
        200,
        ge=1,
        le=5000,
        alias="DELIVERIES_SLOTS",
        description="delivery workflow tasks in work at once, per worker",
    )
    starts_in_flight: int = Field(
        16,
        ge=1,
        le=500,
        alias="STARTS_IN_FLIGHT",
        description="workflow starts under way at once, per worker",
    )
    github_slots: int = Field(
        10, ge=1, le=500, alias="GITHUB_SLOTS", description="calls to GitHub in flight, per worker"
    )
    linear_slots: int = Field(
        8, ge=1, le=500, alias="LINEAR_SLOTS", description="calls to Linear in flight, per worker"
    )
    slack_slots: int = Field(
        5, ge=1, le=500, alias="SLACK_SLOTS", description="calls to Slack in flight, per worker"
    )
    agents_slots: int = Field(
        15,
        ge=1,
        le=500,
        alias="AGENTS_SLOTS",
        description="agent workflow tasks in work at once, per worker",
    )
    model_slots: int = Field(
        15, ge=1, le=500, alias="MODEL_SLOTS", description="model calls in flight, per worker"
    )
    tools_slots: int = Field(
        15, ge=1, le=500, alias="TOOLS_SLOTS", description="tool calls in flight, per worker"
    )
    control_slots: int = Field(
        20,
        ge=1,
        le=500,
        alias="CONTROL_SLOTS",
        description="tasks of scheduled rounds in work at once, per worker",
    )
    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        alias="METRICS_PORT",
        description="port of the worker's Prometheus endpoint; none if not set",
    )
    http_timeout_s: float = Field(
        10.0,
        gt=0,
        le=15,
        alias="HTTP_TIMEOUT_S",
        description="seconds before one request to a platform is given up",
    )

    # Where agents have their copies of repositories.
    agent_codebase_bytes: int = Field(
        20 * 1024 * MIB,
        ge=100 * MIB,
        alias="AGENT_CODEBASE_BYTES",
        description="bytes that all mirrors and working copies of a machine may have together; "
        "those that nobody uses make room",
    )
    agent_checkout_bytes: int = Field(
        2 * 1024 * MIB,
        ge=MIB,
        alias="AGENT_CHECKOUT_BYTES",
        description="bytes that the files of one working copy may have; "
        "a larger repository is refused",
    )

    # What agents may do.
    agent_max_model_calls: int = Field(
        100,
        ge=1,
        le=10_000,
        alias="AGENT_MAX_MODEL_CALLS",
        description="calls of the model after which an agent run ends as exhausted",
    )
    agent_max_tool_calls: int = Field(
        400,
        ge=1,
        le=100_000,
        alias="AGENT_MAX_TOOL_CALLS",
        description="calls of tools after which an agent run ends as exhausted",
    )
    agent_max_tokens: int = Field(
        2_000_000,
        ge=1,
        alias="AGENT_MAX_TOKENS",
        description="tokens, in and out, after which an agent run ends as exhausted",
    )
    agent_max_usd: float = Field(
        10.0,
        gt=0,
        alias="AGENT_MAX_USD",
        description="US dollars, as far as the price of the model is known, after which an agent "
        "run ends as exhausted",
    )
    agent_wall_clock_s: float = Field(
        7200.0,
        ge=60,
        le=30 * 86_400,
        alias="AGENT_WALL_CLOCK_S",
        description="seconds after which an agent run ends, whatever happened meanwhile",
    )
    agent_repositories: Names = Field(
        (),
        alias="AGENT_REPOSITORIES",
        description="repositories that agents may work on, `owner/name`, comma-separated; "
        "all that our token reaches if unset",
    )
    agent_repository: str | None = Field(
        None,
        pattern=r"^[\w.-]+/[\w.-]+$",
        alias="AGENT_REPOSITORY",
        description="repository, `owner/name`, that tickets and threads are about which name none",
    )
    agent_shell: Shell = Field(
        Shell.BUBBLEWRAP,
        alias="AGENT_SHELL",
        description="how agents run commands: `bubblewrap`, shut off from network and machine; "
        "`unsafe`, as the worker itself; `off`, not at all",
    )

    # The missed-delivery sweep.
    sweep_interval_s: float = Field(
        300.0,
        ge=10,
        alias="SWEEP_INTERVAL_S",
        description="seconds between two sweeps for failed GitHub deliveries",
    )
    sweep_repositories: Names = Field(
        (),
        alias="SWEEP_REPOSITORIES",
        description="repositories whose hooks are swept, `owner/name`, comma-separated",
    )
    sweep_organizations: Names = Field(
        (),
        alias="SWEEP_ORGANIZATIONS",
        description="organisations whose hooks are swept, comma-separated",
    )
    webhook_url: str | None = Field(
        None,
        pattern=r"^https?://[^/\s?#]+[^\s?#]*$",
        alias="WEBHOOK_URL",
        description="public base address of the door; only hooks that lead there are swept",
    )

    # Health.
    checks: Names = Field(
        ("activities.health_checks",),
        alias="CHECKS",
        description="modules that declare health checks, comma-separated",
    )
    health_interval_s: float = Field(
        15.0,
        ge=1,
        le=3600,
        alias="HEALTH_INTERVAL_S",
        description="seconds between two health rounds",
    )
    health_retention_s: int = Field(
        86_400,
        ge=60,
        le=365 * 86_400,
        alias="HEALTH_RETENTION_S",
        description="seconds a health round is kept",
    )

    @field_validator(
        "github_webhook_secret",
        "linear_webhook_secret",
        "slack_signing_secret",
        "payload_keys",
        "operator_tokens",
        "reactions",
        "checks",
        "agent_fallback_models",
        "agent_prices",
        "agent_repositories",
        "sweep_repositories",
        "sweep_organizations",
        mode="before",
    )
    @classmethod
    def split_list(cls, value: object) -> object:
        """A comma-separated text as its parts, blanks dropped."""
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("operator_tokens")
    @classmethod
    def tokens_have_names(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        """Each token says whose it is, and cannot be guessed."""
        for one in value:
            name, _, token = one.get_secret_value().partition(":")
            if not name.strip() or len(token.strip()) < SHORTEST_TOKEN:
                raise ValueError(
                    f"write name:token, with a token of at least {SHORTEST_TOKEN} characters"
                )
        return value

    @field_validator("payload_keys")
    @classmethod
    def keys_can_be_used(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        """Each key has a name of its own and is as long as it must be."""
        keyring_of(value)
        return value

    @model_validator(mode="after")
    def app_is_whole(self) -> Self:
        """A GitHub App needs its id and its key."""
        if (self.github_app_id is None) != (self.github_app_private_key is None):
            raise ValueError(
                "GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY go together: set both or none"
            )
        return self

    @property
    def spool(self) -> Path:
        """The folder of the spool."""
        return self.var / "spool"

    @property
    def quarantine(self) -> Path:
        """The folder of signed deliveries that could not be read."""
        return self.var / "quarantine"

    @property
    def refused(self) -> Path:
        """The folder of deliveries that the engine will never take."""
        return self.var / "refused"

    @property
    def blobs(self) -> Path:
        """The folder of payloads that travel by reference."""
        return self.var / "blobs"

    @property
    def codebase(self) -> Path:
        """The folder of our mirrors of repositories."""
        return self.var / "codebase"

    @property
    def ledger(self) -> str:
        """The URL of the database of attempts and incidents."""
        if self.ledger_url is not None:
            return self.ledger_url.get_secret_value()
        return f"sqlite:///{self.var / 'ledger.db'}"

    @property
    def keyring(self) -> Keyring:
        """What payloads are encrypted and decrypted with."""
        return keyring_of(self.payload_keys)

    @property
    def triggers(self) -> Triggers:
        """How people ask for us."""
        return Triggers(self.trigger_label, self.review_label, self.mention)

    @property
    def terms(self) -> Terms:
        """On what terms an agent run works that begins now."""
        return Terms(
            Budget(
                self.agent_max_model_calls,
                self.agent_max_tool_calls,
                self.agent_max_tokens,
                self.agent_max_usd,
                self.agent_wall_clock_s,
            ),
            model=self.agent_model,
            repositories=self.agent_repositories,
            repository=self.agent_repository,
            shell=self.agent_shell is not Shell.OFF,
        )

    def slots(self, queue: Queue) -> int:
        """How many tasks of *queue* one worker takes at once."""
        slots: int = getattr(self, f"{queue}_slots")
        return slots


def env_file() -> str:
    """The file of settings beside the environment: ``.env``, or what CONTEXTEN_ENV_FILE names."""
    return os.environ.get(ENV_FILE, ".env")


def load() -> Settings:
    """
    The settings out of the environment, and out of :func:`env_file` where there is one.

    Raises:
        SettingsError: If any is missing or out of bounds; it names them all, and their unit.
    """
    try:
        return Settings(_env_file=env_file())
    except ValidationError as error:
        raise SettingsError("\n".join(complaints(error))) from None


def complaints(error: ValidationError) -> list[str]:
    """One line for each setting that does not hold, never with the value of a secret."""
    described = {f.alias: f.description for f in Settings.model_fields.values()}
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        name = str(problem["loc"][0]) if problem["loc"] else "settings"
        meaning = f" ({described[name]})" if described.get(name) else ""
        lines.append(f"{name}: {problem['msg']}{meaning}")
    return lines
