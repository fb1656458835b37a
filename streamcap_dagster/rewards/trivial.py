"""What policies that look at nothing would score beside the captions themselves: rewards that one of them wins are not worth training on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from streamcap_dagster.records import NO_CHANGE
from streamcap_dagster.rewards.scoring import REWARDS, Score, Situation, rate, total
from streamcap_dagster.rewards.words import words

GOLD = "gold deltas"
_SHOWN = 3


@dataclass(frozen=True)
class Case:
    """A window, what was said of it, and what that is held against."""

    sample_id: str
    video_id: str
    gold: str
    """As a conversation has it: `No change.` where nothing is new."""
    about: Situation


@dataclass(frozen=True)
class Others:
    """What a policy may know of the other cases."""

    vocabulary: str
    """Every word that was said in the video, as a list."""
    gold: str
    """The caption of another window, of another video where there is one."""


Policy = Callable[[Case, Others], str]
POLICIES: dict[str, Policy] = {
    GOLD: lambda case, _: case.gold,
    "always silent": lambda *_: NO_CHANGE,
    "copies the history": lambda case, _: " ".join(case.about.history),
    "repeats the last caption": lambda case, _: next(reversed(case.about.history), ""),
    "lists every noun": lambda _, others: others.vocabulary,
    "verbose": lambda case, _: _verbose(case),
    "another window's gold": lambda _, others: others.gold,
    "copies the prompt": lambda case, _: case.about.prompt,
}
"""All but the first need no look at the window; two of them are even told more than a policy can know, so that they are at their best."""


@dataclass(frozen=True)
class PolicyScores:
    """The mean of each reward over the cases that it applies to, and of the total over all."""

    policy: str
    total: float
    rewards: Mapping[str, Score]
    ahead: tuple[str, ...]
    """The first cases in which it scores more than the gold delta."""
    times_ahead: int


@dataclass(frozen=True)
class Trial:
    """How all policies did on the same cases, the gold deltas first."""

    cases: int
    scores: tuple[PolicyScores, ...]

    @property
    def winners(self) -> tuple[PolicyScores, ...]:
        """The policies that do as well as the gold deltas in total, or better."""
        gold, *others = self.scores
        return tuple(scores for scores in others if scores.total >= gold.total)


def try_policies(cases: Sequence[Case]) -> Trial:
    """Score every policy on the cases, of which there is at least one; their order does not matter."""
    ordered = sorted(cases, key=lambda case: case.sample_id)
    others = [Others(vocabulary, gold) for vocabulary, gold in zip(_vocabularies(ordered), _golds_of_others(ordered), strict=True)]
    told = {name: [rate(policy(case, known), case.about) for case, known in zip(ordered, others, strict=True)] for name, policy in POLICIES.items()}
    best = [total(scores) for scores in told[GOLD]]
    return Trial(len(ordered), tuple(_summary(name, ordered, scores, best) for name, scores in told.items()))


def _summary(policy: str, cases: Sequence[Case], scores: Sequence[Mapping[str, Score]], gold: Sequence[float]) -> PolicyScores:
    totals = [total(score) for score in scores]
    ahead = [case.sample_id for case, mine, best in zip(cases, totals, gold, strict=True) if mine > best]
    return PolicyScores(policy, fmean(totals), {name: _mean(scores, name) for name in REWARDS}, tuple(ahead[:_SHOWN]), len(ahead))


def _mean(scores: Sequence[Mapping[str, Score]], name: str) -> Score:
    applies = [value for score in scores if (value := score[name]) is not None]
    return fmean(applies) if applies else None


def _verbose(case: Case) -> str:
    return f"In this part of the video we can see the following. As before: {' '.join(case.about.history)} And what can be seen now is this: {case.gold}"


def _vocabularies(cases: Sequence[Case]) -> list[str]:
    said: dict[str, set[str]] = {}
    for case in cases:
        said.setdefault(case.video_id, set()).update(word for text in (case.gold, *case.about.history) for word in words(text) if len(word) > 2)
    lists = {video_id: ", ".join(sorted(vocabulary)) for video_id, vocabulary in said.items()}
    return [lists[case.video_id] for case in cases]


def _golds_of_others(cases: Sequence[Case]) -> list[str]:
    """For each case what is said of the next window of another video, else of the next window; nothing where there is no other."""
    return [_next_gold(case, [*cases[place + 1 :], *cases[:place]]) for place, case in enumerate(cases)]


def _next_gold(case: Case, following: Sequence[Case]) -> str:
    spoken = [other for other in following if not other.about.gold_is_silent]
    elsewhere = (other.gold for other in spoken if other.video_id != case.video_id)
    return next(elsewhere, next((other.gold for other in spoken), ""))
