"""How we reach the engine."""

from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.runtime import Runtime

from starter.claim_check import data_converter
from starter.settings import Settings

DEFAULT_ADDRESS = "127.0.0.1:7233"


def address() -> str:
    """Where the engine is, by the SDK's environment configuration; the embedded one's if unset."""
    return configured_address() or DEFAULT_ADDRESS


def configured_address() -> str | None:
    """The address that the environment or a profile gives; None if neither does."""
    return ClientConfig.load_client_connect_config().get("target_host")


async def connect(
    settings: Settings, *, lazy: bool = False, runtime: Runtime | None = None
) -> Client:
    """
    A client of the engine that the environment names.

    Args:
        lazy: Connect with the first call, not now.
        runtime: The SDK runtime to use, such as one with a metrics endpoint.

    Raises:
        RuntimeError: If the engine does not answer.
    """
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", DEFAULT_ADDRESS)
    converter = data_converter(settings.blobs, settings.claim_check_bytes)
    return await Client.connect(**config, data_converter=converter, lazy=lazy, runtime=runtime)
