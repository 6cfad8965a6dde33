"""GitHub as it really is: each deed as few requests as it takes, looked up before it is done."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC
from typing import Any
from urllib.parse import quote

from activities.clients import deadline, github_probes
from activities.clients import github_answers as answers
from activities.clients import github_paths as paths
from activities.clients.credential import Credential
from activities.clients.github_answers import read
from activities.clients.github_errors import PLATFORM
from activities.clients.github_paths import repository
from activities.clients.github_reading import GithubReading
from activities.clients.github_session import Credentials, GithubSession
from activities.clients.github_tokens import Clock
from activities.clients.pauses import looked_up_before_repeated
from contexten import sweep
from contexten.effects import Effect, keys_in, with_marker
from contexten.errors import ClientError
from contexten.github import (
    Attempt,
    CheckRun,
    Comment,
    FileAt,
    FileText,
    Found,
    Labels,
    NewIssue,
    NewPullRequest,
    Numbered,
    Posted,
    PullRequest,
    ReactionTo,
    Redelivery,
    Review,
    ReviewComment,
    Scope,
    ScopeKind,
    Search,
    Target,
)
from contexten.limits import Limits
from contexten.sweep import Look, Seen


class GithubClient(GithubReading):
    """
    Our deeds on GitHub, through PyGithub. Safe to be used by many threads; nothing is retried.

    Every deed raises one of the errors of ``contexten.errors`` and nothing else.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        timeout_s: float,
        clock: Clock = time.monotonic,
        *,
        again: Callable[[], Credentials | None] | None = None,
    ) -> None:
        """
        Args:
            base_url: GitHub's REST API.
            credentials: Who we are; without any, every deed raises FatalError.
            timeout_s: Seconds before a request is given up, all in all.
            clock: Seconds that only grow, by which tokens are renewed.
            again: Reads the credentials anew; see ``Credential``.
        """
        credential = Credential(PLATFORM, credentials, again)
        self._session = GithubSession(base_url, credential, timeout_s, clock)

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def renew(self) -> None:
        """Have the credentials read anew by the next deed."""
        self._session.renew()

    def limits(self) -> Limits | None:
        """What GitHub last said of how much we may ask; None before it said anything."""
        return self._session.limits

    def probe(self, group: str) -> str:
        """What the cheapest honest request of *group* proved; nothing is changed by it."""
        return github_probes.probe(self._session, group)

    def token(self, name: str) -> AbstractContextManager[str]:
        """The token that git needs for the repository *name*, for as long as the context lasts."""
        return self._session.token(repository(name)[0])

    def within(self, seconds: float) -> AbstractContextManager[None]:
        """Around deeds that may take so many *seconds* together."""
        return deadline.within(seconds)

    def post_comment(self, comment: Comment) -> Posted:
        """Post *comment*, unless one with its key stands already."""
        scope, path = repository(comment.repository)
        path = f"{path}/issues/{comment.number}/comments"
        found = self._marked(path, scope, comment.effect)
        if found is None:
            body = with_marker(comment.body, comment.effect.key)
            found = self._create(path, scope, {"body": body})
        return read(answers.posted, found)

    def post_review_comment(self, comment: ReviewComment) -> Posted:
        """Post *comment*, unless one with its key stands already."""
        scope, path = repository(comment.repository)
        path = f"{path}/pulls/{comment.number}/comments"
        found = self._marked(path, scope, comment.effect)
        if found is None:
            fields = {
                "body": with_marker(comment.body, comment.effect.key),
                "commit_id": comment.commit,
                "path": comment.path,
                "line": comment.line,
                "side": "RIGHT",
            }
            found = self._create(path, scope, fields)
        return read(answers.posted, found)

    def create_issue(self, issue: NewIssue) -> Numbered:
        """Open *issue*, unless one with its key was opened already."""
        scope, path = repository(issue.repository)
        found = self._marked(f"{path}/issues", scope, issue.effect, state="all")
        if found is None:
            fields = {
                "title": issue.title,
                "body": with_marker(issue.body, issue.effect.key),
                "labels": list(issue.labels),
            }
            found = self._create(f"{path}/issues", scope, fields)
        return read(answers.numbered, found)

    def create_pull_request(self, pull: NewPullRequest) -> Numbered:
        """Open *pull*, or find the one that is open between its branches."""
        scope, path = repository(pull.repository)
        fields = {name: getattr(pull, name) for name in ("title", "body", "head", "base", "draft")}
        try:
            opened = self._session.ask("POST", f"{path}/pulls", scope, fields=fields)
        except ClientError as error:
            if error.status != 422 or "already exists" not in str(error):
                raise
            opened = self._open_pull(pull, path, scope)
            if opened is None:
                raise
        return read(answers.numbered, opened)

    def create_review(self, review: Review) -> Posted:
        """Comment on a pull request as a review, unless one with its key stands already."""
        scope, path = repository(review.repository)
        path = f"{path}/pulls/{review.number}/reviews"
        found = self._marked(path, scope, review.effect)
        if found is None:
            remarks = [
                {"path": one.path, "line": one.line, "side": "RIGHT", "body": one.body}
                for one in review.remarks
            ]
            fields = {
                "event": "COMMENT",
                "commit_id": review.commit,
                "body": with_marker(review.body, review.effect.key),
                "comments": remarks,
            }
            found = self._create(path, scope, fields)
        return read(answers.posted, found)

    def _open_pull(self, pull: NewPullRequest, path: str, scope: Scope) -> Any:
        owner = pull.repository.partition("/")[0]
        head = pull.head if ":" in pull.head else f"{owner}:{pull.head}"
        query = {"state": "open", "head": head, "base": pull.base}
        found = self._session.ask("GET", f"{path}/pulls", scope, query=query)
        return found[0] if isinstance(found, list) and found else None

    def read_pull_request(self, target: Target) -> PullRequest:
        """The pull request *target* as it stands."""
        scope, path = repository(target.repository)
        return read(
            answers.pull_request, self._session.ask("GET", f"{path}/pulls/{target.number}", scope)
        )

    def create_check_run(self, check: CheckRun) -> Posted:
        """Show *check* on its commit, unless one with its key is shown already."""
        scope, path = repository(check.repository)
        query = {"check_name": check.name, "filter": "all"}
        shown = f"{path}/commits/{quote(check.commit, safe='')}/check-runs"
        for page in self._session.pages(shown, scope, query):
            for run in read(answers.check_runs, page):
                if run.get("external_id") == check.effect.key:
                    return read(answers.posted, run)
        fields = {
            "name": check.name,
            "head_sha": check.commit,
            "external_id": check.effect.key,
            "output": {"title": check.title, "summary": check.summary},
            **({"conclusion": check.conclusion} if check.conclusion else {"status": "in_progress"}),
        }
        return read(answers.posted, self._create(f"{path}/check-runs", scope, fields))

    def add_labels(self, labels: Labels) -> tuple[str, ...]:
        """Add *labels*; the names of all that are there then."""
        scope, path = repository(labels.repository)
        path = f"{path}/issues/{labels.number}/labels"
        names = {"labels": list(labels.names)}
        return read(answers.label_names, self._session.ask("POST", path, scope, fields=names))

    def remove_labels(self, labels: Labels) -> None:
        """Remove *labels*; those that are not there are no error."""
        scope, path = repository(labels.repository)
        for name in labels.names:
            label = f"{path}/issues/{labels.number}/labels/{quote(name, safe='')}"
            try:
                self._session.ask("DELETE", label, scope)
            except ClientError as error:
                if error.status != 404 or "label does not exist" not in str(error).lower():
                    raise

    def add_reaction(self, reaction: ReactionTo) -> None:
        """React; GitHub itself keeps a reaction of ours from standing twice."""
        scope, path = repository(reaction.repository)
        on = f"comments/{reaction.comment_id}" if reaction.comment_id else str(reaction.number)
        fields = {"content": reaction.emoji}
        self._session.ask("POST", f"{path}/issues/{on}/reactions", scope, fields=fields)

    def search_issues(self, search: Search) -> tuple[Found, ...]:
        """The best matches of *search*, at most as many as it wants."""
        query = {"q": search.query, "per_page": min(max(search.most, 1), 100)}
        answer = self._session.ask("GET", "/search/issues", paths.searched(search), query=query)
        return read(answers.found, answer)

    def read_file(self, file: FileAt) -> FileText:
        """The text of *file*."""
        scope, path = repository(file.repository)
        query = {"ref": file.ref} if file.ref else {}
        answer = self._session.ask("GET", paths.contents(file, path), scope, query=query)
        return read(answers.file_text, answer)

    def list_failed_deliveries(self, look: Look, beat: Callable[[], None]) -> Seen:
        """
        What never arrived at the webhooks of a scope, and which of it is due.

        Args:
            look: Whose webhooks, since when, and how stubborn to be.
            beat: Called for every page read.
        """
        attempts: list[Attempt] = []
        for hook, path in self._delivery_lists(look):
            for page in self._session.pages(path, look.scope, {}):
                beat()
                tried = read(answers.attempts(hook), page)
                attempts += (a for a in tried if a.delivered_at >= look.since)
                if tried and tried[-1].delivered_at < look.since:
                    break
        return sweep.seen(attempts, look)

    def _delivery_lists(self, look: Look) -> Iterator[tuple[int | None, str]]:
        """Each webhook that leads to us with the path of its deliveries."""
        scope = look.scope
        if scope.kind is ScopeKind.APP:
            yield None, paths.deliveries(scope, None)
            return
        for page in self._session.pages(f"{paths.path_of(scope)}/hooks", scope, {}):
            for hook in read(answers.hook_ids(look.door), page):
                yield hook, paths.deliveries(scope, hook)

    def redeliver(self, redelivery: Redelivery) -> None:
        """Have GitHub send what it tried to send; it answers before it does."""
        scope, tried = redelivery.scope, redelivery.attempt
        path = f"{paths.deliveries(scope, tried.hook_id)}/{tried.id}/attempts"
        self._session.ask("POST", path, scope)

    def _create(self, path: str, scope: Scope, fields: dict[str, Any]) -> Any:
        with looked_up_before_repeated():
            return self._session.ask("POST", path, scope, fields=fields)

    def _marked(self, path: str, scope: Scope, effect: Effect, **query: str) -> Any:
        """What in the list at *path* carries the key of *effect*; None if nothing does."""
        since = effect.since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for page in self._session.pages(path, scope, {"since": since, **query}):
            for item in read(answers.objects, page):
                if effect.key in keys_in(item.get("body")):
                    return item
        return None
