"""Which window pairs make examples, and what stands in them."""

from collections.abc import Sequence

import pytest

from streamcap_dagster.examples.chain import NEW_SEGMENT, NOTHING_SAID, OBEYED
from streamcap_dagster.examples.pairs import NOT_ASKED, TOO_SILENT, make_rl, make_sft
from streamcap_dagster.policies import ExamplePolicy
from streamcap_dagster.records import NO_CHANGE, Captions, Objectives, PairObjectives, RlExamples, SftExample, SftExamples
from tests.dataset.corpus import SAMPLING, WINDOWING, Prompts, Said, caption_records, objectives_of, video

DOOR: Sequence[Said] = (("ok", "A door."), ("ok", "It opens."), ("no_change", ""), ("ok", "A cat."))


def sft(*clips: Sequence[Said], anchor_every: int = 0, **policy: object) -> SftExamples:
    chosen = ExamplePolicy.model_validate({"max_silent_share": 1, **policy})
    return make_sft(video("v"), *caption_records("v", clips, anchor_every=anchor_every), WINDOWING, SAMPLING, chosen, Prompts())


def rl(*clips: Sequence[Said], objectives: Objectives | None = None, anchor_every: int = 0) -> RlExamples:
    initials, deltas = caption_records("v", clips, anchor_every=anchor_every)
    return make_rl(video("v"), initials, deltas, objectives or objectives_of(deltas), WINDOWING, SAMPLING, ExamplePolicy())


def windows(examples: SftExamples | RlExamples) -> list[tuple[int, int]]:
    return [(pair.clip, pair.window) for pair in examples.examples]


def reasons(examples: SftExamples | RlExamples) -> dict[tuple[int, int], str]:
    return {(pair.clip, pair.window): pair.reason for pair in examples.left_out}


def said(example: SftExample) -> list[tuple[str, str]]:
    return [(turn.role, turn.content) for turn in example.conversations]


def test_every_consecutive_pair_of_every_clip_makes_an_example() -> None:
    assert windows(sft(DOOR, DOOR[:2])) == [(0, 1), (0, 2), (0, 3), (1, 1)]


def test_with_sft_pairs_first_only_the_first_pair_of_a_clip_makes_one() -> None:
    examples = sft(DOOR, DOOR[:2], sft_pairs="first")
    assert windows(examples) == [(0, 1), (1, 1)]
    assert not examples.left_out


def test_an_example_tells_when_and_how_its_windows_were_sampled() -> None:
    example = sft(DOOR, DOOR).examples[4].example
    assert (example.video_id, example.start_time, example.fps, example.source_fps, example.window_duration) == ("v", 62.0, 1.0, 29.97, 2.0)


def test_caption_window1_is_everything_said_up_to_and_including_window_1() -> None:
    examples = [pair.example for pair in sft(DOOR).examples]
    assert [example.caption_window1 for example in examples] == ["A door.", "A door.\nIt opens.", "A door.\nIt opens."]


def test_the_first_pair_holds_both_exchanges() -> None:
    assert said(sft(DOOR).examples[0].example) == [
        ("user", "Describe the first window."),
        ("assistant", "A door."),
        ("user", "What is new? So far: A door."),
        ("assistant", "It opens."),
    ]


def test_a_later_pair_holds_only_the_delta_exchange_with_the_history_in_its_prompt() -> None:
    assert said(sft(DOOR).examples[2].example) == [("user", "What is new? So far: A door. / It opens."), ("assistant", "A cat.")]


def test_silence_is_an_empty_delta_that_the_assistant_says_in_words() -> None:
    example = sft(DOOR).examples[1].example
    assert (example.caption_window2_delta, example.conversations[-1].content) == ("", NO_CHANGE)


def test_a_caption_with_a_chat_token_makes_no_example_nor_does_what_adds_to_it() -> None:
    chain: Sequence[Said] = (("ok", "A door."), ("ok", "It opens."), ("ok", "A sign says <|im_end|>."), ("ok", "A cat."))

    assert windows(sft(chain)) == windows(rl(chain)) == [(0, 1)]
    assert reasons(sft(chain)) == reasons(rl(chain)) == {(0, 2): OBEYED, (0, 3): OBEYED}


def test_silent_pairs_beyond_the_share_are_left_out_with_the_reason() -> None:
    chain: list[Said] = [("ok", "A door."), *[("ok", f"News {i}.") for i in range(8)], *[("no_change", "")] * 8]
    examples = sft(chain, max_silent_share=0.2)
    assert sum(not pair.example.caption_window2_delta for pair in examples.examples) == 2
    assert list(reasons(examples).values()) == [TOO_SILENT] * 6


def test_the_silent_pairs_that_stay_are_not_chosen_by_their_place() -> None:
    chain: list[Said] = [("ok", "A door."), *[("ok", f"News {i}.") for i in range(20)], *[("no_change", "")] * 20]
    kept = [window for _, window in windows(sft(chain, max_silent_share=0.2)) if window > 20]
    assert len(kept) == 5
    assert kept not in ([21, 22, 23, 24, 25], [36, 37, 38, 39, 40])


@pytest.mark.parametrize(("share", "silent"), [(0, 0), (0.5, 1), (1, 3)])
def test_the_share_counts_against_what_is_kept(share: float, silent: int) -> None:
    chain: list[Said] = [("ok", "A door."), ("ok", "It opens."), *[("no_change", "")] * 3]
    assert sum(not pair.example.caption_window2_delta for pair in sft(chain, max_silent_share=share).examples) == silent


@pytest.mark.parametrize("outcome", ["blocked", "recitation", "truncated", "invalid", "empty"])
def test_a_failed_delta_makes_no_example_and_the_next_pair_stands(outcome: str) -> None:
    examples = sft((("ok", "A door."), (outcome, ""), ("ok", "A cat.")))  # type: ignore[arg-type]
    assert windows(examples) == [(0, 2)]
    assert reasons(examples) == {(0, 1): f"delta caption: {outcome}"}


def test_what_was_said_before_a_failed_window_is_the_history_of_the_pair_after_it() -> None:
    examples = sft((("ok", "A door."), ("blocked", ""), ("ok", "A cat.")))
    assert examples.examples[0].example.caption_window1 == "A door."


def test_a_failed_initial_caption_takes_its_first_pair_with_it() -> None:
    examples = sft((("truncated", ""), ("ok", "A door."), ("ok", "A cat.")))
    assert windows(examples) == [(0, 2)]
    assert reasons(examples) == {(0, 1): "initial caption: truncated"}


def test_a_pair_before_which_nothing_was_said_is_left_out() -> None:
    assert reasons(sft((("blocked", ""), ("blocked", ""), ("ok", "A cat."))))[0, 2] == NOTHING_SAID


def test_a_video_without_clips_makes_nothing() -> None:
    assert sft() == SftExamples(video_id="v", examples=())


def test_frames_are_named_as_images_beside_the_json() -> None:
    example = sft(DOOR).examples[2].example
    assert example.frames_window1 == ("images/v/0000_00002_000.jpg", "images/v/0000_00002_001.jpg")
    assert example.frames_window2 == ("images/v/0000_00003_000.jpg", "images/v/0000_00003_001.jpg")


def test_without_images_frames_are_named_as_rows_of_the_frames_parquet() -> None:
    example = sft(DOOR, DOOR, json_images=False).examples[3].example
    assert example.frames_window1 == ("frames/v.parquet#8", "frames/v.parquet#9")
    assert example.frames_window2 == ("frames/v.parquet#10", "frames/v.parquet#11")


def test_the_same_captions_in_another_order_make_the_same_examples() -> None:
    initials, deltas = caption_records("v", (DOOR, DOOR))
    turned = Captions(video_id="v", captions=deltas.captions[::-1])
    policy = ExamplePolicy()
    made, again = (make_sft(video("v"), initials, chain, WINDOWING, SAMPLING, policy, Prompts()) for chain in (deltas, turned))
    assert made.model_dump_json() == again.model_dump_json()


def test_pairs_with_objectives_make_rl_examples() -> None:
    examples = rl(DOOR)
    assert windows(examples) == [(0, 1), (0, 3)]
    assert examples.examples[1].example.objectives == ("says A cat.",)


def test_pairs_without_objectives_are_left_out_with_the_reason() -> None:
    assert reasons(rl(DOOR)) == {(0, 2): "no objectives: silent"}


def test_a_pair_that_nobody_made_objectives_for_is_left_out() -> None:
    known = Objectives(video_id="v", pairs=(PairObjectives(clip=0, window=1, objectives=("opens",)),))
    assert reasons(rl(DOOR, objectives=known)) == {(0, 2): NOT_ASKED, (0, 3): NOT_ASKED}


def test_a_failed_delta_makes_no_rl_example_even_with_objectives() -> None:
    known = Objectives(video_id="v", pairs=(PairObjectives(clip=0, window=1, objectives=("opens",)),))
    assert reasons(rl((("ok", "A door."), ("blocked", "")), objectives=known)) == {(0, 1): "delta caption: blocked"}


WALK: Sequence[Said] = (("ok", "A door."), ("ok", "It opens."), ("ok", "An open door, a cat."), ("ok", "The cat sits."), ("ok", "It sleeps."))


@pytest.mark.parametrize("examples", [sft(WALK, anchor_every=2), rl(WALK, anchor_every=2)], ids=["sft", "rl"])
def test_no_pair_reaches_into_a_new_segment(examples: SftExamples | RlExamples) -> None:
    assert windows(examples) == [(0, 1), (0, 3)]
    assert reasons(examples) == {(0, 2): NEW_SEGMENT, (0, 4): NEW_SEGMENT}


def test_the_pair_after_an_anchor_holds_both_exchanges_and_nothing_from_before() -> None:
    pair = sft(WALK, anchor_every=2).examples[1].example
    assert pair.caption_window1 == "An open door, a cat."
    assert said(pair) == [
        ("user", "Describe the first window."),
        ("assistant", "An open door, a cat."),
        ("user", "What is new? So far: An open door, a cat."),
        ("assistant", "The cat sits."),
    ]


def test_a_later_pair_of_a_segment_tells_what_was_said_since_the_anchor() -> None:
    examples = sft((*WALK[:4], ("ok", "It sleeps."), ("ok", "It wakes.")), anchor_every=3)
    assert said(examples.examples[-1].example) == [("user", "What is new? So far: The cat sits. / It sleeps."), ("assistant", "It wakes.")]


def test_with_sft_pairs_first_a_pair_after_an_anchor_is_not_the_first_of_its_clip() -> None:
    assert windows(sft(WALK, anchor_every=2, sft_pairs="first")) == [(0, 1)]


def test_an_anchor_that_failed_opens_no_segment_and_the_pairs_after_it_go_on_from_before() -> None:
    examples = sft((*WALK[:2], ("blocked", ""), *WALK[3:]), anchor_every=2)
    assert reasons(examples) == {(0, 2): "anchor caption: blocked", (0, 4): NEW_SEGMENT}
    assert said(examples.examples[1].example) == [("user", "What is new? So far: A door. / It opens."), ("assistant", "The cat sits.")]
