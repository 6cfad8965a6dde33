"""Search attributes exist in a namespace before a workflow may bear them: made at start-up."""

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from workflows import attributes


async def ensure(client: Client) -> list[str]:
    """
    Create those of our search attributes that the namespace lacks; answer with their names.

    Raises:
        RPCError: If the engine is away or refuses.
    """
    lacking = await missing(client)
    wanted = {
        key.name: IndexedValueType.ValueType(key.indexed_value_type)
        for key in attributes.ALL
        if key.name in lacking
    }
    if not wanted:
        return []
    try:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=wanted)
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise
    return lacking


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
