"""Does a platform let us in? One harmless question to each, as our calls would ask it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import jwt
from pydantic import SecretStr

from contexten.delivery import Platform
from starter.settings import Settings

ANSWER_S = 10.0
MOST_SKEW = timedelta(seconds=30)
TEAMS = "query Teams { teams(first: 250) { nodes { id key name } } }"


class Unwell(Exception):  # noqa: N818 - it is the platform, or our access to it, that is
    """Why a platform does not let us in, and how to mend it."""

    def __init__(self, said: str, mend: str) -> None:
        super().__init__(said)
        self.mend = mend


@dataclass(frozen=True, slots=True)
class Probe:
    """
    The question to one platform.

    Attributes:
        variables: What must be set for it.
        needs: What that is.
        configured: Whether it is set.
        ask: Ask, and answer with who we are there; raises Unwell.
    """

    variables: str
    needs: str
    configured: Callable[[Settings], bool]
    ask: Callable[[Settings], Awaitable[str]]


async def ask_github(settings: Settings) -> str:
    """Ask GitHub how many calls we have left, or as an App who we are."""
    base = settings.github_api_url.rstrip("/")
    if settings.github_app_id is not None:
        headers = {"Authorization": f"Bearer {app_token(settings)}"}
        said = await asked("GITHUB_APP_PRIVATE_KEY", "GET", f"{base}/app", headers)
        return f"{base} knows us as the App {said.get('slug')}"
    headers = {"Authorization": f"Bearer {shown(settings.github_token)}"}
    said = await asked("GITHUB_TOKEN", "GET", f"{base}/rate_limit", headers)
    core = said.get("resources", {}).get("core", {})
    return f"{base} lets us in, {core.get('remaining')} of {core.get('limit')} calls left"


def app_token(settings: Settings) -> str:
    """
    What proves for some minutes that we are the App.

    Raises:
        Unwell: If the key cannot sign.
    """
    key = shown(settings.github_app_private_key)
    now = datetime.now(UTC)
    claims = {
        "iat": now - timedelta(seconds=60),
        "exp": now + timedelta(minutes=5),
        "iss": str(settings.github_app_id),
    }
    try:
        return jwt.encode(claims, key if "-----" in key else Path(key).read_text(), "RS256")
    except (OSError, ValueError, TypeError, jwt.PyJWTError) as error:
        mend = "set GITHUB_APP_PRIVATE_KEY to the App's RSA key as PEM, or to the path of its file"
        raise Unwell(f"the App's key cannot sign ({type(error).__name__})", mend) from None


async def ask_linear(settings: Settings) -> str:
    """Ask Linear for its teams, and look for ours among them."""
    token = shown(settings.linear_access_token)
    headers = {"Authorization": token if token.startswith("lin_api_") else f"Bearer {token}"}
    question = {"query": TEAMS, "operationName": "Teams"}
    said = await asked(
        "LINEAR_ACCESS_TOKEN", "POST", settings.linear_api_url, headers, json=question
    )
    teams = (said.get("data") or {}).get("teams", {}).get("nodes")
    if teams is None:
        raise Unwell(
            f"{settings.linear_api_url} refuses our token", "set LINEAR_ACCESS_TOKEN to a valid one"
        )
    keys = ", ".join(str(team.get("key")) for team in teams)
    wanted = settings.linear_team_id
    if wanted and wanted not in {team.get(name) for team in teams for name in ("id", "key")}:
        raise Unwell(f"there is no team {wanted}", f"set LINEAR_TEAM_ID to one of {keys}")
    return f"{settings.linear_api_url} lets us in, teams {keys}"


async def ask_slack(settings: Settings) -> str:
    """Ask Slack who we are."""
    headers = {"Authorization": f"Bearer {shown(settings.slack_bot_token)}"}
    url = f"{settings.slack_api_url.rstrip('/')}/auth.test"
    said = await asked("SLACK_BOT_TOKEN", "POST", url, headers)
    if not said.get("ok"):
        raise Unwell(
            f"{url} says {said.get('error')}", "set SLACK_BOT_TOKEN to the app's bot token"
        )
    return f"{said.get('team')} knows us as {said.get('user')}"


async def asked(
    variable: str, method: str, url: str, headers: dict[str, str], json: Any = None
) -> dict[str, Any]:
    """
    The JSON object that *url* answers with.

    Raises:
        Unwell: If it does not answer, refuses what *variable* holds, or our clock is wrong.
    """
    try:
        async with httpx.AsyncClient(timeout=ANSWER_S) as http:
            answer = await http.request(method, url, headers=headers, json=json)
            said = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        mend = "see that the address is right and can be reached from here"
        raise Unwell(f"{url} does not answer as it should ({type(error).__name__})", mend) from None
    if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise Unwell(f"{url} answers {answer.status_code}", f"set {variable} to a valid one")
    if not answer.is_success or not isinstance(said, dict):
        raise Unwell(f"{url} answers {answer.status_code}", "see whether the platform is well")
    refuse_wrong_clock(answer)
    return said


def refuse_wrong_clock(answer: httpx.Response) -> None:
    """
    Raises:
        Unwell: If our clock and that of the platform differ; then genuine deliveries are refused.
    """
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return
    skew = abs(datetime.now(UTC) - theirs)
    if skew > MOST_SKEW:
        seconds = round(skew.total_seconds())
        raise Unwell(f"our clock is {seconds} s off", "set the clock, for example by NTP")


def shown(secret: SecretStr | None) -> str:
    """What *secret* hides; nothing if it is not set."""
    return secret.get_secret_value() if secret else ""


PROBES = {
    Platform.GITHUB: Probe(
        "GITHUB_TOKEN",
        "a token that may comment, or set GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY",
        lambda s: s.github_token is not None or s.github_app_id is not None,
        ask_github,
    ),
    Platform.LINEAR: Probe(
        "LINEAR_ACCESS_TOKEN",
        "an API key (lin_api_...); an OAuth token ends after a day",
        lambda s: s.linear_access_token is not None,
        ask_linear,
    ),
    Platform.SLACK: Probe(
        "SLACK_BOT_TOKEN",
        "the app's bot token (xoxb-...)",
        lambda s: s.slack_bot_token is not None,
        ask_slack,
    ),
}
