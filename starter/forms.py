"""Form-encoded deliveries: the JSON they hold, or the JSON made of their fields."""

from typing import Any
from urllib.parse import parse_qsl

import orjson

MOST_FIELDS = 100


def json_of(body: bytes) -> tuple[Any, bytes]:
    """
    What the form *body* says: the parsed JSON, and the same as bytes.

    That is its field ``payload`` where it has one, as GitHub's form bodies and Slack's
    interactive payloads do, or else, for a slash command, an object of all fields.

    Raises:
        ValueError: If it is no form, or its payload no JSON.
    """
    pairs = parse_qsl(
        body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
    )
    fields = dict(pairs)
    if "payload" in fields:
        payload = fields["payload"].encode()
        return orjson.loads(payload), payload
    return fields, orjson.dumps(fields)
