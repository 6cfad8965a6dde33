"""
The tools of an agent: what each is called, takes and does, and where it is carried out.

What a tool takes is a dataclass, whose docstring is what the model is told of it.
``contexten.tool_arguments`` makes one out of what a model wrote.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Kind(StrEnum):
    """Where a tool is carried out: on the working copy, on a platform, or in the run itself."""

    CODE = "code"
    PLATFORM = "platform"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Tool:
    """
    One tool.

    Attributes:
        name: What the model calls it by.
        kind: Where it is carried out.
        arguments: The dataclass of its arguments; the docstring of that says what it does, and
            the names of its fields say the rest.
        reads: Whether it changes nothing, so that several may run at once.
        timeout: How long one attempt may take.
    """

    name: str
    kind: Kind
    arguments: type
    reads: bool = False
    timeout: timedelta = timedelta(seconds=60)


# On the working copy.


@dataclass(frozen=True, slots=True)
class ViewFile:
    """Read a text file, or a part of it: lines are numbered from 1."""

    path: str
    first_line: int = 1
    last_line: int | None = None


@dataclass(frozen=True, slots=True)
class ListDirectory:
    """List the files and folders in a folder, down to a depth."""

    path: str = "."
    depth: int = 2


@dataclass(frozen=True, slots=True)
class SearchText:
    """Search all files for a regular expression (ripgrep); glob narrows the files down."""

    query: str
    glob: str | None = None
    literal: bool = False


@dataclass(frozen=True, slots=True)
class SearchFilesByName:
    """Find files whose path matches a glob such as **/test_*.py."""

    pattern: str


@dataclass(frozen=True, slots=True)
class SemanticSearch:
    """Find the passages of the code that are nearest in words to a question."""

    query: str
    most: int = 10


@dataclass(frozen=True, slots=True)
class EditFile:
    """Replace one passage of a file, which must occur exactly once, by another."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class CreateFile:
    """Write a new file; its folders are made."""

    path: str
    content: str


@dataclass(frozen=True, slots=True)
class DeleteFile:
    """Delete a file."""

    path: str


@dataclass(frozen=True, slots=True)
class RenameFile:
    """Move a file to another path, which must be free."""

    path: str
    to: str


@dataclass(frozen=True, slots=True)
class Replace:
    """Replace every occurrence of a text, or of a regular expression, in one file."""

    path: str
    old: str
    new: str
    regex: bool = False


@dataclass(frozen=True, slots=True)
class GlobalReplace:
    """Replace every occurrence of a text, or of a regular expression, in all files of a glob."""

    old: str
    new: str
    glob: str = "**/*"
    regex: bool = False


@dataclass(frozen=True, slots=True)
class RevealSymbol:
    """
    Show where a function, class or method is defined, with its code, and which lines name it.

    The name may be Class.method. A path, of a file or folder, narrows down the definitions only.
    Definitions are known in Python, JavaScript, TypeScript, Go, Rust and Java.
    """

    name: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class MoveSymbol:
    """
    Move a top-level function or class of a Python file to another, existing or new, Python file.

    What it needs is imported there, and every `from a import x` of it is changed. What cannot be
    done safely is refused, with the reason, and nothing is changed.
    """

    name: str
    path: str
    to: str


@dataclass(frozen=True, slots=True)
class RunBashCommand:
    """Run a command in the working copy: no network, limited in time, memory and output."""

    command: str
    timeout_s: int = 120


@dataclass(frozen=True, slots=True)
class Commit:
    """Commit everything that changed, and push the branch."""

    message: str


# In the run itself.


@dataclass(frozen=True, slots=True)
class Reflect:
    """Write down what you know and what you will do next; people see it as the plan."""

    thoughts: str


@dataclass(frozen=True, slots=True)
class AskHuman:
    """Ask who gave you the task a question, and wait for the answer."""

    question: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finish:
    """
    End the work: what came of it, for who asked. The outcome is pull_request, branch, comment,
    review or answer; or failed if it could not be done.
    """

    summary: str
    outcome: str = "answer"


# On a platform.


@dataclass(frozen=True, slots=True)
class CreatePr:
    """Open a pull request from the branch of this run, or update the one that is open."""

    title: str
    body: str
    draft: bool = False


@dataclass(frozen=True, slots=True)
class ViewPr:
    """Read the pull request this run is about: its text, state and branches."""


@dataclass(frozen=True, slots=True)
class CheckoutPr:
    """Work on the branch of the pull request this run is about."""


@dataclass(frozen=True, slots=True)
class ViewPrChecks:
    """Read how the checks of the pull request this run is about stand."""


@dataclass(frozen=True, slots=True)
class CreatePrComment:
    """Comment on the pull request or issue this run is about."""

    body: str


@dataclass(frozen=True, slots=True)
class CreatePrReviewComment:
    """Comment on one line of the diff of the pull request this run is about."""

    body: str
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class SearchIssues:
    """Search the issues and pull requests of this repository, as typed into GitHub."""

    query: str


@dataclass(frozen=True, slots=True)
class LinearGetIssue:
    """Read the Linear ticket this run is about."""


@dataclass(frozen=True, slots=True)
class LinearGetIssueComments:
    """Read the comments on the Linear ticket this run is about."""


@dataclass(frozen=True, slots=True)
class LinearCommentOnIssue:
    """Comment on the Linear ticket this run is about."""

    body: str


@dataclass(frozen=True, slots=True)
class LinearSearchIssues:
    """Search Linear tickets for words."""

    query: str


@dataclass(frozen=True, slots=True)
class LinearCreateIssue:
    """Open a Linear ticket in our team."""

    title: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class LinearGetTeams:
    """List the teams on Linear."""


@dataclass(frozen=True, slots=True)
class SlackSendMessage:
    """Write into the Slack thread this run is about."""

    text: str


MINUTES = timedelta(minutes=1)

ALL: tuple[Tool, ...] = (
    Tool("view_file", Kind.CODE, ViewFile, reads=True),
    Tool("list_directory", Kind.CODE, ListDirectory, reads=True),
    Tool("search", Kind.CODE, SearchText, reads=True),
    Tool("search_files_by_name", Kind.CODE, SearchFilesByName, reads=True),
    Tool("semantic_search", Kind.CODE, SemanticSearch, reads=True, timeout=2 * MINUTES),
    Tool("edit_file", Kind.CODE, EditFile),
    Tool("create_file", Kind.CODE, CreateFile),
    Tool("delete_file", Kind.CODE, DeleteFile),
    Tool("rename_file", Kind.CODE, RenameFile),
    Tool("replace", Kind.CODE, Replace),
    Tool("global_replace", Kind.CODE, GlobalReplace, timeout=2 * MINUTES),
    Tool("reveal_symbol", Kind.CODE, RevealSymbol, reads=True),
    Tool("move_symbol", Kind.CODE, MoveSymbol),
    Tool("run_bash_command", Kind.CODE, RunBashCommand, timeout=11 * MINUTES),
    Tool("commit", Kind.CODE, Commit, timeout=5 * MINUTES),
    Tool("reflect", Kind.RUN, Reflect),
    Tool("ask_human", Kind.RUN, AskHuman),
    Tool("finish", Kind.RUN, Finish),
    Tool("create_pr", Kind.PLATFORM, CreatePr),
    Tool("view_pr", Kind.PLATFORM, ViewPr, reads=True),
    Tool("checkout_pr", Kind.PLATFORM, CheckoutPr),
    Tool("view_pr_checks", Kind.PLATFORM, ViewPrChecks, reads=True),
    Tool("create_pr_comment", Kind.PLATFORM, CreatePrComment),
    Tool("create_pr_review_comment", Kind.PLATFORM, CreatePrReviewComment),
    Tool("search_issues", Kind.PLATFORM, SearchIssues, reads=True),
    Tool("linear_get_issue", Kind.PLATFORM, LinearGetIssue, reads=True),
    Tool("linear_get_issue_comments", Kind.PLATFORM, LinearGetIssueComments, reads=True),
    Tool("linear_comment_on_issue", Kind.PLATFORM, LinearCommentOnIssue),
    Tool("linear_search_issues", Kind.PLATFORM, LinearSearchIssues, reads=True),
    Tool("linear_create_issue", Kind.PLATFORM, LinearCreateIssue),
    Tool("linear_get_teams", Kind.PLATFORM, LinearGetTeams, reads=True),
    Tool("slack_send_message", Kind.PLATFORM, SlackSendMessage),
)

TOOLS: Mapping[str, Tool] = {one.name: one for one in ALL}
