"""
Deliveries as the platforms send them, and a sender that paces them and writes down the answers.

Each asks for one visible answer at a place of its own, unless told otherwise: so a lost, a
doubled and a misplaced answer all show. What was sent, ran and stands is then one history.
"""

import asyncio
import hashlib
import hmac
import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from history import Effect, Ended, History, Ran, Sent
from house import SECRETS, House
from temporalio.client import WorkflowExecutionStatus

from contexten.effects import as_uuid, effect_key

REACTIONS = {
    "issue_comment": ("workflows.acknowledgements.github_mention", "github.post_comment"),
    "issues": ("workflows.acknowledgements.github_label", "github.post_comment"),
    "Comment": ("workflows.acknowledgements.linear_mention", "linear.post_comment"),
    "app_mention": ("workflows.acknowledgements.slack_mention", "slack.post_reply"),
}
KEY = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PAUSE_S = 0.1


@dataclass(frozen=True, slots=True)
class Delivery:
    """
    One delivery, ready to be sent.

    Attributes:
        platform: Who sends it.
        id: The sender's id for it.
        name: The event.
        where: What the ledger calls the place of its answer.
        wants: How many answers it must lead to.
        body: What is sent; for Linear, without the time of sending.
    """

    platform: str
    id: str
    name: str
    where: str
    wants: int
    body: bytes

    @property
    def workflow_id(self) -> str:
        return f"{self.platform}/{self.id}"

    def request(self) -> tuple[dict[str, str], bytes]:
        """The headers and the body of an attempt made now; Linear says in it when that is."""
        body = self.body
        if self.platform == "linear":
            sent_at = {"webhookTimestamp": int(time.time() * 1000)}
            body = json.dumps(json.loads(body) | sent_at).encode()
        return self._headers(body), body

    def _headers(self, body: bytes) -> dict[str, str]:
        secret, now = SECRETS[self.platform].encode(), str(int(time.time()))
        plain = {"Content-Type": "application/json"}
        if self.platform == "slack":
            signed = sign(secret, b"v0:%b:%b" % (now.encode(), body))
            return plain | {"X-Slack-Request-Timestamp": now, "X-Slack-Signature": f"v0={signed}"}
        signed = sign(secret, body)
        if self.platform == "linear":
            named = {"Linear-Delivery": self.id, "Linear-Event": self.name}
            return plain | named | {"Linear-Signature": signed}
        named = {"X-GitHub-Delivery": self.id, "X-GitHub-Event": self.name}
        return plain | named | {"X-Hub-Signature-256": f"sha256={signed}"}

    def keys(self) -> set[str]:
        """The effect key its answer bears, in both its forms."""
        reaction, operation = REACTIONS[self.name]
        key = effect_key(self.workflow_id, reaction, operation, 0)
        return {key, as_uuid(key)}


def sign(secret: bytes, message: bytes) -> str:
    return hmac.new(secret, message, hashlib.sha256).hexdigest()


def uuid_of(dice: random.Random) -> str:
    """A UUID that the same dice throw again."""
    return as_uuid(f"{dice.getrandbits(128):032x}")


ASKED = "could you look at this?"


def comment(dice: random.Random, number: int, *, asks: bool = True, words: str = ASKED) -> Delivery:
    """A comment on issue *number* of ``octo/hello``, which mentions us if it *asks*."""
    said = f"@contexten {words}" if asks else "Me too."
    body = github("created", number) | {
        "comment": {"id": dice.getrandbits(40), "body": said, "user": PERSON}
    }
    return of_github(dice, "issue_comment", number, int(asks), body)


def label(dice: random.Random, number: int) -> Delivery:
    """Our label put on issue *number* of ``octo/hello``."""
    put_on = {"id": 1, "name": "contexten", "color": "ededed"}
    body = github("labeled", number) | {"label": put_on, "nonce": dice.getrandbits(40)}
    return of_github(dice, "issues", number, 1, body)


PERSON = {"login": "mona", "id": 7, "type": "User"}


def github(action: str, number: int) -> dict[str, Any]:
    """What GitHub's bodies about issues have in common."""
    return {
        "action": action,
        "issue": {"number": number, "title": "It breaks", "labels": [], "user": PERSON},
        "repository": {"id": 1, "full_name": "octo/hello", "owner": {"login": "octo"}},
        "sender": PERSON,
    }


def of_github(
    dice: random.Random, name: str, number: int, wants: int, body: dict[str, Any]
) -> Delivery:
    where, data = f"octo/hello#{number}", json.dumps(body).encode()
    return Delivery("github", uuid_of(dice), name, where, wants, data)


def ticket_comment(dice: random.Random, number: int) -> Delivery:
    """A comment on ticket ``ENG-<number>`` that mentions us."""
    issue = as_uuid(f"{number:032x}")
    body = {
        "action": "create",
        "type": "Comment",
        "actor": {"id": as_uuid("6d6f6e61" * 4), "type": "user", "name": "Mona"},
        "data": {
            "id": uuid_of(dice),
            "body": "@contexten please",
            "issueId": issue,
            "issue": {"id": issue, "identifier": f"ENG-{number}", "title": "It breaks"},
        },
        "organizationId": "octo",
    }
    return Delivery("linear", uuid_of(dice), "Comment", issue, 1, json.dumps(body).encode())


def mention(dice: random.Random, number: int) -> Delivery:
    """A message in channel ``C01`` that mentions us."""
    ts, id_ = f"17000{number:05d}.000100", f"Ev{dice.getrandbits(48):012X}"
    event = {
        "type": "app_mention",
        "user": "U0MONA",
        "text": "<@U0CONTEXTEN> please",
        "channel": "C01",
        "ts": ts,
        "event_ts": ts,
    }
    body = {
        "type": "event_callback",
        "team_id": "T01",
        "api_app_id": "A01",
        "event": event,
        "event_id": id_,
        "event_time": int(time.time()),
    }
    return Delivery("slack", id_, "app_mention", f"C01/{ts}", 1, json.dumps(body).encode())


@dataclass(slots=True)
class Attempts:
    """What became of one delivery: when it was first sent, and what each attempt was answered."""

    delivery: Delivery
    sent_at: float
    acknowledged_at: float | None = None
    answers: list[int | str] = field(default_factory=list)


class Sender:
    """
    Sends deliveries to a house's door and remembers what it was told.

    Attributes:
        attempts: What became of each delivery, by workflow id.
    """

    def __init__(self, house: House, *, timeout_s: float = 10.0) -> None:
        self._url = house.url
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=50)
        self._http = httpx.AsyncClient(timeout=timeout_s, limits=limits)
        self.attempts: dict[str, Attempts] = {}

    async def close(self) -> None:
        await self._http.aclose()

    async def send(self, delivery: Delivery, *, until_s: float = 0.0) -> int | str:
        """
        Send *delivery*, and again until it is acknowledged or *until_s* seconds are over.

        Returns:
            The last status, or the name of what broke the connection.
        """
        new = Attempts(delivery, time.time())
        one = self.attempts.setdefault(delivery.workflow_id, new)
        give_up = time.monotonic() + until_s
        while True:
            answer = await self._attempt(one)
            if answer in (200, 202) or time.monotonic() >= give_up:
                return answer
            await asyncio.sleep(PAUSE_S)

    async def _attempt(self, one: Attempts) -> int | str:
        delivery = one.delivery
        url = f"{self._url}/{delivery.platform}/events"
        try:
            headers, body = delivery.request()
            answer = await self._http.post(url, content=body, headers=headers)
        except httpx.HTTPError as error:
            one.answers.append(type(error).__name__)
            return type(error).__name__
        if answer.is_success and one.acknowledged_at is None:
            one.acknowledged_at = time.time()
        one.answers.append(answer.status_code)
        return answer.status_code

    async def pace(
        self, deliveries: Iterable[Delivery], per_second: float, *, until_s: float = 0.0
    ) -> None:
        """Send *deliveries* at a steady pace, whatever the answers are; return with the last."""
        begun, under_way = time.monotonic(), []
        for n, delivery in enumerate(deliveries):
            await asyncio.sleep(max(0.0, begun + n / per_second - time.monotonic()))
            under_way.append(asyncio.create_task(self.send(delivery, until_s=until_s)))
        await asyncio.gather(*under_way)

    def answers(self) -> Counter[int | str]:
        """How often which answer was given, over all attempts."""
        return Counter(answer for one in self.attempts.values() for answer in one.answers)

    def sent(self) -> tuple[Sent, ...]:
        """What was sent, as the checker wants it."""
        return tuple(
            Sent(id_, a.sent_at, a.acknowledged_at, a.delivery.wants, a.delivery.where)
            for id_, a in self.attempts.items()
        )


STATES = {
    WorkflowExecutionStatus.RUNNING: Ended.OPEN,
    WorkflowExecutionStatus.COMPLETED: Ended.COMPLETED,
}


async def runs(house: House) -> tuple[Ran, ...]:
    """Every run of a delivery that the engine knows."""
    client = await house.client()
    found = []
    async for run in client.list_workflows('WorkflowType = "DeliveryWorkflow"'):
        assert run.status is not None
        closed = run.close_time.timestamp() if run.close_time else None
        ended = STATES.get(run.status, Ended.FAILED)
        found.append(Ran(run.id, ended, run.start_time.timestamp(), closed))
    return tuple(found)


def effects(ledger: Sequence[dict[str, Any]], sent: Iterable[Delivery]) -> tuple[Effect, ...]:
    """
    The ledger with the delivery that each effect answers.

    Told by the effect key it bears; else by its place, if only one delivery asked there.
    """
    deliveries = list(sent)
    by_key = {key: d.workflow_id for d in deliveries for key in d.keys()}  # noqa: SIM118
    asked = Counter(d.where for d in deliveries)
    by_place = {d.where: d.workflow_id for d in deliveries if asked[d.where] == 1}
    return tuple(
        Effect(
            one["n"],
            next(
                (by_key[k] for k in KEY.findall(json.dumps(one["details"])) if k in by_key),
                by_place.get(one["target"]),
            ),
            one["target"],
        )
        for one in ledger
    )


async def history(
    house: House, sender: Sender, *, faults_ended_at: float | None = None, **listed: Any
) -> History:
    """Everything that is known of what *sender* sent to *house*."""
    deliveries = [one.delivery for one in sender.attempts.values()]
    return History(
        sender.sent(),
        await runs(house),
        effects(await house.ledger(), deliveries),
        faults_ended_at=faults_ended_at,
        **listed,
    )


def settled(house: House, sender: Sender, spare: int = 0) -> Callable[[], Any]:
    """A condition: everything acknowledged has run to its end, *spare* deliveries excepted."""

    async def condition() -> bool:
        wanted = {s.id for s in sender.sent() if s.acknowledged_at is not None}
        known = await runs(house)
        ended = {r.id for r in known if r.ended is not Ended.OPEN}
        still_open = any(r.ended is Ended.OPEN for r in known)
        return len(wanted - ended) <= spare and (spare > 0 or not still_open)

    return condition
