"""What a caption should not say is found in the middle of it too, and not in what it quotes."""

import pytest

from streamcap_dagster.quality.phrases import meta_talk, refusal, times


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("In this video, a man walks.", "in this video"),
        ("A man is seen throughout the clip.", "throughout the clip"),
        ("The frames show a dog.", "the frames show"),
        ("A dog walks into the frame.", "into the frame"),
        ("We can see a red car.", "we can see"),
        ("As in the previous frames, it rains.", "previous frames"),
        ("As mentioned before, it rains.", "as mentioned"),
        ("Compared to the previous moment it is dark.", "compared to the previous"),
    ],
)
def test_talk_about_the_video_is_found_in_every_kind_of_caption(text: str, found: str) -> None:
    assert (meta_talk(text, delta=True), meta_talk(text, delta=False)) == ((found,), (found,))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The man is still standing there.", "is still standing"),
        ("The ball continues to roll.", "continues to roll"),
        ("The lamp remains lit.", "remains lit"),
        ("He keeps running.", "keeps running"),
        ("The room is unchanged.", "unchanged"),
        ("Nothing happens.", "nothing happens"),
        ("Silence.", "silence"),
    ],
)
def test_what_goes_on_as_before_is_no_news_in_a_delta_and_fine_in_a_full_caption(text: str, found: str) -> None:
    assert (meta_talk(text, delta=True), meta_talk(text, delta=False)) == ((found,), ())


@pytest.mark.parametrize(
    "text",
    [
        "A man stands still.",
        "A still life hangs on the wall.",
        "A cat sits in the window.",
        "The next window lights up.",
        "The window frames are painted white.",
        "A sign reads 'In this video'.",
        "A sign reads “Still here”.",
        "The remaining cards are dealt.",
        "The remains of a castle come into view.",
        "A waiter keeps something in his hand.",
        "A boy frames the picture.",
        "She films the dog with a video camera.",
    ],
)
def test_words_that_only_look_alike_are_no_such_talk(text: str) -> None:
    assert meta_talk(text, delta=True) == ()


def test_each_phrase_is_told_once() -> None:
    assert meta_talk("In this video a man walks. In this video it rains.", delta=True) == ("in this video",)


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't assist with that.",
        "I’m sorry.",
        "As an AI, I do not watch videos.",
        "No images were provided.",
        "Sorry. Unable to process the video.",
        "I don't have access to the frames.",
        "This is against our guidelines.",
    ],
)
def test_a_refusal_is_found(text: str) -> None:
    assert refusal(text)


@pytest.mark.parametrize("text", ['A card reads "I\'m sorry".', "A woman is unable to see over the wall.", "He says sorry.", "A man apologises to a child."])
def test_a_caption_that_speaks_of_such_things_refuses_nothing(text: str) -> None:
    assert refusal(text) == ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A man enters at 0:05.", ("0:05",)),
        ("At 00:01:12 a dog barks.", ("00:01:12",)),
        ("[00:12] A dog barks.", ("00:12",)),
        ("A dog barks at 2.25 s and runs off.", ("at 2.25 s",)),
        ("Two seconds later he leaves.", ("two seconds",)),
        ("It lasts half a second.", ("half a second",)),
        ("At the 5-second mark it rains.", ("5-second",)),
        ("In frames 3-5 a bird flies past.", ("frames 3-5",)),
        ("Frame 3: a bird. Frame 4: two birds.", ("frame 3", "frame 4")),
        ("A bird (timestamp 12) flies off.", ("timestamp 12",)),
    ],
)
def test_a_time_is_found_wherever_it_stands(text: str, found: tuple[str, ...]) -> None:
    assert times(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "The clock on the wall shows 10:35.",
        "A scoreboard reads 40-15, 12:30 to play.",
        'A sign says "Opens at 10:00".',
        "The score is 2:1.",
        "A second man comes in.",
        "A car of the 1980s drives past.",
        "Bus 42 stops.",
        "Three dogs run.",
        "The timer counts down ten seconds.",
    ],
)
def test_numbers_that_can_be_seen_are_no_such_times(text: str) -> None:
    assert times(text) == ()
