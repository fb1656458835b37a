"""`--help` reads well on a terminal of any width."""

from itertools import pairwise

import pytest
from typer.testing import CliRunner

from streamcap_dagster.cli import app

WIDTH = 80


@pytest.mark.parametrize(
    "command",
    ["run", "estimate", "backfill", "retry", "rehearse", "emulate-gcs", "sync", "drill", "diff", "rewards-report", "evaluate", "reconstruct", "compare"],
)
def test_a_paragraph_fills_its_lines(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": str(WIDTH)}).stdout
    lines = [line.strip() for line in shown.partition("╭")[0].splitlines()]

    broken_early = [line for line, after in pairwise(lines) if line and after and len(f"{line} {after.split()[0]}") < WIDTH - 4]
    assert broken_early == []


def test_an_argument_that_may_be_left_out_stands_in_one_pair_of_brackets() -> None:
    shown = CliRunner().invoke(app, ["run", "--help"], env={"COLUMNS": str(WIDTH)}).stdout

    assert "streamcap run [OPTIONS] [SOURCE]" in shown
