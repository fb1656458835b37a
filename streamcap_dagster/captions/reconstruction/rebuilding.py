"""Tests windows of a video: a full caption of each, questions that it answers, and answers from what the run said of the clip until then.

The same captioner asks, answers and grades, each time without knowing more than it is shown. Everything goes the way that captions go: answers are
kept as they arrive and never asked for again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from streamcap_dagster.captions.asking import Answer, Asker, every
from streamcap_dagster.captions.captioner import CaptionRequest, ExaminingKind, Place
from streamcap_dagster.captions.history import history_sha256
from streamcap_dagster.captions.looking import look
from streamcap_dagster.captions.prompts import Prompts
from streamcap_dagster.captions.reconstruction.records import AskedQuestion, RebuiltWindow, Reconstruction
from streamcap_dagster.captions.reconstruction.short_answers import is_untold, likeness
from streamcap_dagster.captions.replies import SAME
from streamcap_dagster.captions.window_frames import FrameSource
from streamcap_dagster.records import Caption, Clips, Frame
from streamcap_dagster.rewards.words import words

KINDS: tuple[ExaminingKind, ...] = ("full", "questions", "answers", "grades")
_FULL_TOKENS, _QUESTIONS_TOKENS, _TOKENS_PER_ENTRY = 1024, 512, 60
_PROMPTS = Prompts()


async def rebuild(clips: Clips, frames: FrameSource, captions: Sequence[Caption], drawn: Sequence[Caption], asker: Asker) -> Reconstruction:
    """The drawn windows, in their order; `captions` are all of the video's, in order.

    Raises CaptionerUnavailable when a window got no answer, after the others are done.
    """
    tests = [_Test(clips, frames, window, said_until(window, captions), asker) for window in drawn]
    return Reconstruction(
        video_id=clips.video_id,
        captioner=asker.captioner.name,
        model=asker.captioner.model,
        prompt_versions=tuple(_PROMPTS.version_of(kind) for kind in KINDS),
        windows=tuple(await every([test.run() for test in tests])),
    )


def said_until(window: Caption, captions: Sequence[Caption]) -> tuple[str, ...]:
    """What was said of the segment of a clip, up to and with a window of it."""
    segment = (one for one in captions if (one.clip, one.segment) == (window.clip, window.segment))
    return tuple(one.text for one in segment if one.text and one.window <= window.window)


def still_said(test: Reconstruction, captions: Sequence[Caption]) -> tuple[RebuiltWindow, ...]:
    """Those windows of a test that are of what the run says now; `captions` are all of the video's, in order."""
    tested = {(window.clip, window.window): window for window in test.windows}
    now = [caption for caption in captions if (caption.clip, caption.window) in tested]
    same = {(one.clip, one.window) for one in now if history_sha256(said_until(one, captions)) == tested[one.clip, one.window].said_sha256}
    return tuple(window for place, window in tested.items() if place in same)


class _Unheard(Exception):
    """The captioner said nothing of use, so that nobody knows what the captions keep."""


@dataclass(frozen=True)
class _Test:
    """One window on its way."""

    clips: Clips
    frames: FrameSource
    window: Caption
    said: tuple[str, ...]
    asker: Asker

    async def run(self) -> RebuiltWindow:
        full = await self._describe()
        if not full.text:
            return self._rebuilt("", (), f"the full caption is {full.outcome}: {full.reason}")
        try:
            questions = await self._questions(full.text)
            return self._rebuilt(full.text, await self._graded(questions, await self._answers(questions)))
        except _Unheard as unheard:
            return self._rebuilt(full.text, (), str(unheard))

    async def _describe(self) -> Answer:
        """Like an initial caption: of the pictures alone."""
        clip = next(clip for clip in self.clips.clips if clip.clip == self.window.clip)
        async with self.asker.place():
            shown = await look(self.frames.read, clip, self.window.window)
            return await self.asker.ask(self._request("full", _PROMPTS.initial(), _FULL_TOKENS, frames=shown))

    async def _questions(self, full: str) -> dict[str, tuple[str, str]]:
        """With the answers that the full caption gives, by id."""
        entries = await self._heard(self._request("questions", _PROMPTS.questions(full), _QUESTIONS_TOKENS))
        return {number: (entry[0], entry[1]) for number, entry in entries.items()}

    async def _answers(self, questions: Mapping[str, tuple[str, str]]) -> dict[str, str]:
        """By id; empty where what was said does not tell."""
        asked = {number: question for number, (question, _) in questions.items()}
        request = self._request("answers", _PROMPTS.answers(self.said, asked), _room(asked), ids=tuple(asked), said=self.said)
        return {number: "" if is_untold(answer) else answer for number, (answer,) in (await self._heard(request)).items()}

    async def _graded(self, questions: Mapping[str, tuple[str, str]], given: Mapping[str, str]) -> tuple[AskedQuestion, ...]:
        """By words; and by the captioner where only somebody who knows what words mean can tell."""
        alike = {number: likeness(expected, given[number]) for number, (_, expected) in questions.items()}
        unclear = {number: (*questions[number], given[number]) for number in questions if alike[number] == "unclear"}
        grades: Mapping[str, tuple[str, ...]] = {}
        if unclear:
            grades = await self._heard(self._request("grades", _PROMPTS.grades(unclear), _room(unclear), ids=tuple(unclear)))
        return tuple(
            AskedQuestion(
                question=question,
                expected=expected,
                given=given[number],
                right=grades[number] == (SAME,) if number in unclear else alike[number] == "same",
                graded_by="captioner" if number in unclear else "words",
            )
            for number, (question, expected) in questions.items()
        )

    async def _heard(self, request: CaptionRequest) -> Mapping[str, tuple[str, ...]]:
        """What the captioner said of each. Raises _Unheard unless it spoke of all."""
        answer = await self.asker.ask(request)
        if answer.outcome != "ok":
            raise _Unheard(f"the {request.kind} are {answer.outcome}: {answer.reason}")
        return answer.entries

    def _request(
        self, kind: ExaminingKind, prompt: str, tokens: int, frames: tuple[Frame, ...] = (), ids: tuple[str, ...] = (), said: tuple[str, ...] = ()
    ) -> CaptionRequest:
        return CaptionRequest(
            kind=kind,
            place=Place(self.clips.video_id, self.window.clip, self.window.window),
            system=_PROMPTS.system(kind),
            prompt=prompt,
            prompt_version=_PROMPTS.version_of(kind),
            max_output_tokens=tokens,
            frames=frames,
            history=said,
            ids=ids,
        )

    def _rebuilt(self, full: str, questions: tuple[AskedQuestion, ...], reason: str = "") -> RebuiltWindow:
        return RebuiltWindow(
            clip=self.window.clip,
            window=self.window.window,
            start_s=self.window.start_s,
            end_s=self.window.end_s,
            full=full,
            words_full=len(words(full)),
            words_delta=len(words(self.window.text)),
            questions=questions,
            reason=reason,
            said_sha256=history_sha256(self.said),
        )


def _room(questions: Collection[str]) -> int:
    """Tokens for one entry each."""
    return _TOKENS_PER_ENTRY * (len(questions) + 1)
