"""``contexten deliver``: sign a payload as its platform would, and send it to the door."""

import hashlib
import hmac
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import httpx
import orjson

from contexten.delivery import Platform
from starter.console.complaint import Complaint

FORM = ".form"
ANSWER_S = 30.0


@dataclass(frozen=True, slots=True)
class Prepared:
    """
    A delivery, ready to be sent.

    Attributes:
        platform: Whose it is.
        name: What it tells of, as its file is named: ``issues.labeled``.
        body: Its bytes.
        headers: Its headers, signature included.
        workflow_id: The workflow it leads to.
    """

    platform: Platform
    name: str
    body: bytes
    headers: dict[str, str]
    workflow_id: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What the door said: its HTTP status and its body."""

    status: int
    text: str

    @property
    def taken(self) -> bool:
        """Whether the door took it."""
        return httpx.codes.is_success(self.status)

    @property
    def leads_to_workflow(self) -> bool:
        """Whether there is a workflow of it; a slash command is taken without a word."""
        return not self.text or '"accepted"' in self.text


def platform_of(file: Path) -> Platform:
    """
    The platform that the folder of *file* is named for.

    Raises:
        Complaint: If it is named for none.
    """
    try:
        return Platform(file.resolve().parent.name)
    except ValueError:
        raise Complaint(
            f"{file} is in no folder named for a platform: say which it is with --platform "
            f"{'|'.join(Platform)}.",
            status=2,
        ) from None


def prepared(
    file: Path, platform: Platform, secret: str, now: datetime, delivery_id: str | None = None
) -> Prepared:
    """
    The delivery in *file*, as *platform* would send it *now*.

    Args:
        file: ``<event>.<action>.json``, or ``.form`` for what Slack sends form-encoded.
        secret: What it is signed with.
        delivery_id: The sender's id for it; a new one if not given.

    Raises:
        Complaint: If the file cannot be read, or is not what its platform sends.
    """
    try:
        body = file.read_bytes()
    except OSError as error:
        raise Complaint(f"{file} cannot be read: {error.strerror}", status=2) from None
    delivery_id = delivery_id or str(uuid.uuid4())
    if platform is Platform.LINEAR:
        body = changed(file, body, webhookTimestamp=int(now.timestamp() * 1000))
    if platform is Platform.SLACK:
        body, delivery_id = under_id(file, body, delivery_id)
    signed = SIGNED[platform](file, body, secret.encode(), now, delivery_id)
    kind = "application/x-www-form-urlencoded" if file.suffix == FORM else "application/json"
    headers = {"Content-Type": kind, **signed}
    return Prepared(platform, file.stem, body, headers, f"{platform}/{delivery_id}")


def under_id(file: Path, body: bytes, delivery_id: str) -> tuple[bytes, str]:
    """
    A Slack *body* that is another one than before, and the id it goes by.

    That is the event's own; what is no event is told apart by its trigger, and goes by its digest.
    """
    if file.suffix != FORM:
        return changed(file, body, event_id=delivery_id), delivery_id
    fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
    if "payload" in fields:
        payload = changed(file, fields["payload"].encode(), trigger_id=delivery_id)
        fields["payload"] = payload.decode()
    else:
        fields["trigger_id"] = delivery_id
    body = urlencode(fields).encode()
    return body, hashlib.sha256(body).hexdigest()


def changed(file: Path, body: bytes, **fields: object) -> bytes:
    """
    The JSON object *body* with *fields* changed.

    Raises:
        Complaint: If it is none.
    """
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Complaint(f"{file} is no JSON: {error}", status=2) from None
    if not isinstance(parsed, dict):
        raise Complaint(f"{file} is no JSON object", status=2)
    return orjson.dumps(parsed | fields)


def github_headers(
    file: Path, body: bytes, secret: bytes, now: datetime, delivery_id: str
) -> dict[str, str]:
    """What GitHub sends beside *body*; the event is the file's name up to the first dot."""
    return {
        "X-GitHub-Event": file.name.partition(".")[0],
        "X-GitHub-Delivery": delivery_id,
        "X-Hub-Signature-256": "sha256=" + hexadecimal(secret, body),
    }


def linear_headers(
    file: Path, body: bytes, secret: bytes, now: datetime, delivery_id: str
) -> dict[str, str]:
    """What Linear sends beside *body*."""
    return {
        "Linear-Delivery": delivery_id,
        "Linear-Event": file.name.partition(".")[0],
        "Linear-Signature": hexadecimal(secret, body),
    }


def slack_headers(
    file: Path, body: bytes, secret: bytes, now: datetime, delivery_id: str
) -> dict[str, str]:
    """What Slack sends beside *body*."""
    timestamp = str(int(now.timestamp()))
    return {
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": "v0=" + hexadecimal(secret, b"v0:%b:%b" % (timestamp.encode(), body)),
    }


def hexadecimal(secret: bytes, message: bytes) -> str:
    """The HMAC-SHA256 of *message*."""
    return hmac.new(secret, message, hashlib.sha256).hexdigest()


SIGNED: dict[Platform, Callable[[Path, bytes, bytes, datetime, str], dict[str, str]]] = {
    Platform.GITHUB: github_headers,
    Platform.LINEAR: linear_headers,
    Platform.SLACK: slack_headers,
}


async def sent(http: httpx.AsyncClient, door: str, delivery: Prepared) -> Answered:
    """
    Send *delivery* to the door at *door*.

    Raises:
        Complaint: If nothing answers there.
    """
    url = f"{door.rstrip('/')}/{delivery.platform}/events"
    try:
        answer = await http.post(
            url, content=delivery.body, headers=delivery.headers, timeout=ANSWER_S
        )
    except httpx.HTTPError as error:
        raise Complaint(
            f"No door answers at {door} ({type(error).__name__}): start one with `contexten up`, "
            "or name another with --to."
        ) from None
    return Answered(answer.status_code, answer.text)
