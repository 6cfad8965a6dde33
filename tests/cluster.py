"""GitHub's entity, the workers around it, and a GitHub that is down on demand, on a real engine."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from control import control_deeds
from fakes import FakeGithub, event
from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.worker import Worker, WorkflowRunner
from waiting import until
from watching import Watching, watching

from activities.clients.queue_control import QueueControl
from activities.github import GithubActivities
from activities.stores.database import Database
from activities.stores.incidents import Incidents
from contexten.errors import ServerError, TransientError
from contexten.github import Comment, Posted, ReactionTo
from contexten.incident import Incident, IncidentsWanted
from contexten.queues import Queue, probes_of
from contexten.rulebook import DEFAULT_BOOK, Edit, RuleBook, as_json, edited
from starter.start import start
from worker import in_force
from workflows.breaker import PlatformWorkflow
from workflows.degradation import DegradationWorkflow
from workflows.delivery import DeliveryWorkflow
from workflows.interceptor import InForce

LABELLED = (
    b'{"action": "labeled", "label": {"name": "contexten"}, "issue": {"number": 7},'
    b' "repository": {"full_name": "octo/hello"}}'
)


class UnwellGithub(FakeGithub):
    """GitHub that is down while it is, and counts who came in vain."""

    def __init__(self) -> None:
        super().__init__()
        self.down = False
        self.in_vain = self.probes = self.emoji = 0

    def post_comment(self, comment: Comment) -> Posted:
        if self.down:
            self.in_vain += 1
            raise ServerError("GitHub answered 503", platform="github", status=503)
        return super().post_comment(comment)

    def add_reaction(self, reaction: ReactionTo) -> None:
        """Count it."""
        self.emoji += 1

    @activity.defn(name="github.probe_group")
    async def probe_group(self, group: str) -> str:
        """What a probe finds."""
        self.probes += 1
        if self.down:
            raise ServerError("GitHub answered 503", platform="github", status=503)
        return f"{group} answers"


class Cluster:
    """The entity of GitHub, its workers, and GitHub itself."""

    def __init__(
        self, client: Client, entity: WorkflowHandle[Any, Any], seen: Watching, folder: Path
    ) -> None:
        self.client, self.entity, self.seen, self.folder = client, entity, seen, folder
        self.github = UnwellGithub()

    async def standing(self) -> dict[str, Any]:
        """What the entity says of itself."""
        found: dict[str, Any] = await self.entity.query(PlatformWorkflow.standing)
        return found

    async def is_held(self, because: str = "") -> bool:
        """Whether the queue is held for a reason that says *because*."""
        found = await self.standing()
        return found.get("rate") == 0 and because in found["because"]

    async def is_open(self) -> bool:
        """Whether the queue is let be."""
        found = await self.standing()
        return bool(found) and found["rate"] is None

    def incidents(self) -> tuple[Incident, ...]:
        """The incidents that were kept."""
        kept = Database(f"sqlite:///{self.folder}/ledger.db")
        try:
            return Incidents(kept).latest(IncidentsWanted())
        finally:
            kept.close()

    async def deliver(self, many: int, action: str = "labeled") -> list[WorkflowHandle[Any, Any]]:
        """Start so many deliveries, each of which comments once."""
        events = [event(action=action) for _ in range(many)]
        for one in events:
            await start(self.client, one, LABELLED, eager=False)
        return [self.client.get_workflow_handle(one.workflow_id) for one in events]

    def workers(self, runner: WorkflowRunner) -> list[Worker]:
        """Who serves control, deliveries, GitHub and its probes."""
        known = InForce(lambda operation: in_force(self.seen.snapshots(), operation))
        usual: dict[str, Any] = {"workflow_runner": runner, "interceptors": [known]}
        usual["workflow_failure_exception_types"] = [Exception]
        control = control_deeds(self.client, self.folder)
        deeds, guarded = GithubActivities(self.github), [self.seen.boundary]
        return [
            Worker(
                self.client,
                task_queue=Queue.CONTROL,
                workflows=[DegradationWorkflow, PlatformWorkflow],
                activities=[
                    control.set_queue_rate,
                    control.count_waiting,
                    control.save_incident,
                    control.read_rules,
                ],
                **usual,
            ),
            Worker(
                self.client,
                task_queue=Queue.DELIVERIES,
                workflows=[DeliveryWorkflow],
                **usual,
            ),
            Worker(
                self.client,
                task_queue=Queue.GITHUB,
                activities=[deeds.post_comment, deeds.add_reaction],
                activity_executor=ThreadPoolExecutor(4),
                interceptors=guarded,
            ),
            Worker(
                self.client,
                task_queue=probes_of("github"),
                activities=[self.github.probe_group],
                interceptors=guarded,
            ),
        ]


@asynccontextmanager
async def cluster(client: Client, runner: WorkflowRunner, folder: Path) -> AsyncIterator[Cluster]:
    """All of it, with a breaker that dares again after a second; what is kept is in *folder*."""
    entity = await client.start_workflow(
        PlatformWorkflow.run,
        id="platform/github",
        task_queue=Queue.CONTROL,
        id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
    )
    try:
        async with AsyncExitStack() as stack:
            seen = await stack.enter_async_context(watching(client, "github"))
            house = Cluster(client, entity, seen, folder)
            for worker in house.workers(runner):
                await stack.enter_async_context(worker)
            await entity.signal(PlatformWorkflow.rules_changed, as_json(impatient()))
            yield house
    finally:
        await client.get_workflow_handle("platform/github").terminate("the test is over")
        await until(lambda: let_be(client))


async def let_be(client: Client) -> bool:
    """Let GitHub's queue be; False if the engine is just changing it for somebody else."""
    try:
        await QueueControl(client).set_rate("github", None, "the test is over")
    except TransientError:
        return False
    return True


def impatient() -> RuleBook:
    """The rules, with a breaker that dares again soon."""
    edit = Edit("a test", "to be quick", {"github.breaker.recovery_timeout": "1s"})
    return edited(DEFAULT_BOOK, edit, datetime.now(UTC))
