"""What we say to GitHub and hear from it, as values."""

from dataclasses import dataclass

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
