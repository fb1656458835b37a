"""The examples of a dataset as cases on which rewards are tried, and the table of how the trivial policies do on them."""

from collections.abc import Iterable, Mapping, Sequence

from streamcap_dagster.dataset.draws import Draw
from streamcap_dagster.dataset.markdown import table
from streamcap_dagster.records import SftExample
from streamcap_dagster.rewards.scoring import REWARDS, Score, Situation
from streamcap_dagster.rewards.trivial import Case, PolicyScores, Trial

CASES = 200
"""How many are tried, drawn by hash: a second's work."""


Place = tuple[int, int]
"""Clip and window."""


def offer_cases(draw: Draw[Case], examples: Iterable[tuple[Place, SftExample]], stated: Mapping[Place, Sequence[str]]) -> None:
    """Put the SFT examples of a video into a draw, with the objectives that are stated of their windows."""
    for place, example in examples:
        case = _case(place, example, stated.get(place, ()))
        draw.offer(case.sample_id, case)


def _case(place: Place, example: SftExample, objectives: Sequence[str]) -> Case:
    *_, asked, answered = example.conversations
    about = Situation(
        objectives=tuple(objectives),
        history=tuple(example.caption_window1.split("\n")),
        seconds=example.window_duration,
        gold_is_silent=not example.caption_window2_delta,
        prompt=asked.content,
    )
    return Case(f"{example.video_id}/{place[0]}/{place[1]}", example.video_id, answered.content, about)


def trial_table(trial: Trial) -> str:
    """Markdown: a row per policy, a column per reward."""
    return table(("policy", "total", *REWARDS), (_row(scores) for scores in trial.scores))


def _row(scores: PolicyScores) -> tuple[str, ...]:
    return (scores.policy, f"{scores.total:.2f}", *(_cell(scores.rewards[name]) for name in REWARDS))


def _cell(score: Score) -> str:
    return "–" if score is None else f"{score:.2f}"


def verdict(trial: Trial) -> str:
    """One sentence per policy that is not beaten, with some windows in which it is ahead; or that there is none."""
    gold = trial.scores[0]
    if not trial.winners:
        return f"The gold deltas beat every one of these policies: {gold.total:.2f} in total, and the best of the others {_best_other(trial):.2f}."
    return " ".join(_won(scores, gold) for scores in trial.winners)


def _best_other(trial: Trial) -> float:
    return max(scores.total for scores in trial.scores[1:])


def _won(scores: PolicyScores, gold: PolicyScores) -> str:
    where = f"; it is ahead in {scores.times_ahead:,} windows, such as {', '.join(scores.ahead)}" if scores.ahead else ""
    return f"The policy “{scores.policy}” is not beaten: {scores.total:.3f} in total, and the gold deltas {gold.total:.3f}{where}."
