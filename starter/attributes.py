"""Search attributes exist in a namespace before a workflow may bear them: made at start-up."""

import asyncio
import time

import structlog
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.api.workflowservice.v1 import ListWorkflowExecutionsRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from workflows import attributes

log = structlog.get_logger()

USABLE_WITHIN_S = 30.0
POLL_S = 0.1
IN_A_ROW = 3


async def ensure(client: Client) -> list[str]:
    """
    Create those of our search attributes that the namespace lacks; answer with their names.

    Returns once they can be used: an engine looks up only every few seconds which there are.

    Raises:
        RPCError: If the engine is away or refuses.
    """
    lacking = await missing(client)
    if lacking:
        await create(client, lacking)
    await wait_until_usable(client)
    return lacking


async def create(client: Client, names: list[str]) -> None:
    """
    Create our search attributes *names*, unless another does so at the same time.

    Raises:
        RPCError: If the engine is away or refuses.
    """
    wanted = {
        key.name: IndexedValueType.ValueType(key.indexed_value_type)
        for key in attributes.ALL
        if key.name in names
    }
    try:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=wanted)
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise


async def wait_until_usable(client: Client) -> None:
    """
    Return once workflows can be searched by all our attributes, or half a minute has passed.

    Raises:
        RPCError: If the engine is away or refuses.
    """
    until, well = time.monotonic() + USABLE_WITHIN_S, 0
    while well < IN_A_ROW:  # of several caches in one engine, each may answer
        well = well + 1 if await usable(client) else 0
        if time.monotonic() > until:
            log.warning("attributes.not_usable", waited_s=USABLE_WITHIN_S)
            return
        if not well:
            await asyncio.sleep(POLL_S)


async def usable(client: Client) -> bool:
    """
    Whether workflows can be searched by all our attributes.

    Raises:
        RPCError: If the engine is away or refuses.
    """
    every = " AND ".join(f"{key.name} IS NULL" for key in attributes.ALL)
    try:
        await client.workflow_service.list_workflow_executions(
            ListWorkflowExecutionsRequest(namespace=client.namespace, page_size=1, query=every)
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.INVALID_ARGUMENT:
            raise
        return False
    return True


async def missing(client: Client) -> list[str]:
    """
    Those of our search attributes that the namespace lacks.

    Raises:
        RPCError: If the engine is away or refuses.
    """
    there = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    return sorted(key.name for key in attributes.ALL if key.name not in there.custom_attributes)
