"""
What the body of a GitHub event looks like, as far as it tells one event from another.

GitHub signs the body and not the header that names the event. So a captured body could be
sent again under another name; the keys at its top say which event it really is. Events
that are not listed may have any shape: GitHub adds events, and none of ours depends on them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Shape:
    """
    Attributes:
        has: Keys at the top of every such body.
        lacks: Keys at the top of none, that would make it a body of another event.
    """

    has: frozenset[str]
    lacks: frozenset[str] = frozenset()


def shape(has: str, lacks: str = "") -> Shape:
    """A shape out of two lists of keys, blanks between them."""
    return Shape(frozenset(has.split()), frozenset(lacks.split()))


THINGS = """
    alert check_run check_suite client_payload comment content_reference deployment
    discussion forkee hook issue key label location member milestone package pages
    project project_card project_column pull_request ref release review rule sha
    starred_at team thread workflow workflow_job workflow_run zen build
"""

SHAPES: dict[str, Shape] = {
    "branch_protection_rule": shape("action rule repository"),
    "cache_sync": shape("cache_location ref"),
    "check_run": shape("action check_run"),
    "check_suite": shape("action check_suite"),
    "code_scanning_alert": shape("action alert commit_oid ref"),
    "commit_comment": shape("action comment repository", "issue pull_request discussion"),
    "content_reference": shape("action content_reference"),
    "create": shape("ref ref_type master_branch"),
    "delete": shape("ref ref_type pusher_type", "master_branch"),
    "deploy_key": shape("action key repository"),
    "deployment": shape("deployment repository", "deployment_status"),
    "deployment_status": shape("deployment deployment_status"),
    "discussion": shape("action discussion", "comment"),
    "discussion_comment": shape("action discussion comment"),
    "fork": shape("forkee repository"),
    "gollum": shape("pages repository"),
    "installation": shape(
        "action installation", "repository repositories_added repositories_removed account"
    ),
    "installation_repositories": shape("action installation repositories_added"),
    "issue_comment": shape("action issue comment"),
    "issues": shape("action issue", "comment"),
    "label": shape("action label repository", "issue pull_request discussion"),
    "member": shape("action member repository", "team"),
    "membership": shape("action member team organization"),
    "meta": shape("action hook hook_id"),
    "milestone": shape("action milestone", "issue pull_request"),
    "organization": shape("action organization", "repository member team"),
    "package": shape("action package"),
    "page_build": shape("build id"),
    "ping": shape("zen hook_id"),
    "project": shape("action project"),
    "project_card": shape("action project_card"),
    "project_column": shape("action project_column"),
    "public": shape("repository", f"action {THINGS}"),
    "pull_request": shape("action number pull_request", "review comment thread"),
    "pull_request_review": shape("action pull_request review"),
    "pull_request_review_comment": shape("action pull_request comment"),
    "pull_request_review_thread": shape("action pull_request thread"),
    "push": shape("ref before after commits"),
    "release": shape("action release"),
    "repository": shape("action repository", THINGS),
    "repository_dispatch": shape("action client_payload"),
    "secret_scanning_alert": shape("action alert", "location commit_oid"),
    "secret_scanning_alert_location": shape("action alert location"),
    "security_advisory": shape("action security_advisory"),
    "star": shape("action repository starred_at"),
    "status": shape("sha state commit branches"),
    "team": shape("action team organization", "member"),
    "team_add": shape("team repository", "action"),
    "watch": shape("action repository", THINGS),
    "workflow_dispatch": shape("inputs ref workflow"),
    "workflow_job": shape("action workflow_job"),
    "workflow_run": shape("action workflow_run"),
}


def fits(event: str, body: Mapping[str, Any]) -> bool:
    """
    Whether *body* can be that of *event*.

    >>> fits("issues", {"action": "opened", "issue": {}})
    True
    >>> fits("issues", {"action": "created", "issue": {}, "comment": {}})
    False
    """
    expected = SHAPES.get(event)
    if expected is None:
        return True
    return expected.has <= body.keys() and expected.lacks.isdisjoint(body)
