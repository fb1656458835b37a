"""Preference pairs of a video: of what could be said of a window, something better beside something worse."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from streamcap_dagster.examples.chain import WindowPair, refusal, window_pairs
from streamcap_dagster.examples.objectives import objectives_that_hold
from streamcap_dagster.examples.pairs import PromptBook
from streamcap_dagster.examples.preference_candidates import BY_RULE, OtherRuns, OtherWindows, propose, words_in
from streamcap_dagster.examples.preference_ranking import Ranked, rank
from streamcap_dagster.examples.rankings import Rankings, counts_for, ranked_by_reviewer
from streamcap_dagster.policies import PreferencePolicy
from streamcap_dagster.records import Candidate, Captions, LeftOut, Objectives, PreferenceExamples, PreferencePair, Undecided

TOO_FEW = "fewer than two different candidates"
TOO_CLOSE = "nothing that a captioner or a reviewer wrote is better than another candidate by preference_margin"
UNRANKED = "ranked by nobody, and preference_keep is human"
REHEARSED = "candidates of a rehearsal, where the caption is of none"
EQUAL = "people ranked its candidates as equal"

_REMEMBERED = 100


@dataclass(frozen=True)
class Told:
    """All that is known of a video's windows."""

    initials: Captions
    deltas: Captions
    objectives: Objectives
    elsewhere: Sequence[Captions] = ()
    """Delta captions of the same video by other captioners, models, prompts or temperatures."""
    rankings: Rankings | None = None


@dataclass(frozen=True)
class _Chosen:
    better: Candidate
    worse: Candidate
    margin: float


def make_preferences(told: Told, policy: PreferencePolicy, prompts: PromptBook) -> PreferenceExamples:
    """Of every window that could make an SFT example: best against worst, and where these two are not of the same length, the two that are and differ most."""
    stated = objectives_that_hold(window_pairs(told.initials, told.deltas), told.objectives)
    people = {(window.clip, window.window): window for window in told.rankings.windows} if told.rankings else {}
    others, runs = OtherWindows(told.deltas.captions), OtherRuns(told.elsewhere)
    pairs: list[PreferencePair] = []
    undecided: list[Undecided] = []
    left_out: list[LeftOut] = []
    for pair in window_pairs(told.initials, told.deltas):
        clip, window = pair.place
        if reason := refusal(pair):
            left_out.append(LeftOut(clip=clip, window=window, reason=reason))
            continue
        judged = people.get(pair.place)
        if judged is not None and not counts_for(judged, pair):
            judged = None  # people spoke of other pictures, or after other words
        judged = ranked_by_reviewer(pair) or judged
        objectives = stated[pair.place].objectives if pair.place in stated else ()
        held = _held_against(pair)
        ranked = rank(held, propose(held, others, runs, policy), objectives, judged)
        if reason := _why_none(ranked, policy):
            left_out.append(LeftOut(clip=clip, window=window, reason=reason))
            undecided.append(Undecided(clip=clip, window=window, ranked_by=ranked.ranked_by, candidates=ranked.candidates))
            continue
        for chosen in _chosen(ranked, policy):
            pairs.append(_pair(pair, chosen, ranked, objectives, policy, prompts))
    return PreferenceExamples(video_id=told.deltas.video_id, examples=tuple(pairs), left_out=tuple(left_out), undecided=tuple(undecided))


def _held_against(pair: WindowPair) -> WindowPair:
    """With as much of the history as a delta is compared with: the first caption and the newest, which is all of it in a clip of minutes."""
    return pair if len(pair.said) <= _REMEMBERED else replace(pair, said=(pair.said[0], *pair.said[1 - _REMEMBERED :]))


def outdated(told: Told) -> int:
    """How many windows people ranked of which other things are known now, so that what they said does not count."""
    known = {pair.place: pair for pair in window_pairs(told.initials, told.deltas)}
    ranked = ((window, known.get((window.clip, window.window))) for window in (told.rankings.windows if told.rankings else ()))
    return sum(pair is None or not counts_for(window, pair) for window, pair in ranked)


def refused(told: Told) -> int:
    """How many captions of other runs are no candidates, for the reason `REHEARSED`."""
    runs = OtherRuns(told.elsewhere)
    return sum(runs.refused(pair.later) for pair in window_pairs(told.initials, told.deltas) if not refusal(pair))


def is_length_matched(better: str, worse: str, tolerance: float) -> bool:
    """Whether two texts differ in words by at most this share of the longer."""
    first, second = words_in(better), words_in(worse)
    return abs(first - second) <= tolerance * max(first, second)


def _why_none(ranked: Ranked, policy: PreferencePolicy) -> str:
    """Why a window makes no pair, or an empty text."""
    if len(ranked.candidates) < 2:
        return TOO_FEW
    if policy.preference_keep == "human" and ranked.ranked_by != "human":
        return UNRANKED
    if next(_better_and_worse(ranked, policy), None) is None:
        return TOO_CLOSE if ranked.ranked_by == "score" else EQUAL
    return ""


def _chosen(ranked: Ranked, policy: PreferencePolicy) -> Iterator[_Chosen]:
    every = list(_better_and_worse(ranked, policy))
    extremes = max(every, key=_apart)
    yield extremes
    alike = [one for one in every if is_length_matched(one.better.text, one.worse.text, policy.preference_length_tolerance)]
    if alike and extremes not in alike:
        yield max(alike, key=_apart)


def _apart(chosen: _Chosen) -> tuple[float, int, int]:
    return chosen.margin, -chosen.better.rank, chosen.worse.rank


def _better_and_worse(ranked: Ranked, policy: PreferencePolicy) -> Iterator[_Chosen]:
    """All that can be paired. People's word counts whatever the distance and whatever they prefer; a score prefers nothing that was made worse by rule."""
    by_score = ranked.ranked_by == "score"
    least = policy.preference_margin if by_score else 0.0
    judged = ranked.candidates[: ranked.judged]
    for place, better in enumerate(judged):
        if by_score and better.generator in BY_RULE:
            continue  # its words may be new here, as those of another window are, but they are not of these pictures
        for worse in judged[place + 1 :]:
            margin = ranked.margin(better, worse)
            if margin > 0 and margin >= least:
                yield _Chosen(better, worse, margin)


def _pair(pair: WindowPair, chosen: _Chosen, ranked: Ranked, objectives: Sequence[str], policy: PreferencePolicy, prompts: PromptBook) -> PreferencePair:
    return PreferencePair(
        clip=pair.later.clip,
        window=pair.later.window,
        prompt=prompts.delta(pair.said),
        chosen=chosen.better.text,
        rejected=chosen.worse.text,
        margin=chosen.margin,
        length_matched=is_length_matched(chosen.better.text, chosen.worse.text, policy.preference_length_tolerance),
        ranked_by=ranked.ranked_by,
        candidates=ranked.candidates,
        objectives=tuple(objectives),
    )
