"""What the sandbox's Linear answers to each field of its schema, and how it shows what is there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.linear_refused import invalid, taken
from sandbox.linear_state import Issue, LinearState, Record, Shown, Team, chosen, found_in
from sandbox.world import World

MOST_PER_PAGE = 250
USUAL_PER_PAGE = 50
LONGEST_BODY = 100_000
RESOURCES = {"Issue", "Comment", "IssueLabel", "Project", "Cycle", "Reaction", "Attachment"}
VIEWER = {"id": "c0f1e2d3-a4b5-4c6d-8e7f-0a1b2c3d4e5f", "name": "contexten"}


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
    }


def comment_shown(asked: Asked, comment: Record) -> Shown:
    """A comment as its type has it."""
    assert comment.issue is not None
    issue = issue_shown(asked, comment.issue)
    url = f"{issue['url']}#comment-{comment.id[:8]}"
    return {"id": comment.id, "body": comment.fields["body"], "url": url, "issue": issue}


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


def paged(items: Sequence[Any], given: Shown) -> Shown:
    """The page of *items* that was asked for by ``first`` and ``after``, a place in the list."""
    size = given.get("first") or USUAL_PER_PAGE
    after = given.get("after") or "0"
    if not 1 <= size <= MOST_PER_PAGE:
        raise invalid(f"first must not be greater than {MOST_PER_PAGE}.")
    if not after.isdecimal():
        raise invalid("after must be a cursor.")
    begin = int(after)
    nodes = list(items[begin : begin + size])
    info = {
        "hasNextPage": begin + size < len(items),
        "hasPreviousPage": begin > 0,
        "startCursor": str(begin) if nodes else None,
        "endCursor": str(begin + len(nodes)) if nodes else None,
    }
    return {"nodes": nodes, "pageInfo": info, "totalCount": len(items)}


def fits(wanted: Shown | None, value: str) -> bool:
    """Whether *value* is what a comparator wants; without one everything is."""
    return not wanted or wanted.get("eq") in (None, value)


def team_fits(wanted: Shown | None, team: Team) -> bool:
    """Whether *team* is one that a filter wants."""
    wanted = wanted or {}
    return fits(wanted.get("id"), team.id) and fits(wanted.get("key"), team.key)


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
    return done("comment", comment_shown(asked, comments[id_]))


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
