"""What the sandbox's Linear answers to each field of its schema, and how it shows what is there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.linear_pages import fits, paged, team_fits
from sandbox.linear_refused import invalid, not_found, taken
from sandbox.linear_state import (
    MISSING,
    Issue,
    LinearState,
    Record,
    Shown,
    chosen,
    found_in,
    is_uuid,
)
from sandbox.world import World

LONGEST_BODY = 100_000
RESOURCES = {"Issue", "Comment", "IssueLabel", "Project", "Cycle", "Reaction", "Attachment"}
VIEWER: Shown = {
    "id": "c0f1e2d3-a4b5-4c6d-8e7f-0a1b2c3d4e5f",
    "name": "contexten",
    "active": True,
    "guest": False,
    "app": True,
}
TOLD = {"thought", "elicitation", "response", "error", "action"}


@dataclass(slots=True)
class Asked:
    """
    A request that was let in.

    Attributes:
        world: Where effects are written down.
        state: What stands there.
        base: The address under which people find things.
    """

    world: World
    state: LinearState
    base: str

    def effect(self, kind: str, target: str, **details: Any) -> None:
        """Write down that *kind* now stands at *target*."""
        self.world.ledger.effect("linear", kind, target, **details)

    def loses(self, standing: dict[str, Record], id_: str, body: str, target: str) -> None:
        """Lose the post *id_* of those that are *standing*, if that is to come."""
        if self.world.losses.takes("linear", body):
            del standing[id_]
            self.effect("lost", target, id=id_)


def issue_shown(asked: Asked, issue: Issue) -> Shown:
    """An issue as its type has it."""
    fields, states = issue.fields, {s["id"]: s for s in issue.team.states()}
    labels = [{"id": i, "name": asked.state.labels[i]} for i in fields.get("labelIds") or ()]
    assignee, parent = fields.get("assigneeId"), fields.get("parentId")
    return {
        "id": issue.id,
        "identifier": issue.identifier,
        "number": issue.number,
        "title": fields["title"],
        "description": fields.get("description"),
        "priority": fields.get("priority") or 0,
        "url": f"{asked.base}/issue/{issue.identifier}",
        "state": states.get(fields.get("stateId"), issue.team.states()[1]),
        "team": issue.team,
        "assignee": {"id": assignee, "name": "Somebody"} if assignee else None,
        "parent": issue_shown(asked, asked.state.issue(parent)) if parent else None,
        "labels": lambda info, **given: paged(labels, given),
        "comments": lambda info, **given: comments_of(asked, issue, given),
    }


def who(asked: Asked, id_: str) -> Shown:
    """The user with that UUID: we ourselves, or a person."""
    return VIEWER if id_ == VIEWER["id"] else asked.state.user(id_)


def comments_of(asked: Asked, issue: Issue, given: Shown) -> Shown:
    """The comments on *issue*, newest first."""
    found = [c for c in asked.state.comments.values() if c.issue is issue]
    return paged([comment_shown(asked, one) for one in found[::-1]], given)


def comment_shown(asked: Asked, comment: Record) -> Shown:
    """A comment as its type has it."""
    assert comment.issue is not None
    issue = issue_shown(asked, comment.issue)
    author = comment.fields.get("userId", VIEWER["id"])
    return {
        "id": comment.id,
        "body": comment.fields["body"],
        "url": f"{issue['url']}#comment-{comment.id[:8]}",
        "issue": issue,
        "user": who(asked, author) if author else None,
        "createdAt": comment.created_at,
    }


def webhook_shown(asked: Asked, webhook: Record) -> Shown:
    """A webhook as its type has it."""
    team = webhook.fields.get("teamId")
    return {
        "enabled": True,
        "allPublicTeams": False,
        **webhook.fields,
        "id": webhook.id,
        "team": asked.state.team(team) if team else None,
    }


def teams(asked: Asked, given: Shown) -> Shown:
    return paged([t for t in asked.state.teams if team_fits(given.get("filter"), t)], given)


def workflow_states(asked: Asked, given: Shown) -> Shown:
    wanted = given.get("filter") or {}
    found = [
        state
        for team in asked.state.teams
        if team_fits(wanted.get("team"), team)
        for state in team.states()
        if fits(wanted.get("name"), state["name"])
    ]
    return paged(found, given)


def search_issues(asked: Asked, given: Shown) -> Shown:
    words = given["term"].lower().split()
    if not words:
        raise invalid("term must be longer than or equal to 1 characters.")
    found = [
        issue_shown(asked, issue)
        for issue in asked.state.issues.values()
        if given.get("teamId") in (None, issue.team.id)
    ]
    matching = [
        one
        for one in found
        if all(word in f"{one['title']} {one['description'] or ''}".lower() for word in words)
    ]
    return paged(matching, given)


def done(thing: str, shown: Any) -> Shown:
    """The payload of a mutation that was carried out."""
    return {"success": True, "lastSyncId": 1.0, thing: shown}


def create_comment(asked: Asked, given: Shown) -> Shown:
    fields, comments = given["input"], asked.state.comments
    id_ = chosen(fields)
    if id_ in comments:
        raise taken("Comment", id_)
    body = fields.get("body")
    if not body or len(body) > LONGEST_BODY:
        raise invalid(f"body must be between 1 and {LONGEST_BODY} characters.")
    if fields.get("issueId") is None:
        raise invalid("issueId must be given: the sandbox has comments on issues alone.")
    issue = asked.state.issue(fields["issueId"])
    comments[id_] = Record(id_, fields, issue)
    asked.effect("comment", issue.id, id=id_, body=body)
    shown = comment_shown(asked, comments[id_])
    asked.loses(comments, id_, body, issue.id)
    return done("comment", shown)


def create_agent_activity(asked: Asked, given: Shown) -> Shown:
    fields, activities = given["input"], asked.state.activities
    id_, session, content = chosen(fields), fields["agentSessionId"], fields["content"]
    if id_ in activities:
        raise taken("AgentActivity", id_)
    if not is_uuid(session) or session.startswith(MISSING):
        raise not_found("AgentSession")
    if not isinstance(content, dict) or content.get("type") not in TOLD:
        raise invalid("content.type must be one of those that an agent may create.")
    if content["type"] != "action" and not content.get("body"):
        raise invalid("content.body must be longer than or equal to 1 characters.")
    if fields.get("signal") == "select" and not (fields.get("signalMetadata") or {}).get("options"):
        raise invalid("signalMetadata.options must be given to select from.")
    activities[id_] = Record(id_, fields)
    told = {"signal": fields.get("signal"), "options": fields.get("signalMetadata")}
    asked.effect("agent_activity", session, id=id_, **content, **told)
    asked.loses(activities, id_, content.get("body") or "", session)
    return done("agentActivity", {"id": id_})


def read_agent_activity(asked: Asked, given: Shown) -> Shown:
    return {"id": found_in(asked.state.activities, given["id"], "AgentActivity").id}


def delete_comment(asked: Asked, given: Shown) -> Shown:
    comment = found_in(asked.state.comments, given["id"], "Comment")
    del asked.state.comments[comment.id]
    assert comment.issue is not None
    asked.effect("comment_deleted", comment.issue.id, id=comment.id)
    return done("entityId", comment.id)


def create_issue(asked: Asked, given: Shown) -> Shown:
    issue = asked.state.new_issue(given["input"])
    asked.effect("issue", issue.id, id=issue.id, identifier=issue.identifier, **issue.fields)
    return done("issue", issue_shown(asked, issue))


def update_issue(asked: Asked, given: Shown) -> Shown:
    issue = asked.state.issue(given["id"])
    asked.state.check(issue.team, given["input"])
    changes = {k: v for k, v in given["input"].items() if issue.fields.get(k) != v}
    issue.fields |= changes
    if changes:
        asked.effect("issue_update", issue.id, identifier=issue.identifier, **changes)
    return done("issue", issue_shown(asked, issue))


def create_webhook(asked: Asked, given: Shown) -> Shown:
    fields, webhooks = given["input"], asked.state.webhooks
    id_ = chosen(fields)
    if id_ in webhooks:
        raise taken("Webhook", id_)
    if not fields["url"].startswith("https://"):
        raise invalid("url must be a URL address.")
    if not fields["resourceTypes"] or not set(fields["resourceTypes"]) <= RESOURCES:
        raise invalid("each value in resourceTypes must be one of those that Linear tells of.")
    if bool(fields.get("teamId")) == bool(fields.get("allPublicTeams")):
        raise invalid("either teamId or allPublicTeams must be given.")
    if fields.get("teamId"):
        asked.state.team(fields["teamId"])
    webhooks[id_] = Record(id_, fields)
    told = {name: fields[name] for name in ("url", "resourceTypes")}
    asked.effect("webhook", fields.get("teamId") or "all public teams", id=id_, **told)
    return done("webhook", webhook_shown(asked, webhooks[id_]))


def read_comment(asked: Asked, given: Shown) -> Shown:
    return comment_shown(asked, found_in(asked.state.comments, given.get("id"), "Comment"))


def read_issue(asked: Asked, given: Shown) -> Shown:
    return issue_shown(asked, asked.state.issue(given["id"]))


def read_webhook(asked: Asked, given: Shown) -> Shown:
    return webhook_shown(asked, found_in(asked.state.webhooks, given.get("id"), "Webhook"))


Resolver = Callable[[Asked, Shown], Any]

RESOLVERS: dict[str, Resolver] = {
    "viewer": lambda asked, given: VIEWER,
    "user": lambda asked, given: who(asked, given["id"]),
    "agentActivity": read_agent_activity,
    "agentActivityCreate": create_agent_activity,
    "comment": read_comment,
    "issue": read_issue,
    "searchIssues": search_issues,
    "teams": teams,
    "workflowStates": workflow_states,
    "webhook": read_webhook,
    "commentCreate": create_comment,
    "commentDelete": delete_comment,
    "issueCreate": create_issue,
    "issueUpdate": update_issue,
    "webhookCreate": create_webhook,
}


def root(resolvers: dict[str, Resolver]) -> dict[str, Callable[..., Any]]:
    """The root value: each resolver as GraphQL calls it."""

    def called(resolver: Resolver) -> Callable[..., Any]:
        def resolve(info: Any, **given: Any) -> Any:
            return resolver(info.context, given)

        return resolve

    return {name: called(resolver) for name, resolver in resolvers.items()}


ROOT = root(RESOLVERS)
