"""`streamcap drill`: a disaster on purpose, in a place that is thrown away, and whether everything comes back from what is left."""

import atexit
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from streamcap_dagster.cli.diff_words import told_count
from streamcap_dagster.cli.disaster import PROCESSED, Drilled, DrillUnfit, Scene, drill
from streamcap_dagster.errors import SettingError, UnusableVideo
from streamcap_dagster.settings import Settings, scheme_of
from streamcap_dagster.storage.address import read_address
from streamcap_dagster.storage.many import side_by_side
from streamcap_dagster.videos.probe import probe_video
from streamcap_dagster.videos.source import VideoSource
from streamcap_dagster.wiring import captioner_for, source_for

_EMULATED_BUCKET = "drill"
_EMULATOR = "STORAGE_EMULATOR_HOST"


def drill_disaster(settings: Settings, videos: int, emulator: bool | None, keep: bool) -> int:
    """Hold a drill on the first usable videos of the source and tell how it went; returns the exit status, 1 when not all came back as it was."""
    console = Console()
    emulated = emulator if emulator is not None else not scheme_of(settings.storage)
    if keep and emulated:
        raise SettingError("--keep", True, "the emulator is gone with the drill, and what it holds with it; drill with --no-emulator")
    captioner_for(settings).ready()
    with ExitStack() as at_the_end:
        root = Path(tempfile.mkdtemp(prefix="streamcap-drill-"))
        if not keep:
            at_the_end.callback(shutil.rmtree, root, ignore_errors=True)
        _take_some(source_for(settings).open(), videos, root / "videos")  # before an emulator stands in for the bucket that they may come from
        storage = at_the_end.enter_context(_emulated()) if emulated else _beside(settings.storage, root)
        scene = _scene(settings, storage, root)
        if scheme_of(storage) and not (keep or emulated):
            at_the_end.callback(_clear, scene.settings)
        where = "the emulator of Google Cloud Storage in this process" if emulated else storage
        console.print(
            f"A drill on {told_count(videos, 'video')} at most, captioned by {scene.settings.captioner}, in {escape(where)}", highlight=False, soft_wrap=True
        )
        drilled = drill(scene, lambda begun: console.print(f"{begun} …", style="dim"))
    _show(console, drilled)
    if keep:
        console.print(f"Kept: {escape(storage)} and {escape(str(root))}", highlight=False, soft_wrap=True)
    return 1 if drilled.troubles else 0


@contextmanager
def _emulated() -> Iterator[str]:
    """A bucket for the length of the block, as `gs://bucket/prefix`. Its emulator lasts until leases have said farewell, when the process ends."""
    from streamcap_dagster.emulators.gcs.options import Options
    from streamcap_dagster.emulators.gcs.server import running

    lasting, before = ExitStack(), os.environ.get(_EMULATOR)
    os.environ[_EMULATOR] = lasting.enter_context(running(Options(buckets=(_EMULATED_BUCKET,), remember=False))).url
    atexit.register(lasting.close)
    try:
        yield f"gs://{_EMULATED_BUCKET}/data"
    finally:
        os.environ.pop(_EMULATOR)
        if before is not None:
            os.environ[_EMULATOR] = before


def _beside(storage: str, root: Path) -> str:
    """A place of its own next to a gs:// storage; a temporary folder for one in a folder."""
    if not scheme_of(storage):
        return str(root / "data")
    address, name = read_address(storage, "STREAMCAP_STORAGE"), f"drill-{secrets.token_hex(4)}"
    return f"gs://{address.bucket}/{address.prefix.rstrip('/')}-{name}" if address.prefix else f"gs://{address.bucket}/{name}"


def _scene(settings: Settings, storage: str, root: Path) -> Scene:
    """With a source, a cache and an instance of its own, and nothing published."""
    changed = {"source": str(root / "videos"), "storage": storage, "cache": root / "cache", "hub_repo": ""}
    return Scene(settings.model_copy(update=changed), root / "instance")


def _take_some(source: VideoSource, videos: int, folder: Path) -> None:
    """The first usable videos of a source, in a folder. Raises DrillUnfit when there is none."""
    folder.mkdir()
    taken = 0
    for file in source.scan():
        if not file.problem and _take(source, file.uri, folder / f"{taken}"):
            taken += 1
        if taken == videos:
            return
    if not taken:
        raise DrillUnfit("the source has no usable video")


def _take(source: VideoSource, uri: str, folder: Path) -> bool:
    """Put a video into a folder of its own, linked where that can be; False for one that the catalog would list as failed."""
    try:
        with source.local(uri) as path:
            probe_video(path, uri)
            folder.mkdir()
            try:
                os.link(path.resolve(), folder / Path(uri).name)
            except OSError:
                shutil.copyfile(path, folder / Path(uri).name)
    except UnusableVideo:
        return False
    return True


def _clear(settings: Settings) -> None:
    """Remove everything below the prefix of the drill."""
    from streamcap_dagster.storage.gcs.bucket import Bucket

    address = read_address(settings.storage, "STREAMCAP_STORAGE")
    bucket = Bucket(address.bucket, settings.storage_connections, settings.storage_deadline_s)
    names = [blob.name for blob in bucket.list(address.prefix)]
    for _ in side_by_side(bucket.connections, bucket.delete, names):
        pass


def _show(console: Console, drilled: Drilled) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for what, how in _rows(drilled):
        table.add_row(what, how)
    console.print(table)
    for trouble in drilled.troubles:
        console.print(f"[red]failed[/] {escape(trouble)}", highlight=False, soft_wrap=True)
    if not drilled.troubles:
        told = f"{told_count(drilled.final, 'object')} byte for byte as before, nobody was asked again, {drilled.recovery_s:.1f} s"
        console.print(f"[green]ok[/] everything came back: {told}", highlight=False, soft_wrap=True)


def _rows(drilled: Drilled) -> Iterator[tuple[str, str]]:
    of_video = sum(count for part, count in drilled.deleted.items() if part != "processed")
    yield "deleted", f"{told_count(drilled.deleted.get('processed', 0), 'object')} of {PROCESSED}"
    yield "", f"{told_count(of_video, 'object')} of the video {drilled.video_id}"
    yield "", "Dagster's instance"
    answers = (
        "left in place: this storage does not keep what is deleted" if drilled.spared else f"{told_count(drilled.restored, 'object')} restored from soft delete"
    )
    yield f"calls/{drilled.video_id}", answers
    yield "made again", _listed(drilled.made)
    yield "reused", _listed(drilled.reused)
    yield "asked again", f"{told_count(drilled.answers, 'question')}; {drilled.from_store} answered from what was kept"
    yield "recovery", f"{drilled.recovery_s:.1f} s"


def _listed(assets: Mapping[str, int]) -> str:
    return ", ".join(f"{asset} {count}" for asset, count in assets.items()) or "nothing"
