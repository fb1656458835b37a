"""The picture of scores: drawn for any of them, and the same every time."""

from io import BytesIO

from PIL import Image

from streamcap_dagster.evaluation.measures import Scores, score
from streamcap_dagster.evaluation.picture import draw_scores
from streamcap_dagster.evaluation.speech import POLICIES, said_by, said_by_policy
from streamcap_dagster.evaluation.tally import tally
from tests.evaluation.world import PERFECT, captions, world

WINDOWS = said_by(captions(*PERFECT))


def scores_of(policy: str) -> Scores:
    return score(policy, [tally(world(), said_by_policy(policy, world(), WINDOWS))] * 2)


def test_the_same_scores_are_the_same_picture() -> None:
    scores = [scores_of(policy) for policy in POLICIES]
    assert draw_scores(scores) == draw_scores(scores)


def test_more_policies_take_more_room_and_other_scores_look_different() -> None:
    few, many = draw_scores([scores_of("silent")]), draw_scores([scores_of("silent"), *map(scores_of, POLICIES)])
    sizes = [Image.open(BytesIO(data)).size for data in (few, many)]
    assert sizes[0][0] == sizes[1][0]
    assert sizes[0][1] < sizes[1][1]
    assert draw_scores([scores_of("perfect")]) != few


def test_a_long_name_stays_within_its_place() -> None:
    scores = score("captions of a captioner with a very long name", [tally(world(), WINDOWS)])
    assert Image.open(BytesIO(draw_scores([scores]))).format == "PNG"
