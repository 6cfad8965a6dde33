"""What the sandbox's GitHub answers to those who only want to know how it is."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pretend import Sandbox, sandbox

from sandbox.tokens import GITHUB_TOKEN

__all__ = ["sandbox"]


@pytest.fixture
def http(sandbox: Sandbox) -> Iterator[httpx.Client]:
    headers = {"authorization": f"token {GITHUB_TOKEN}"}
    with httpx.Client(base_url=f"{sandbox.url}/github", headers=headers, timeout=5) as client:
        yield client


def test_a_text_is_rendered_as_html_and_nothing_is_changed(
    sandbox: Sandbox, http: httpx.Client
) -> None:
    answer = http.post("/markdown", json={"text": "a < b\n\nc"})

    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text == "<p>a &lt; b</p>\n<p>c</p>"
    assert sandbox.effects() == []


@pytest.mark.parametrize("fields", [{}, {"text": ""}, {"text": 5}, {"text": "x", "mode": "wild"}])
def test_what_is_no_text_is_not_rendered(http: httpx.Client, fields: dict[str, Any]) -> None:
    assert http.post("/markdown", json=fields).status_code == 422


@pytest.mark.parametrize("path", ["/app", "/app/installations"])
def test_what_is_the_apps_own_is_not_told_to_a_token(http: httpx.Client, path: str) -> None:
    assert http.get(path).status_code == 401


def test_searches_have_a_limit_of_their_own(http: httpx.Client) -> None:
    searched = http.get("/search/issues", params={"q": "x is:issue"}).headers
    read = http.get("/user").headers

    assert (searched["x-ratelimit-resource"], searched["x-ratelimit-limit"]) == ("search", "30")
    assert (read["x-ratelimit-resource"], read["x-ratelimit-limit"]) == ("core", "5000")
