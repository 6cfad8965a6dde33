"""Figures are judged, kept and shown as they were measured."""

import json
import math
from pathlib import Path

import pytest
from rich.console import Console

from bench.figures import (
    Figure,
    in_digits,
    markdown,
    percentile,
    ratio_of_medians,
    read,
    table,
    write,
)
from bench.scale import USUAL_SECONDS, scale_of


@pytest.mark.parametrize(
    ("goal", "value", "holds"),
    [
        (">= 0.6", 0.6, True),
        (">= 0.6", 0.59, False),
        ("< 15", 15.0, False),
        ("< 15", 14.9, True),
        ("<= 10.9", 10.9, True),
        ("> 1", 1.0, False),
        ("== 0", 0.0, True),
        ("== 0", 1.0, False),
        ("", 1.0, None),
    ],
)
def test_a_goal_is_met_or_missed(goal: str, value: float, holds: bool | None) -> None:
    assert Figure("some", value, "ms", goal).holds() is holds


@pytest.mark.parametrize("goal", [">= 0.6", "<= 15", "< 15", "> 1", "== 0"])
def test_what_was_not_measured_meets_no_goal(goal: str) -> None:
    assert Figure("some", math.nan, "ms", goal).holds() is False


@pytest.mark.parametrize("goal", ["fast", "=> 3", "< soon"])
def test_a_goal_that_is_none_is_refused(goal: str) -> None:
    with pytest.raises(ValueError, match=r"goal|float"):
        Figure("some", 1.0, "ms", goal).holds()


@pytest.mark.parametrize(
    ("share", "expected"), [(0.01, 1), (0.5, 50), (0.95, 95), (0.99, 99), (0.991, 100), (1.0, 100)]
)
def test_a_percentile_is_one_of_the_values(share: float, expected: float) -> None:
    assert percentile(list(range(100, 0, -1)), share) == expected


def test_the_percentile_of_nothing_is_not_a_number() -> None:
    assert math.isnan(percentile([], 0.5))


@pytest.mark.parametrize("share", [0, -0.1, 1.01])
def test_a_share_out_of_bounds_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        percentile([1.0], share)


def test_a_ratio_is_taken_of_medians() -> None:
    assert ratio_of_medians([1.0, 20.0, 1000.0], [10.0, 10.0, 1.0]) == 2


@pytest.mark.parametrize(("ours", "theirs"), [([], [1.0]), ([1.0], []), ([1.0], [0.0])])
def test_a_ratio_to_nothing_is_not_a_number(ours: list[float], theirs: list[float]) -> None:
    assert math.isnan(ratio_of_medians(ours, theirs))


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0.6525, "0.652"),
        (3.0, "3"),
        (12345.6, "12,346"),
        (153539.0, "153,539"),
        (77.46, "77.5"),
        (math.nan, "not measured"),
        (math.inf, "not measured"),
    ],
)
def test_a_number_is_shown_with_the_digits_it_deserves(number: float, expected: str) -> None:
    assert in_digits(number) == expected


FIGURES = [
    Figure("ack_vs_bare", 0.65, "x", ">= 0.6", "the lower of 32, 256"),
    Figure("ack_p99", 77.5, "ms", "< 15", 4.25),
    Figure("ack_rate", math.nan, "/s"),
]


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    kept = read(write("ack", FIGURES, tmp_path / "out"))

    assert kept[:2] == FIGURES[:2]
    assert math.isnan(kept[2].value)


def test_one_object_a_line_is_kept_for_each_figure(tmp_path: Path) -> None:
    lines = write("ack", FIGURES, tmp_path).read_text().splitlines()

    objects = [json.loads(line) for line in lines]
    assert [one["name"] for one in objects] == ["ack_vs_bare", "ack_p99", "ack_rate"]
    assert all(set(one) == {"name", "value", "unit", "goal", "beside"} for one in objects)
    assert objects[2]["value"] is None


def test_markdown_says_of_each_goal_whether_it_is_met(tmp_path: Path) -> None:
    write("ack", FIGURES, tmp_path)

    assert markdown(tmp_path).splitlines()[2:] == [
        "| ack | `ack_vs_bare` | 0.65 x | >= 0.6 | yes | the lower of 32, 256 |",
        "| ack | `ack_p99` | 77.5 ms | < 15 | no | 4.25 |",
        "| ack | `ack_rate` | not measured /s |  | – |  |",
    ]


def test_markdown_without_figures_says_how_to_take_them(tmp_path: Path) -> None:
    assert "make bench" in markdown(tmp_path)


def test_the_table_shows_every_figure() -> None:
    console = Console(width=120)
    with console.capture() as captured:
        console.print(table("ack", FIGURES))

    for one in FIGURES:
        assert one.name in captured.get()


def test_a_small_scale_does_less_of_everything() -> None:
    usual = scale_of(USUAL_SECONDS, full=True, tell=print)
    small = scale_of(0.2, full=True, tell=print)

    assert usual.open == (1000, 5000)
    assert max(small.open) < min(usual.open)
    assert small.deliveries < usual.deliveries
    assert small.rounds == 1
    assert small.paced_seconds < usual.paced_seconds


def test_rounds_share_no_delivery() -> None:
    scale = scale_of(0.2, full=True, tell=print)

    assert scale.first() + 50_000 <= scale.first()
