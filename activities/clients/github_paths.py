"""Where things are in GitHub's REST API, and whose credentials open them."""

import re
from urllib.parse import quote

from activities.clients.github_errors import PLATFORM
from contexten.errors import ClientError
from contexten.github import FileAt, Scope, ScopeKind, Search

OWNER = r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?"
ORGANIZATION = re.compile(OWNER)
REPOSITORY = re.compile(rf"{OWNER}/[A-Za-z0-9._-]+")
OF_A_KIND = re.compile(r"(?:^|\s)(?:is|type):(?:issue|pr|pull-request)(?=\s|$)", re.IGNORECASE)
IN_QUERY = re.compile(r"(?:^|\s)(repo|org):(\S+)")


def repository(name: str) -> tuple[Scope, str]:
    """
    The scope and the path of the repository *name*.

    Raises:
        ClientError: If it is no ``owner/name``.
    """
    scope = Scope(ScopeKind.REPOSITORY, name)
    return scope, path_of(scope)


def path_of(scope: Scope) -> str:
    """
    The path of a repository or an organisation.

    Raises:
        ClientError: If it has no such name as it must.

    >>> path_of(Scope(ScopeKind.REPOSITORY, "octo/hello"))
    '/repos/octo/hello'
    """
    if scope.kind is ScopeKind.REPOSITORY and REPOSITORY.fullmatch(scope.name):
        return f"/repos/{scope.name}"
    if scope.kind is ScopeKind.ORGANIZATION and ORGANIZATION.fullmatch(scope.name):
        return f"/orgs/{scope.name}"
    raise ClientError(f"not a name of a {scope.kind}: {scope.name!r}", platform=PLATFORM)


def deliveries(scope: Scope, hook: int | None) -> str:
    """
    The path of what was delivered to a webhook of *scope*; an App has but one.

    Raises:
        ClientError: If the scope has no such name as it must.
    """
    if scope.kind is ScopeKind.APP:
        return "/app/hook/deliveries"
    return f"{path_of(scope)}/hooks/{hook}/deliveries"


def contents(file: FileAt, path: str) -> str:
    """The path of *file* in the repository at *path*."""
    return f"{path}/contents/{quote(file.path)}"


def searched(search: Search) -> Scope:
    """
    Where *search* looks, by the first ``repo:`` or ``org:`` of its query.

    Raises:
        ClientError: If it does not say: credentials hold for one place, not for all of GitHub.
            Or if it does not say what it looks for, which GitHub asks of Apps and fine-grained
            tokens.
    """
    if OF_A_KIND.search(search.query) is None:
        reason = "say what to search: add is:issue or is:pull-request to the query"
        raise ClientError(reason, platform=PLATFORM)
    found = IN_QUERY.search(search.query)
    if found is None:
        reason = "say where to search: add repo:owner/name or org:name to the query"
        raise ClientError(reason, platform=PLATFORM)
    of_repository = found.group(1) == "repo"
    kind = ScopeKind.REPOSITORY if of_repository else ScopeKind.ORGANIZATION
    scope = Scope(kind, found.group(2).strip('"'))
    path_of(scope)
    return scope
