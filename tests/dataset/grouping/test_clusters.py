"""Groups of videos: who shares one, and what it is called as videos come and go."""

import hashlib
from itertools import pairwise

from streamcap_dagster.dataset.grouping.clusters import Member, group_videos
from streamcap_dagster.dataset.grouping.likeness import RULE
from streamcap_dagster.dataset.grouping.records import AlikeVideos, VideoGroups

NOTHING = VideoGroups(rule=RULE, groups=())


def sha(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()


def members(*video_ids: str, **given: str) -> list[Member]:
    """Videos of their own bytes each, some of which were given a group."""
    return [Member(video_id, sha(video_id), given=given.get(video_id, "")) for video_id in video_ids]


def pair(first: str, second: str, share: float = 0.9) -> AlikeVideos:
    return AlikeVideos(videos=(first, second), share=share, aligned=True, at_s=(0, 0))


def names(groups: VideoGroups) -> dict[str, str]:
    return {video.video_id: group.group for group in groups.groups for video in group.videos}


def test_a_video_that_is_like_no_other_is_a_group_named_by_its_bytes() -> None:
    assert names(group_videos(members("cat", "dog"), [], NOTHING)) == {"cat": sha("cat"), "dog": sha("dog")}


def test_videos_that_look_alike_share_a_group_also_by_way_of_a_third() -> None:
    groups = group_videos(members("cat", "dog", "owl", "yak"), [pair("cat", "dog"), pair("dog", "owl")], NOTHING)

    assert names(groups) == {"cat": sha("cat"), "dog": sha("cat"), "owl": sha("cat"), "yak": sha("yak")}


def test_videos_of_the_same_bytes_share_a_group() -> None:
    found = names(group_videos([Member("cat", sha("one")), Member("dog", sha("one"))], [], NOTHING))

    assert found == {"cat": sha("one"), "dog": sha("one")}


def test_a_copy_joins_the_group_of_a_video_that_is_known_whatever_its_id() -> None:
    before = group_videos(members("dog", "yak"), [], NOTHING)

    groups = group_videos(members("ant", "dog", "yak"), [pair("ant", "dog")], before)

    assert names(groups) == {"ant": sha("dog"), "dog": sha("dog"), "yak": sha("yak")}


def test_other_videos_that_come_and_go_change_no_group() -> None:
    before = group_videos(members("cat", "dog", "owl"), [pair("cat", "dog")], NOTHING)
    more = group_videos(members("ant", "cat", "dog", "owl"), [pair("cat", "dog")], before)
    fewer = group_videos(members("ant", "dog"), [], more)

    assert {video_id: names(more)[video_id] for video_id in names(before)} == names(before)
    assert names(fewer) == {"ant": sha("ant"), "dog": sha("cat")}


def test_of_two_groups_that_turn_out_to_be_one_the_older_keeps_its_name_and_that_is_told() -> None:
    first = group_videos(members("owl"), [], NOTHING)
    second = group_videos(members("cat", "owl"), [], first)

    merged = group_videos(members("bat", "cat", "owl"), [pair("bat", "cat"), pair("bat", "owl")], second)

    assert names(merged) == dict.fromkeys(("bat", "cat", "owl"), sha("owl"))
    assert [(end.group, end.into) for end in merged.merged] == [(sha("cat"), sha("owl"))]


def test_a_group_that_ended_is_remembered_and_told_where_it_went_at_last() -> None:
    before = group_videos(members("ant"), [], NOTHING)
    before = group_videos(members("ant", "bat", "cat"), [], before)
    before = group_videos(members("ant", "bat", "cat"), [pair("bat", "cat")], before)

    merged = group_videos(members("ant", "bat", "cat"), [pair("ant", "bat"), pair("bat", "cat")], before)

    assert [(end.group, end.into) for end in merged.merged] == sorted([(sha("bat"), sha("ant")), (sha("cat"), sha("ant"))])


def test_a_group_stays_one_when_the_video_that_held_it_together_is_gone() -> None:
    before = group_videos(members("cat", "dog", "owl"), [pair("cat", "dog"), pair("dog", "owl")], NOTHING)

    assert set(names(group_videos(members("cat", "owl"), [], before)).values()) == {sha("cat")}


def test_under_another_rule_a_group_falls_apart_and_the_video_that_it_is_named_after_keeps_the_name() -> None:
    before = group_videos(members("cat", "dog", "owl"), [pair("cat", "dog"), pair("dog", "owl")], NOTHING).model_copy(update={"rule": "another"})

    groups = group_videos(members("cat", "dog", "owl"), [pair("dog", "owl")], before)

    assert names(groups) == {"cat": sha("cat"), "dog": sha("dog"), "owl": sha("dog")}


def test_a_file_that_was_replaced_by_another_is_not_in_the_group_of_what_it_was() -> None:
    before = group_videos(members("cat", "dog"), [pair("cat", "dog")], NOTHING)

    groups = group_videos([*members("cat"), Member("dog", sha("another dog"))], [], before)

    assert names(groups) == {"cat": sha("cat"), "dog": sha("another dog")}


def test_what_is_grouped_again_from_the_same_is_the_same() -> None:
    them, alike = members("cat", "dog", "owl", "yak", owl="mine"), [pair("cat", "dog"), pair("owl", "yak")]
    once = group_videos(them, alike, NOTHING)

    assert group_videos(them, alike, once) == once


def uploaded(**by: str) -> list[Member]:
    return [Member(video_id, sha(video_id), source=source) for video_id, source in by.items()]


def test_groups_of_the_source_that_one_video_joined_stay_one_when_it_is_gone() -> None:
    before = group_videos(uploaded(cat="ann", dog="ann", owl="bob", yak=""), [pair("dog", "owl"), pair("dog", "yak")], NOTHING)
    groups = group_videos(uploaded(cat="ann", owl="bob", yak=""), [], before)

    assert set(names(groups).values()) == {"ann"}
    assert names(group_videos(uploaded(cat="ann", owl="bob", yak=""), [], groups)) == names(groups)


def test_a_video_of_which_the_source_names_another_group_now_leaves_the_one_before() -> None:
    before = group_videos(uploaded(cat="ann", dog="ann", owl="bob"), [pair("dog", "owl")], NOTHING)
    groups = group_videos(uploaded(cat="ann", owl="eve"), [], before)

    assert names(groups) == {"cat": "ann", "owl": "eve"}


def test_a_video_that_a_person_gives_a_group_leaves_that_of_the_source() -> None:
    before = group_videos(uploaded(cat="ann", dog="ann", owl="bob"), [pair("dog", "owl")], NOTHING)
    groups = group_videos([*uploaded(cat="ann"), Member("owl", sha("owl"), given="mine")], [], before)

    assert names(groups) == {"cat": "ann", "owl": "mine"}


def test_videos_that_were_given_a_group_share_it() -> None:
    found = names(group_videos(members("cat", "dog", "owl", cat="mine", owl="mine"), [], NOTHING))

    assert found == {"cat": "mine", "dog": sha("dog"), "owl": "mine"}


def test_videos_that_look_alike_are_apart_when_a_person_says_so() -> None:
    found = names(group_videos(members("cat", "dog", cat="mine", dog="yours"), [pair("cat", "dog")], NOTHING))

    assert found == {"cat": "mine", "dog": "yours"}


def test_what_looks_like_a_video_that_was_given_a_group_goes_with_it() -> None:
    found = names(group_videos(members("cat", "dog", "owl", cat="mine"), [pair("cat", "dog"), pair("dog", "owl")], NOTHING))

    assert found == dict.fromkeys(("cat", "dog", "owl"), "mine")


def test_between_two_groups_that_were_given_a_video_goes_where_it_looks_most_alike() -> None:
    alike = [pair("cat", "dog", share=0.7), pair("dog", "owl", share=0.8)]

    assert names(group_videos(members("cat", "dog", "owl", cat="mine", owl="yours"), alike, NOTHING))["dog"] == "yours"


def test_a_group_that_was_given_ends_with_what_gave_it() -> None:
    before = group_videos(members("cat", "dog", cat="mine", dog="mine"), [], NOTHING)

    assert names(group_videos(members("cat", "dog"), [], before)) == {"cat": sha("cat"), "dog": sha("dog")}


def test_a_video_can_be_given_a_group_that_was_found_by_its_name() -> None:
    before = group_videos(members("cat", "dog", "owl"), [pair("cat", "dog")], NOTHING)

    groups = group_videos(members("cat", "dog", "owl", owl=sha("cat")), [pair("cat", "dog")], before)

    assert names(groups) == dict.fromkeys(("cat", "dog", "owl"), sha("cat"))
    assert len(groups.groups) == 1


def test_videos_that_the_source_puts_together_share_a_group_and_those_of_a_copy_join_them() -> None:
    uploaded = [Member("cat", sha("one"), source="ann"), Member("dog", sha("one"), source="bob"), Member("owl", sha("owl"), source="bob")]

    groups = group_videos([*uploaded, *members("yak")], [], NOTHING)

    assert names(groups) == {"cat": "ann", "dog": "ann", "owl": "ann", "yak": sha("yak")}
    assert [(end.group, end.into) for end in groups.merged] == [("bob", "ann")]


def test_of_two_groups_of_the_source_whose_videos_look_alike_the_older_keeps_its_name() -> None:
    before = group_videos([Member("owl", sha("owl"), source="bob")], [], NOTHING)

    groups = group_videos([Member("cat", sha("cat"), source="ann"), Member("owl", sha("owl"), source="bob")], [pair("cat", "owl")], before)

    assert names(groups) == {"cat": "bob", "owl": "bob"}
    assert [(end.group, end.into) for end in groups.merged] == [("ann", "bob")]


def test_only_a_person_keeps_videos_of_the_same_bytes_apart() -> None:
    them = [Member("cat", sha("one"), given="mine"), Member("dog", sha("one"), given="yours"), Member("owl", sha("one"), source="ann")]

    assert names(group_videos(them, [], NOTHING)) == {"cat": "mine", "dog": "yours", "owl": "mine"}


def test_a_group_of_the_source_and_one_of_a_person_of_the_same_name_are_one() -> None:
    them = [Member("cat", sha("cat"), given="ann"), Member("dog", sha("dog"), source="ann")]

    assert names(group_videos(them, [], NOTHING)) == {"cat": "ann", "dog": "ann"}


def test_thousands_of_videos_that_are_all_alike_are_one_group() -> None:
    ids = [f"v{number:05d}" for number in range(3000)]
    chained = [pair(first, second) for first, second in pairwise(ids)]

    assert len(group_videos(members(*ids), chained, NOTHING).groups) == 1
