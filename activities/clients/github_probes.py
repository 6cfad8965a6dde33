"""
The cheapest honest request of each group to GitHub, and what its answer proves.

None of them leaves anything behind, and none needs to know a repository. An App writes and
searches with the token of some installation of its own, which is asked for first where we
have none.
"""

from collections.abc import Callable

from activities.clients import github_answers as answers
from activities.clients.github_answers import read
from activities.clients.github_errors import PLATFORM, garbled
from activities.clients.github_session import GithubSession
from contexten.errors import ClientError
from contexten.github import Scope, ScopeKind

WORD = "contexten-probe"
QUERY = f"{WORD} in:title is:issue"


def probe(session: GithubSession, group: str) -> str:
    """
    What one request of *group* (``read``, ``write`` or ``search``) proved.

    Raises:
        PlatformError: If it proved nothing.
    """
    if group not in PROBES:
        raise ClientError(f"there is no probe of {group!r}", platform=PLATFORM)
    return PROBES[group](session)


def read_ourselves(session: GithubSession) -> str:
    """Who we are: an App, or the person whose token we have."""
    if session.is_app:
        app = session.ask("GET", "/app", Scope(ScopeKind.APP))
        return f"GET /app says that we are the App {read(lambda said: int(said['id']), app)}"
    user = session.ask("GET", "/user", None)
    return f"GET /user says that we are {read(lambda said: str(said['login']), user)[:40]}"


def write_on_nothing(session: GithubSession) -> str:
    """
    A text to be rendered: a POST with a body, let in as any other, that changes nothing.

    Raises:
        TransientError: If what comes back is not that text.
    """
    fields = {"text": WORD}
    rendered = session.ask("POST", "/markdown", None, fields=fields, as_text=True)
    if WORD not in rendered or "<p" not in rendered:
        raise garbled("the text it was to render is not in it")
    return "POST /markdown rendered what we sent"


def search_one(session: GithubSession) -> str:
    """The best match of a word that hardly anybody writes."""
    answer = session.ask("GET", "/search/issues", None, query={"q": QUERY, "per_page": 1})
    return f"GET /search/issues answers, with {len(read(answers.found, answer))} of at most 1 issue"


PROBES: dict[str, Callable[[GithubSession], str]] = {
    "read": read_ourselves,
    "write": write_on_nothing,
    "search": search_one,
}
