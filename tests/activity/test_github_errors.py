"""Whatever goes wrong on the way to GitHub arrives as one of our errors, and names no secret."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import github as pygithub
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from pretend import Sandbox
from temporalio.exceptions import CancelledError
from urllib3.exceptions import ProtocolError

from activities.clients.github import GithubClient
from activities.clients.github_errors import pause_asked, refused, told_in_our_terms
from activities.clients.github_session import Credentials
from activities.clients.pauses import LONGEST_PAUSE, SHORTEST_PAUSE
from contexten.effects import Effect
from contexten.errors import (
    UNSAID_PAUSE,
    AuthenticationError,
    ClientError,
    FatalError,
    PlatformError,
    RateLimitedError,
    ServerError,
    TransientError,
)
from contexten.github import (
    Comment,
    FileAt,
    NewIssue,
    Scope,
    ScopeKind,
    Target,
)
from contexten.sweep import Look, Rule
from sandbox.tokens import GITHUB_TOKEN

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
RATE_LIMITED = {"x-ratelimit-remaining": "0"}


@pytest.fixture
def github(sandbox: Sandbox) -> Iterator[GithubClient]:
    client = GithubClient(f"{sandbox.url}/github", Credentials(token=GITHUB_TOKEN), timeout_s=1)
    yield client
    client.close()


def comment(repository: str = "octo/hello", number: int = 12, body: str = "x") -> Comment:
    return Comment(repository, number, body, Effect("a" * 32, NOW))


FAULTS: list[tuple[dict[str, Any], type[PlatformError]]] = [
    ({"kind": "status", "status": 500}, ServerError),
    ({"kind": "status", "status": 502}, ServerError),
    ({"kind": "status", "status": 503}, ServerError),
    ({"kind": "status", "status": 504}, ServerError),
    ({"kind": "status", "status": 408}, TransientError),
    ({"kind": "status", "status": 429}, RateLimitedError),
    ({"kind": "status", "status": 401}, AuthenticationError),
    ({"kind": "status", "status": 403}, AuthenticationError),
    ({"kind": "status", "status": 404}, ClientError),
    ({"kind": "status", "status": 409}, ClientError),
    ({"kind": "status", "status": 410}, ClientError),
    ({"kind": "status", "status": 422}, ClientError),
    ({"kind": "status", "status": 307}, ClientError),
    ({"kind": "html"}, ServerError),
    ({"kind": "garbage"}, TransientError),
    ({"kind": "truncated"}, TransientError),
    ({"kind": "reset"}, TransientError),
    ({"kind": "lost_answer"}, TransientError),
    ({"kind": "hang"}, TransientError),
    ({"kind": "redirect_loop"}, TransientError),
    ({"kind": "rate_limit"}, RateLimitedError),
    ({"kind": "rate_limit", "secondary": True}, RateLimitedError),
]


@pytest.mark.parametrize(("fault", "expected"), FAULTS, ids=lambda v: str(v)[:60])
@pytest.mark.parametrize("match", ["GET", "POST"])
def test_each_fault_has_its_error_whether_reading_or_writing(
    sandbox: Sandbox,
    github: GithubClient,
    match: str,
    fault: dict[str, Any],
    expected: type[PlatformError],
) -> None:
    sandbox.breaks("github", match=match, **fault)

    with pytest.raises(PlatformError) as raised:
        github.post_comment(comment())

    assert type(raised.value) is expected
    assert raised.value.platform == "github"
    assert raised.value.__cause__ is None
    assert GITHUB_TOKEN not in str(raised.value)
    assert sandbox.struck() == 1


@pytest.mark.parametrize("status", [301, 302])
def test_redirects_without_end_are_not_followed_without_end(
    sandbox: Sandbox, github: GithubClient, status: int
) -> None:
    sandbox.breaks("github", "redirect_loop", status=status)

    with pytest.raises(TransientError):
        github.post_comment(comment())

    assert sandbox.struck() < 3


def test_a_redirect_to_another_scheme_or_host_is_fatal_and_says_what_to_check(
    sandbox: Sandbox, github: GithubClient
) -> None:
    for location in ("https://127.0.0.1/github", "http://elsewhere.example/github"):
        headers = {"location": location}
        sandbox.breaks("github", "status", status=301, headers=headers, count=1)

        with pytest.raises(FatalError, match="GITHUB_API_URL"):
            github.post_comment(comment())


@pytest.mark.parametrize("secondary", [False, True])
def test_a_rate_limit_says_when_to_come_back(
    sandbox: Sandbox, github: GithubClient, secondary: bool
) -> None:
    sandbox.breaks("github", "rate_limit", secondary=secondary, retry_after_s=30)

    with pytest.raises(RateLimitedError, match="rate limit") as raised:
        github.post_comment(comment())

    assert raised.value.status == 403
    assert raised.value.retry_after is not None
    assert timedelta(seconds=28) <= raised.value.retry_after <= timedelta(seconds=31)


@pytest.mark.parametrize(
    "headers",
    [
        {"retry-after": "banana"},
        {"retry-after": "-5"},
        {"retry-after": "1e400"},
        {"retry-after": "nan"},
        {"retry-after": "9" * 400},
        {"retry-after": "Thu, 99 Foo 2026 12:00:00 GMT"},
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "never"},
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" * 400},
        {"x-ratelimit-remaining": "banana", "x-ratelimit-limit": "banana"},
    ],
    ids=str,
)
def test_an_absurd_rate_limit_is_still_a_limit(
    sandbox: Sandbox, github: GithubClient, headers: dict[str, str]
) -> None:
    sandbox.breaks("github", "status", status=429, headers=headers)

    with pytest.raises(RateLimitedError) as raised:
        github.post_comment(comment())

    pause = raised.value.retry_after
    assert pause is None or SHORTEST_PAUSE <= pause <= LONGEST_PAUSE


def test_a_limit_without_a_pause_gets_the_documented_minute() -> None:
    error = refused(429, {}, None, NOW)

    assert error.retry_after == UNSAID_PAUSE


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "17"}, 17),
        ({"retry-after": "0"}, 1),
        ({"retry-after": "86400"}, 3600),
        ({"retry-after": format_datetime(NOW + timedelta(seconds=42), usegmt=True)}, 42),
        ({**RATE_LIMITED, "x-ratelimit-reset": str(int(NOW.timestamp()) + 90)}, 90),
        ({**RATE_LIMITED, "x-ratelimit-reset": str(int(NOW.timestamp()) - 90)}, 1),
        ({**RATE_LIMITED, "x-ratelimit-reset": "1795490881.0"}, 3600),
        ({"x-ratelimit-remaining": "1", "x-ratelimit-reset": "1795490881"}, None),
    ],
    ids=str,
)
def test_the_pause_is_read_in_every_form(headers: dict[str, str], seconds: int | None) -> None:
    pause = pause_asked(headers, NOW)

    assert (pause and pause.total_seconds()) == seconds


@given(
    st.integers(300, 599),
    st.dictionaries(
        st.sampled_from(["retry-after", "x-ratelimit-remaining", "x-ratelimit-reset"]), st.text()
    ),
    st.recursive(
        st.none() | st.text() | st.integers() | st.booleans(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["message", "errors", "field", "x"]), inner)
        ),
    ),
)
def test_every_refusal_is_one_of_our_errors(
    status: int, headers: dict[str, str], data: Any
) -> None:
    error = refused(status, headers, data, NOW)

    assert isinstance(error, PlatformError)
    assert error.status == status
    assert len(str(error)) <= 300
    pause = error.retry_after
    assert pause is None or SHORTEST_PAUSE <= pause <= LONGEST_PAUSE


def exceptions_of(module: Any) -> list[type[Exception]]:
    found = (getattr(module, name) for name in dir(module))
    return [c for c in found if isinstance(c, type) and issubclass(c, Exception)]


def raised_by(kind: type[Exception]) -> Exception:
    """An instance of *kind* whose text shows the token."""
    error = kind.__new__(kind)
    Exception.__init__(error, f"Authorization: token {GITHUB_TOKEN}")
    return error


@pytest.mark.parametrize(
    "kind",
    [
        *(k for k in exceptions_of(requests.exceptions) if not issubclass(k, Warning)),
        ProtocolError,
        ConnectionResetError,
        TimeoutError,
        BrokenPipeError,
        ValueError,
        KeyError,
        AssertionError,
        RuntimeError,
        RecursionError,
        OverflowError,
    ],
    ids=lambda kind: kind.__name__,
)
def test_everything_the_library_raises_is_told_without_its_text(kind: type[Exception]) -> None:
    with pytest.raises(PlatformError) as told, told_in_our_terms(NOW):
        raise raised_by(kind)

    assert GITHUB_TOKEN not in str(told.value)
    assert told.value.__cause__ is None


@pytest.mark.parametrize(
    "kind",
    [k for k in exceptions_of(pygithub) if issubclass(k, pygithub.GithubException)],
    ids=lambda kind: kind.__name__,
)
def test_every_pygithub_exception_is_judged_by_its_status(
    kind: type[pygithub.GithubException],
) -> None:
    with pytest.raises(ServerError), told_in_our_terms(NOW):
        raise kind(503, {"message": "x"}, {"X": "y"}, "x")


def test_a_cancelled_thread_is_not_mistaken_for_a_failure() -> None:
    with pytest.raises(CancelledError), told_in_our_terms(NOW):
        raise CancelledError("stop")


def test_a_repository_that_is_gone_is_a_client_error(github: GithubClient) -> None:
    with pytest.raises(ClientError, match="404: Not Found"):
        github.post_comment(comment("missing/hello"))
    with pytest.raises(ClientError, match="404: Not Found"):
        github.read_pull_request(Target("octo/hello", 900_000))


def test_a_repository_we_may_not_touch_is_an_authentication_error(github: GithubClient) -> None:
    with pytest.raises(AuthenticationError, match="not accessible"):
        github.post_comment(comment("forbidden/hello"))


def test_a_locked_issue_is_a_client_error(sandbox: Sandbox, github: GithubClient) -> None:
    lock = f"{sandbox.url}/github/repos/octo/hello/issues/12/lock"
    headers = {"authorization": f"token {GITHUB_TOKEN}"}
    requests.put(lock, headers=headers, timeout=5).raise_for_status()

    with pytest.raises(ClientError, match="locked"):
        github.post_comment(comment())


def test_an_invalid_field_is_named(github: GithubClient) -> None:
    with pytest.raises(ClientError, match="422: Validation Failed; body is too long"):
        github.post_comment(comment(body="x" * 70_000))
    with pytest.raises(ClientError, match="title is missing_field"):
        github.create_issue(NewIssue("octo/hello", "", "x", (), Effect("a" * 32, NOW)))


def test_a_wrong_token_is_refused_and_not_shown(sandbox: Sandbox) -> None:
    client = GithubClient(f"{sandbox.url}/github", Credentials(token="ghp_wrong"), 1)
    with pytest.raises(AuthenticationError, match="Bad credentials") as raised:
        client.post_comment(comment())
    client.close()

    assert "ghp_wrong" not in str(raised.value)


@pytest.mark.parametrize(
    "token", ["ghp_with\nnewline", "ghp_with\u2028separator", "ghp_Schlüssel€"]
)
def test_a_token_that_no_header_can_carry_is_fatal_and_not_shown(
    sandbox: Sandbox, token: str
) -> None:
    client = GithubClient(f"{sandbox.url}/github", Credentials(token=token), 1)
    with pytest.raises((FatalError, AuthenticationError)) as raised:
        client.post_comment(comment())
    client.close()

    assert token[:8] not in str(raised.value)


def test_without_credentials_every_deed_is_fatal_and_says_what_to_set(sandbox: Sandbox) -> None:
    client = GithubClient(f"{sandbox.url}/github", Credentials(), 1)

    with pytest.raises(FatalError, match="GITHUB_TOKEN"):
        client.post_comment(comment())
    assert sandbox.calls("github") == 0


def test_nobody_listening_is_transient() -> None:
    client = GithubClient("http://127.0.0.1:9/github", Credentials(token="t"), 1)
    with pytest.raises(TransientError):
        client.read_file(FileAt("octo/hello", "README.md"))
    client.close()


def test_an_apps_own_deliveries_need_an_app(github: GithubClient) -> None:
    with pytest.raises(FatalError, match="GITHUB_APP_ID"):
        github.list_failed_deliveries(Look(Scope(ScopeKind.APP), NOW, NOW, Rule()), lambda: None)


def test_a_client_tries_once(sandbox: Sandbox, github: GithubClient) -> None:
    sandbox.breaks("github", "status", status=500)

    with pytest.raises(ServerError):
        github.post_comment(comment())

    assert sandbox.calls("github") == 1


def test_ten_threads_do_not_mix_up_their_requests(sandbox: Sandbox, github: GithubClient) -> None:
    at_once = threading.Barrier(10)

    def post(number: int) -> str:
        at_once.wait()
        effect = Effect(f"{number:032x}", NOW)
        return github.post_comment(Comment("octo/hello", number, f"body {number}", effect)).url

    for start in (1, 11, 21):
        numbers = range(start, start + 10)
        with ThreadPoolExecutor(10) as pool:
            urls = list(pool.map(post, numbers))
        assert all(f"/issues/{n}#" in url for n, url in zip(numbers, urls, strict=True))

    effects = sandbox.effects("comment")
    assert len(effects) == 30
    for effect in effects:
        number = effect["target"].partition("#")[2]
        assert effect["details"]["body"].startswith(f"body {number}\n")
