"""The benches run, and produce every figure that the documentation names."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from bench.__main__ import BENCHES, main, measure
from bench.figures import Figure, read
from bench.scale import Scale

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "figures.md").read_text()


def documented(bench: str) -> set[str]:
    """The figures of *bench* in the table of the documentation."""
    return set(re.findall(rf"^\| {bench} \| `(\w+)` \|", PAGE, re.MULTILINE))


@pytest.mark.timeout(220)
@pytest.mark.parametrize("bench", ["ack", "agent", "completion", "outage", "path", "spool"])
def test_a_bench_produces_every_figure_that_is_named(bench: str, tmp_path: Path) -> None:
    line = [sys.executable, "-m", "bench", bench, "--seconds", "0.1", "--out", str(tmp_path)]

    ran = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = read(tmp_path / f"{bench}.jsonl")
    assert {figure.name for figure in found} == documented(bench)
    assert [figure.name for figure in found if figure.value != figure.value] == []
    assert os.listdir(tmp_path) == [f"{bench}.jsonl"]


def test_every_bench_is_documented() -> None:
    for bench in BENCHES:
        assert documented(bench), bench
        assert f"| `{bench}` |" in PAGE


async def missing_its_goal(_: Path, scale: Scale) -> list[Figure]:
    """A bench with a figure that is too low."""
    scale.tell("at it")
    return [Figure("some", 1.0, "x", ">= 2")]


async def failing(folder: Path, _: Scale) -> list[Figure]:
    """A bench that cannot be taken."""
    await asyncio.to_thread((folder / "left").touch)
    raise RuntimeError("the engine ended at once [1]")


def test_a_goal_that_is_missed_is_said_and_no_failure(tmp_path: Path) -> None:
    console = Console(width=100)
    with console.capture() as said:
        status = measure({"slow": missing_its_goal}, 0.1, tmp_path, console)

    assert status == 0
    assert "at it" in said.get()
    assert re.search(r"some .* 1 .* >= 2 .* no", said.get())


def test_a_bench_that_cannot_be_taken_stops_no_other(tmp_path: Path) -> None:
    console = Console(width=100)
    with console.capture() as said:
        benches = {"broken": failing, "slow": missing_its_goal}
        status = measure(benches, 0.1, tmp_path, console)

    assert status == 1
    assert "broken could not be taken: the engine ended at once [1]" in said.get()
    assert os.listdir(tmp_path) == ["slow.jsonl"]


def test_what_is_kept_is_printed_as_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measure({"slow": missing_its_goal}, 0.1, tmp_path, Console(quiet=True))

    assert main(["--markdown", "--out", str(tmp_path)]) == 0

    assert "| slow | `some` | 1 x | >= 2 | no |  |" in capsys.readouterr().out
