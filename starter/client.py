"""How we reach the engine."""

import asyncio
import os

import structlog
from dotenv import dotenv_values
from temporalio.client import Client, HeaderCodecBehavior
from temporalio.common import MetricMeter
from temporalio.envconfig import ClientConfig, ClientConnectConfig
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import RPCError

from starter import attributes
from starter.claim_check import data_converter
from starter.settings import Settings, env_file

log = structlog.get_logger()

DEFAULT_ADDRESS = "127.0.0.1:7233"
LONGEST_PAUSE_S = 2.0


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
    converter = data_converter(
        settings.blobs, settings.claim_check_bytes, settings.blob_retention_s, settings.keyring
    )
    return await Client.connect(
        **config,
        data_converter=converter,
        header_codec_behavior=HeaderCodecBehavior.CODEC,
        lazy=lazy,
        runtime=runtime,
    )


def telemetry(settings: Settings) -> Runtime | None:
    """A runtime with a Prometheus endpoint, if a port for it is set."""
    if settings.metrics_port is None:
        return None
    endpoint = PrometheusConfig(
        bind_address=f"{settings.host}:{settings.metrics_port}",
        counters_total_suffix=True,
        unit_suffix=True,
        durations_as_seconds=True,
    )
    return Runtime(telemetry=TelemetryConfig(metrics=endpoint))


def meter_of(client: Client) -> MetricMeter:
    """What makes metrics of ours appear beside those of the SDK that *client* belongs to."""
    return (client.service_client.config.runtime or Runtime.default()).metric_meter


async def connected(settings: Settings) -> Client:
    """A client of an engine that knows our search attributes, however long it is away."""
    runtime, pause = telemetry(settings), 0.1
    while True:
        try:
            found = await connect(settings, runtime=runtime)
            await attributes.ensure(found)
        except (RuntimeError, RPCError) as error:
            log.warning("engine.away", address=address(), reason=str(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)
        else:
            return found
