"""What came of a reconstruction test, as it is kept in `reconstruction/<video_id>.json`."""

from collections.abc import Iterable
from typing import Literal

from streamcap_dagster.records import Record, VideoId

GradedBy = Literal["words", "captioner"]
"""Most answers are graded by their words alone."""


class AskedQuestion(Record):
    """A question that the full caption of a window answers, and what is answered by who knows only what was said."""

    question: str
    expected: str
    given: str
    """Empty when what was said does not tell."""
    right: bool
    graded_by: GradedBy


class RebuiltWindow(Record):
    """One window of the test. Holds only what a re-run with the same answers would say again."""

    clip: int
    window: int
    start_s: float
    end_s: float
    full: str
    """The full caption, made without a look back; no part of the dataset."""
    words_full: int
    words_delta: int
    """Of what was said of this window in the run."""
    questions: tuple[AskedQuestion, ...]
    reason: str = ""
    """Why there are no questions, when there are none."""
    said_sha256: str
    """Names all that was said of the clip until then: what another run says is another test."""

    @property
    def right(self) -> int:
        return sum(question.right for question in self.questions)


class Reconstruction(Record):
    """`reconstruction/<video_id>.json`: the windows that were drawn, now or in earlier tests by the same examiner, in order of clip, then window."""

    video_id: VideoId
    captioner: str
    """Who asked, answered and graded."""
    model: str
    prompt_versions: tuple[str, ...]
    windows: tuple[RebuiltWindow, ...]

    @property
    def examiner(self) -> tuple[str, str, tuple[str, ...]]:
        """Who asked what: tests of different examiners are not to be compared."""
        return self.captioner, self.model, self.prompt_versions

    @property
    def tested(self) -> tuple[RebuiltWindow, ...]:
        """The windows that something was asked about."""
        return tuple(window for window in self.windows if window.questions)

    def with_windows(self, windows: Iterable[RebuiltWindow]) -> "Reconstruction":
        """The same with windows of an earlier test, where it has none of its own."""
        kept = {(window.clip, window.window): window for window in (*windows, *self.windows)}
        return self.model_copy(update={"windows": tuple(kept[place] for place in sorted(kept))})
