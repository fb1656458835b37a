"""One export: the rows of the dataset, split by split, through a format into a folder."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from streamcap_dagster.chat_tokens import WHY, chat_token
from streamcap_dagster.errors import SettingError
from streamcap_dagster.exporters.exporter import Exporter, Words
from streamcap_dagster.exporters.rows import Config, Row, Shards, StreamRow, find_shards, read_rows
from streamcap_dagster.exporters.target import Content, SplitTarget, Tally, open_target
from streamcap_dagster.storage import Storage
from streamcap_dagster.storage.tombstones import TakenDown, read_tombstones


@dataclass(frozen=True)
class Exported:
    """What was exported now."""

    folder: Path
    config: Config
    splits: Mapping[str, Tally]
    outdated: tuple[str, ...] = ()
    """Splits of an earlier export that are not of the dataset as it is now, and so are no part of this one."""
    removed: bool = True
    """Whether these were removed from the folder, as they are where nothing else was in it."""


def export(
    storage: Storage,
    exporter: Exporter,
    words: Words,
    folder: Path,
    config: str = "",
    splits: Sequence[str] = (),
    force: bool = False,
    cadence_s: float | None = None,
) -> Exported:
    """Export some splits, or all that the dataset has. Run again after it broke off, it goes on in the same folder.

    Rows of videos that were taken down are left out. `cadence_s` takes the captions of clips as they are merged to longer windows.

    Raises SettingError for a config or split that there is not and for a folder that holds something else, ObjectMissing for a dataset that is
    not built, StorageError for a disk that is full.
    """
    shards = find_shards(storage, _chosen(exporter, config))
    wanted = _wanted(shards, splits)
    if cadence_s is not None and shards.config != "stream":
        raise SettingError("--cadence", cadence_s, f"only clips are merged to longer windows, the config stream, and this is {shards.config}")
    taken_down = read_tombstones(storage)
    content = Content(format=exporter.name, config=shards.config, options=exporter.chosen, cadence_s=cadence_s)
    with open_target(folder, content, _state(shards, taken_down), force) as target:
        for split in wanted:
            with target.split(split, storage) as to:
                rows = _permitted((row for key in shards.files[split] for row in read_rows(storage, shards.config, key)), taken_down, to)
                _export_rows(exporter, words, rows if cadence_s is None else _merged(rows, cadence_s, to), to)
        outdated = target.drop_outdated()
        if exporter.finish is not None:
            exporter.finish(target, target.splits)
        return Exported(target.folder, shards.config, {split: target.splits[split] for split in wanted}, outdated, target.alone)


def _export_rows(exporter: Exporter, words: Words, rows: Iterable[Row], to: SplitTarget) -> None:
    with exporter.writer(to) as add:
        for row in rows:
            for sample in exporter.samples(row, to, words):
                add(sample)
                to.rows += 1
                to.rehearsed += row.rehearsed


def _permitted(rows: Iterable[Row], taken_down: TakenDown, to: SplitTarget) -> Iterator[Row]:
    """The rows, but for those that the dataset still has of videos that were taken down, and those with words that are none to a trainer."""
    for row in rows:
        if row.video_id in taken_down.by_id or row.source_sha256 in taken_down.by_sha256:
            to.leave_out("row of a video that was taken down; build the dataset anew")
        elif any(map(chat_token, row.words)):
            to.leave_out(f"row that holds {WHY}: write the caption anew with `streamcap review`")
        else:
            yield row


def _merged(rows: Iterable[Row], cadence_s: float, to: SplitTarget) -> Iterator[Row]:
    for row in rows:
        merged = row.at(cadence_s) if isinstance(row, StreamRow) else None
        if merged is None:
            to.leave_out(f"clip that is not merged to windows of {cadence_s:g} s")
        else:
            yield merged


def _state(shards: Shards, taken_down: TakenDown) -> str:
    """Another one when the dataset is built anew, and when a video is taken down."""
    return hashlib.sha256("\n".join([shards.card_sha256, *sorted(taken_down.by_id)]).encode()).hexdigest()


def _chosen(exporter: Exporter, config: str) -> Config:
    chosen = next((known for known in exporter.configs if known == (config or known)), None)
    if chosen is None:
        raise SettingError("--config", config, f"{exporter.name} is made from {' or '.join(exporter.configs)}")
    return chosen


def _wanted(shards: Shards, splits: Sequence[str]) -> list[str]:
    for split in splits:
        if split not in shards.files:
            raise SettingError("--split", split, f"the config {shards.config} of the dataset has {' and '.join(shards.files)}")
    return [split for split in shards.files if split in (splits or shards.files)]
