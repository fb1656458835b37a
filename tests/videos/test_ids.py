import re

import pytest

from streamcap_dagster.records import VIDEO_ID_PATTERN
from streamcap_dagster.videos.ids import assign_ids


@pytest.mark.parametrize(
    ("uri", "video_id"),
    [
        ("bikes.mp4", "bikes"),
        ("holiday/Été à Paris (2).MOV", "ete-a-paris-2"),
        ("-lead.mp4", "lead"),
        ("__init__.mp4", "init__"),
        ("two\nlines.mp4", "two-lines"),
        ('it\'s "quoted".mkv', "it-s-quoted"),
        ("archive.tar.mp4", "archive-tar"),
        ("ﬁlm.mp4", "film"),
        ("x" * 200 + ".mp4", "x" * 96),
    ],
)
def test_an_id_is_the_plain_form_of_the_stem(uri: str, video_id: str) -> None:
    assert assign_ids([uri], {}) == {uri: video_id}


@pytest.mark.parametrize("uri", ["日本.mp4", "---.mp4", "🎬.mp4", "%%.mp4"])
def test_a_name_without_plain_letters_gets_a_hash(uri: str) -> None:
    assert re.fullmatch(r"video-[0-9a-f]{8}", assign_ids([uri], {})[uri])


def test_the_later_of_two_equal_stems_gets_the_hash_of_its_path() -> None:
    assert assign_ids(["a/talk.mp4", "b/talk.mp4"], {}) == {"a/talk.mp4": "talk", "b/talk.mp4": "talk-8511bec7"}


def test_a_long_name_that_collides_keeps_the_allowed_length() -> None:
    ids = assign_ids([f"{folder}/{'x' * 200}.mp4" for folder in "abc"], {})
    assert len(set(ids.values())) == 3
    assert all(re.fullmatch(VIDEO_ID_PATTERN, video_id) for video_id in ids.values())


def test_a_file_named_like_anothers_hashed_id_still_gets_its_own() -> None:
    taken = assign_ids(["a/talk.mp4", "b/talk.mp4"], {})["b/talk.mp4"]
    ids = assign_ids([f"{taken}.mp4", "a/talk.mp4", "b/talk.mp4"], {})
    assert len(set(ids.values())) == 3


def test_an_id_once_given_stays_when_an_earlier_name_arrives() -> None:
    known = assign_ids(["b/talk.mp4"], {})
    assert assign_ids(["a/talk.mp4", "b/talk.mp4"], known)["b/talk.mp4"] == "talk"


def test_the_id_of_a_removed_file_is_given_to_no_other() -> None:
    assert assign_ids(["new/talk.mp4"], {"gone/talk.mp4": "talk"})["new/talk.mp4"] != "talk"
