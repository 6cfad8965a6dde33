"""The OpenAPI document tells of every route, and the door answers as it says."""

import json
from typing import Any

import pytest
import schemathesis
from doors import PLATFORMS, Running, signed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

AS_SAID = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
BRIEFLY = settings(
    max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


BODIES = st.dictionaries(st.text(), st.integers()).map(lambda body: json.dumps(body).encode())
WEBHOOKS = [f"{tenant}/{p}/events" for tenant in ("", "/{org}/{repo}") for p in PLATFORMS]
OPERATIONS = ["/healthz", "/readyz", "/metrics", "/operate/standing"]
CODEC = ["/codec/decode", "/codec/encode"]
ORDERS = "/operate/{target}/{order}"


@pytest.fixture(scope="module")
def document(shared_door: Running) -> Any:
    return schemathesis.openapi.from_url(shared_door.url + "/openapi.json")


def test_every_route_is_told_of(shared_door: Running) -> None:
    told = shared_door.get("/openapi.json").json()["paths"]

    assert set(told) == {*WEBHOOKS, *OPERATIONS, *CODEC, ORDERS}


@pytest.mark.parametrize("path", [*WEBHOOKS, *OPERATIONS, *CODEC, ORDERS])
def test_answers_are_as_the_document_says(document: Any, path: str) -> None:
    operation = document[path]["get" if path in OPERATIONS else "post"]

    @BRIEFLY
    @given(case=operation.as_strategy())
    def as_said(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=AS_SAID)

    as_said()


@pytest.mark.parametrize("path", WEBHOOKS)
def test_answers_to_signed_deliveries_are_as_the_document_says(
    shared_door: Running, document: Any, path: str
) -> None:
    platform = path.split("/")[-2]
    before = shared_door.counted("quarantined", platform)

    @BRIEFLY
    @given(case=document[path]["post"].as_strategy(), body=BODIES)
    def as_said(case: schemathesis.Case, body: bytes) -> None:
        case.media_type, case.body = "application/json", body
        case.headers = signed(platform, body)
        case.call_and_validate(checks=AS_SAID)

    as_said()

    assert shared_door.counted("quarantined", platform) > before
