"""What a delivery is found by is kept by the engine, whatever its sender named things."""

import json
from dataclasses import replace

from fakes import event
from hypothesis import given
from hypothesis import strategies as st

from workflows import attributes

LARGEST_BYTES = 2048
VARCHAR = 255
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=300)


@given(TEXTS, TEXTS, TEXTS)
def test_every_keyword_fits_into_the_engine(action: str, repository: str, context: str) -> None:
    named = replace(event(), action=action, repository=repository, context=context)

    values = [str(pair.value) for pair in attributes.of(named)]

    assert len(values) == 4
    assert all(len(json.dumps(value)) <= LARGEST_BYTES for value in values)
    assert all(len(value) <= VARCHAR and "\0" not in value for value in values)


def test_what_fits_is_kept_as_it_is() -> None:
    owner, name = "o" * 39, "n" * 100
    named = replace(event(), context=f"github/{owner}/{name}#123456789")

    assert named.context in [pair.value for pair in attributes.of(named)]


def test_the_widest_characters_are_cut_to_what_fits() -> None:
    named = replace(event(), repository="\U0001f980" * 255)

    values = [str(pair.value) for pair in attributes.of(named)]

    assert max(len(json.dumps(value)) for value in values) <= LARGEST_BYTES
