"""All that `streamcap compare` has to tell, for the table, the page and programs alike, and the words that they share."""

from dataclasses import dataclass

from streamcap_dagster.captions.estimate.sentence import money
from streamcap_dagster.cli.asking_aside import told_rehearsal
from streamcap_dagster.cli.compare_measures import Odd, Price, Row
from streamcap_dagster.cli.compare_runs import Pairing
from streamcap_dagster.cli.diff_words import told_count
from streamcap_dagster.cli.judge import Ruling
from streamcap_dagster.evaluation.bootstrap import Interval


@dataclass(frozen=True)
class Compared:
    """All that is told of two runs."""

    old: str
    new: str
    pairing: Pairing
    rows: tuple[Row, ...]
    prices: tuple[Price, Price]
    worst: tuple[Odd, ...]
    ruling: Ruling | None


def told_scope(compared: Compared) -> str:
    """What is compared."""
    pairing = compared.pairing
    models = [", ".join(sorted(models)) for models in pairing.models]
    return (
        f"old: {compared.old} ({models[0]}); new: {compared.new} ({models[1]}): "
        f"{told_count(pairing.windows, 'window')} of {told_count(len(pairing.videos), 'video')} that both have captioned."
    )


def told_left_out(compared: Compared) -> str:
    """What is not; empty when everything is."""
    return f"Not compared: {'; '.join(compared.pairing.left_out)}." if compared.pairing.left_out else ""


def told_value(value: float | None, share: bool) -> str:
    return "–" if value is None else f"{value:.1%}" if share else f"{value:.2f}"


def told_change(row: Row) -> str:
    """By how much, and within which bounds."""
    change, of = row.difference.change, (100 if row.share else 1)
    if change.value is None:
        return "–"
    bounds = f" ({of * change.low:+.1f} to {of * change.high:+.1f})" if change.low is not None and change.high is not None else ""
    return f"{of * change.value:+.1f}{bounds}" if row.share else f"{change.value:+.2f}{_plain_bounds(change)}"


def _plain_bounds(change: Interval) -> str:
    return f" ({change.low:+.2f} to {change.high:+.2f})" if change.low is not None and change.high is not None else ""


def told_price(price: Price) -> str:
    """What the captions cost, and what for."""
    facts = told_count(price.facts, "novel fact")
    if price.usd is None:
        return f"{facts}, at a price that nobody knows"
    missing = f" (without {told_count(price.missing, 'caption')} whose answer is not kept any more)" if price.missing else ""
    if not price.usd:
        return f"{facts}, and nothing was paid{missing}"
    each = money(price.per_1000_facts.value) if price.per_1000_facts.value is not None else "–"
    return f"{facts} for {money(price.usd)}: {each} per 1,000{missing}"


def told_ruling(ruling: Ruling) -> list[str]:
    """Who wins, and how far the judge can be believed."""
    return [told for told in (_wins(ruling), _unjudged(ruling), _consistency(ruling), _people(ruling), told_rehearsal(ruling.judge, ruling.model)) if told]


def _wins(ruling: Ruling) -> str:
    wins = ruling.wins
    if wins.rate.value is None:
        return "The judge has given no verdict."
    bounds = f", {wins.rate.low:.0%} to {wins.rate.high:.0%} with other videos" if wins.rate.low is not None and wins.rate.high is not None else ""
    found = f"prefers the new run in {told_count(wins.new, 'window')} and the old in {wins.old:,}, {told_count(wins.ties, 'tie')}"
    return f"{ruling.judge} ({ruling.model}) {found}: the new run wins {wins.rate.value:.0%}, with half of each tie{bounds}."


def _unjudged(ruling: Ruling) -> str:
    unheard = sum(bool(judged.reason) for judged in ruling.judged.values())
    same = f"{told_count(ruling.same, 'window')} in which both say the same need no judge." if ruling.same else ""
    return " ".join(filter(None, (same, f"{told_count(unheard, 'window')} came to no verdict." if unheard else "")))


def _consistency(ruling: Ruling) -> str:
    conduct = ruling.conduct
    if conduct.consistency is None:
        return ""
    first = "" if conduct.first_share is None else f", and {conduct.first_share:.0%} of its choices fell on whoever was named first"
    return f"It says the same in both orders in {conduct.consistency:.0%} of {told_count(conduct.windows, 'window')}{first}; the other windows are ties."


def _people(ruling: Ruling) -> str:
    same, ties, other = ruling.with_people
    if not same + ties + other:
        return "People have ranked none of these windows, so nobody knows how far the judge can be believed."
    ranked = told_count(same + ties + other, "window")
    return f"Of {ranked} that people have ranked it agrees in {same:,}, calls {ties:,} a tie and prefers the other in {other:,}."
