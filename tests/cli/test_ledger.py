"""`streamcap ledger` where there is nothing to list; what it lists of real requests is in `tests/gemini`."""

from pathlib import Path

from typer.testing import CliRunner

from streamcap_dagster.cli import app


def test_an_empty_ledger_is_a_header_and_a_word_beside_the_csv(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["ledger", "--storage", str(tmp_path / "mistyped")])

    assert (done.exit_code, len(done.stdout.splitlines())) == (0, 1)
    assert done.stderr == f"{tmp_path}/mistyped has no request in its ledger: nobody was asked over a network for it.\n"
