"""A storage as it is after many videos were made, without what weighs: manifest, scan cache and receipts are what the pipeline would have left.

The source is one tiny real video under many names (hard links), so that a scan finds what it finds in earnest.
"""

import hashlib
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.assets.walk import SOURCE, made_with
from streamcap_dagster.assets.work import PerVideoAsset, VideoWork, Workshop
from streamcap_dagster.captions.backends.offline import OfflineCaptioner
from streamcap_dagster.records import Video
from streamcap_dagster.settings import Settings, read_settings
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.receipts import Receipt, Receipts, StoredObject, fingerprint
from streamcap_dagster.videos.catalog import update_catalog
from streamcap_dagster.videos.manifest import read_seen, write_manifest, write_seen
from streamcap_dagster.videos.source import FolderSource

_LINKS = 50_000
"""Names of one file; ext4 allows 65,000."""
_A_FOLDER = 1000


def make_corpus(root: Path, videos: int) -> Settings:
    """`root/videos` with so many names, `root/data` with all of them made; returns the settings they were made under."""
    settings = read_settings(source=str(root / "videos"), storage=str(root / "data"), captioner="offline", decoder="ffmpeg")
    rows = _cataloged(settings, list(_link(root / "videos", videos)))
    write_receipts_of(rows, settings)
    return settings


def write_receipts_of(rows: list[Video], settings: Settings) -> None:
    """The receipts of videos of which everything was made under these settings; the objects themselves do not exist."""
    storage = FolderStorage(Path(settings.storage))
    receipts = storage.root / keys.RECEIPTS
    receipts.mkdir(parents=True, exist_ok=True)
    work = VideoWork(rows[0], Workshop(settings, FolderSource(Path(settings.source)), storage, OfflineCaptioner()))
    form = _form(work)
    versions = {asset.name: asset.code_version(settings) for asset in PER_VIDEO}
    also = {asset.name: asset.also_from(work) for asset in PER_VIDEO}
    for row in rows:
        (receipts / f"{row.video_id}.json").write_text(form % _filled(row, versions, also))


def _link(folder: Path, videos: int) -> Iterator[str]:
    """The names of the videos, in folders of a thousand."""
    file = folder / "first.mp4"
    for number in range(videos):
        name = folder / f"{number // _A_FOLDER:04d}" / f"v{number:06d}.mp4"
        name.parent.mkdir(parents=True, exist_ok=True)
        if number % _LINKS:
            name.hardlink_to(file)
        else:
            tiny_video(name)
            file = name
        yield name.relative_to(folder).as_posix()


def tiny_video(path: Path) -> None:
    """Two windows of a test picture."""
    picture = "testsrc2=size=64x48:rate=8:duration=4"
    command = ["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", picture, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-bitexact"]
    subprocess.run([*command, str(path)], check=True)


def _cataloged(settings: Settings, uris: list[str]) -> list[Video]:
    """What a first scan would have written, without reading more than one of the files."""
    storage, source = FolderStorage(Path(settings.storage)), Path(settings.source)
    with TemporaryDirectory() as folder:
        tiny_video(Path(folder, "one.mp4"))
        only = FolderStorage(Path(folder, "data"))
        first = update_catalog(FolderSource(Path(folder)), only, workers=1, on_video=_unwatched).videos[0]
        seen = next(iter(read_seen(only).values()))
    rows = [first.model_copy(update={"video_id": Path(uri).stem, "uri": uri, "sha256": hashlib.sha256(uri.encode()).hexdigest()}) for uri in uris]
    write_manifest(storage, rows)
    times = {uri: str((source / uri).stat().st_mtime_ns) for uri in uris}
    write_seen(storage, {row.uri: type(seen)(seen.size_bytes, times[row.uri], row.sha256, seen.probed_by) for row in rows})
    return rows


def _unwatched(done: int, total: int, uri: str) -> None:
    del done, total, uri


def _form(work: VideoWork) -> str:
    """The receipts of any video, with blanks."""
    made = tuple(
        Receipt(
            asset=asset.name,
            fingerprint=f"%({asset.name}.fingerprint)s",
            inputs={dep: f"%({dep})s" for dep in asset.deps},
            made_with=made_with(asset, work),
            content_hash=f"%({asset.name})s",
            objects=(StoredObject(key=f"{asset.name}/%(id)s.json", size_bytes=1000),),
            counts={"clips": 1, "windows": 2},
        )
        for asset in sorted(PER_VIDEO, key=lambda asset: asset.name)
    )
    return Receipts(owner="%(id)s", receipts=made).model_dump_json(indent=1) + "\n"


def content_of(row: Video, asset: str) -> str:
    """The content hash that the receipt of an asset tells, of which nothing exists."""
    return hashlib.sha256(f"{row.video_id} {asset}".encode()).hexdigest()


def _filled(row: Video, versions: Mapping[str, str], also: Mapping[str, dict[str, str]]) -> dict[str, str]:
    contents = {SOURCE: row.content, **{asset.name: content_of(row, asset.name) for asset in PER_VIDEO}}

    def made_from(asset: PerVideoAsset) -> str:
        return fingerprint(versions[asset.name], {dep: contents[dep] for dep in asset.deps} | also[asset.name])

    return {"id": row.video_id, **contents, **{f"{asset.name}.fingerprint": made_from(asset) for asset in PER_VIDEO}}
