"""The sandbox's Linear is as strict as the real one is seen to be."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pretend import Sandbox, sandbox

from sandbox.linear_state import known
from sandbox.tokens import LINEAR_API_KEY, LINEAR_TOKEN

__all__ = ["sandbox"]

TICKET = "7c9d1e3f-5a7b-4c8d-8e0f-4a6b8c0d2e3f"
MISSING = "ffffffff-5a7b-4c8d-8e0f-4a6b8c0d2e3f"
KEY = "8d0e2f4a-6b8c-4d9e-8f1a-5b7c9d1e3f4a"
ENG = known("ENG")

CREATE = {
    kind: f"""
    mutation {kind}Create($input: {kind}CreateInput!) {{
      {kind.lower()}Create(input: $input) {{ success {kind.lower()} {{ id }} }}
    }}
    """
    for kind in ("Comment", "Issue", "Webhook")
}
FIELDS: dict[str, dict[str, Any]] = {
    "Comment": {"issueId": TICKET, "body": "Hello"},
    "Issue": {"teamId": ENG, "title": "It breaks"},
    "Webhook": {
        "url": "https://us.example/",
        "resourceTypes": ["Issue"],
        "allPublicTeams": True,
    },
}
UPDATE = """
mutation IssueUpdate($id: String!, $input: IssueUpdateInput!) {
  issueUpdate(id: $id, input: $input) { success }
}
"""


@pytest.fixture
def http(sandbox: Sandbox) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {LINEAR_TOKEN}"}
    with httpx.Client(base_url=f"{sandbox.url}/linear", headers=headers, timeout=5) as client:
        yield client


def ask(http: httpx.Client, query: str, **variables: Any) -> httpx.Response:
    return http.post("/graphql", json={"query": query, "variables": variables})


def create(http: httpx.Client, kind: str, **fields: Any) -> httpx.Response:
    return ask(http, CREATE[kind], input={**FIELDS[kind], **fields})


def refused(answer: httpx.Response, status: int, code: str, said: str) -> None:
    """*answer* must be the refusal with that *status* and *code* which says *said*, alone."""
    assert answer.status_code == status
    assert not answer.json().get("data")
    [error] = answer.json()["errors"]
    assert error["extensions"]["code"] == code
    assert said in f"{error['message']} {error['extensions']['userPresentableMessage']}"


@pytest.mark.parametrize(
    ("authorization", "said"),
    [
        ("", "not authenticated"),
        ("Bearer nonsense", "not authenticated"),
        (LINEAR_TOKEN, "not authenticated"),
        (f"bearer {LINEAR_TOKEN}", "not authenticated"),
        (f"Bearer {LINEAR_API_KEY}", "without Bearer"),
    ],
)
def test_strangers_are_refused(http: httpx.Client, authorization: str, said: str) -> None:
    http.headers["authorization"] = authorization

    refused(ask(http, "{ viewer { id } }"), 401, "AUTHENTICATION_ERROR", said)


def test_an_api_key_is_taken_bare(http: httpx.Client) -> None:
    http.headers["authorization"] = LINEAR_API_KEY

    assert ask(http, "{ viewer { name } }").json() == {"data": {"viewer": {"name": "contexten"}}}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'{"query": "{ viewer { id } }"}', "text/plain"),
        (b"{", "application/json"),
        (b"\xff", "application/json"),
        (b"[]", "application/json"),
        (b'{"query": 5}', "application/json"),
        (b'{"query": "{ viewer { id } }", "variables": []}', "application/json"),
        (b'{"query": "{ viewer { id } }", "variables": [1]}', "application/json"),
    ],
)
def test_what_is_no_graphql_request_is_a_400(http: httpx.Client, content: bytes, kind: str) -> None:
    answer = http.post("/graphql", content=content, headers={"content-type": kind})

    refused(answer, 400, "BAD_REQUEST", "")


def test_only_post_is_taken_and_only_here(http: httpx.Client) -> None:
    assert http.get("/graphql").status_code == 405
    assert http.post("/elsewhere", json={}).status_code == 404


@pytest.mark.parametrize(
    ("query", "code", "said"),
    [
        ("query {", "GRAPHQL_PARSE_FAILED", "Syntax Error"),
        ("", "GRAPHQL_PARSE_FAILED", "Syntax Error"),
        ("{ viewer { id nonsense } }", "GRAPHQL_VALIDATION_FAILED", "nonsense"),
        ("{ viewer }", "GRAPHQL_VALIDATION_FAILED", "selection of subfields"),
        ("{ issue { id } }", "GRAPHQL_VALIDATION_FAILED", "is required"),
        ("query A($x: Int!) { viewer { id } }", "GRAPHQL_VALIDATION_FAILED", "never used"),
        ("query A($id: String!) { issue(id: $id) { id } }", "BAD_USER_INPUT", "$id"),
        ("query A { viewer { id } } query B { viewer { id } }", "BAD_USER_INPUT", "operation name"),
    ],
)
def test_a_document_that_does_not_fit_is_a_400(
    http: httpx.Client, query: str, code: str, said: str
) -> None:
    refused(ask(http, query), 400, code, said)


@pytest.mark.parametrize("wrong", [5, None, ["x"], {"nonsense": 1}])
def test_a_variable_of_another_type_is_a_400(
    sandbox: Sandbox, http: httpx.Client, wrong: object
) -> None:
    answer = ask(http, CREATE["Comment"], input=wrong)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert sandbox.effects() == []


@pytest.mark.parametrize(
    ("kind", "fields", "said"),
    [
        ("Comment", {"body": ""}, "body"),
        ("Comment", {"body": None}, "body"),
        ("Comment", {"body": "x" * 100_001}, "body"),
        ("Comment", {"issueId": None}, "issueId"),
        ("Comment", {"id": "not-a-uuid"}, "id must be a UUID"),
        ("Comment", {"id": "8d0e2f4a-6b8c-1d9e-8f1a-5b7c9d1e3f4a"}, "id must be a UUID"),
        ("Issue", {"teamId": "ENG"}, "teamId must be a UUID"),
        ("Issue", {"title": ""}, "title"),
        ("Issue", {"title": None}, "title"),
        ("Issue", {"priority": 5}, "priority"),
        ("Issue", {"assigneeId": "mona"}, "assigneeId"),
        ("Issue", {"stateId": "Todo"}, "stateId"),
        ("Issue", {"labelIds": ["bug"]}, "labelIds"),
        ("Webhook", {"url": "http://us.example/"}, "url"),
        ("Webhook", {"resourceTypes": []}, "resourceTypes"),
        ("Webhook", {"resourceTypes": ["Nonsense"]}, "resourceTypes"),
        ("Webhook", {"allPublicTeams": None}, "teamId"),
        ("Webhook", {"teamId": ENG}, "allPublicTeams"),
    ],
)
def test_an_invalid_field_is_named(
    sandbox: Sandbox, http: httpx.Client, kind: str, fields: dict[str, Any], said: str
) -> None:
    refused(create(http, kind, **fields), 200, "INVALID_INPUT", said)

    assert sandbox.effects() == []


@pytest.mark.parametrize(
    ("kind", "fields", "what"),
    [
        ("Comment", {"issueId": MISSING}, "Issue"),
        ("Comment", {"issueId": "ENG-900000"}, "Issue"),
        ("Comment", {"issueId": "NOPE-1"}, "Issue"),
        ("Comment", {"issueId": "nonsense"}, "Issue"),
        ("Issue", {"teamId": TICKET}, "Team"),
        ("Issue", {"stateId": known("OPS Todo")}, "WorkflowState"),
        ("Issue", {"labelIds": [TICKET]}, "IssueLabel"),
        ("Issue", {"parentId": MISSING}, "Issue"),
        ("Webhook", {"teamId": TICKET, "allPublicTeams": False}, "Team"),
    ],
)
def test_what_is_not_there_is_an_entity_not_found(
    sandbox: Sandbox, http: httpx.Client, kind: str, fields: dict[str, Any], what: str
) -> None:
    refused(create(http, kind, **fields), 200, "INPUT_ERROR", f"Entity not found: {what}")

    assert sandbox.effects() == []


@pytest.mark.parametrize("kind", list(CREATE))
def test_an_id_is_taken_once(sandbox: Sandbox, http: httpx.Client, kind: str) -> None:
    read = f"query One($id: String!) {{ {kind.lower()}(id: $id) {{ id }} }}"
    first, second = create(http, kind, id=KEY), create(http, kind, id=KEY.upper())

    made = first.json()["data"][f"{kind.lower()}Create"]
    assert made == {"success": True, kind.lower(): {"id": KEY}}
    refused(second, 200, "INPUT_ERROR", f"Entity {kind} with id {KEY} already exists.")
    assert ask(http, read, id=KEY).json()["data"] == {kind.lower(): {"id": KEY}}
    assert len(sandbox.effects()) == 1


@pytest.mark.parametrize("kind", ["comment", "webhook"])
def test_what_was_not_created_cannot_be_read(http: httpx.Client, kind: str) -> None:
    answer = ask(http, f"query One($id: String!) {{ {kind}(id: $id) {{ id }} }}", id=KEY)

    refused(answer, 200, "INPUT_ERROR", "Entity not found")


def test_an_issue_exists_once_addressed_but_not_if_its_creation_was_refused(
    http: httpx.Client,
) -> None:
    read = "query One($id: String!) { issue(id: $id) { identifier } }"
    create(http, "Issue", id=KEY, title="")

    assert ask(http, read, id=TICKET).json()["data"]["issue"]["identifier"].startswith("ENG-")
    assert ask(http, read, id="OPS-7").json()["data"]["issue"]["identifier"] == "OPS-7"
    refused(ask(http, read, id=KEY), 200, "INPUT_ERROR", "Entity not found: Issue")


def test_an_update_that_changes_nothing_is_not_seen(sandbox: Sandbox, http: httpx.Client) -> None:
    for title in ("New", "New", "Newer"):
        assert ask(http, UPDATE, id=TICKET, input={"title": title}).status_code == 200

    titles = [effect["details"]["title"] for effect in sandbox.effects("issue_update")]
    assert titles == ["New", "Newer"]


def test_lists_are_paged_by_cursors(http: httpx.Client) -> None:
    query = """
    query States($after: String) {
      workflowStates(first: 4, after: $after) {
        nodes { id } pageInfo { hasNextPage hasPreviousPage endCursor }
      }
    }
    """
    seen, after, pages = [], None, 0
    while pages == 0 or after:
        page = ask(http, query, after=after).json()["data"]["workflowStates"]
        assert page["pageInfo"]["hasPreviousPage"] is (pages > 0)
        seen += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None
        pages += 1

    assert (pages, len(seen), len(set(seen))) == (3, 12, 12)


@pytest.mark.parametrize("page", ["first: 251", "first: -1", 'after: "x"'])
def test_a_page_that_makes_no_sense_is_refused(http: httpx.Client, page: str) -> None:
    refused(ask(http, f"{{ teams({page}) {{ nodes {{ id }} }} }}"), 200, "INVALID_INPUT", "")


def test_every_answer_says_what_is_left(http: httpx.Client) -> None:
    for answer in (ask(http, "{ viewer { id } }"), ask(http, "nonsense")):
        assert int(answer.headers["x-ratelimit-requests-remaining"]) > 0
        assert int(answer.headers["x-ratelimit-complexity-reset"]) / 1000 > time.time()


def test_a_comment_is_deleted_once_and_one_that_is_not_there_is_refused(
    sandbox: Sandbox, http: httpx.Client
) -> None:
    delete = "mutation CommentDelete($id: String!) { commentDelete(id: $id) { success entityId } }"
    create(http, "Comment", id=KEY)

    done = ask(http, delete, id=KEY).json()["data"]["commentDelete"]
    again = ask(http, delete, id=KEY)

    assert done == {"success": True, "entityId": KEY}
    refused(again, 200, "INPUT_ERROR", "Could not find referenced Comment.")
    assert [effect["kind"] for effect in sandbox.effects()] == ["comment", "comment_deleted"]
