"""
Signed GitHub deliveries of the size that real ones have, as many as are wanted, each its own.

A delivery says that an issue was labelled. What differs between two of them stands at the
end of the body, so that most of the signature is computed once.
"""

import hashlib
import hmac
import json
from typing import Any

BODY_BYTES = 11_600
SECRET = "a secret of the benches"
REPOSITORY = "octo/hello"
LABEL = "triaged"
FIRST_ISSUE = 100_000
ISSUES = 800_000
API = f"https://api.github.com/repos/{REPOSITORY}"
LINKS = """
    archive assignees blobs branches collaborators comments commits compare contents contributors
    deployments downloads events forks git_commits git_refs git_tags hooks issue_comment
    issue_events issues keys labels languages merges milestones notifications pulls releases
    stargazers statuses subscribers subscription tags teams trees
"""
OF_PEOPLE = "followers following gists starred subscriptions organizations repos events"
LOREM = "The build fails on a clean clone, and the log says nothing about why. "


class Deliveries:
    """
    Requests to one route, ready to be written to a socket.

    Attributes:
        action: What was done to the issue, in every body.
    """

    def __init__(
        self,
        port: int,
        *,
        path: str = "/github/events",
        action: str = "labeled",
        secret: str = SECRET,
        close: bool = False,
    ) -> None:
        """
        Args:
            port: Where the receiver listens, on this machine.
            close: Ask for the connection to be closed after each.
        """
        self.action = action
        self._start = prefix(action)
        self._signature = hmac.new(secret.encode(), self._start, hashlib.sha256)
        kept = "close" if close else "keep-alive"
        size = len(self._start) + len(ending(0))
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: {kept}\r\n"
            "User-Agent: GitHub-Hookshot/5a8c0d3\r\nAccept: */*\r\n"
            "Content-Type: application/json\r\nX-GitHub-Event: issues\r\n"
            "X-GitHub-Hook-ID: 292430182\r\n"
            "X-GitHub-Hook-Installation-Target-ID: 79929171\r\n"
            "X-GitHub-Hook-Installation-Target-Type: repository\r\n"
            f"Content-Length: {size}\r\n"
        )

    def request(self, number: int) -> bytes:
        """The request of delivery *number*, below 10^9."""
        tail = ending(number)
        signature = self._signature.copy()
        signature.update(tail)
        return b"".join(
            (
                self._head.encode(),
                f"X-GitHub-Delivery: {delivery_id(number)}\r\n".encode(),
                f"X-Hub-Signature-256: sha256={signature.hexdigest()}\r\n\r\n".encode(),
                self._start,
                tail,
            )
        )


def delivery_id(number: int) -> str:
    """The id of delivery *number*: a UUID that ends in it."""
    return f"0b3c9f52-7d1e-4a6b-9c8d-{number:012d}"


def number_in(delivery: str) -> int:
    """The number of the delivery whose id, or whose workflow's id, is *delivery*."""
    return int(delivery[-9:])


def issue_of(number: int) -> int:
    """The issue that delivery *number* is about; one of its own among any 800,000 in a row."""
    return FIRST_ISSUE + number % ISSUES


def target_of(number: int) -> str:
    """What the ledger calls the issue that delivery *number* is about."""
    return f"{REPOSITORY}#{issue_of(number)}"


def prefix(action: str) -> bytes:
    """The body up to what differs, so that the whole is ``BODY_BYTES`` long."""
    bare = opening(action, "")
    words = LOREM * (BODY_BYTES // len(LOREM))
    return opening(action, words[: BODY_BYTES - len(bare) - len(ending(0))])


def opening(action: str, words: str) -> bytes:
    """The body of an issue that says *words*, cut before its number."""
    issue = {"title": "It breaks", "state": "open", "locked": False, "comments": 0}
    issue |= {"user": person("hubot"), "labels": [label()], "body": words}
    whole = {
        "action": action,
        "label": label(),
        "repository": repository(),
        "sender": person("mona"),
        "issue": issue,
    }
    return json.dumps(whole).encode()[:-2]


def ending(number: int) -> bytes:
    """The rest of the body: what makes it that of delivery *number*."""
    issue = issue_of(number)
    address = b"https://github.com/%b/issues/%d" % (REPOSITORY.encode(), issue)
    return b', "html_url": "%b", "id": 2%09d, "number": %d}}' % (address, number, issue)


def label() -> dict[str, Any]:
    """Our label, as GitHub describes one."""
    return {"id": 208045946, "name": "contexten", "color": "ededed", "default": False}


def person(login: str) -> dict[str, Any]:
    """A user, as GitHub describes one."""
    links = {
        f"{name}_url": f"https://api.github.com/users/{login}/{name}" for name in OF_PEOPLE.split()
    }
    return {"login": login, "id": 583231, "type": "User", "site_admin": False, **links}


def repository() -> dict[str, Any]:
    """The repository, as GitHub describes one."""
    links = {f"{name}_url": f"{API}/{name}" for name in LINKS.split()}
    owner, _, name = REPOSITORY.partition("/")
    said = {"private": False, "fork": False, "default_branch": "main", "language": "Python"}
    return {
        "id": 1296269,
        "name": name,
        "full_name": REPOSITORY,
        "owner": person(owner),
        **said,
        **links,
    }
