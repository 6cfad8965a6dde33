"""How we reach the engine."""

import os

from dotenv import dotenv_values
from temporalio.client import Client
from temporalio.envconfig import ClientConfig, ClientConnectConfig
from temporalio.runtime import Runtime

from starter.claim_check import data_converter
from starter.settings import Settings, env_file

DEFAULT_ADDRESS = "127.0.0.1:7233"


def address() -> str:
    """Where the engine is, by the SDK's environment configuration; the embedded one's if unset."""
    return configured_address() or DEFAULT_ADDRESS


def configured_address() -> str | None:
    """The address that the environment or a profile gives; None if neither does."""
    return configured().get("target_host")


def configured() -> ClientConnectConfig:
    """What the SDK's environment configuration says; ``TEMPORAL_...`` in ``.env`` counts too."""
    written = {name: value for name, value in dotenv_values(env_file()).items() if value}
    seen = {k: v for k, v in written.items() if k.startswith("TEMPORAL_")} | dict(os.environ)
    return ClientConfig.load_client_connect_config(override_env_vars=seen)


async def connect(
    settings: Settings,
    *,
    at: str | None = None,
    lazy: bool = False,
    runtime: Runtime | None = None,
) -> Client:
    """
    A client of the engine that the environment names.

    Args:
        at: The address to take where the environment names none.
        lazy: Connect with the first call, not now.
        runtime: The SDK runtime to use, such as one with a metrics endpoint.

    Raises:
        RuntimeError: If the engine does not answer.
    """
    config = configured()
    config.setdefault("target_host", at or DEFAULT_ADDRESS)
    converter = data_converter(settings.blobs, settings.claim_check_bytes)
    return await Client.connect(**config, data_converter=converter, lazy=lazy, runtime=runtime)
