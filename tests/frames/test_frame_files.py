"""What sampling leaves behind: a Parquet file that is the same every time, and sheets to look at."""

import hashlib
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from streamcap_dagster.errors import SettingError
from streamcap_dagster.frames import decoding
from streamcap_dagster.frames.contact_sheet import SMALL_BYTES, contact_sheet, small_contact_sheet
from streamcap_dagster.frames.sampling import SamplingJob, sample_frames, stretches
from streamcap_dagster.policies import Sampling, Windowing
from streamcap_dagster.records import Clip, Clips, Frame
from streamcap_dagster.storage.frame_table import BYTES_PER_GROUP, read_frames, read_rows, write_frames
from tests.frames.numbered import numbered_video, probed, read_number
from tests.frames.sampled import sampled, sampling_job


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return numbered_video(tmp_path_factory.mktemp("frames") / "a.mp4", 60)


def _job_without_clips(video: Path) -> SamplingJob:
    clips = Clips(video_id="numbered", window_duration_s=2.0, clips=(), skipped="too short")
    return SamplingJob(probed(video), video, clips, Windowing(), Sampling(), video.with_suffix(".empty"))


@pytest.mark.parametrize("decoder", ["ffmpeg", "torchcodec"])
def test_the_same_video_gives_the_same_bytes(video: Path, decoder: str) -> None:
    job = sampling_job(video, decoder=decoder)
    digests = set()
    for _ in range(2):
        sample_frames(job)
        digests.add(hashlib.sha256(job.out.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_frames_come_in_order_of_clip_window_and_index(video: Path) -> None:
    _, frames = sampled(video, 0.0, 1.1, windows=2)
    assert [(frame.clip, frame.window, frame.k, frame.target_s) for frame in frames] == [
        (0, 0, 0, 0.0), (0, 0, 1, 0.25), (0, 1, 0, 0.5), (0, 1, 1, 0.75), (1, 0, 0, 1.1), (1, 0, 1, 1.35), (1, 1, 0, 1.6), (1, 1, 1, 1.85),
    ]  # fmt: skip


def test_a_frame_carries_the_hash_of_its_own_bytes(video: Path) -> None:
    _, frames = sampled(video)
    assert all(hashlib.sha256(frame.jpeg).hexdigest() == frame.sha256 for frame in frames)


def test_a_video_without_clips_gets_an_empty_file(video: Path) -> None:
    job = _job_without_clips(video)
    assert sample_frames(job).frames == 0
    assert list(read_frames(job.out)) == []


def test_clips_that_follow_on_each_other_are_decoded_in_one_go() -> None:
    clips = tuple(Clip(clip=number, start_s=number * 20 / 3, end_s=(number + 1) * 20 / 3, windows=2, reason="") for number in range(3))
    found = stretches(Clips(video_id="v", window_duration_s=10 / 3, clips=clips), Windowing(window_duration_s=10 / 3), Sampling(fps=3))
    assert [(stretch.start, stretch.step, stretch.count) for stretch in found] == [(Fraction(0), Fraction(1, 3), 60)]


def test_large_frames_make_small_row_groups(tmp_path: Path) -> None:
    frames = [Frame(0, 0, k, 0.0, 0.0, 1, 1, "", bytes(BYTES_PER_GROUP // 2)) for k in range(5)]
    write_frames(tmp_path / "large.parquet", frames, "ffmpeg")
    file = pq.ParquetFile(tmp_path / "large.parquet")
    assert [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)] == [2, 2, 1]


def test_single_rows_can_be_read(tmp_path: Path) -> None:
    frames = [Frame(0, 0, k, 0.0, 0.0, 1, 1, "", b"") for k in range(200)]
    write_frames(tmp_path / "many.parquet", frames, "ffmpeg")
    assert [frame.k for frame in read_rows(tmp_path / "many.parquet", [0, 63, 64, 199])] == [0, 63, 64, 199]


def test_a_contact_sheet_spreads_its_frames_over_the_video(video: Path) -> None:
    job = sampling_job(video)
    sample_frames(job)
    sheet = Image.open(BytesIO(contact_sheet(job.out, columns=2, rows=1, height=120)))
    halves = [BytesIO(), BytesIO()]
    sheet.crop((0, 0, 160, 120)).save(halves[0], "JPEG")
    sheet.crop((162, 0, 322, 120)).save(halves[1], "JPEG")
    assert sheet.size == (322, 120)
    assert [read_number(half.getvalue()) for half in halves] == [12, 37]


def test_a_small_contact_sheet_fits_into_its_bytes_whatever_it_shows(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (384, 2000, 3), dtype=np.uint8)
    jpeg = BytesIO()
    Image.fromarray(noise).save(jpeg, "JPEG", quality=95)
    write_frames(tmp_path / "noise.parquet", [Frame(0, 0, k, 0.0, 0.0, 2000, 384, "", jpeg.getvalue()) for k in range(8)], "ffmpeg")
    sheet = small_contact_sheet(tmp_path / "noise.parquet")
    assert len(sheet) <= SMALL_BYTES
    assert Image.open(BytesIO(sheet)).width > 48


def test_a_contact_sheet_of_no_frames_is_still_a_picture(video: Path) -> None:
    job = _job_without_clips(video)
    sample_frames(job)
    assert Image.open(BytesIO(contact_sheet(job.out, columns=6, rows=4, height=180))).size == (180, 180)


def test_without_torchcodec_ffmpeg_decodes_and_says_so(monkeypatch: pytest.MonkeyPatch, video: Path) -> None:
    monkeypatch.setitem(decoding.DECODERS, "torchcodec", "torchcodec_that_is_missing:TorchcodecDecoder")
    report, frames = sampled(video, decoder="torchcodec")
    assert (report.decoder, len(frames)) == ("ffmpeg", 8)
    assert report.notice.startswith("torchcodec cannot be loaded (No module named 'torchcodec_that_is_missing'), so ffmpeg decodes instead")


def test_an_unknown_decoder_is_refused_with_the_known_names() -> None:
    with pytest.raises(SettingError, match="known decoders are torchcodec, ffmpeg"):
        decoding.available_decoder("vlc")
