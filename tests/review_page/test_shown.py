"""What the page is told of a video is what is in the storage; what is not there is said to be missing, and stops nothing."""

import json

from PIL import Image

from streamcap_dagster.records import Captions
from streamcap_dagster.review_page.corpus import Corpus
from streamcap_dagster.review_page.shown import show_video
from streamcap_dagster.review_page.stills import SMALL_HEIGHT, Stills
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import read_record, write_record
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.frame_table import ROWS_PER_GROUP
from streamcap_dagster.videos.manifest import read_manifest
from tests.review_page.served import served
from tests.review_page.world import FRAMES, World, frames_of, says


def shown(world: World, video_id: str = "bikes"):
    return show_video(world.storage, read_manifest(world.storage)[video_id])


def test_each_window_has_its_caption_its_measures_and_what_it_cost(world: World) -> None:
    windows = shown(world).windows

    assert [(one.kind, one.outcome) for one in windows[:3]] == [("initial", "ok"), ("delta", "ok"), ("delta", "no_change")]
    assert [one.text for one in windows[:3]] == ["A red bike at a wall.", "A dog runs in.", ""]
    assert [one.cost_usd for one in windows] == [0.002, None, None, 0.001, None]
    assert windows[3].quality is not None
    assert windows[3].quality.flags == ("novelty", "redundancy", "redundancy_error")


def test_what_was_asked_beside_the_captions_is_in_the_total(world: World) -> None:
    call = json.loads(world.storage.read(keys.folded_calls("bikes")).splitlines()[0])
    world.storage.write(f"{keys.calls('bikes')}{'f' * 64}.json", json.dumps({**call, "key": "f" * 64, "kind": "objectives"}).encode())

    told = shown(world)
    assert (told.total_usd, told.windows[0].cost_usd) == (0.005, 0.002)


def test_after_clips_were_cut_otherwise_what_was_paid_for_the_old_ones_is_in_the_total_and_on_no_window(world: World) -> None:
    call = json.loads(world.storage.read(keys.folded_calls("bikes")).splitlines()[0])
    world.storage.write(f"{keys.calls('bikes')}{'e' * 64}.json", json.dumps({**call, "key": "e" * 64, "window": 1}).encode())

    told = shown(world)
    assert (told.total_usd, [one.cost_usd for one in told.windows]) == (0.005, [0.002, None, None, 0.001, None])


def test_an_answer_that_settled_several_windows_is_paid_once_on_the_first(world: World) -> None:
    deltas = read_record(world.storage, keys.delta_captions("bikes"), Captions)
    alike = tuple(one.model_copy(update={"call_key": f"{3:064x}"}) if one.window > 2 else one for one in deltas.captions)
    write_record(world.storage, keys.delta_captions("bikes"), deltas.model_copy(update={"captions": alike}))

    assert [one.cost_usd for one in shown(world).windows] == [0.002, None, None, 0.001, None]


def test_what_is_not_made_yet_is_named(world: World) -> None:
    world.add("rain", says("Rain.", "More rain."), measured=False, pictures=False)
    world.catalog("fog", 2)

    assert shown(world, "rain").not_made == ("frames", "caption_quality", "preference_examples")
    assert shown(world, "rain").windows[1].quality is None
    assert len(shown(world, "fog").not_made) == 6


def test_what_cannot_be_read_is_told_and_the_rest_is_shown(world: World) -> None:
    world.storage.write(keys.caption_quality("bikes"), b"{")
    world.storage.write(keys.folded_calls("bikes"), b"no call\n")
    world.storage.write(keys.reviews("bikes"), b"[]")

    told = shown(world)
    assert [trouble.split()[0].rstrip(",") for trouble in told.troubles] == [keys.caption_quality("bikes"), keys.folded_calls("bikes"), keys.reviews("bikes")]
    assert len(told.windows) == 5


class Watched(FolderStorage):
    """Counts what is read of the frames, and how often anybody looks whether the catalog is another one."""

    opened = looks = 0

    def open(self, key: str):
        self.opened += key.startswith("frames/")
        return super().open(key)

    def stat(self, key: str):
        self.looks += key == keys.MANIFEST
        return super().stat(key)


def version(world: World, video_id: str) -> str:
    stored = world.storage.stat(keys.frames(video_id))
    assert stored is not None
    return stored.version


def test_the_pictures_of_neighbours_are_read_together_and_once(world: World) -> None:
    together = ROWS_PER_GROUP // FRAMES
    world.add("rain", says(*["Rain."] * (2 * together)))
    storage = Watched(world.storage.root)
    stills, made = Stills(storage, Corpus(storage)), version(world, "rain")

    for window in range(together):
        assert stills.of(("rain", made, 0, window)) == tuple(frame.jpeg for frame in frames_of(window))
    assert (storage.opened, storage.looks) == (1, 1)
    stills.of(("rain", made, 0, together))
    assert (storage.opened, storage.looks) == (2, 2)


def test_a_window_in_two_row_groups_has_all_of_its_pictures(world: World) -> None:
    world.add("rain", says(*["Rain."] * 40))
    stills, made = Stills(world.storage, Corpus(world.storage)), version(world, "rain")
    for window in (15, 16, 31, 32, 17):
        assert len(stills.of(("rain", made, 0, window))) == FRAMES


def test_few_pictures_are_kept_however_many_are_looked_at(world: World) -> None:
    world.add("rain", says(*["Rain."] * 40))
    stills, made = Stills(world.storage, Corpus(world.storage), kept_bytes=30_000), version(world, "rain")
    for window in range(40):
        stills.of(("rain", made, 0, window))

    assert 0 < stills._kept_bytes <= 30_000
    assert stills._kept_bytes == sum(len(jpeg) for pictures in stills._kept.values() for jpeg in pictures)


def test_pictures_that_were_made_anew_do_not_stand_over_what_was_said_of_others(world: World) -> None:
    before = version(world, "bikes")
    world.add("bikes", says("Another film.", "It goes on."))
    with served(world) as page:
        answers = [page.get(f"/stills/bikes/0/0/0?version={asked}") for asked in (before, version(world, "bikes"))]

    assert [answer.status_code for answer in answers] == [404, 200]
    assert "Load the page again" in answers[0].json()["error"]


def test_a_picture_is_small_unless_the_whole_is_wanted(world: World) -> None:
    made = version(world, "bikes")
    with served(world) as page:
        small, whole = (page.get(f"/stills/bikes/0/1/2?size={size}&version={made}", stream=True).raw for size in ("small", "whole"))
        assert (Image.open(small).height, Image.open(whole).height) == (SMALL_HEIGHT, 180)


def test_a_window_without_pictures_is_told(world: World) -> None:
    with served(world) as page:
        answer = page.get(f"/stills/bikes/0/99/0?version={version(world, 'bikes')}")

    assert answer.status_code == 404
    assert "picture of clip 0, window 99" in answer.json()["error"]
