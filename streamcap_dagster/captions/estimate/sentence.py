"""An estimate in one paragraph for the person who is about to pay."""

from collections.abc import Iterator

from streamcap_dagster.captions.estimate import Estimate

_LOCAL_TIERS = {"standard": "", "flex": " on the flex tier", "auto": " on the standard tier"}


def summary(estimate: Estimate) -> str:
    """What will be asked, what it costs and how long it takes, and how sure that is."""
    return " ".join(filter(None, _sentences(estimate)))


def _sentences(estimate: Estimate) -> Iterator[str]:
    yield _scope(estimate)
    yield _calls(estimate)
    yield _bounds(estimate)
    if not estimate.terms.paid:
        yield f"Nothing is paid: {estimate.terms.captioner} costs nothing."
    elif estimate.left.calls:
        yield _tokens(estimate)
        yield _money(estimate)
        yield _budget(estimate)
        yield _time(estimate)
        yield _more(estimate)


def _scope(estimate: Estimate) -> str:
    gated = f", {estimate.gated:,} of them without a visible change, which nobody is asked about" if estimate.gated else ""
    length = f"{_counted(len(estimate.videos), 'video')} of {amount_of_time(estimate.hours * 3600)}"
    return f"{estimate.terms.captioner} ({estimate.terms.model}): {length} in {_counted(estimate.windows, 'window')}{gated}."


def _calls(estimate: Estimate) -> str:
    if not estimate.calls:
        return "There is nothing to ask."
    if not estimate.held:
        return f"They take up to {_counted(estimate.calls, 'call')}, none of them answered yet."
    if not estimate.left.calls:
        return f"All {_counted(estimate.calls, 'call')} they take are answered already, so nothing is left to ask."
    share = f"{estimate.held:,} ({share_in_percent(estimate)}) are answered already"
    return f"They take up to {_counted(estimate.calls, 'call')}, of which {share} and {estimate.left.calls:,} are left."


def _bounds(estimate: Estimate) -> str:
    if not estimate.without_frames:
        return ""
    which = "There are" if estimate.without_frames == len(estimate.videos) else f"Of {_counted(estimate.without_frames, 'video')} there are"
    return f"{which} no up-to-date frames yet, so this is an upper bound: the no-change gate and kept answers are not counted without them."


def _tokens(estimate: Estimate) -> str:
    left, images = estimate.left, estimate.terms.image_tokens(estimate.left)
    out = f"{amount(left.output_tokens)} output tokens"
    if images is None:
        return f"That is {amount(left.text_tokens)} input tokens of text, {left.images:,} pictures whose tokens are not known for this model, and {out}."
    return f"That is {amount(left.text_tokens + images)} input tokens ({amount(images)} of them pictures) and {out}."


def _money(estimate: Estimate) -> str:
    terms = estimate.terms
    usd = terms.likely_usd(estimate.left)
    if usd is None:
        return f"What they cost is unknown: the model table has no price for {terms.model} (STREAMCAP_MODEL_TABLE can add one)."
    hour = f", {money(estimate.usd_per_hour)} per hour of video" if estimate.usd_per_hour is not None else ""
    flex = f" ({money(estimate.flex_usd)} as far as flex serves it)" if terms.tier == "auto" and estimate.flex_usd is not None else ""
    end = terms.facts.price_changes_after(terms.day)
    until = f", which change on {end}," if end else ""
    return f"At the prices of {terms.prices_of}{until} they cost about {money(usd)}{_LOCAL_TIERS[terms.tier]}{flex}{hour}."


def _budget(estimate: Estimate) -> str:
    terms, budget_usd = estimate.terms, estimate.terms.quota.budget_usd
    if budget_usd is None:
        return "No STREAMCAP_BUDGET_USD is set."
    spent = f" with the {money(terms.spent_usd)} spent so far" if terms.spent_usd else ""
    if estimate.exceeds_budget is None:
        return f"Whether that is within STREAMCAP_BUDGET_USD={budget_usd:g} cannot be told."
    if estimate.exceeds_budget:
        return f"That exceeds STREAMCAP_BUDGET_USD={budget_usd:g}{spent}: a run would stop there and keep what it paid for."
    return f"That is within STREAMCAP_BUDGET_USD={budget_usd:g}{spent}."


def _time(estimate: Estimate) -> str:
    wall = estimate.wall
    slower = "" if estimate.terms.tier == "standard" else " Flex answers may take minutes each, and then it takes longer."
    return f"It takes at least about {amount_of_time(wall.seconds)}; what it waits for most is {wall.binding}.{slower}"


def _more(estimate: Estimate) -> str:
    terms = estimate.terms
    thoughts = " What the model thinks before it answers is billed as output and not counted." if terms.thinks else ""
    canaries = f" Canaries add one call to every {terms.canary_every:,}." if terms.canary_every else ""
    return f"Answers of no use are asked again: a few percent more.{canaries}{thoughts}"


def share_in_percent(estimate: Estimate) -> str:
    """Never 0 % or 100 % of what is not nothing or all."""
    share = estimate.share_held
    return f"{share:.0%}" if share in (0.0, 1.0) else f"{min(99, max(1, round(100 * share)))}%"


def money(usd: float | None) -> str:
    """To the cent, and below ten cents to two digits."""
    if usd is None:
        return "unknown"
    return f"${usd:,.2f}" if usd >= 0.1 or not usd else f"${float(f'{usd:.2g}'):f}".rstrip("0")


def amount(count: int) -> str:
    """A large number short: 950, 12.3 k, 4.5 M."""
    for unit, size in ((" M", 1_000_000), (" k", 1000)):
        if count >= 0.9995 * size:
            return f"{count / size:,.0f}{unit}" if count >= 999.5 * size else f"{count / size:.3g}{unit}"
    return f"{count}"


def amount_of_time(seconds: float) -> str:
    """The two largest units: 40 s, 12 min, 3 h 20 min, 2 days 5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    days, hours_left = divmod(hours, 24)
    if days:
        return f"{_counted(days, 'day')} {hours_left} h"
    return f"{hours} h {rest} min" if hours else f"{minutes} min"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
