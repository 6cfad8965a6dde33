"""
Form-encoded deliveries: the JSON they hold, or the JSON made of their fields.

No platform signs the content type, so whoever captured a JSON body could send it again as a
form, and text in it that somebody wrote would become fields. Therefore only that is a form
which no JSON can be, whatever text is in it.
"""

import re
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import orjson

from contexten.delivery import Platform

MOST_FIELDS = 100
FIELD = re.compile(r"[a-z_]+")


def parsed(platform: Platform, body: bytes, *, form: bool) -> tuple[Any, bytes]:
    """
    What *body*, a form or JSON, says: the parsed JSON, and the same as bytes.

    Raises:
        ValueError: If it cannot be parsed.
    """
    return json_of(platform, body) if form else (orjson.loads(body), body)


def json_of(platform: Platform, body: bytes) -> tuple[Any, bytes]:
    """
    What the form *body* says: the parsed JSON, and the same as bytes.

    That is its field ``payload`` where it has that alone, as GitHub's form bodies and Slack's
    interactive payloads do, or else, for a slash command, an object of all fields.

    Raises:
        ValueError: If it is no form that *platform* sends, or its payload no JSON.
    """
    name, _, value = body.decode().partition("=")
    if name == "payload" and "&" not in value:
        payload = unquote_plus(value, errors="strict").encode()
        return orjson.loads(payload), payload
    if platform is not Platform.SLACK:
        raise ValueError("a form has one field, `payload`")
    fields = fields_of(body)
    return fields, orjson.dumps(fields)


def fields_of(body: bytes) -> dict[str, str]:
    """
    The fields of the slash command *body*.

    Raises:
        ValueError: If it cannot be one.
    """
    pairs = parse_qsl(
        body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
    )
    fields = dict(pairs)
    if "payload" in fields or not all(map(FIELD.fullmatch, fields)):
        raise ValueError("a form has one field, `payload`, or those of a slash command")
    return fields
