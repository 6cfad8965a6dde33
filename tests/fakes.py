"""Stand-ins for what belongs to others, and events as a platform might send them."""

import uuid
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime

from contexten.delivery import Event, Platform
from contexten.errors import AuthenticationError, ClientError, PlatformError
from contexten.github import Comment, CommentAt, Posted, Remark

LIGHT = ("workflows.acknowledgements",)
"""Reactions that say they heard, and do no more."""


class FakeGithub:
    """GitHub as a list of comments, which fails first with *failures*, in turn."""

    def __init__(self, *failures: PlatformError) -> None:
        self.failures = list(failures)
        self.comments: list[Comment] = []
        self.loses, self.away = 0, False
        self.asked = 0

    def within(self, seconds: float) -> AbstractContextManager[None]:
        return nullcontext()

    def post_comment(self, comment: Comment) -> Posted:
        self.asked += 1
        if self.failures:
            raise self.failures.pop(0)
        known = [c for c in self.comments if c.effect.key == comment.effect.key]
        if not known:
            self.comments.append(comment)
        return Posted(self.comments.index((known or [comment])[0]) + 1, "https://github.example/1")

    def read_comment(self, at: CommentAt) -> Remark:
        """A comment; but the next few that are read are lost, or GitHub is away."""
        if self.away:
            raise AuthenticationError("GitHub answered 401", platform="github", status=401)
        found = self.comments[at.id - 1]
        if self.loses:
            self.loses -= 1
            self.comments[at.id - 1] = replace(found, effect=replace(found.effect, key="lost"))
            raise ClientError("GitHub answered 404: Not Found", platform="github", status=404)
        return Remark(at.id, "us", True, "NONE", found.body, "https://github.example/1")


def event(name: str = "issues", action: str | None = "labeled") -> Event:
    """A GitHub event under a fresh delivery id."""
    return Event(
        platform=Platform.GITHUB,
        delivery_id=str(uuid.uuid4()),
        name=name,
        action=action,
        received_at=datetime.now(UTC),
        repository="octo/hello",
        context="github/octo/hello#7",
    )
