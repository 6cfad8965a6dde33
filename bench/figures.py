"""What a bench found: figures with their goals, as a table, as JSON lines, as Markdown."""

import json
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from rich.table import Table

OUT = Path(__file__).parent / "out"
COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}
UNJUDGED = "–"


@dataclass(frozen=True, slots=True)
class Figure:
    """
    One number that was measured.

    Attributes:
        name: What it is called in the documentation.
        value: The number; not a number where nothing could be measured.
        unit: Its unit; ``x`` for a ratio.
        goal: What it must be, such as ``>= 0.6``; empty where it is only stated.
        beside: What the same run showed for what it is compared with: a number, or words.
    """

    name: str
    value: float
    unit: str
    goal: str = ""
    beside: float | str | None = None

    def holds(self) -> bool | None:
        """
        Whether the goal is met; None where there is none.

        Raises:
            ValueError: If the goal is not a comparison with a number.
        """
        if not self.goal:
            return None
        sign, _, bound = self.goal.partition(" ")
        if sign not in COMPARE:
            raise ValueError(f"{self.goal!r} is not a goal: write a comparison such as '>= 0.6'")
        return COMPARE[sign](self.value, float(bound))


def percentile(values: Sequence[float], share: float) -> float:
    """
    The smallest of *values* that at least *share* of them do not exceed (nearest rank).

    Args:
        values: In any order; without any the answer is not a number.
        share: Above 0, at most 1.

    Raises:
        ValueError: If *share* is outside its bounds.

    >>> percentile([4, 1, 3, 2], 0.5)
    2
    """
    if not 0 < share <= 1:
        raise ValueError(f"a share is above 0 and at most 1, not {share}")
    if not values:
        return math.nan
    return sorted(values)[math.ceil(share * len(values)) - 1]


def ratio_of_medians(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """How many times *theirs* ours is, by the medians of rounds taken in turn."""
    if not ours or not theirs or not median(theirs):
        return math.nan
    return median(ours) / median(theirs)


def in_digits(number: float) -> str:
    """*number* with as many digits as it deserves."""
    if number != number or number in (math.inf, -math.inf):
        return "not measured"
    if float(number).is_integer():
        return f"{int(number):,}"
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"


def verdict(figure: Figure) -> str:
    """``yes``, ``no`` or a dash."""
    holds = figure.holds()
    return UNJUDGED if holds is None else "yes" if holds else "no"


def beside(figure: Figure) -> str:
    """What the figure is compared with, in words."""
    if figure.beside is None:
        return ""
    return figure.beside if isinstance(figure.beside, str) else in_digits(figure.beside)


def table(name: str, figures: Iterable[Figure]) -> Table:
    """The figures of the bench *name* for a terminal."""
    made = Table(title=f"bench {name}", title_justify="left", header_style="bold")
    made.add_column("figure", no_wrap=True)
    made.add_column("value", justify="right", no_wrap=True)
    made.add_column("unit")
    made.add_column("goal", no_wrap=True)
    made.add_column("met")
    made.add_column("beside")
    colours = {"yes": "green", "no": "red", UNJUDGED: "dim"}
    for figure in figures:
        met = verdict(figure)
        style = f"[{colours[met]}]{met}[/]"
        made.add_row(
            figure.name, in_digits(figure.value), figure.unit, figure.goal, style, beside(figure)
        )
    return made


def write(name: str, figures: Iterable[Figure], out: Path = OUT) -> Path:
    """Keep the figures of the bench *name*, one JSON object a line; the file."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{name}.jsonl"
    lines = [json.dumps(plain(figure), ensure_ascii=False) for figure in figures]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def plain(figure: Figure) -> dict[str, object]:
    """*figure* as JSON has it: a number that was not measured is null there."""
    value = None if figure.value != figure.value else round(figure.value, 4)
    return asdict(figure) | {"value": value}


def read(path: Path) -> list[Figure]:
    """The figures that *path* keeps."""
    kept = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [Figure(**(one | {"value": or_nan(one["value"])})) for one in kept]


def or_nan(value: float | None) -> float:
    """*value*, or not a number in place of null."""
    return math.nan if value is None else value


def markdown(out: Path = OUT) -> str:
    """All figures kept in *out* as one Markdown table; says so where there are none."""
    kept = [(path.stem, figure) for path in sorted(out.glob("*.jsonl")) for figure in read(path)]
    if not kept:
        return "No figures were taken yet: run `make bench`.\n"
    lines = ["| bench | figure | value | goal | met | beside |", "|---|---|---|---|---|---|"]
    lines += [row(name, figure) for name, figure in kept]
    return "\n".join(lines) + "\n"


def row(name: str, figure: Figure) -> str:
    """One line of the Markdown table: *figure*, found by the bench *name*."""
    value = f"{in_digits(figure.value)} {figure.unit}".rstrip()
    cells = (name, f"`{figure.name}`", value, figure.goal, verdict(figure), beside(figure))
    return f"| {' | '.join(cells)} |"
