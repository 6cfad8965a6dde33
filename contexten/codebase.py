"""A run's copy of a repository, as values: where it is, and what it begins from."""

from dataclasses import dataclass

from contexten.turns import ToolCall


@dataclass(frozen=True, slots=True)
class CheckoutAsk:
    """
    A working copy that a run needs.

    Attributes:
        run: The workflow id of the run: it gets the same copy again as long as that is there.
        repository: ``owner/name``.
        branch: The branch the run works on; begun if it does not exist.
        base: The branch to begin from; None for the default branch.
    """

    run: str
    repository: str
    branch: str
    base: str | None = None


@dataclass(frozen=True, slots=True)
class Checkout:
    """
    A working copy that is there.

    Attributes:
        queue: The task queue of the machine that has it.
        run: Whose it is.
        repository: ``owner/name``.
        branch: The branch the run works on.
        base: The branch it began from.
        base_sha: The commit of that branch it began from.
        head_sha: The commit the run's branch is at.
        fresh: Whether it was made by this very ask, so that what was not pushed before is gone.
    """

    queue: str
    run: str
    repository: str
    branch: str
    base: str
    base_sha: str
    head_sha: str
    fresh: bool


@dataclass(frozen=True, slots=True)
class ToolAsk:
    """
    A call of a tool on a working copy.

    Attributes:
        checkout: The copy.
        transcript: The digest of the transcript that has the call in full.
        call: What is to be done.
        shell: Whether commands may be run.
    """

    checkout: Checkout
    transcript: str
    call: ToolCall
    shell: bool = True


@dataclass(frozen=True, slots=True)
class BranchAt:
    """A branch of a repository, ``owner/name``, as it stands on the platform."""

    repository: str
    branch: str
    head_sha: str | None
