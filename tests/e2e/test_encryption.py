"""With keys set, the engine and the disk have nothing to read, and everything works as before."""

import base64
import json
import random
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fire import Fire
from google.protobuf.message import Message
from history import check, told
from house import ROOT, House
from keys import SPRING, SUMMER, ring
from temporalio.api.common.v1 import Payload, SearchAttributes
from temporalio.api.failure.v1 import Failure
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.workflowservice.v1 import QueryWorkflowRequest
from temporalio.client import Client, WorkflowHistory
from temporalio.service import RPCError
from temporalio.worker import Replayer
from traffic import Delivery, Sender, comment, history, label, settled
from waiting import until

from starter import engine
from starter.claim_check import data_converter
from starter.codec import encrypted
from workflows import registry
from workflows.breaker import PlatformWorkflow
from workflows.degradation import DegradationWorkflow
from workflows.delivery import DeliveryWorkflow
from workflows.retry import RuleBookWorkflow

pytestmark = pytest.mark.timeout(240)

TOKEN = "a-token-of-adas-own"
SECRET = "kept-between-us"
ENTITIES = ("degradation", "rules", "platform/github")
WORKFLOWS = [DegradationWorkflow, DeliveryWorkflow, PlatformWorkflow, RuleBookWorkflow]
QUEUES = "deliveries,github,control"
SENT_BY_HAND = "Signal workflow succeeded"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """The system with keys, not yet started, and with a reaction that throws."""
    async with House(tmp_path, PAYLOAD_KEYS=SPRING) as one:
        one.environment["PYTHONPATH"] = f"{ROOT}:{ROOT / 'tests'}"
        one.environment["REACTIONS"] = "workflows.acknowledgements,broken_reactions"
        yield one


@pytest.fixture
async def sender(house: House) -> AsyncIterator[Sender]:
    one = Sender(house)
    yield one
    await one.close()


def saying(delivery: Delivery, title: str, action: str | None = None) -> Delivery:
    """*delivery* about an issue called *title*."""
    body = json.loads(delivery.body)
    body["issue"]["title"] = title
    body["action"] = action or body["action"]
    wants = delivery.wants if action is None else 0
    return replace(delivery, wants=wants, body=json.dumps(body).encode())


def by_hand(house: House, *words: str) -> str:
    """What the ``temporal`` command says, which knows of no key."""
    done = subprocess.run(
        [engine.binary(), *words, "--address", house.address],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.stdout + done.stderr


def within(message: Message) -> Iterator[Message]:
    """*message* and every message in it, search attributes apart."""
    if isinstance(message, SearchAttributes):
        return
    yield message
    for field, value in message.ListFields():
        if field.type != field.TYPE_MESSAGE:
            continue
        if isinstance(value, Message):
            yield from within(value)
        else:
            several = value.values() if hasattr(value, "values") else value
            for one in several:
                if isinstance(one, Message):
                    yield from within(one)


def readable(message: Message, *by_hand: str) -> list[Message]:
    """What of ours in *message* can be read: payloads but those *by_hand*, and failures."""
    return [
        one
        for one in within(message)
        if (isinstance(one, Payload) and speaks(one) and one.data.decode() not in by_hand)
        or (isinstance(one, Failure) and tells(one))
    ]


def speaks(payload: Payload) -> bool:
    """Whether it can be read, and says more than where a blob is or which patch is in force."""
    told = payload.metadata.get("messageType", b"").endswith(b".ExternalStorageReference")
    return not (encrypted(payload) or told or b'"deprecated":' in payload.data)


def tells(failure: Failure) -> bool:
    """Whether it says what failed, and is not the server's own."""
    told = failure.message != "Encoded failure" or bool(failure.stack_trace)
    return told and failure.source != "Server"


async def histories(client: Client) -> list[WorkflowHistory]:
    """The history of every workflow, as the engine has it."""
    return [
        await client.get_workflow_handle(one.id, run_id=one.run_id).fetch_history()
        async for one in client.list_workflows()
    ]


def on_disk(folder: Path, *names: str) -> bytes:
    """All bytes of the files *names* under *folder*."""
    return b"".join(
        path.read_bytes() for name in names for path in folder.rglob(name) if path.is_file()
    )


async def test_nothing_that_the_engine_keeps_can_be_read(
    house: House, sender: Sender, tmp_path: Path
) -> None:
    dice = random.Random(1)
    small = [saying(comment(dice, n), SECRET) for n in range(1, 6)]
    large = saying(label(dice, 6), SECRET * 20_000)
    broken = saying(label(dice, 7), SECRET, "opened")
    fire = Fire(house)
    await house.start(QUEUES)

    order = json.dumps({"because": SECRET, "by": "ada", "for": "1h"})
    signal = ("workflow", "signal", "--workflow-id", "platform/github", "--name", "pause")
    await until(lambda: entities_there(house))
    said = by_hand(house, *signal, "--input", order)
    await until(lambda: shown(fire, SECRET))
    await sender.pace([*small, large, broken], 20)
    before = await house.ledger()
    fire.shell("resume", "github", "--by", "ada")
    await until(settled(house, sender), 60, 0.2)
    client = await house.client()
    kept = await histories(client)

    assert SENT_BY_HAND in said
    assert before == []
    found = check(await history(house, sender, dead_letters=frozenset({broken.workflow_id})))
    assert not found, told(found)
    readables = [one for each in kept for event in each.events for one in readable(event, order)]
    assert readables == []
    for name in ENTITIES:
        described = await client.get_workflow_handle(name).describe()
        assert described.raw_description.workflow_execution_info.memo.fields
        assert readable(described.raw_description) == []
    assert SECRET.encode() not in on_disk(house.var, "blobs/*/*")
    assert on_disk(house.var, "blobs/*/*") != b""
    assert readable(await asked(client, "platform/github")) == []
    await all_replay(kept, data_converter(house.var / "blobs", 128 * 1024, keyring=ring(SPRING)))


async def test_keys_rotate_and_one_that_is_missing_is_named(house: House, sender: Sender) -> None:
    dice, fire = random.Random(2), Fire(house)
    await house.start(QUEUES)
    await until(lambda: entities_there(house))
    fire.shell("pause", "github", "--for", "1h", "--because", SECRET, "--by", "ada")
    await sender.pace([comment(dice, 1)], 20)
    await house.workers[QUEUES].stop()

    house.environment["PAYLOAD_KEYS"] = f"{SUMMER},{SPRING}"
    await house.start_worker(QUEUES)
    seen = fire.shell("standing")
    fire.shell("resume", "github", "--by", "ada")
    await until(settled(house, sender), 60, 0.2)
    house.environment["PAYLOAD_KEYS"] = SPRING
    with pytest.raises(subprocess.CalledProcessError) as failed:
        fire.shell("standing")

    assert SECRET in seen
    assert len(await house.ledger()) == 1
    assert failed.value.returncode == 2
    assert "encrypted with the key 'summer'" in failed.value.stderr
    assert "add that key to PAYLOAD_KEYS" in failed.value.stderr
    assert "Traceback" not in failed.value.stderr


async def test_the_temporal_command_reads_and_writes_by_the_codec_endpoint(
    house: House, sender: Sender
) -> None:
    house.environment["OPERATOR_TOKENS"] = f"ada:{TOKEN}"
    await house.start(QUEUES)
    await until(lambda: entities_there(house))
    by = ("--codec-endpoint", f"{house.url}/codec", "--codec-auth", f"Bearer {TOKEN}")
    one = saying(comment(random.Random(3), 1), SECRET)
    await sender.pace([one], 20)
    await until(settled(house, sender), 60, 0.2)
    show = ("workflow", "show", "--workflow-id", one.workflow_id, "--output", "json")
    signal = ("workflow", "signal", "--workflow-id", "platform/github", "--name", "pause")

    read, unread = by_hand(house, *show, *by), by_hand(house, *show)
    refused = by_hand(house, *show, *by[:2], "--codec-auth", "Bearer of-nobody-at-all")
    by_hand(house, *signal, "--input", json.dumps({"because": SECRET, "by": "ada"}), *by)
    await until(lambda: shown(Fire(house), SECRET))
    sent = await (await house.client()).get_workflow_handle("platform/github").fetch_history()

    assert SECRET in said_in(read)
    assert said_in(unread)
    assert SECRET not in said_in(unread) + said_in(refused) + refused
    assert [one for event in sent.events for one in readable(event)] == []


async def test_a_worker_without_the_key_loses_nothing(house: House, sender: Sender) -> None:
    await house.start("deliveries,control")
    house.environment["PAYLOAD_KEYS"] = SUMMER
    await house.start_worker("github")
    one = comment(random.Random(4), 1)
    await sender.pace([one], 20)
    client = await house.client()

    async def tried_again() -> bool:
        try:
            told = await client.get_workflow_handle(one.workflow_id).describe()
        except RPCError:
            return False
        return any(call.attempt > 1 for call in told.raw_description.pending_activities)

    await until(tried_again, 60, 0.2)
    await house.workers["github"].stop()
    house.environment["PAYLOAD_KEYS"] = SPRING
    await house.start_worker("github")
    await until(settled(house, sender), 60, 0.2)

    found = check(await history(house, sender))
    assert not found, told(found)


def said_in(shown: str) -> str:
    """What the payloads say of a history that the ``temporal`` command has shown."""
    data = re.findall(r'"data": "([^"]+)"', shown)
    return b"\n".join(map(base64.b64decode, data)).decode(errors="replace")


async def asked(client: Client, workflow_id: str) -> Message:
    """The answer to the query ``standing``, as the engine passes it on."""
    request = QueryWorkflowRequest(namespace=client.namespace, query=WorkflowQuery())
    request.execution.workflow_id = workflow_id
    request.query.query_type = "standing"
    answer: Message = await client.workflow_service.query_workflow(request)
    return answer


async def all_replay(kept: list[WorkflowHistory], converter: object) -> None:
    """Every history leads to the same commands again."""
    registry.load(["workflows.reactions", "broken_reactions"])
    replayer = Replayer(workflows=WORKFLOWS, data_converter=converter)  # type: ignore[arg-type]
    known = {one.__name__ for one in WORKFLOWS}
    for one in kept:
        begun = one.events[0].workflow_execution_started_event_attributes
        if begun.workflow_type.name in known:
            outcome = await replayer.replay_workflow(one, raise_on_replay_failure=False)
            assert outcome.replay_failure is None, one.workflow_id
    registry.load(registry.DEFAULT_MODULES)


async def entities_there(house: House) -> bool:
    """Whether every entity shows how it stands."""
    client = await house.client()
    for name in ENTITIES:
        try:
            described = await client.get_workflow_handle(name).describe()
        except RPCError:
            return False
        if not described.raw_description.workflow_execution_info.memo.fields:
            return False
    return True


async def shown(fire: Fire, words: str) -> bool:
    """Whether whoever has the keys is shown *words*."""
    return words in fire.shell("standing")
