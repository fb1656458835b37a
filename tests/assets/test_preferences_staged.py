"""What people ranked gets into the dataset of a project without a question to the captioner."""

import datasets

from streamcap_dagster.examples.ranking_items import rankable_of
from streamcap_dagster.examples.rankings import RankedText, RankedWindow, Rankings, basis_of
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import write_record
from streamcap_dagster.storage.folder import FolderStorage
from tests.assets.project import Project


def rank_first_window(storage: FolderStorage, video_id: str) -> str:
    """Let people like best what is best by no score; returns it."""
    window = next(rankable_of(storage, video_id))
    worst_first = sorted(window.candidates, key=lambda candidate: -candidate.rank)
    judged = tuple(RankedText(text=one.text, rank=place) for place, one in enumerate(worst_first, start=1))
    clip, number = window.pair.place
    said = RankedWindow(clip=clip, window=number, basis=basis_of(window.pair), people=2, candidates=judged)
    write_record(storage, keys.rankings(video_id), Rankings(video_id=video_id, windows=(said,)))
    return worst_first[0].text


def test_what_people_ranked_is_staged_into_the_dataset_and_nobody_is_asked(made: Project) -> None:
    storage, before = FolderStorage(made.storage), made.final_files()
    calls = {path: path.read_bytes() for path in (made.storage / "calls").rglob("*") if path.is_file()}
    liked = rank_first_window(storage, "still")

    done = made.streamcap("preferences", "stage")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "ranked by people" in done.stdout
    assert calls == {path: path.read_bytes() for path in (made.storage / "calls").rglob("*") if path.is_file()}
    changed = {key for key, sha256 in made.final_files().items() if before.get(key) != sha256 and not key.startswith(("processed/", "receipts/"))}
    assert changed == {"rankings/still.json", "preference_examples/still.json"}
    rows = datasets.load_dataset(str(made.storage / keys.DATASET), "preference", split="train").remove_columns(["frames_window1", "frames_window2"])
    assert [row["chosen"] for row in rows if row["ranked_by"] == "human"] == [liked]
