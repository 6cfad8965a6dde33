"""Who asked is answered where they asked, and nowhere if that is no place."""

import dataclasses

import pytest
from fakes import event

from contexten.delivery import Platform
from contexten.place import Place, place_of


@pytest.mark.parametrize(
    ("platform", "context", "place"),
    [
        (Platform.GITHUB, "github/octo/hello#12", Place(Platform.GITHUB, "octo/hello", "12")),
        (Platform.GITHUB, "github/octo/hello#main", None),
        (Platform.GITHUB, "github/octo/hello", None),
        (Platform.GITHUB, "github/#12", None),
        (Platform.GITHUB, "github/octo/hello#", None),
        (Platform.LINEAR, "linear/ENG-7", Place(Platform.LINEAR, "ENG-7")),
        (Platform.LINEAR, "linear/", None),
        (Platform.SLACK, "slack/C01/1700.01", Place(Platform.SLACK, "C01", "1700.01")),
        (Platform.SLACK, "slack/C01", None),
        (Platform.SLACK, "slack/C01/", None),
        (Platform.SLACK, None, None),
        (Platform.LINEAR, None, None),
        (Platform.GITHUB, "", None),
    ],
)
def test_the_context_says_where(
    platform: Platform, context: str | None, place: Place | None
) -> None:
    asked = dataclasses.replace(event(), platform=platform, context=context)

    assert place_of(asked) == place
