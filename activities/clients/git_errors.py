"""What git's complaints mean in our terms. No message holds a credential."""

import re
from collections.abc import Sequence

from contexten.errors import (
    AuthenticationError,
    ClientError,
    PlatformError,
    RateLimitedError,
    ServerError,
    TransientError,
    leaf_of_status,
)

PLATFORM = "github"
LONGEST = 300
STATUS = re.compile(r"returned error: (\d{3})")
PROGRESS = re.compile(r"^(remote: )?(Enumerating|Counting|Compressing|Receiving|Resolving|Total)")

RENAMED = "the repository was renamed or moved: name it by its new name"
GONE = "the repository is not found on GitHub, or we may not see it"
EMPTY = "the repository is empty: it needs a first commit"
FULL = "the disk of this machine is full"

Meaning = tuple[tuple[str, ...], type[PlatformError], int | None, str]

MEANINGS: Sequence[Meaning] = (
    (("no space left on device", "disk quota exceeded"), TransientError, None, FULL),
    (("repository not found", "' not found"), ClientError, 404, GONE),
    (
        ("authentication failed", "could not read username", "invalid username or"),
        AuthenticationError,
        401,
        "GitHub refused our token for git",
    ),
    (
        ("write access to repository not granted", "permission to", "returned error: 403"),
        AuthenticationError,
        403,
        "GitHub does not let us push to, or read, this repository",
    ),
    (
        ("unable to update url base from redirection", "transport '", "redirect"),
        ClientError,
        301,
        RENAMED,
    ),
    (
        ("protected branch", "pre-receive hook declined", "gh006", "gh013", "push declined"),
        ClientError,
        None,
        "GitHub declined the push: a rule of the repository forbids it",
    ),
    (
        ("could not resolve host", "failed to connect", "couldn't connect", "connection refused"),
        TransientError,
        None,
        "GitHub cannot be reached",
    ),
    (
        ("timed out", "too slow", "less than 1000 bytes/sec"),
        TransientError,
        None,
        "GitHub was silent for too long",
    ),
    (
        (
            *("early eof", "hung up", "rpc failed", "unexpected disconnect", "connection reset"),
            *("transfer closed", "empty reply", "invalid index-pack output", "protocol error"),
            *("expected flush", "bad line length", "invalid server response", "expected 'pack"),
        ),
        TransientError,
        None,
        "GitHub's answer to git was cut short, or cannot be read",
    ),
)
"""What git says, in lower case, and what that means; the first that fits counts."""

IN_WORDS = {
    TransientError: "GitHub's git is away",
    RateLimitedError: "GitHub asks us to slow down with git",
    ServerError: "GitHub's git is broken",
    ClientError: "GitHub refused what git asked",
    AuthenticationError: "GitHub refused our token for git",
}


def meaning(verb: str, complaint: str) -> PlatformError:
    """
    The error that git's *complaint* about ``git <verb>`` amounts to.

    What is not known is worth another try: it is this machine's own trouble.
    """
    said = complaint.lower()
    status = STATUS.search(said)
    if status and int(status[1]) in (301, 302, 303, 307, 308):
        return ClientError(RENAMED, platform=PLATFORM, status=int(status[1]))
    for words, kind, code, reason in MEANINGS:
        if any(one in said for one in words):
            return kind(reason, platform=PLATFORM, status=code)
    if status:
        kind = leaf_of_status(int(status[1]))
        reason = f"{IN_WORDS.get(kind, 'GitHub refused git')} ({status[1]})"
        return kind(reason, platform=PLATFORM, status=int(status[1]))
    return TransientError(f"git {verb} failed: {first_line(complaint)}", platform=PLATFORM)


def first_line(complaint: str) -> str:
    """
    The line of *complaint* that says what is wrong, without addresses, and not too long.

    >>> first_line("remote: Counting objects: 1\\nfatal: bad object http://a.b/c x\\nfatal: more")
    'bad object … x'
    """
    lines = [one.strip() for one in complaint.splitlines() if not PROGRESS.match(one)]
    wrong = [one for one in lines if one.startswith(("fatal:", "error:"))]
    line = next(iter([*wrong, *filter(None, lines)]), "it did not say why")
    line = re.sub(r"\w+://\S+", "…", line.removeprefix("fatal:").removeprefix("error:").strip())
    return line[:LONGEST]
