"""What reconstruction tests came to, for people and for programs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from streamcap_dagster.captions.reconstruction.records import RebuiltWindow, Reconstruction
from streamcap_dagster.cli.asking_aside import told_rehearsal
from streamcap_dagster.cli.diff_words import told_count
from streamcap_dagster.evaluation.bootstrap import Interval, Numbers, interval, ratio

_SHOWN = 40


@dataclass(frozen=True)
class Tally:
    """Windows together."""

    windows: int
    questions: int
    right: int
    graded: int
    """Answers that the captioner graded."""
    words_full: int
    words_delta: int

    @property
    def kept(self) -> float | None:
        """Share of the questions that were answered."""
        return self.right / self.questions if self.questions else None

    @property
    def words(self) -> float | None:
        """Words of the deltas, of those of full captions."""
        return self.words_delta / self.words_full if self.words_full else None


def tally(windows: Sequence[RebuiltWindow]) -> Tally:
    return Tally(
        windows=len(windows),
        questions=sum(len(window.questions) for window in windows),
        right=sum(window.right for window in windows),
        graded=sum(question.graded_by == "captioner" for window in windows for question in window.questions),
        words_full=sum(window.words_full for window in windows),
        words_delta=sum(window.words_delta for window in windows),
    )


def kept_of(tests: Sequence[Reconstruction]) -> Interval:
    """The share of the questions that were answered, with bounds: whole videos are drawn."""
    return _share([(tally(test.tested).right, tally(test.tested).questions) for test in tests])


def words_of(tests: Sequence[Reconstruction]) -> Interval:
    """Words of the deltas, of those of full captions, with bounds."""
    return _share([(tally(test.tested).words_delta, tally(test.tested).words_full) for test in tests])


def _share(rows: Sequence[tuple[int, int]]) -> Interval:
    def of(sums: Numbers) -> Numbers:
        return ratio(sums[:, 0], sums[:, 1])

    return interval(np.array(rows, dtype=np.float64).reshape(-1, 2), of)


def show_tests(console: Console, tests: Sequence[Reconstruction], storage: str) -> None:
    """A row per video, and what all of them come to."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("video", "windows", "questions", "answered", "kept", "words in full", "in deltas"):
        table.add_column(name, justify="left" if name == "video" else "right", overflow="fold")
    for test in tests[:_SHOWN]:
        table.add_row(test.video_id, *_cells(tally(test.tested)))
    if len(tests) > _SHOWN:
        table.add_row(f"and {len(tests) - _SHOWN:,} more", style="dim")
    console.print(table)
    untested = [window for test in tests for window in test.windows if window.reason]
    if untested:
        why = f"{told_count(len(untested), 'window')} could not be tested, such as because {untested[0].reason}"
        console.print(why, markup=False, highlight=False, soft_wrap=True)
    if tests:
        console.print(_sentence(tests), highlight=False, soft_wrap=True)
        console.print(f"  {escape(storage)}/reconstruction/", highlight=False, soft_wrap=True)


def _cells(of: Tally) -> list[str]:
    return [f"{of.windows:,}", f"{of.questions:,}", f"{of.right:,}", _percent(of.kept), f"{of.words_full:,}", f"{of.words_delta:,}"]


def _sentence(tests: Sequence[Reconstruction]) -> str:
    whole = tally([window for test in tests for window in test.tested])
    if not whole.questions:
        return "No window could be tested."
    kept = f"From first captions and deltas alone {whole.right:,} of {told_count(whole.questions, 'question')} are answered ({_told(kept_of(tests))})"
    used = f"the deltas take {_told(words_of(tests))} of the words of full captions"
    graded = f" {told_count(whole.graded, 'answer')} had to be graded by the captioner, the others by their words." if whole.graded else ""
    rehearsal = told_rehearsal(tests[0].captioner, tests[0].model)
    return " ".join(filter(None, (f"{kept}; {used}.{graded}", rehearsal)))


def _told(share: Interval) -> str:
    if share.low is None or share.high is None:
        return _percent(share.value)
    return f"{_percent(share.value)}, {share.low:.0%} to {share.high:.0%} with other videos"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def plain_tests(tests: Sequence[Reconstruction]) -> dict[str, object]:
    """All of it for programs; null is what there is nothing to measure of."""
    whole = tally([window for test in tests for window in test.tested])
    return {
        "captioner": tests[0].captioner if tests else "",
        "model": tests[0].model if tests else "",
        **_plain(whole),
        "kept_between": [kept_of(tests).low, kept_of(tests).high],
        "words_between": [words_of(tests).low, words_of(tests).high],
        "videos": [{"video_id": test.video_id, **_plain(tally(test.tested)), "untested": len(test.windows) - len(test.tested)} for test in tests],
    }


def _plain(of: Tally) -> dict[str, object]:
    return {**vars(of), "kept": of.kept, "words_share": of.words}
