"""Two runs side by side on a terminal, and for programs."""

from dataclasses import asdict

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from streamcap_dagster.cli.compare_measures import Odd, Price, Row
from streamcap_dagster.cli.compare_outcome import Compared, told_change, told_left_out, told_price, told_ruling, told_scope, told_value
from streamcap_dagster.cli.diff_words import told_outcome
from streamcap_dagster.cli.judge import Ruling
from streamcap_dagster.records import Caption

COLUMNS = ("measure", "old", "new", "change (95 %)", "better", "what it is")
NOTE = "Changes of shares are in points of a hundred. Better is told where the bounds leave no doubt, of no fewer than five videos."


def show_comparison(console: Console, compared: Compared) -> None:
    """A row per measure, what each run cost, what the judge says, and the windows to look at."""
    for words in filter(None, (told_scope(compared), told_left_out(compared))):
        console.print(escape(words), highlight=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in COLUMNS:
        table.add_column(name, justify="right" if name in COLUMNS[1:4] else "left", overflow="fold")
    for row in compared.rows:
        table.add_row(*cells(row))
    console.print(table)
    console.print(NOTE, style="dim")
    for name, price in zip(("old", "new"), compared.prices, strict=True):
        console.print(f"{name}: {told_price(price)}", highlight=False, soft_wrap=True)
    for words in told_ruling(compared.ruling) if compared.ruling is not None else ():
        console.print(escape(words), highlight=False, soft_wrap=True)
    if compared.worst:
        _show_worst(console, compared)
    else:
        console.print("Both say the same in every window.")


def cells(row: Row) -> list[str]:
    old, new = (told_value(run.value, row.share) for run in (row.difference.old, row.difference.new))
    return [row.name, old, new, told_change(row), row.verdict, row.about]


def _show_worst(console: Console, compared: Compared) -> None:
    table = Table(pad_edge=False, header_style="bold", show_lines=True, title="Windows to look at, the worst for the new run first", title_justify="left")
    table.add_column("video and seconds", overflow="fold")
    for name in ("old", "new"):
        table.add_column(name, ratio=1, overflow="fold")
    for odd in compared.worst:
        start_s, end_s, _ = odd.said.span
        table.add_row(f"{odd.video.video.video_id}\n{start_s:.1f}–{end_s:.1f}", _cell(odd.said.old), _cell(odd.said.new))
    console.print(table)


def _cell(caption: Caption | None) -> str:
    return f"[dim]{escape(told_outcome(caption))}[/]\n{escape(caption.text if caption else '')}".strip()


def plain_comparison(compared: Compared) -> dict[str, object]:
    """All of it for programs; null is what there is nothing to measure of."""
    pairing = compared.pairing
    return {
        "old": {"storage": compared.old, "models": sorted(pairing.models[0]), **_plain_price(compared.prices[0])},
        "new": {"storage": compared.new, "models": sorted(pairing.models[1]), **_plain_price(compared.prices[1])},
        "videos": [video.video.video_id for video in pairing.videos],
        "windows": pairing.windows,
        "not_compared": list(pairing.left_out),
        "measures": {row.name: {**asdict(row.difference), "sure": row.difference.sure, "better": row.verdict or None} for row in compared.rows},
        "judge": _plain_ruling(compared.ruling) if compared.ruling is not None else None,
        "worst": [_plain_odd(odd, compared.ruling) for odd in compared.worst],
    }


def _plain_price(price: Price) -> dict[str, object]:
    return {"usd": price.usd, "novel_facts": price.facts, "answers_missing": price.missing, "usd_per_1000_facts": asdict(price.per_1000_facts)}


def _plain_ruling(ruling: Ruling) -> dict[str, object]:
    wins, conduct, (same, ties, other) = ruling.wins, ruling.conduct, ruling.with_people
    return {
        "judge": ruling.judge,
        "model": ruling.model,
        "windows": conduct.windows,
        "old_wins": wins.old,
        "ties": wins.ties,
        "new_wins": wins.new,
        "win_rate": asdict(wins.rate),
        "said_the_same": ruling.same,
        "without_verdict": sum(bool(judged.reason) for judged in ruling.judged.values()),
        "consistency": conduct.consistency,
        "first_share": conduct.first_share,
        "people": {"windows": same + ties + other, "agree": same, "judge_ties": ties, "disagree": other},
        "troubles": dict(ruling.troubles),
        "stopped": ruling.stopped,
    }


def _plain_odd(odd: Odd, ruling: Ruling | None) -> dict[str, object]:
    start_s, end_s, _ = odd.said.span
    return {
        "video_id": odd.video.video.video_id,
        "start_s": start_s,
        "end_s": end_s,
        "change": round(odd.change, 6),
        "verdict": ruling.verdicts.get(odd.video.place(odd.said)) if ruling is not None else None,
        "old": _plain_caption(odd.said.old, odd.old.flags),
        "new": _plain_caption(odd.said.new, odd.new.flags),
    }


def _plain_caption(caption: Caption | None, flags: tuple[str, ...]) -> dict[str, object]:
    assert caption is not None, "only windows that both runs have are compared"
    return {"outcome": caption.outcome, "text": caption.text, "flags": list(flags)}
