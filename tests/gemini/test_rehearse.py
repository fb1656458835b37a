"""`streamcap rehearse`: everything but the bill and the captions."""

from pathlib import Path

from tests.gemini.runs import MODEL, gemini_project, key_of, ledger_of, spilled


def test_a_rehearsal_makes_everything_beside_the_storage_and_sends_no_real_key(tmp_path: Path) -> None:
    """A rehearsal of one who has set another captioner, a key, even an address, and a repository on the Hub: none of them is used."""
    given = {"STREAMCAP_CAPTIONER": "offline", "STREAMCAP_GEMINI_BASE_URL": "http://127.0.0.1:9", "STREAMCAP_HUB_REPO": "somebody/captions"}
    project = gemini_project(tmp_path, videos=2, **given)

    done = project.streamcap("rehearse", "--latency-ms", "1..5", "--faults", "0.1")

    assert done.returncode == 0, done.stdout + done.stderr
    assert list(project.storage.iterdir()) == []
    assert [path.name for path in project.home.iterdir()] == ["dagster.yaml"]
    beside = tmp_path / "data-rehearsal/data"
    assert (beside / "processed/train.json").is_file()
    assert MODEL in (beside / "initial_captions/video0.json").read_text()
    assert " requests, 8 answered" in done.stdout
    assert spilled(key_of(project), tmp_path) == []
    assert {row["model"] for row in ledger_of(project, beside)} == {MODEL}
