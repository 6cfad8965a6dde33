"""Linear as it really is: each deed as few requests as it takes, under an id that we choose."""

import json
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

from activities.clients import linear_answers as answers
from activities.clients import linear_documents as documents
from activities.clients import linear_probes
from activities.clients.credential import Credential
from activities.clients.http import HttpSession
from activities.clients.limits_told import limits_told
from activities.clients.linear_answers import read
from activities.clients.linear_errors import ADDRESS, PLATFORM, data_of
from activities.clients.linear_reading import LinearReading
from contexten.effects import as_uuid
from contexten.errors import ClientError, FatalError
from contexten.limits import Limits, tightest
from contexten.linear import (
    AgentActivity,
    Comment,
    Found,
    Issue,
    IssueChange,
    NewIssue,
    NewWebhook,
    Posted,
    Search,
    StatesOf,
    Target,
    Team,
    Webhook,
    WorkflowState,
)

API_KEY = "lin_api_"
MOST_PAGES = 100
LIMITS = ("x-ratelimit-requests-", "x-ratelimit-complexity-")
MS = 1000
CHANGEABLE = {
    "title": "title",
    "description": "description",
    "state_id": "stateId",
    "assignee_id": "assigneeId",
    "priority": "priority",
}


class LinearClient(LinearReading):
    """
    Our deeds on Linear, over its GraphQL API. Nothing is retried.

    Every deed raises one of the errors of ``contexten.errors`` and nothing else.
    """

    def __init__(
        self,
        url: str,
        token: str | None,
        timeout_s: float,
        connections: int,
        team_id: str | None,
        *,
        again: Callable[[], str | None] | None = None,
    ) -> None:
        """
        Args:
            url: Linear's GraphQL API.
            token: An API key or OAuth token; without one, every deed raises FatalError.
            timeout_s: Seconds before a request is given up, all in all.
            connections: How many requests may be under way.
            team_id: The team of new issues that name none, by UUID or key; None for no team.
            again: Reads the token anew; see ``Credential``.
        """
        self._url = url
        self._token = Credential(PLATFORM, token, again)
        self._team_id = team_id
        self._team_ids: dict[str, str] = {}
        self._http = HttpSession(PLATFORM, ADDRESS, timeout_s, connections)
        self._limits: Limits | None = None

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()

    def renew(self) -> None:
        """Have the token read anew by the next deed."""
        self._token.renew()

    def limits(self) -> Limits | None:
        """
        What Linear last said of how much we may ask; None before it said anything.

        Of its two limits, on requests and on their complexity, the one that is nearer.
        """
        return self._limits

    async def probe(self, group: str) -> str:
        """What the cheapest honest request of *group* proved; nothing is changed by it."""
        return await linear_probes.probe(self._ask, group)

    async def post_comment(self, comment: Comment) -> Posted:
        """Post *comment*, unless one with its key stands already."""
        fields = {"issueId": comment.issue_id, "body": comment.body}
        made = await self._created(
            documents.COMMENT_CREATE, documents.COMMENT_BY_ID, comment.effect.key, fields
        )
        return read(answers.posted, made)

    async def read_issue(self, target: Target) -> Issue:
        """The issue *target* as it stands."""
        data = await self._ask(documents.ISSUE, id=target.issue_id)
        return read(answers.issue, data.get("thing"))

    async def create_agent_activity(self, said: AgentActivity) -> str:
        """Say something in an agent session, unless it was said under its key already."""
        fields: dict[str, Any] = {
            "agentSessionId": said.session_id,
            "content": {"type": said.kind, "body": said.body},
        }
        if said.choices:
            options = [{"value": one} for one in said.choices]
            fields |= {"signal": "select", "signalMetadata": {"options": options}}
        made = await self._created(
            documents.AGENT_ACTIVITY_CREATE,
            documents.AGENT_ACTIVITY_BY_ID,
            said.effect.key,
            fields,
        )
        return read(answers.id_of, made)

    async def search_issues(self, search: Search) -> tuple[Found, ...]:
        """The best matches of *search*, at most as many as it wants."""
        first = min(max(search.most, 1), 100)
        data = await self._ask(documents.ISSUE_SEARCH, term=search.term, first=first)
        return tuple(read(answers.found, one) for one in read(answers.nodes, data.get("page")))

    async def create_issue(self, issue: NewIssue) -> Found:
        """Create *issue*, unless one with its key was created already."""
        fields: dict[str, Any] = {
            "teamId": await self._team_uuid(self._team_of(issue)),
            "title": issue.title,
            "description": issue.description,
        }
        if issue.label_ids:
            fields["labelIds"] = list(issue.label_ids)
        if issue.parent_id:
            fields["parentId"] = issue.parent_id
        made = await self._created(
            documents.ISSUE_CREATE, documents.ISSUE_BY_ID, issue.effect.key, fields
        )
        return read(answers.found, made)

    def _team_of(self, issue: NewIssue) -> str:
        """
        Raises:
            FatalError: If neither *issue* nor the settings name a team.
        """
        team = issue.team_id or self._team_id
        if not team:
            reason = "no team for the issue: set LINEAR_TEAM_ID, or name one"
            raise FatalError(reason, platform=PLATFORM)
        return team

    async def update_issue(self, change: IssueChange) -> Found:
        """Make an issue what *change* says; a second time changes nothing."""
        wanted = {theirs: getattr(change, ours) for ours, theirs in CHANGEABLE.items()}
        fields = {name: value for name, value in wanted.items() if value is not None}
        data = await self._ask(documents.ISSUE_UPDATE, id=change.issue_id, input=fields)
        return read(answers.found, read(answers.done, data))

    async def list_teams(self) -> tuple[Team, ...]:
        """All teams that our token may see."""
        return tuple([read(answers.team, one) async for one in self._all(documents.TEAMS)])

    async def list_workflow_states(self, of: StatesOf) -> tuple[WorkflowState, ...]:
        """The workflow states of a team, or of all."""
        chosen = {"team": team_filter(of.team_id)} if of.team_id else None
        found = self._all(documents.WORKFLOW_STATES, filter=chosen)
        return tuple([read(answers.workflow_state, one) async for one in found])

    async def register_webhook(self, webhook: NewWebhook) -> Webhook:
        """Register *webhook*, unless one with its key was registered already."""
        fields: dict[str, Any] = {
            "url": webhook.url,
            "label": webhook.label,
            "resourceTypes": list(webhook.resource_types),
        }
        if webhook.team_id:
            fields["teamId"] = await self._team_uuid(webhook.team_id)
        else:
            fields["allPublicTeams"] = True
        made = await self._created(
            documents.WEBHOOK_CREATE, documents.WEBHOOK_BY_ID, webhook.effect.key, fields
        )
        return read(answers.webhook, made)

    async def _created(self, create: str, by_id: str, key: str, fields: dict[str, Any]) -> Any:
        """
        What *create* created under the id that *key* is, now or in an earlier attempt.

        Linear does not document how it refuses an id that is taken. It is seen to answer with
        the GraphQL error "conflict on insert of Comment", code INPUT_ERROR, and "Entity Comment
        with id … already exists." for people. We do not lean on these words: whenever it finds
        our request wrong, we look whether what we wanted stands under our id.
        """
        id_ = as_uuid(key)
        try:
            return read(answers.done, await self._ask(create, input={"id": id_, **fields}))
        except ClientError as refused:
            try:
                return (await self._ask(by_id, id=id_)).get("thing")
            except ClientError:
                raise refused from None

    async def _team_uuid(self, team: str) -> str:
        """
        The UUID of *team*, which Linear wants where something is created; keys are looked up once.

        Raises:
            ClientError: If there is no such team.
        """
        if is_uuid(team):
            return team
        if team not in self._team_ids:
            data = await self._ask(documents.TEAMS, filter=team_filter(team))
            found = [read(answers.team, one) for one in read(answers.nodes, data.get("page"))]
            if not found:
                raise ClientError(f"there is no team with the key {team!r}", platform=PLATFORM)
            self._team_ids[team] = found[0].id
        return self._team_ids[team]

    async def _all(self, document: str, **variables: Any) -> AsyncIterator[Any]:
        """Everything on all pages of a list."""
        after = None
        for _ in range(MOST_PAGES):
            page = (await self._ask(document, after=after, **variables)).get("page")
            for one in read(answers.nodes, page):
                yield one
            after = read(answers.next_cursor, page)
            if after is None:
                return

    async def _ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """
        The data that answers one request.

        Raises:
            PlatformError: Whichever of our errors the refusal or the silence amounts to.
        """
        token = self._token()
        if not token:
            reason = "no Linear credentials: set LINEAR_ACCESS_TOKEN"
            raise FatalError(reason, platform=PLATFORM)
        body = json.dumps({"query": document, "variables": variables}).encode()
        headers = {
            "authorization": authorization(token),
            "content-type": "application/json",
        }
        answer, now = await self._http.post(self._url, headers, body), datetime.now(UTC)
        told = [limits_told(answer.headers, prefix, now, MS) for prefix in LIMITS]
        self._limits = tightest(one for one in told if one) or self._limits
        return data_of(answer, now)


def authorization(token: str) -> str:
    """What the header says: Linear takes its API keys bare, and refuses them as bearer tokens."""
    return token if token.startswith(API_KEY) else f"Bearer {token}"


def is_uuid(text: str) -> bool:
    """
    Whether *text* is a UUID.

    >>> is_uuid("ENG"), is_uuid("9d1f7c22-3b6a-4c58-8d0e-71a2b3c4d5e6")
    (False, True)
    """
    try:
        return bool(uuid.UUID(text))
    except ValueError:
        return False


def team_filter(team: str) -> dict[str, Any]:
    """The filter that fits *team*, given by UUID or key."""
    return {"id" if is_uuid(team) else "key": {"eq": team}}
