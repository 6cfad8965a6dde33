"""What we say to GitHub and hear from it, as values. A repository is always ``owner/name``."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from contexten.effects import Effect


@dataclass(frozen=True, slots=True)
class Posted:
    """Something that now stands on GitHub: its id, and where a person finds it."""

    id: int
    url: str


@dataclass(frozen=True, slots=True)
class Comment:
    """
    A comment on an issue or pull request.

    Attributes:
        repository: ``owner/name``.
        number: The issue's or pull request's number.
        body: Markdown.
        effect: What makes it this comment and no other.
    """

    repository: str
    number: int
    body: str
    effect: Effect


@dataclass(frozen=True, slots=True)
class ReviewComment:
    """
    A comment on one line of a pull request's diff.

    Attributes:
        repository: ``owner/name``.
        number: The pull request's number.
        commit: SHA of the commit commented on.
        path: The file, relative to the repository's root.
        line: The line in the file as it is after the change; 1 is the first.
        body: Markdown.
        effect: What makes it this comment and no other.
    """

    repository: str
    number: int
    commit: str
    path: str
    line: int
    body: str
    effect: Effect


@dataclass(frozen=True, slots=True)
class NewIssue:
    """
    An issue to be opened.

    Attributes:
        repository: ``owner/name``.
        title: One line.
        body: Markdown.
        labels: Names of labels it gets at once.
        effect: What makes it this issue and no other.
    """

    repository: str
    title: str
    body: str
    labels: tuple[str, ...]
    effect: Effect


@dataclass(frozen=True, slots=True)
class NewPullRequest:
    """
    A pull request to be opened. There is at most one open from ``head`` to ``base``.

    Attributes:
        repository: ``owner/name``.
        title: One line.
        body: Markdown.
        head: The branch that has the changes; ``owner:branch`` if it is in a fork.
        base: The branch they should go to.
        draft: Whether it is not yet for review.
    """

    repository: str
    title: str
    body: str
    head: str
    base: str
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Numbered:
    """
    An issue or pull request that now stands on GitHub.

    Attributes:
        number: What people call it by.
        id: GitHub's own id.
        url: Where a person finds it.
    """

    number: int
    id: int
    url: str


@dataclass(frozen=True, slots=True)
class Target:
    """An issue or pull request, by ``owner/name`` and number."""

    repository: str
    number: int


@dataclass(frozen=True, slots=True)
class PullRequest:
    """
    A pull request as it stands.

    Attributes:
        number: What people call it by.
        id: GitHub's own id.
        url: Where a person finds it.
        title: One line.
        body: Markdown; empty if there is none.
        state: ``open`` or ``closed``.
        draft: Whether it is not yet for review.
        merged: Whether it was merged.
        head: The branch that has the changes.
        head_sha: The commit that branch is at.
        base: The branch they should go to.
        labels: The names of its labels.
        head_repository: The repository that branch is in; None if that is gone.
    """

    number: int
    id: int
    url: str
    title: str
    body: str
    state: str
    draft: bool
    merged: bool
    head: str
    head_sha: str
    base: str
    labels: tuple[str, ...]
    head_repository: str | None = None


class Conclusion(StrEnum):
    """How a check ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    NEUTRAL = "neutral"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    TIMED_OUT = "timed_out"
    ACTION_REQUIRED = "action_required"


@dataclass(frozen=True, slots=True)
class CheckRun:
    """
    A check to be shown on a commit. GitHub takes checks from Apps only.

    Attributes:
        repository: ``owner/name``.
        commit: SHA of the commit.
        name: What it is called; one line.
        conclusion: How it ended; None if it is still under way.
        title: The heading of what it found.
        summary: What it found, in Markdown.
        effect: What makes it this check and no other.
    """

    repository: str
    commit: str
    name: str
    conclusion: Conclusion | None
    title: str
    summary: str
    effect: Effect


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels for an issue or pull request, by ``owner/name``, number and names."""

    repository: str
    number: int
    names: tuple[str, ...]


class Emoji(StrEnum):
    """What one can react with."""

    THUMBS_UP = "+1"
    THUMBS_DOWN = "-1"
    LAUGH = "laugh"
    CONFUSED = "confused"
    HEART = "heart"
    HOORAY = "hooray"
    ROCKET = "rocket"
    EYES = "eyes"


@dataclass(frozen=True, slots=True)
class ReactionTo:
    """
    An emoji for an issue, a pull request or a comment.

    Attributes:
        repository: ``owner/name``.
        emoji: Which one.
        number: The issue or pull request; ignored if a comment is named.
        comment_id: A comment on an issue or pull request; None to react to that itself.
    """

    repository: str
    emoji: Emoji
    number: int
    comment_id: int | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """
    A search for issues or for pull requests.

    Attributes:
        query: As typed into GitHub: ``repo:octo/hello is:issue is:open label:bug crash``. It says
            where, by ``repo:`` or ``org:``, and for what, by ``is:issue`` or ``is:pull-request``.
        most: How many to answer with at most; 1 to 100.
    """

    query: str
    most: int = 30


@dataclass(frozen=True, slots=True)
class Found:
    """
    One issue or pull request that a search found.

    Attributes:
        repository: ``owner/name``.
        number: What people call it by.
        title: One line.
        state: ``open`` or ``closed``.
        url: Where a person finds it.
        is_pull_request: Whether it is one.
    """

    repository: str
    number: int
    title: str
    state: str
    url: str
    is_pull_request: bool


@dataclass(frozen=True, slots=True)
class FileAt:
    """A file by ``owner/name``, path and, unless the default branch is meant, ref."""

    repository: str
    path: str
    ref: str | None = None


@dataclass(frozen=True, slots=True)
class FileText:
    """A file's text, and the SHA GitHub knows this version of it by."""

    path: str
    sha: str
    text: str


class ScopeKind(StrEnum):
    """What a call can be about as a whole."""

    REPOSITORY = "repository"
    ORGANIZATION = "organization"
    APP = "app"


@dataclass(frozen=True, slots=True)
class Scope:
    """
    What a call is about as a whole: it decides who we are to GitHub, and whose webhooks are meant.

    Attributes:
        kind: A repository, an organisation, or our App itself.
        name: ``owner/name`` of a repository, an organisation's name; empty for our App.
    """

    kind: ScopeKind
    name: str = ""

    def __str__(self) -> str:
        """
        It in a few words.

        >>> str(Scope(ScopeKind.ORGANIZATION, "octo"))
        'organization octo'
        """
        return f"{self.kind} {self.name}".strip()


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    One attempt of GitHub to deliver something to a webhook.

    Attributes:
        id: The attempt's own id, by which it can be repeated.
        guid: The delivery's id, the same in every attempt; ours is named after it.
        hook_id: The webhook; None for an App's, which has but one.
        event: What was delivered: ``issues``, ``push``.
        delivered_at: When it was tried, UTC.
        status_code: What was answered; 0 if nothing was.
        redelivery: Whether it repeats an earlier attempt.
    """

    id: int
    guid: str
    hook_id: int | None
    event: str
    delivered_at: datetime
    status_code: int
    redelivery: bool


@dataclass(frozen=True, slots=True)
class Redelivery:
    """An attempt to be repeated: whose webhook, and the attempt."""

    scope: Scope
    attempt: Attempt


class Permission(StrEnum):
    """What somebody may do to a repository, as GitHub sums it up."""

    ADMIN = "admin"
    WRITE = "write"
    READ = "read"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Somebody:
    """A repository, ``owner/name``, and the login of somebody."""

    repository: str
    login: str


@dataclass(frozen=True, slots=True)
class Issue:
    """
    An issue or pull request as people read it.

    Attributes:
        number: What people call it by.
        title: One line.
        body: Markdown; empty if there is none.
        author: The login of who opened it; None if they are gone.
        author_association: What GitHub calls them there: ``OWNER``, ``MEMBER``, ``NONE``.
        state: ``open`` or ``closed``.
        labels: The names of its labels.
        url: Where a person finds it.
        is_pull_request: Whether it is one.
    """

    number: int
    title: str
    body: str
    author: str | None
    author_association: str
    state: str
    labels: tuple[str, ...]
    url: str
    is_pull_request: bool


@dataclass(frozen=True, slots=True)
class CommentsOf:
    """The comments of an issue or pull request: the latest, and at most so many."""

    repository: str
    number: int
    most: int = 100


@dataclass(frozen=True, slots=True)
class CommentAt:
    """A comment on an issue or pull request, by ``owner/name`` and its id."""

    repository: str
    id: int


@dataclass(frozen=True, slots=True)
class Remark:
    """
    A comment as it stands.

    Attributes:
        id: GitHub's id of it.
        author: The login of who wrote it; None if they are gone.
        by_bot: Whether a bot did.
        author_association: What GitHub calls them there: ``OWNER``, ``MEMBER``, ``NONE``.
        body: Markdown.
        url: Where a person finds it.
    """

    id: int
    author: str | None
    by_bot: bool
    author_association: str
    body: str
    url: str


@dataclass(frozen=True, slots=True)
class ChecksOf:
    """The checks of a commit, by ``owner/name`` and SHA, branch or tag."""

    repository: str
    commit: str


@dataclass(frozen=True, slots=True)
class Check:
    """
    A check as it stands.

    Attributes:
        id: GitHub's id of it.
        name: What it is called.
        status: ``queued``, ``in_progress`` or ``completed``.
        conclusion: How it ended: ``success``, ``failure`` and so on; None if it has not.
        url: Where a person finds it.
        summary: The heading and the summary of what it found, cut to 2,000 characters.
    """

    id: int
    name: str
    status: str
    conclusion: str | None
    url: str
    summary: str


@dataclass(frozen=True, slots=True)
class PullRequestChange:
    """What a pull request should be called, and say; what is None stays as it is."""

    repository: str
    number: int
    title: str | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Diff:
    """
    What a pull request changes.

    Attributes:
        text: A unified diff of at most 200 kB; files without text are named alone.
        files: How many files it changes, as far as they were read.
        whole: Whether *text* has all of it.
    """

    text: str
    files: int
    whole: bool


@dataclass(frozen=True, slots=True)
class LineRemark:
    """What a review says of one *line* of the file *path* as it is after the change."""

    path: str
    line: int
    body: str


@dataclass(frozen=True, slots=True)
class Review:
    """
    A review of a pull request. It comments: what it approves or asks for, nobody can say here.

    Attributes:
        repository: ``owner/name``.
        number: The pull request's number.
        commit: SHA of the commit that was reviewed.
        body: Markdown.
        remarks: What it says of single lines.
        effect: What makes it this review and no other.
    """

    repository: str
    number: int
    commit: str
    body: str
    remarks: tuple[LineRemark, ...]
    effect: Effect
