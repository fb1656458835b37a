"""`streamcap evaluate`: how good the captions of a storage are where it is known what happened, beside policies that look at nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from streamcap_dagster.cli.diff_words import told_count
from streamcap_dagster.cli.wide_tables import show_table
from streamcap_dagster.errors import SettingError
from streamcap_dagster.evaluation.bootstrap import ROUNDS, SEED, Interval
from streamcap_dagster.evaluation.measures import MEASURES, OVERALL, Measure, Scores, score
from streamcap_dagster.evaluation.reading import Evidence, read_evidence
from streamcap_dagster.evaluation.speech import POLICIES, said_by_policy
from streamcap_dagster.evaluation.tally import Fault, FaultKind, Heard, hear, tally
from streamcap_dagster.settings import Settings
from streamcap_dagster.wiring import storage_for

RUN = "captions"
"""How the captions themselves are called beside the policies."""
_ALL = "all"
_FORMATS = (".json", ".png")
_LOWEST = 3


@dataclass(frozen=True)
class Asked:
    """What was asked for on the command line."""

    truth: Path
    policies: Sequence[str] = ()
    as_json: bool = False
    out: Sequence[Path] = ()
    partial: bool = False
    faults: int = 0
    """How many of each kind to list."""


def evaluate(settings: Settings, asked: Asked) -> int:
    """Score, print and write what was asked for; returns the exit status. Raises NotEvaluable."""
    for path in asked.out:
        if path.suffix not in _FORMATS:
            raise SettingError("--out", str(path), "give a name that ends in .json or .png")
    policies = _policies(asked.policies)
    evidence = read_evidence(storage_for(settings).open(), asked.truth, asked.partial)
    heard = {video.truth.video_id: hear(video.truth, video.said) for video in evidence.videos}
    scores = [score(RUN, [one.tally for one in heard.values()]), *(_score_policy(policy, evidence) for policy in policies)]
    faults = _faults(heard, asked.faults)
    plain = _plain(evidence, heard, scores, faults)
    for path in asked.out:
        _write(path, plain, [replace(scores[0], name=_captioner(evidence)), *scores[1:]])
    if asked.as_json:
        print(json.dumps(plain, indent=1))
    else:
        console = Console()
        _show(console, evidence, heard, scores)
        _show_faults(console, faults)
        for path in asked.out:
            console.print(f"written: {escape(str(path))}", highlight=False, soft_wrap=True)
    return 0


def _policies(given: Sequence[str]) -> list[str]:
    """Each once, in the order of POLICIES. Raises SettingError for one that is not known."""
    for policy in given:
        if policy not in (*POLICIES, _ALL):
            raise SettingError("--policy", policy, f"the policies are {', '.join(POLICIES)}, and {_ALL} for all of them")
    return [policy for policy in POLICIES if policy in given or _ALL in given]


def _score_policy(policy: str, evidence: Evidence) -> Scores:
    return score(policy, [tally(video.truth, said_by_policy(policy, video.truth, video.said)) for video in evidence.videos])


def _captioner(evidence: Evidence) -> str:
    """Who wrote the captions, without their model."""
    return ", ".join(dict.fromkeys(captioner.partition(" (")[0] for captioner in evidence.captioners))


def _write(path: Path, plain: dict[str, object], scores: Sequence[Scores]) -> None:
    if path.suffix == ".png":
        from streamcap_dagster.evaluation.picture import draw_scores  # Pillow is slow to import

        data = draw_scores(scores)
    else:
        data = (json.dumps(plain, indent=1) + "\n").encode()
    try:
        path.write_bytes(data)
    except OSError as error:
        raise SettingError("--out", str(path), f"the file cannot be written ({error.strerror})") from error


def _plain(evidence: Evidence, heard: Mapping[str, Heard], scores: Sequence[Scores], faults: Sequence[tuple[str, Fault]]) -> dict[str, object]:
    """For programs; null is what could not be measured."""
    return {
        "captioners": list(evidence.captioners),
        "videos": [{"video_id": name, OVERALL: _rounded(value)} for name, value in _by_video(heard)],
        "left_out": dict(evidence.left_out),
        "bounds": {"rounds": ROUNDS, "seed": SEED},
        "measures": {measure.name: {"better": measure.better, "unit": measure.unit, "about": measure.about} for measure in MEASURES},
        "scores": [_plain_scores(scored) for scored in scores],
        "faults": [{"video_id": video_id, **vars(fault)} for video_id, fault in faults],
    }


def _plain_scores(scored: Scores) -> dict[str, object]:
    measures = {name: {part: _rounded(value) for part, value in vars(interval).items()} for name, interval in scored.measures.items()}
    types = [{name: _rounded(value) for name, value in vars(of_type).items()} for of_type in scored.types]
    return {"name": scored.name, "measures": measures, "types": types, "counts": {name: _rounded(count) for name, count in scored.counts.items()}}


def _rounded(value: object) -> object:
    return round(value, 6) if isinstance(value, float) else value


def _by_video(heard: Mapping[str, Heard]) -> list[tuple[str, float]]:
    return [(video_id, score(RUN, [one.tally]).overall) for video_id, one in heard.items()]


def _faults(heard: Mapping[str, Heard], most: int) -> list[tuple[str, Fault]]:
    """At most so many of each kind, from as many videos as there are: the first of each, then the second of each."""
    of_all = ((place, video_id, fault) for video_id, one in heard.items() for place, fault in enumerate(one.faults))
    in_turn = sorted(of_all, key=lambda found: (found[0], found[1]))
    kinds: tuple[FaultKind, ...] = get_args(FaultKind)
    return [found for kind in kinds for found in [(video_id, fault) for _, video_id, fault in in_turn if fault.kind == kind][:most]]


def _show(console: Console, evidence: Evidence, heard: Mapping[str, Heard], scores: Sequence[Scores]) -> None:
    run = scores[0]
    windows, failed = (round(run.counts[name]) for name in ("windows", "failed"))
    said = f"{told_count(len(evidence.videos), 'video')}, {windows:,} windows after the first of each clip, by {', '.join(evidence.captioners)}"
    console.print(said, markup=False, highlight=False, soft_wrap=True)
    show_table(console, _measures_table(scores))
    show_table(console, _types_table(run))
    if failed:
        have = "caption has" if failed == 1 else "captions have"
        console.print(f"[yellow]failed[/] {failed:,} {have} no text (blocked, truncated, …): neither speech nor silence", highlight=False)
    if run.counts["outside"]:
        console.print(f"[yellow]outside[/] {_told_outside(run)}", highlight=False, soft_wrap=True)
    for name, why in evidence.left_out.items():
        console.print(f"[yellow]left out[/] {escape(name)}: {escape(why)}", highlight=False, soft_wrap=True)
    if len(evidence.videos) > 1:
        lowest = sorted(_by_video(heard), key=lambda video: (video[1], video[0]))[:_LOWEST]
        console.print(f"lowest: {', '.join(f'{name} ({value:.0%})' for name, value in lowest)}", markup=False, highlight=False, soft_wrap=True)


def _told_outside(run: Scores) -> str:
    """That recall is not of all that happened."""
    outside, hidden, events = (round(run.counts[name]) for name in ("outside", "out_of_sight", "events"))
    is_complete = "event is" if outside == 1 else "events are"
    nowhere = f" ({hidden:,} of them in no captioned window at all)" if hidden else ""
    return f"{outside:,} {is_complete} complete in no window with a delta{nowhere}: recall is of the {events:,} others, and says nothing of these"


def _show_faults(console: Console, faults: Sequence[tuple[str, Fault]]) -> None:
    if not faults:
        return
    table = Table(box=None, pad_edge=False, header_style="bold", title="Faults", title_justify="left", title_style="bold")
    for name in ("what", "video", "seconds", "words"):
        table.add_column(name, overflow="fold", ratio=1 if name == "words" else None, no_wrap=name != "words")
    for video_id, fault in faults:
        table.add_row(fault.kind.replace("_", " "), video_id, f"{fault.start_s:g}–{fault.end_s:g}", escape(fault.text))
    show_table(console, table)


def _measures_table(scores: Sequence[Scores]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True)
    table.add_column(scores[0].name, justify="right", no_wrap=True)
    table.add_column("95 % bounds", justify="right", style="dim", no_wrap=True)
    for scored in scores[1:]:
        table.add_column(scored.name, justify="right", no_wrap=True)
    table.add_column("", ratio=1, style="dim", overflow="fold")
    for measure in MEASURES:
        first, *others = (scored.measures[measure.name] for scored in scores)
        about = measure.about if not others else ""
        table.add_row(_title(measure), _told(measure, first.value), _bounds(measure, first), *(_told(measure, other.value) for other in others), about)
    return table


def _title(measure: Measure) -> str:
    return measure.name.replace("_", " ")


def _told(measure: Measure, value: float | None) -> str:
    if value is None:
        return "–"
    return {"%": f"{value:.1%}", "s": f"{value:.2f} s", "": f"{value:.2f}", "n": f"{value:,.0f}"}[measure.unit]


def _bounds(measure: Measure, interval: Interval) -> str:
    return "" if interval.low is None else f"{_told(measure, interval.low)}–{_told(measure, interval.high)}"


def _types_table(run: Scores) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", title="Events by type", title_justify="left", title_style="bold")
    table.add_column("", no_wrap=True)
    for name in ("events", "outside", "recall", "precision", "silence"):
        table.add_column(name, justify="right", no_wrap=True)
    for kind in run.types:
        shares = ("–" if share is None else f"{share:.1%}" for share in (kind.recall, kind.precision, kind.silence))
        table.add_row(kind.type.replace("_", " "), f"{kind.events:,}", f"{kind.outside:,}", *shares)
    return table
