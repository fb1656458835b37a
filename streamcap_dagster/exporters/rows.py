"""The rows of the Hugging Face dataset as exporters see them: what each config must hold, read a row group at a time, its pictures as they are."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from streamcap_dagster.errors import ObjectMissing, ObjectUnreadable, StreamcapError
from streamcap_dagster.records import NO_CHANGE, CaptionKind, Outcome, Turn, is_rehearsal
from streamcap_dagster.reviews.reviewed import Ended
from streamcap_dagster.storage import Storage, keys

Config = Literal["sft", "rl", "stream", "preference"]

CARD = f"{keys.DATASET}/README.md"
BUILD = "Build it with `streamcap run`, or materialize `hf_dataset` in Dagster's pages."
BUILD_AGAIN = "An earlier version built it: build it again with `streamcap run`, or materialize `hf_dataset`."


class Row(BaseModel):
    """What the rows of all configs tell. Columns that no exporter reads are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    sample_id: str
    """Names the row in the dataset, whatever it is exported to."""
    video_id: str
    start_time: float
    """Seconds from the video's first frame to the first frame of the row."""
    fps: float
    window_duration: float
    """In seconds."""
    captioner: str
    model: str
    prompt_version: str
    source_sha256: str
    """Hash of the video file."""
    group: str
    """What the split was decided by."""
    license: str
    credit: str
    source_url: str

    @property
    def words(self) -> tuple[str, ...]:
        """What a trainer shows its model of the row as a whole; the words of a clip are its windows'."""
        return ()

    @property
    def rehearsed(self) -> bool:
        """Whether no model that sees has made its texts, so that it must not be trained on."""
        return is_rehearsal(self.captioner, self.model)


class PairRow(Row):
    """Two consecutive windows of a clip; what is wanted is the delta for the second."""

    clip: int
    window: int
    """The second window."""
    outcome: Outcome
    """Of the second window."""
    history: tuple[str, ...]
    """What was said up to and including the first window."""
    frames_window1: tuple[bytes, ...]
    frames_window2: tuple[bytes, ...]
    frame_pts_window1: tuple[float, ...]
    frame_pts_window2: tuple[float, ...]

    @property
    def words(self) -> tuple[str, ...]:
        return self.history

    @property
    def images(self) -> tuple[bytes, ...]:
        return self.frames_window1 + self.frames_window2


class SftRow(PairRow):
    """A row of `sft`."""

    caption_window1: str
    caption_window2_delta: str
    conversations: tuple[Turn, ...]

    @property
    def words(self) -> tuple[str, ...]:
        return (*self.history, *(turn.content for turn in self.conversations))


class RlRow(PairRow):
    """A row of `rl`."""

    objectives: tuple[str, ...]


class PreferenceRow(PairRow):
    """A row of `preference`."""

    prompt: str
    """As the captioner was asked, the history in it."""
    chosen: str
    rejected: str
    margin: float
    length_matched: bool
    ranked_by: str
    objectives: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        return (self.prompt, self.chosen, self.rejected)


class Window(BaseModel):
    """What was said of one window of a clip, silence and failures included."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    start_s: float
    end_s: float
    kind: CaptionKind
    outcome: Ended
    text: str

    @property
    def answer(self) -> str:
        """What the assistant says of it."""
        return NO_CHANGE if self.outcome == "no_change" else self.text


class Merged(BaseModel):
    """The captions of a clip at another cadence, of the same images."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    window_duration: float
    frames_per_window: tuple[int, ...]
    windows: tuple[Window, ...]


class StreamRow(Row):
    """A row of `stream`: a whole clip."""

    clip: int
    end_time: float
    images: tuple[bytes, ...]
    """Of all windows, one after another."""
    frame_pts: tuple[float, ...]
    frames_per_window: tuple[int, ...]
    windows: tuple[Window, ...]
    merged: tuple[Merged, ...]

    def at(self, cadence_s: float) -> "StreamRow | None":
        """The clip with its captions merged to longer windows; None where the dataset does not have it so."""
        found = next((merged for merged in self.merged if merged.window_duration == cadence_s), None)
        return None if found is None else self.model_copy(update={**dict(found), "sample_id": f"{self.sample_id}@{cadence_s:g}s"})


ROWS: Mapping[Config, type[Row]] = {"sft": SftRow, "rl": RlRow, "stream": StreamRow, "preference": PreferenceRow}
PICTURES: Mapping[Config, tuple[str, ...]] = {
    "sft": ("frames_window1", "frames_window2"),
    "rl": ("frames_window1", "frames_window2"),
    "stream": ("images",),
    "preference": ("frames_window1", "frames_window2"),
}


@dataclass(frozen=True)
class Shards:
    """The files of one config, by split, as the dataset's card lists them: what else lies there does not count."""

    config: Config
    files: Mapping[str, tuple[str, ...]]
    """Keys of the storage."""
    card_sha256: str


def find_shards(storage: Storage, config: Config) -> Shards:
    """Raises ObjectMissing, with how to build it, for a dataset that is not there or has no rows of the config."""
    card = _card(storage)
    for entry in _configs(card):
        if entry.get("config_name") == config:
            listed = {part["split"]: part["path"] for part in entry["data_files"]}
            return Shards(config, {split: _keys(paths) for split, paths in listed.items()}, hashlib.sha256(card).hexdigest())
    fix = f"The dataset has no rows of `{config}`: either nothing that was captioned gives one, or an earlier version built it. {BUILD}"
    raise ObjectMissing(f"{keys.DATASET}/{config}", storage.uri, fix)


def read_rows(storage: Storage, config: Config, key: str) -> Iterator[Row]:
    """The rows of one file in order; one row group is in memory at a time, and nothing is decoded."""
    try:
        with storage.open(key) as file, pq.ParquetFile(file, pre_buffer=True) as table:
            columns = _columns(table.schema_arrow.names, config, key)
            for group in range(table.num_row_groups):
                yield from _rows_of(table.read_row_group(group, columns=columns), config)
    except ObjectMissing as error:
        fix = f"If the dataset was built anew meanwhile, run the same command again. If it is not whole: {BUILD[0].lower()}{BUILD[1:]}"
        raise ObjectMissing(key, storage.uri, fix) from error
    except StreamcapError:
        raise
    except ValidationError as error:
        fault = error.errors()[0]
        raise ObjectUnreadable(key, f"its column {'.'.join(map(str, fault['loc']))} holds what it should not ({fault['msg']})", BUILD_AGAIN) from error
    except (pa.ArrowException, OSError) as error:
        raise ObjectUnreadable(key, str(error), f"Delete it. {BUILD}") from error


def _card(storage: Storage) -> bytes:
    if storage.stat(CARD) is None:
        raise ObjectMissing(CARD, storage.uri, f"There is no dataset yet. {BUILD}")
    return storage.read(CARD)


def _configs(card: bytes) -> list[dict[str, Any]]:
    """What the YAML at the head of the card declares."""
    head = re.match(r"---\n(.*?)\n---\n", card.decode(), re.DOTALL)
    if head is None:
        raise ObjectUnreadable(CARD, "it does not begin with YAML that lists the files", BUILD)
    try:
        declared: list[dict[str, Any]] = yaml.safe_load(head[1]).get("configs", [])
    except (yaml.YAMLError, AttributeError) as error:
        raise ObjectUnreadable(CARD, "the YAML that it begins with is broken", BUILD) from error
    return declared


def _keys(paths: str | list[str]) -> tuple[str, ...]:
    return tuple(f"{keys.DATASET}/{path}" for path in ([paths] if isinstance(paths, str) else paths))


def _columns(names: list[str], config: Config, key: str) -> list[str]:
    wanted = list(ROWS[config].model_fields)
    if missing := [name for name in wanted if name not in names]:
        raise ObjectUnreadable(key, f"it has no column {missing[0]}", BUILD_AGAIN)
    return wanted


def _rows_of(table: pa.Table, config: Config) -> Iterator[Row]:
    kind, pictures = ROWS[config], PICTURES[config]
    for place in range(table.num_rows):
        fields = table.slice(place, 1).to_pylist()[0]
        for name in pictures:
            fields[name] = tuple(image["bytes"] for image in fields[name])
        yield kind.model_validate(fields)
