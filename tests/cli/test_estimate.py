"""`streamcap estimate`: a real source and storage, before and after frames and captions exist."""

import hashlib
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from streamcap_dagster.captions.calls import Call
from streamcap_dagster.captions.estimate import Estimate, Terms, VideoEstimate
from streamcap_dagster.captions.estimate.volume import Volume
from streamcap_dagster.captions.pacing.others import Account
from streamcap_dagster.cli import app
from streamcap_dagster.cli.estimate import as_plain, show
from streamcap_dagster.cli.estimate_run import estimate_run
from streamcap_dagster.emulators.gemini.server import running
from streamcap_dagster.errors import SettingError
from streamcap_dagster.model_table import model_table
from streamcap_dagster.settings import SECRETS, Settings, read_settings
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import write_record
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.videos.manifest import write_manifest
from tests.assets.project import Project
from tests.assets.walking import video
from tests.media import make_video

MODEL = "gemini-3.5-flash-lite"


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STREAMCAP_DECODER", "ffmpeg")
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture(scope="session")
def _framed_once(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two videos with frames and nothing said: a captioner that had no answers was asked."""
    project = Project(tmp_path_factory.mktemp("framed"))
    for name, picture in {"clock": "testsrc2", "still": "color=c=teal"}.items():
        make_video(project.source / f"{name}.mp4", seconds=9, size="160x120", fps="15", picture=picture)
    (project.root / "no-answers.jsonl").touch()
    done = project.streamcap("run", STREAMCAP_CAPTIONER="recorded", STREAMCAP_RECORDED_ANSWERS="no-answers.jsonl")
    assert "holds no caption" in done.stdout, done.stdout + done.stderr
    return project


@pytest.fixture
def framed(tmp_path: Path, _framed_once: Project) -> Project:
    shutil.copytree(_framed_once.root, tmp_path / "framed")
    return Project(tmp_path / "framed")


def settings_of(project: Project, captioner: str = "gemini", **more: Any) -> Settings:
    return read_settings(source=str(project.source), storage=str(project.storage), captioner=captioner, **more)


def everything_under(root: Path) -> dict[str, tuple[str, int]]:
    """Every file with its hash and time, locks and half-written files included."""
    files = (path for path in root.rglob("*") if path.is_file())
    return {str(path): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) for path in files}


def commanded(project: Project, *arguments: str, captioner: str = "gemini") -> str:
    done = CliRunner().invoke(app, ["estimate", str(project.source), "--storage", str(project.storage), "--captioner", captioner, *arguments])
    assert (done.exit_code, done.exception) == (0, None)
    return done.stdout


def words_of(told: str) -> str:
    """What is printed, however it is wrapped."""
    return " ".join(told.split())


def test_a_source_that_was_never_seen_is_cataloged_and_counted_as_an_upper_bound(framed: Project) -> None:
    shutil.rmtree(framed.storage)

    told = words_of(commanded(framed))

    assert (framed.storage / keys.MANIFEST).exists()
    assert "clock" in told
    assert "2 videos of 18 s in 8 windows. They take up to 10 calls, none of them answered yet." in told
    assert "this is an upper bound" in told
    assert "the tokens per minute" in told or "the longest chain, 5 calls" in told


def test_for_programs_it_is_json_and_nothing_else(framed: Project) -> None:
    told = json.loads(commanded(framed, "--json", "--only", "clock"))

    assert [(row["video_id"], row["to_ask"]["calls"], row["to_ask"]["images"]) for row in told["videos"]] == [("clock", 5, 4 * 8)]
    assert told["to_ask"]["image_tokens"] == 4 * 8 * 280
    assert 0 < told["standard_usd"] < 0.02
    assert (told["videos_without_frames"], told["share_answered"], told["exceeds_budget"], told["flex_usd"]) == (0, 0, None, None)


def test_what_costs_nothing_is_told_so_and_still_counted(framed: Project) -> None:
    told = words_of(commanded(framed, captioner="offline"))

    assert "Nothing is paid: offline costs nothing." in told
    assert "to ask" in told
    assert "$" not in told


def test_where_frames_exist_the_gate_is_counted(framed: Project) -> None:
    told = estimate_run(settings_of(framed))

    assert [(one.video_id, one.windows, one.gated, one.left.calls) for one in told.videos] == [("clock", 4, 0, 5), ("still", 4, 3, 1)]


def test_estimating_leaves_the_storage_as_it_is(framed: Project) -> None:
    before = everything_under(framed.root)
    estimate_run(settings_of(framed))
    assert everything_under(framed.root) == before


def test_frames_that_would_be_made_anew_are_not_counted_from(framed: Project) -> None:
    told = estimate_run(settings_of(framed, fps=2.0))
    assert [(one.gated, one.left.images) for one in told.videos] == [(None, 4 * 4), (None, 4 * 4)]


def test_a_run_over_http_asks_and_is_billed_what_was_estimated_and_afterwards_nothing_is_left(framed: Project) -> None:
    with running() as service:
        before = estimate_run(settings_of(framed, gemini_base_url=service.url))
        paid = {"STREAMCAP_CAPTIONER": "gemini", "STREAMCAP_GEMINI_BASE_URL": service.url, "GEMINI_API_KEY": "AIza" + "x" * 35}
        done = framed.streamcap("run", **paid)
        assert done.returncode == 0, done.stdout + done.stderr
        after = estimate_run(settings_of(framed, gemini_base_url=service.url))

    bills = [call.attempts[-1].bill for one in before.videos for call in kept_calls(framed, one.video_id)]
    assert (before.held, before.left.calls, after.held, after.left) == (0, len(bills), len(bills), Volume())
    assert before.terms.image_tokens(before.left) == sum(bill.image_tokens or 0 for bill in bills)
    assert after.terms.spent_usd == pytest.approx(sum(bill.cost_usd for bill in bills))


def kept_calls(project: Project, video_id: str) -> list[Call]:
    return [Call.model_validate_json(line) for line in (project.storage / keys.folded_calls(video_id)).read_bytes().splitlines()]


def test_frames_that_cannot_be_read_are_told_and_the_video_is_counted_without(framed: Project) -> None:
    frames = framed.storage / keys.frames("clock")
    frames.write_bytes(bytes(len(frames.read_bytes())))

    told = words_of(commanded(framed))

    assert "not counted exactly frames/clock.parquet cannot be read" in told
    assert "Of 1 video there are no up-to-date frames yet" in told


def test_a_video_that_the_catalog_does_not_know_is_wrong_usage(framed: Project) -> None:
    with pytest.raises(SettingError, match="the catalog has no such video"):
        estimate_run(settings_of(framed), ["dog"])


def test_a_video_that_cannot_be_used_is_not_counted() -> None:
    write_manifest(FolderStorage(Path("data")), [video("cat", duration_s=8.0), video("dog", status="failed", reason="It is empty.")])
    assert [one.video_id for one in estimate_run(read_settings(captioner="gemini")).videos] == ["cat"]


def test_the_clips_that_the_policy_chooses_are_what_is_counted() -> None:
    write_manifest(FolderStorage(Path("data")), [video("cat", duration_s=125.0), video("dog", duration_s=1.0)])

    def calls(**more: Any) -> list[int]:
        return [one.left.calls for one in estimate_run(read_settings(captioner="gemini", **more)).videos]

    assert calls() == [62 + 2 + 2 + 1, 0]  # clips of 30, 30 and 2 windows; statements are asked for twenty at a time
    assert calls(clip_policy="random_pairs", clip_pairs=3) == [3 * 3, 0]


def test_what_every_process_has_spent_on_this_storage_counts_towards_the_budget() -> None:
    storage = FolderStorage(Path("data"))
    write_manifest(storage, [video("cat", duration_s=60.0)])
    for process in ("a", "b"):
        write_record(storage, f"{keys.QUOTA}gemini/2026-11-20/{process}.json", Account(process=process, usd=0.45, seen_at=0.0))

    assert estimate_run(read_settings(captioner="gemini", budget_usd=1.0)).exceeds_budget is False
    assert estimate_run(read_settings(captioner="gemini", budget_usd=0.9)).exceeds_budget is True


def test_the_settings_quota_wins_over_the_tables_and_zero_is_no_limit() -> None:
    quota = estimate_run(read_settings(captioner="gemini", rpm=7, tpm=0, quota_share=0.5)).terms.quota
    assert (quota.rpm, quota.tpm, quota.rpd, quota.share) == (7, None, 150_000, 0.5)


def test_prices_are_told_by_the_table_that_they_are_from() -> None:
    write_manifest(FolderStorage(Path("data")), [video("cat", duration_s=60.0)])
    Path("mine.yaml").write_text(f"version: mine\nmodels:\n  {MODEL}:\n    prices: [{{valid_from: 2026-01-01, input: 1, output: 2}}]\n")

    plain = as_plain(estimate_run(read_settings(captioner="gemini", gemini_model=MODEL, model_table="mine.yaml")))
    assert plain["prices_of"] == f"{model_table().version}+mine"
    assert f"At the prices of {model_table().version}+mine they cost" in str(plain["summary"])


@pytest.mark.parametrize("chosen", [{"captioner": "gemini", "gemini_model": "gemini-of-next-year"}, {"captioner": "openai", "openai_model": "of-our-own"}])
def test_a_model_without_a_row_in_the_table_costs_an_unknown_amount(chosen: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    write_manifest(FolderStorage(Path("data")), [video("cat", duration_s=60.0)])
    told = estimate_run(read_settings(**chosen))
    assert told.left.calls > 0
    assert told.usd is None


def shown(count: int, width: int = 120, on_terminal: bool = False) -> list[str]:
    """The first word of each line."""
    facts = model_table().of(MODEL)
    terms = Terms("gemini", MODEL, paid=True, facts=facts, day=facts.prices[0].valid_from, prices_of=model_table().version)
    volumes = [Volume(10, 1000 * number, 80, 500) for number in range(count)]
    videos = tuple(VideoEstimate(f"v{number:03d}", 60.0, 10, None, 0, volume, 10, volume) for number, volume in enumerate(volumes))
    out = io.StringIO()
    show(Console(file=out, width=width, force_terminal=on_terminal, color_system=None), Estimate(terms, videos))
    return [line.split()[0] for line in out.getvalue().splitlines()]


def test_up_to_forty_videos_have_a_row_each() -> None:
    assert [word for word in shown(40) if word.startswith("v0")] == [f"v{number:03d}" for number in range(40)]


def test_of_more_videos_the_ten_dearest_and_the_total_are_shown() -> None:
    rows = shown(41)
    assert [word for word in rows if word.startswith("v0")] == [f"v{number:03d}" for number in range(40, 30, -1)]
    assert rows[11:13] == ["and", "all"]


@pytest.mark.parametrize("on_terminal", [True, False])
def test_a_name_is_whole_however_narrow_the_window_is(on_terminal: bool) -> None:
    assert shown(2, width=30, on_terminal=on_terminal)[:4] == ["video", "v000", "v001", "all"]
