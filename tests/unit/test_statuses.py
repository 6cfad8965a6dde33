"""Every HTTP status has a category, and so has whatever exception carries one."""

import urllib.error
from email.message import Message
from http import HTTPStatus
from types import SimpleNamespace

import aiohttp
import httpx
import pytest
import requests
from github import GithubException
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy
from slack_sdk.errors import SlackApiError
from yarl import URL

from contexten.classification import classified
from contexten.errors import BY_STATUS, LEAVES, Category, category_of_status, leaf_of_status
from contexten.foreign_errors import ANSWERED


@given(st.integers(-(10**6), 10**6))
def test_every_status_has_a_category(status: int) -> None:
    category = category_of_status(status)

    assert category in Category
    assert leaf_of_status(status) in LEAVES.values()
    if 500 <= status < 511:
        assert category is Category.SERVER_ERROR
    if not 100 <= status < 600:
        assert category is Category.UNKNOWN


@pytest.mark.parametrize("status", HTTPStatus)
def test_every_registered_status_is_decided_upon(status: HTTPStatus) -> None:
    assert status in BY_STATUS


@given(st.sampled_from(sorted(ANSWERED)), st.integers(300, 599))
def test_what_carries_a_status_means_what_the_status_means(name: str, status: int) -> None:
    module, _, last = name.rpartition(".")
    error = type(last, (Exception,), {"__module__": module, "status": status})()

    failure = classified(error)

    if category_of_status(status) is not Category.UNKNOWN:
        assert failure.category is category_of_status(status)
    assert failure.status == status
    assert failure.limited == (status == 429)


@pytest.mark.parametrize("of", ["status_code", "status"])
def test_a_status_may_be_that_of_the_response(of: str) -> None:
    error = type("HTTPStatusError", (Exception,), {"__module__": "httpx"})()
    error.response = SimpleNamespace(**{of: 503})

    assert classified(error).category is Category.SERVER_ERROR


def test_a_real_answer_of_each_library_is_read() -> None:
    response = httpx.Response(503, request=httpx.Request("GET", "http://x"))
    told = [
        httpx.HTTPStatusError("x", request=response.request, response=response),
        urllib.error.HTTPError("http://x", 503, "x", Message(), None),
        GithubException(503),
        aiohttp.ClientResponseError(aiohttp_request(), (), status=503),
        requests.HTTPError(response=SimpleNamespace(status_code=503)),  # type: ignore[arg-type]
        SlackApiError("x", SimpleNamespace(status_code=503)),
    ]

    assert {classified(error).status for error in told} == {503}
    assert {classified(error).category for error in told} == {Category.SERVER_ERROR}
    assert classified(aiohttp.ClientResponseError(aiohttp_request(), ())).status is None


def aiohttp_request() -> aiohttp.RequestInfo:
    url = URL("http://x")
    return aiohttp.RequestInfo(url, "GET", CIMultiDictProxy(CIMultiDict()), url)
