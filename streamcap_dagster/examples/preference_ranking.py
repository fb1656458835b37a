"""Which of the things that could be said of a window is better: by score, or by what people said."""

from collections.abc import Sequence
from dataclasses import dataclass

from streamcap_dagster.examples.chain import WindowPair
from streamcap_dagster.examples.preference_candidates import Proposed
from streamcap_dagster.examples.rankings import RankedWindow
from streamcap_dagster.records import Candidate, Objective, RankedBy
from streamcap_dagster.rewards import coverage, informativeness, redundancy, silence

_DECIMALS = 6


@dataclass(frozen=True)
class Ranked:
    """The candidates of a window, best first, and who put them in order."""

    candidates: tuple[Candidate, ...]
    ranked_by: RankedBy
    judged: int
    """How many of them, from the first on, were put in order; people may not have seen the others."""

    def margin(self, better: Candidate, worse: Candidate) -> float:
        """How much better: the difference of the scores, or of people's ranks as a share of the largest there is. At most 0 when it is not better."""
        if self.ranked_by == "score":
            return round(better.score - worse.score, _DECIMALS)
        longest = self.candidates[self.judged - 1].rank - self.candidates[0].rank
        return round((worse.rank - better.rank) / longest, _DECIMALS) if longest else 0.0


def rank(pair: WindowPair, proposed: Sequence[Proposed], objectives: Sequence[Objective], people: RankedWindow | None) -> Ranked:
    """Scored, and in order of the score with ties in order of the names; what people said of at least two of them goes before the score."""
    scored = sorted((_scored(pair, one, objectives) for one in proposed), key=lambda one: (-one.score, one.generator))
    said = {ranked.text: ranked.rank for ranked in people.candidates} if people else {}
    judged = [one for one in scored if one.text in said]
    if len(judged) < 2:
        return Ranked(tuple(one.model_copy(update={"rank": place}) for place, one in enumerate(scored, start=1)), "score", len(scored))
    return _by_people(judged, said, [one for one in scored if one.text not in said])


def _by_people(judged: Sequence[Candidate], said: dict[str, float], unseen: Sequence[Candidate]) -> Ranked:
    """Those that are equal to people have the same rank; those that nobody has seen come after all others."""
    ordered = sorted(judged, key=lambda one: (said[one.text], one.generator))
    ranks = [1 + sum(said[other.text] < said[one.text] for other in ordered) for one in ordered]
    ranks += range(len(ordered) + 1, len(ordered) + len(unseen) + 1)
    placed = zip((*ordered, *unseen), ranks, strict=True)
    return Ranked(tuple(one.model_copy(update={"rank": place}) for one, place in placed), "human", len(ordered))


def _scored(pair: WindowPair, proposed: Proposed, objectives: Sequence[Objective]) -> Candidate:
    again, news = redundancy(proposed.text, pair.said), informativeness(proposed.text, pair.said)
    covered = coverage(proposed.text, objectives, pair.said)
    return Candidate(
        text=proposed.text,
        generator=proposed.generator,
        redundancy=round(again, _DECIMALS),
        informativeness=round(news, _DECIMALS),
        coverage=round(covered, _DECIMALS),
        score=round(_score(pair, proposed.text, again, news, covered if objectives else None), _DECIMALS),
        rank=0,
    )


def _score(pair: WindowPair, text: str, again: float, news: float, covered: float | None) -> float:
    """Of a window in which nothing changed, whether it keeps silent. Of others the mean of what is not repeated, what is new and, where it can be told,
    what is covered; nothing for silence.
    """
    right = silence(text, gold_is_silent=not pair.later.text)
    if not pair.later.text:
        return right
    parts = [1 - again, news] if covered is None else [1 - again, news, covered]
    return right * sum(parts) / len(parts)
