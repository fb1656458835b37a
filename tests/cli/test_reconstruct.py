"""`streamcap reconstruct` against the Gemini emulator: what deltas keep, what it costs beforehand, and what is kept of it."""

import json
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from streamcap_dagster.captions.reconstruction.records import Reconstruction
from streamcap_dagster.cli import WRONG_USAGE, app, main
from streamcap_dagster.cli.reconstruct import NothingToTest
from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.emulators.gemini.server import Running, running
from streamcap_dagster.errors import NobodyToAsk, SettingError
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import read_record, write_record
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.videos.manifest import write_manifest
from tests.dataset.corpus import Said, caption_records, store_video, video
from tests.emulators.openai_server import MODEL, VLLM, serving

CHAIN: tuple[Said, ...] = (("ok", "A red door."), ("ok", "It opens."), ("no_change", ""), ("ok", "A cat comes out."))
WINDOWS, CALLS = 3, 9
"""Of each video: no answer needs a grade, as none is given."""


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with running(Options()) as service:
        monkeypatch.setenv("STREAMCAP_CAPTIONER", "gemini")
        monkeypatch.setenv("STREAMCAP_GEMINI_BASE_URL", service.url)
        monkeypatch.setenv("GEMINI_API_KEY", "AIzaNotARealKey0123456789")
        yield service


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    """The storage that is used when nothing is said, with two videos of one clip of four windows."""
    storage = FolderStorage(tmp_path / "data")
    write_manifest(storage, [video("a"), video("b")])
    for name in ("a", "b"):
        store_video(storage, name, [CHAIN])
    return storage


def reconstruct(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["reconstruct", *arguments])


def told(*arguments: str) -> dict[str, Any]:
    done = reconstruct("--yes", "--json", *arguments)
    assert done.exit_code == 0, (done.output, done.exception)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_dry_run_tells_the_calls_and_the_money_and_asks_nobody(storage: FolderStorage, emulator: Running) -> None:
    planned = json.loads(reconstruct("--dry-run", "--json").stdout)

    assert (planned["windows"], planned["to_ask"]["calls"], emulator.journal.requests) == (2 * WINDOWS, 2 * WINDOWS * 4, 0)
    assert planned["standard_usd"] > 0


def test_nothing_is_paid_that_nobody_agreed_to(storage: FolderStorage, emulator: Running) -> None:
    done = reconstruct()

    assert isinstance(done.exception, NobodyToAsk)
    assert ("It costs" in done.output or "they cost about" in done.output, emulator.journal.requests) == (True, 0)


def test_that_nobody_agreed_is_wrong_usage(storage: FolderStorage, emulator: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["streamcap", "reconstruct"])
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == WRONG_USAGE


def test_what_was_answered_is_never_asked_for_again_and_comes_to_the_same_file(storage: FolderStorage, emulator: Running) -> None:
    told("--videos", "1")
    first = storage.read(keys.reconstruction("b"))
    asked = emulator.journal.requests
    planned = json.loads(reconstruct("--dry-run", "--json", "--videos", "1").stdout)
    told("--videos", "1")

    assert (asked, emulator.journal.requests, planned["to_ask"]["calls"]) == (CALLS, CALLS, 0)
    assert storage.read(keys.reconstruction("b")) == first


def kept_windows(storage: FolderStorage) -> list[int]:
    return [window.window for window in read_record(storage, keys.reconstruction("b"), Reconstruction).windows]


def test_a_smaller_sample_does_not_undo_an_earlier_test_by_the_same_examiner(storage: FolderStorage, emulator: Running) -> None:
    told("--videos", "1")
    first = storage.read(keys.reconstruction("b"))
    again = told("--videos", "1", "--windows", "1")

    assert (again["windows"], storage.read(keys.reconstruction("b"))) == (1, first)


def test_what_another_examiner_tested_makes_way(storage: FolderStorage, emulator: Running) -> None:
    told("--videos", "1")
    before = read_record(storage, keys.reconstruction("b"), Reconstruction)
    write_record(storage, keys.reconstruction("b"), before.model_copy(update={"model": "another"}))
    told("--videos", "1", "--windows", "1")

    assert len(kept_windows(storage)) == 1


def test_what_was_tested_of_older_captions_makes_way(storage: FolderStorage, emulator: Running) -> None:
    told("--videos", "1")
    write_record(storage, keys.delta_captions("b"), caption_records("b", [(CHAIN[0], ("ok", "It shuts."), *CHAIN[2:])])[1])
    told("--videos", "1", "--windows", "1")

    assert len(kept_windows(storage)) == 1


@pytest.mark.parametrize("before", [b"{", b"{}"])
def test_what_cannot_be_read_of_an_earlier_test_makes_way(storage: FolderStorage, emulator: Running, before: bytes) -> None:
    storage.write(keys.reconstruction("b"), before)
    told("--videos", "1", "--windows", "1")
    assert len(kept_windows(storage)) == 1


def test_no_more_than_the_estimate_is_asked(storage: FolderStorage, emulator: Running) -> None:
    planned = json.loads(reconstruct("--dry-run", "--json").stdout)
    told()
    assert emulator.journal.requests <= planned["to_ask"]["calls"]


def test_deltas_that_say_what_full_captions_say_keep_all_of_it_and_silence_keeps_nothing(storage: FolderStorage, emulator: Running) -> None:
    """The full captions are those of a first test; what a later window says anew goes before what was said earlier, so one window is tested."""
    nothing = told("--videos", "1", "--windows", "1")
    full = read_record(storage, keys.reconstruction("b"), Reconstruction).windows[0]
    said = [("ok", full.full) if window == full.window else one for window, one in enumerate(CHAIN)]
    write_record(storage, keys.delta_captions("b"), caption_records("b", [said])[1])
    all_of_it = told("--videos", "1", "--windows", "1")

    assert (nothing["kept"], all_of_it["kept"]) == (0.0, 1.0)
    assert all_of_it["words_share"] == 1.0


def test_a_table_tells_each_video_and_that_an_emulator_proves_nothing(storage: FolderStorage, emulator: Running) -> None:
    done = reconstruct("--yes", "--windows", "1")

    assert done.exit_code == 0
    assert [line.split()[:2] for line in done.stdout.splitlines() if line.startswith(("a ", "b "))] == [["a", "1"], ["b", "1"]]
    assert "only stands in for a model" in " ".join(done.stdout.split())


def test_a_video_without_frames_is_named_and_the_others_are_tested(storage: FolderStorage, emulator: Running) -> None:
    storage.delete(keys.frames("a"))
    done = reconstruct("--yes", "--json")
    found = json.loads(done.stdout)

    assert done.exit_code == 1
    assert ([one["video_id"] for one in found["videos"]], "frames/a.parquet does not exist" in found["troubles"]["a"]) == (["b"], True)


def test_a_test_leaves_all_that_was_made_as_it_was(storage: FolderStorage, emulator: Running) -> None:
    def others() -> dict[str, str]:
        return {
            stored.key: stored.crc32c or stored.version
            for stored in storage.list("")
            if not stored.key.startswith((keys.CALLS, "ledger/", "quota/", ".streamcap"))
        }

    before = others()
    told()
    assert others().keys() - before.keys() == {keys.reconstruction("a"), keys.reconstruction("b")}
    assert {key: version for key, version in others().items() if key in before} == before


def test_what_a_test_came_to_goes_with_its_video() -> None:
    assert keys.reconstruction("a") in keys.all_of("a")


@pytest.mark.parametrize("captioner", ["offline"])
def test_a_captioner_without_language_is_refused_in_a_sentence(storage: FolderStorage, captioner: str) -> None:
    with pytest.raises(SettingError, match="can neither ask nor answer questions"):
        CliRunner().invoke(app, ["reconstruct", "--captioner", captioner], catch_exceptions=False)


def test_a_storage_without_deltas_says_so(tmp_path: Path, emulator: Running) -> None:
    write_manifest(FolderStorage(tmp_path / "data"), [video("a")])
    with pytest.raises(NothingToTest, match="Make some with `streamcap run`"):
        CliRunner().invoke(app, ["reconstruct"], catch_exceptions=False)


def test_any_server_that_speaks_openai_can_be_asked(storage: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(VLLM) as server:
        monkeypatch.setenv("STREAMCAP_OPENAI_MODEL", MODEL)
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        found = told("--captioner", "openai", "--windows", "1")

    assert (found["captioner"], found["windows"], found["questions"]) == ("openai", 2, 2)


def test_kept_answers_can_be_replayed_by_the_recorded_captioner(
    storage: FolderStorage, emulator: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = told("--videos", "1")
    answers = tmp_path / "answers.jsonl"
    shutil.copy(storage.root / keys.folded_calls("b"), answers)
    monkeypatch.setenv("STREAMCAP_RECORDED_ANSWERS", str(answers))
    asked = emulator.journal.requests
    again = told("--videos", "1", "--captioner", "recorded")

    assert (again["videos"], emulator.journal.requests) == (first["videos"], asked)
