"""What a delivery's headers say, looked at before its body is read."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from contexten.delivery import Platform
from contexten.reading import ID, NAME
from starter.answers import TOO_LARGE, UNSIGNED, UNSUPPORTED, Refused, malformed

Headers = dict[bytes, bytes]

DELIVERY = {Platform.GITHUB: b"x-github-delivery", Platform.LINEAR: b"linear-delivery"}
EVENT = {Platform.GITHUB: b"x-github-event"}
SIGNATURE = {
    Platform.GITHUB: b"x-hub-signature-256",
    Platform.LINEAR: b"linear-signature",
    Platform.SLACK: b"x-slack-signature",
}
TIMESTAMP = b"x-slack-request-timestamp"
SIGNATURE_SHAPED = frozenset({*SIGNATURE.values(), b"x-hub-signature", b"authorization", b"cookie"})

FORM = b"application/x-www-form-urlencoded"
WITH_FORMS = frozenset({Platform.GITHUB, Platform.SLACK})
DIGITS = re.compile(rb"[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Heading:
    """
    Attributes:
        delivery_id: The sender's id for the delivery; empty where the body holds it.
        name: The event's name; None where the body holds it.
        signature: The value of the platform's signature header.
        timestamp: The value of Slack's timestamp header.
        form: Whether the body is a form, not JSON.
    """

    delivery_id: str
    name: str | None
    signature: bytes
    timestamp: bytes | None
    form: bool


def collected(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """
    Headers by name, in lower case.

    What comes twice is joined by a comma, as HTTP has it. So two signatures are none.
    """
    headers: Headers = {}
    for name, value in raw:
        headers[name] = headers[name] + b"," + value if name in headers else value
    return headers


def heading_of(platform: Platform, headers: Headers, body_limit_bytes: int) -> Heading:
    """
    What *headers* say.

    Raises:
        Refused: If they cannot be those of a delivery of *platform* that we take.
    """
    form = is_form(platform, headers)
    length = headers.get(b"content-length")
    if length is not None and int(length if DIGITS.fullmatch(length) else -1) > body_limit_bytes:
        raise Refused(TOO_LARGE)
    delivery_id = named(headers, DELIVERY.get(platform), ID)
    name = named(headers, EVENT.get(platform), NAME)
    signature = headers.get(SIGNATURE[platform])
    if signature is None:
        raise Refused(UNSIGNED)
    return Heading(delivery_id or "", name, signature, headers.get(TIMESTAMP), form)


def is_form(platform: Platform, headers: Headers) -> bool:
    """
    Whether the body is a form; if not it is JSON.

    Raises:
        Refused: If it is neither, or encoded.
    """
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise Refused(UNSUPPORTED)
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind == b"application/json":
        return False
    if kind == FORM and platform in WITH_FORMS:
        return True
    raise Refused(UNSUPPORTED)


def named(headers: Headers, header: bytes | None, form: re.Pattern[str]) -> str | None:
    """
    The value of *header* if it has the *form*; None if the platform has no such header.

    Raises:
        Refused: If it is missing or has another form.
    """
    if header is None:
        return None
    value = headers.get(header, b"").decode("latin-1")
    if form.fullmatch(value) is None:
        raise Refused(malformed(header.decode()))
    return value
