"""What is plotted: the same for the same seed, never the same twice, and a truth that holds."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import combinations, pairwise
from typing import get_args

import pytest

from streamcap_dagster.drawn_world.answers import objectives
from streamcap_dagster.drawn_world.plot import plot
from streamcap_dagster.drawn_world.script import Script
from streamcap_dagster.drawn_world.world import plots
from streamcap_dagster.evaluation.measures import score
from streamcap_dagster.evaluation.speech import Said, said_by_policy
from streamcap_dagster.evaluation.tally import tally
from streamcap_dagster.rewards.scoring import Situation
from streamcap_dagster.rewards.trivial import GOLD, Case, try_policies
from streamcap_dagster.truth import DrawnTruth, EventType, events_of, reference, tells

WINDOW_S = 2.0


@cache
def world(videos: int = 40, seed: int = 0) -> tuple[Script, ...]:
    return tuple(plots(videos, seed))


def truths() -> list[DrawnTruth]:
    return [script.truth for script in world()]


def windows(truth: DrawnTruth) -> Iterator[tuple[float, float]]:
    yield from ((window * WINDOW_S, (window + 1) * WINDOW_S) for window in range(round(truth.duration_s / WINDOW_S)))


def said_of(truth: DrawnTruth, policy: str) -> list[Said]:
    silent = [Said(0, window, start, end, window == 0, "") for window, (start, end) in enumerate(windows(truth))]
    return said_by_policy(policy, truth, silent)


IN_ANOTHER_PROCESS = """
import hashlib
from streamcap_dagster.drawn_world.plot import plot
print(hashlib.sha256("".join(plot(7, number).truth.model_dump_json() for number in range(6)).encode()).hexdigest())
"""


def test_processes_that_hash_differently_plot_the_same() -> None:
    def plotted(seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        return subprocess.run([sys.executable, "-c", IN_ANOTHER_PROCESS], capture_output=True, text=True, check=True, env=environment).stdout.strip()

    here = hashlib.sha256("".join(plot(7, number).truth.model_dump_json() for number in range(6)).encode()).hexdigest()
    assert plotted("1") == plotted("2") == here


def test_more_videos_of_a_seed_begin_with_the_same_ones() -> None:
    assert [script.truth for script in plots(3, 0)] == truths()[:3]


def test_no_two_videos_are_alike_whatever_their_seeds() -> None:
    told = [(truth.scene, tuple(event.sentence for event in truth.events)) for truth in truths()]
    told += [(script.truth.scene, tuple(event.sentence for event in script.truth.events)) for script in plots(40, 1)]
    assert len(set(told)) == len(told)


def test_what_has_been_told_is_told_differently(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamcap_dagster.drawn_world.world.plot", lambda seed, number, attempt: plot(seed, attempt, 0))
    first, second = plots(2, 0)
    assert (first.truth.scene, first.truth.events) != (second.truth.scene, second.truth.events)


@pytest.mark.parametrize("kind", get_args(EventType))
def test_a_dozen_videos_hold_events_of_every_type(kind: EventType) -> None:
    assert any(event.type == kind for truth in truths()[:12] for event in truth.events)


def test_a_sentence_tells_its_own_event() -> None:
    assert not [event.sentence for truth in truths() for event in truth.events if event.semantic and not tells(event.sentence, event.words)]


def test_the_scene_tells_every_thing_in_it() -> None:
    for truth in truths():
        assert not [thing for thing in truth.scene_words if not tells(truth.scene, thing)], truth.scene


def test_nothing_is_said_twice_of_a_video() -> None:
    for truth in truths():
        sentences = [event.sentence for event in truth.events if event.semantic]
        assert len(set(sentences)) == len(sentences)


def test_every_event_has_been_seen_by_the_last_still_of_its_window() -> None:
    """But for one at the very end of a video, which nobody could tell later."""
    for truth in truths():
        for event in truth.events:
            late = event.end_s % WINDOW_S > WINDOW_S - 0.25 + 1e-6 or event.end_s % WINDOW_S < 1e-6
            assert not (event.semantic and late) or event.end_s == truth.duration_s, (truth.video_id, event.sentence)


def test_each_event_belongs_to_one_window_and_none_is_lost() -> None:
    for truth in truths():
        told = [event.event for start, end in windows(truth) for event in events_of(truth, start, end)]
        assert sorted(told) == [event.event for event in truth.events if event.semantic]


def test_every_video_is_silent_for_a_while_and_has_several_events_in_a_window() -> None:
    for truth in truths():
        loads = [len(events_of(truth, start, end)) for start, end in windows(truth)]
        assert max(loads[1:]) >= 1
        assert 0 in loads[1:]
    every = [[len(events_of(truth, start, end)) for start, end in windows(truth)] for truth in truths()]
    assert sum("000" in "".join(map(str, loads)) for loads in every) > len(every) / 2
    assert sum(max(loads) > 1 for loads in every) > len(every) / 2


def test_some_events_go_on_over_the_end_of_a_window() -> None:
    events = [event for truth in truths() for event in truth.events if event.semantic]
    assert sum(event.start_s // WINDOW_S < event.end_s // WINDOW_S for event in events) > len(events) / 20


def test_a_thing_is_told_apart_from_all_others_by_its_colour() -> None:
    for script in world():
        spans = [(since, until, paint) for actor in script.cast for since, until, paint in _worn(actor.paints)]
        for (since, until, paint), (later, after, other) in combinations(spans, 2):
            assert paint != other or until <= later or after <= since


def _worn(paints: list[tuple[float, str]]) -> Iterator[tuple[float, float, str]]:
    for (since, paint), (until, _) in pairwise([*paints, (1e9, "")]):
        yield since, until, paint


def test_nothing_that_rests_touches_another_thing() -> None:
    for script in world():
        for start, _ in windows(script.truth):
            there = [actor for actor in script.cast if any(begin <= start < end for begin, end in actor.shown) and not actor.stand.moving(start)]
            free = [actor.look(start) for actor in there if not any(begin <= start < end for begin, end in actor.behind)]
            apart = [(one, other) for one, other in combinations(free, 2) if one.reach == other.reach == 0 and 0 < one.x < 320]
            assert all(abs(one.x - other.x) > 12 for one, other in apart), (script.truth.video_id, start)


def test_the_perfect_captions_have_full_marks_and_all_trivial_policies_less() -> None:
    scores = {policy: score(policy, [tally(truth, said_of(truth, policy)) for truth in truths()]) for policy in ("perfect", "previous", "shuffled", "silent")}
    ranked = sorted(scores, key=lambda policy: scores[policy].overall, reverse=True)
    assert scores["perfect"].overall == 1.0
    assert ranked == ["perfect", "previous", "shuffled", "silent"]


def test_the_rewards_prefer_what_is_true_to_every_trivial_policy() -> None:
    trial = try_policies([case for truth in truths() for case in _cases(truth)])
    assert not trial.winners
    assert trial.scores[0].policy == GOLD
    assert trial.scores[0].rewards["coverage"] == pytest.approx(1.0, abs=0.01)


def _cases(truth: DrawnTruth) -> Iterator[Case]:
    history = [reference(truth, 0.0, WINDOW_S, initial=True)]
    for window, (start, end) in list(enumerate(windows(truth)))[1:]:
        gold = reference(truth, start, end, initial=False)
        about = Situation(tuple(objectives(truth, start, end)), tuple(history), WINDOW_S, not gold)
        yield Case(f"{truth.video_id}-{window}", truth.video_id, gold or "No change.", about)
        history += [gold] if gold else []
