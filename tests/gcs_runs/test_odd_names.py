"""A prefix and file names with every character that means something in an address, a pattern or a shell: through the graph, its links and back to a folder."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import dagster as dg

from streamcap_dagster.emulators.gcs.server import Running
from streamcap_dagster.emulators.gcs.versions import Conditions, hashes_of
from tests.assets.project import PER_VIDEO_NAMES, Project
from tests.gcs_runs.clouds import BUCKET, Reference, cloud_project, final_objects, run

PREFIX = "Träume & mehr/#1?/100%25 [x]+{y}~*/🎬/"
NAMES = {"clock": "Katze #1? 100%41.mp4", "life": "a&b+c=[d]{e}* 🎬 ünï.mp4"}


def links(project: Project, asset: str) -> Iterator[str]:
    """The addresses of pages that an asset's last event shows."""
    with dg.DagsterInstance.from_config(str(project.home)) as instance:
        for record in instance.fetch_materializations(dg.AssetKey(asset), limit=10).records:
            assert record.asset_materialization is not None
            yield from (str(value.value) for name, value in record.asset_materialization.metadata.items() if name.startswith("console"))


def leads_to_something(link: str, gcs: Running) -> bool:
    """An object, or a folder with objects in it."""
    page = unquote(urlsplit(link).path).removeprefix("/storage/browser/")
    if page.endswith("/"):
        return any(f"{BUCKET}/{name}".startswith(page) for name in gcs.objects(BUCKET))
    return page.removeprefix(f"_details/{BUCKET}/") in gcs.objects(BUCKET)


def test_odd_names_go_through_the_graph_its_links_and_back_to_a_folder(gcs: Running, reference: Reference, tmp_path: Path) -> None:
    for name, odd in NAMES.items():
        data = (reference.videos / f"{name}.mp4").read_bytes()
        gcs.service.store.put(BUCKET, f"Quelle #?/ä+b/{odd}", data, hashes_of(data, md5=True), {}, Conditions())
    place = f"gs://{BUCKET}/{PREFIX}"
    project = cloud_project(tmp_path / "project", gcs, reference, STREAMCAP_SOURCE=f"gs://{BUCKET}/Quelle #?/ä+b", STREAMCAP_STORAGE=place)

    catalog = project.materialize(["video_catalog"])
    assert catalog.returncode == 0, catalog.stderr
    one = project.materialize(PER_VIDEO_NAMES, "--partition", "katze-1-100-41")
    assert one.returncode == 0, one.stderr
    done = run(project)
    assert done.status == 0, done.said
    found = final_objects(gcs, PREFIX)
    (raw,) = {key for key in found if key.startswith("raw/videos/katze")}
    assert found[raw] == (reference.videos / "clock.mp4").read_bytes()

    shown = [link for asset in PER_VIDEO_NAMES for link in links(project, asset)]
    assert shown
    assert [link for link in shown if not leads_to_something(link, gcs)] == []

    copy = tmp_path / "copy ü #"
    synced = project.streamcap("sync", place, str(copy))
    assert synced.returncode == 0, synced.stderr
    assert {key: (copy / key).read_bytes() for key in found} == found
    again = run(project, STREAMCAP_STORAGE=str(copy))
    assert f"0 made, {2 * len(PER_VIDEO_NAMES)} reused" in again.told, again.said
