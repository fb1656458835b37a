"""Windows by hand of which there is something to prefer, and people who have a say in it."""

from collections.abc import Sequence

from streamcap_dagster.examples.chain import WindowPair, window_pairs
from streamcap_dagster.examples.preference import Told, make_preferences
from streamcap_dagster.examples.rankings import RankedText, RankedWindow, Rankings, basis_of
from streamcap_dagster.policies import PreferencePolicy
from streamcap_dagster.records import Captions, Objectives, PairObjectives, PreferenceExamples, PreferencePair
from tests.dataset.corpus import Prompts, Said, caption_records, objectives_of

STREET: tuple[Said, ...] = (
    ("ok", "A street with a red house. A man waits at the door. Rain falls on parked cars."),
    ("ok", "A yellow bus stops near the corner."),
    ("no_change", ""),
    ("ok", "Two children climb out laughing."),
)
CAPTION = "recorded/none/p1"
"""How the generator of a caption of these chains is called."""


def told(*clips: Sequence[Said], objectives: Objectives | None = None, elsewhere: Sequence[Captions] = (), rankings: Rankings | None = None) -> Told:
    initials, deltas = caption_records("v", clips)
    return Told(initials, deltas, objectives or objectives_of(deltas), elsewhere, rankings)


def preferences(known: Told, **policy: object) -> PreferenceExamples:
    return make_preferences(known, PreferencePolicy.model_validate(policy), Prompts())


def of_window(made: PreferenceExamples, window: int) -> list[PreferencePair]:
    return [pair for pair in made.examples if pair.window == window]


def texts(made: PreferenceExamples, window: int) -> dict[str, str]:
    """What each generator said of a window, paired or not."""
    found = next(one for one in (*made.examples, *made.undecided) if one.window == window)
    return {candidate.generator: candidate.text for candidate in found.candidates}


def nothing_stated(deltas: int) -> Objectives:
    return Objectives(video_id="v", pairs=tuple(PairObjectives(clip=0, window=window, objectives=()) for window in range(1, deltas + 1)))


def pairs_of(known: Told) -> dict[tuple[int, int], WindowPair]:
    return {pair.place: pair for pair in window_pairs(known.initials, known.deltas)}


def ranked(known: Told, window: int, order: Sequence[str], **more: object) -> Rankings:
    """People who put these texts of a window of the first clip in this order, best first."""
    judged = tuple(RankedText(text=text, rank=place) for place, text in enumerate(order, start=1))
    facts = {"clip": 0, "window": window, "basis": basis_of(pairs_of(known)[0, window]), "people": 1, "candidates": judged, **more}
    return Rankings(video_id="v", windows=(RankedWindow.model_validate(facts),))
