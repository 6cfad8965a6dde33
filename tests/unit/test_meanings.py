"""What a client makes of its library's exceptions is what the core makes of them."""

import pytest

from activities.clients import github_errors, http, slack_errors
from contexten.classification import classified
from contexten.errors import PlatformError

MEANINGS = [
    (kind, ours)
    for module in (github_errors, http, slack_errors)
    for kinds, ours, _ in module.MEANINGS
    for kind in kinds
    if kind.__module__
    != "builtins"  # there a garbled answer, elsewhere most likely a fault of ours
]


@pytest.mark.parametrize(("kind", "ours"), MEANINGS, ids=lambda one: one.__name__)
def test_client_and_core_agree(kind: type[Exception], ours: type[PlatformError]) -> None:
    assert classified(kind.__new__(kind)).category is ours.category
