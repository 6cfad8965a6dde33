"""The OpenAPI of the webhook routes, written by hand: they do not pass through FastAPI's models."""

from typing import Any

from contexten.delivery import Platform
from contexten.reading import ID, NAME

Schema = dict[str, Any]

COMPONENTS: dict[str, Schema] = {
    "Taken": {
        "type": "object",
        "required": ["status"],
        "properties": {
            "status": {"enum": ["accepted", "duplicate", "ignored", "quarantined"]},
            "id": {"type": "string", "description": "the id of the workflow, `platform/delivery`"},
        },
    },
    "Challenge": {
        "type": "object",
        "required": ["challenge"],
        "properties": {"challenge": {"type": "string"}},
    },
    "Refused": {
        "type": "object",
        "required": ["status", "reason"],
        "properties": {"status": {"const": "refused"}, "reason": {"type": "string"}},
    },
}

HEADERS: dict[Platform, list[tuple[str, str, str]]] = {
    Platform.GITHUB: [
        ("X-GitHub-Delivery", ID.pattern, "the delivery's id, the same in every redelivery"),
        ("X-GitHub-Event", NAME.pattern, "the event's name"),
        ("X-Hub-Signature-256", "sha256=[0-9a-f]{64}", "HMAC-SHA256 of the raw body"),
    ],
    Platform.LINEAR: [
        ("Linear-Delivery", ID.pattern, "the delivery's id"),
        ("Linear-Signature", "[0-9a-f]{64}", "HMAC-SHA256 of the raw body"),
    ],
    Platform.SLACK: [
        ("X-Slack-Request-Timestamp", "[0-9]{1,12}", "seconds since the epoch"),
        ("X-Slack-Signature", "v0=[0-9a-f]{64}", "HMAC-SHA256 of `v0:{timestamp}:{raw body}`"),
    ],
}

BODIES: dict[Platform, tuple[str, ...]] = {
    Platform.GITHUB: ("application/json", "application/x-www-form-urlencoded"),
    Platform.LINEAR: ("application/json",),
    Platform.SLACK: ("application/json", "application/x-www-form-urlencoded"),
}

REFUSALS = {
    400: "a header is missing or malformed",
    401: "the signature is absent, malformed, wrong or too old",
    404: "no such route, or no such owner or repository name",
    413: "the body is too large",
    415: "neither JSON nor a form that this platform sends, or encoded",
}
LATER = {
    429: "too much is under way",
    503: "it cannot be made durable now, or we are shutting down",
}
RETRY_AFTER = {
    "Retry-After": {"description": "seconds", "required": True, "schema": {"type": "integer"}}
}


def paths() -> dict[str, Schema]:
    """The paths of all webhook routes."""
    described: dict[str, Schema] = {}
    for platform in Platform:
        described[f"/{platform}/events"] = {"post": operation(platform, [])}
        described[f"/{{org}}/{{repo}}/{platform}/events"] = {
            "post": operation(platform, [in_path("org"), in_path("repo")])
        }
    return described


def operation(platform: Platform, tenant: list[Schema]) -> Schema:
    """One route."""
    kinds = BODIES[platform]
    return {
        "tags": ["webhooks"],
        "summary": f"A delivery of {platform}" + (" to one repository" if tenant else ""),
        "operationId": f"receive_{platform}" + ("_tenant" if tenant else ""),
        "parameters": tenant + [in_header(*header) for header in HEADERS[platform]],
        "requestBody": {
            "required": True,
            "content": {kind: {"schema": {"type": "object"}} for kind in kinds},
        },
        "responses": responses(platform),
    }


def in_path(name: str) -> Schema:
    """A part of the path."""
    return {"name": name, "in": "path", "required": True, "schema": exactly(NAME.pattern)}


def in_header(name: str, pattern: str, description: str) -> Schema:
    """A header that must be there."""
    return {
        "name": name,
        "in": "header",
        "required": True,
        "description": description,
        "schema": exactly(pattern),
    }


def exactly(pattern: str) -> Schema:
    """A text that is all *pattern*."""
    return {"type": "string", "pattern": f"^{pattern}$"}


def responses(platform: Platform) -> Schema:
    """Everything a webhook route answers."""
    taken = "nothing is to be done for it, or it was taken under another id"
    described: Schema = {
        "200": said(taken, "Taken"),
        "202": said("it is safe with us, and becomes work", "Taken"),
    }
    if platform is Platform.SLACK:
        either = [reference("Taken"), reference("Challenge")]
        described["200"] = {
            "description": f"the challenge, or {taken}; empty for slash commands",
            "content": {"application/json": {"schema": {"anyOf": either}}},
        }
    described["408"] = {"description": "the request did not arrive whole in time"}
    for status, meaning in REFUSALS.items():
        described[str(status)] = said(meaning, "Refused")
    for status, meaning in LATER.items():
        described[str(status)] = said(meaning, "Refused") | {"headers": RETRY_AFTER}
    return described


def said(meaning: str, schema: str) -> Schema:
    """A response in JSON."""
    return {
        "description": meaning,
        "content": {"application/json": {"schema": reference(schema)}},
    }


def reference(schema: str) -> Schema:
    """A reference to one of our schemas."""
    return {"$ref": f"#/components/schemas/{schema}"}
