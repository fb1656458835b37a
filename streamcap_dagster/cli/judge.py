"""The judge of `streamcap compare`: who it is, what it is asked, and how far it can be believed."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from rich.console import Console

from streamcap_dagster.assets.work import VideoWork
from streamcap_dagster.captions.asking import Asker
from streamcap_dagster.captions.calls import Call, CallStore
from streamcap_dagster.captions.estimate import Estimate
from streamcap_dagster.captions.estimate.counting import Answered
from streamcap_dagster.captions.judging import Conduct, Contest, Judged, conduct, judge
from streamcap_dagster.captions.looking import look
from streamcap_dagster.captions.prompts import Telling
from streamcap_dagster.captions.reconstruction.drawing import shuffled
from streamcap_dagster.captions.reconstruction.rebuilding import said_until
from streamcap_dagster.captions.window_frames import WindowFrames
from streamcap_dagster.cli.asking_aside import Topic, ask_about, ask_to_pay, check_can_examine, estimate_topics, tell_troubles
from streamcap_dagster.cli.compare_runs import Pairing, VideoPair
from streamcap_dagster.cli.human_choices import Choices, said
from streamcap_dagster.errors import ObjectUnreadable, SettingError
from streamcap_dagster.evaluation.comparing import Place, Verdict, WinRate, win_rate
from streamcap_dagster.records import SPOKEN, Caption, Clips
from streamcap_dagster.reviews.storing import ReviewUnusable
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record
from streamcap_dagster.storage.off_loop import in_threads
from streamcap_dagster.wiring import captioner_for

_MODEL_OF = {"gemini": "gemini_model", "openai": "openai_model"}
"""The setting that names the model of each captioner that has several."""
Run = Literal["old", "new"]
_RUNS: tuple[Run, ...] = get_args(Run)


@dataclass(frozen=True)
class Judging:
    """How a person wants runs to be judged."""

    windows: int
    """At most so many, drawn by chance."""
    seed: int
    pictures: bool
    own: bool
    """Whether a model may judge what it wrote."""
    dry_run: bool
    yes: bool


def judging_of(judge: bool, wish: Judging) -> Judging | None:
    """What was asked for. Raises SettingError for an option that only a judge has."""
    if judge:
        return wish
    for option, asked in (("--text-only", not wish.pictures), ("--own-judge", wish.own), ("--dry-run", wish.dry_run), ("--yes", wish.yes)):
        if asked:
            raise SettingError(option, "", "it belongs to a judge: add --judge. Without one nobody is asked, and nothing is paid")
    return None


@dataclass(frozen=True)
class Ruling:
    """What the judge said of some windows, and how far it can be believed."""

    judge: str
    model: str
    judged: Mapping[Place, Judged]
    same: int
    """Windows that were not judged, because both runs say the same words."""
    people: Mapping[Place, Verdict]
    """What people prefer, of the judged windows."""
    troubles: Mapping[str, str] = field(default_factory=dict)
    stopped: str = ""

    @property
    def verdicts(self) -> dict[Place, Verdict]:
        return {place: judged.verdict for place, judged in self.judged.items() if not judged.reason}

    @property
    def wins(self) -> WinRate:
        return win_rate(self.verdicts)

    @property
    def conduct(self) -> Conduct:
        return conduct(self.judged.values())

    @property
    def with_people(self) -> tuple[int, int, int]:
        """Windows of which people prefer one caption: how many of them the judge prefers the same, calls a tie, and prefers the other."""
        both = [(self.verdicts[place], choice) for place, choice in self.people.items() if place in self.verdicts and choice != "tie"]
        same, ties = sum(mine == theirs for mine, theirs in both), sum(mine == "tie" for mine, _ in both)
        return same, ties, len(both) - same - ties


def as_judge(settings: Settings) -> Settings:
    """The settings under which the judge is the captioner. Raises SettingError for one that cannot judge."""
    name = settings.judge_captioner or settings.captioner
    model = {_MODEL_OF[name]: settings.judge_model} if settings.judge_model and name in _MODEL_OF else {}
    judging = settings.model_copy(update={"captioner": name, **model})
    check_can_examine(judging, "STREAMCAP_JUDGE_CAPTIONER")
    return judging


def check_impartial(model: str, pairing: Pairing, own: bool) -> None:
    """Raises SettingError for a judge that wrote captions which it is to judge, unless it may."""
    whose = [name for name, models in zip(("old", "new"), pairing.models, strict=True) if model in models]
    if whose and not own:
        why = f"it wrote captions of the {' and the '.join(whose)} run, and models like their own words best"
        raise SettingError("STREAMCAP_JUDGE_MODEL", model, f"{why}; set another model, or add --own-judge to have it judge all the same")


class Court:
    """Has a judge look at windows of two runs. Its answers are kept with those of the old run; those kept with the new one count too."""

    def __init__(self, settings: Settings, old: Storage, new: Storage, pairing: Pairing, wish: Judging) -> None:
        self._settings = as_judge(settings)
        self._old, self._new, self._wish = old, new, wish
        captioner = captioner_for(self._settings).bare()
        check_impartial(captioner.model, pairing, wish.own)
        self._name, self._model = captioner.name, captioner.model
        both = [(video, window.old, window.new) for video in pairing.videos for window in video.common if window.old and window.new]
        told = [(video, one, other) for video, one, other in both if one.outcome in SPOKEN and other.outcome in SPOKEN]
        unlike = [(video, one, other) for video, one, other in told if said(one) != said(other)]
        self._same = len(told) - len(unlike)
        drawn = shuffled(unlike, wish.seed, lambda one: f"{one[0].video.video_id}/{one[1].clip}/{one[1].window}")[: wish.windows]
        self._drawn: dict[str, list[tuple[VideoPair, Caption, Caption]]] = {}
        for one in sorted(drawn, key=lambda one: (one[0].video.video_id, one[1].clip, one[1].window)):
            self._drawn.setdefault(one[0].video.video_id, []).append(one)
        self._videos = {video.video.video_id: video.video for video in pairing.videos}

    def estimate(self) -> Estimate:
        """What it takes at most. Asks nobody."""
        return estimate_topics(self._settings, self._old, [self._topic(video_id) for video_id in self._drawn])

    def rule(self, console: Console, estimate: Estimate) -> Ruling:
        """Ask the judge, once a person has agreed to pay. What people prefer is read before that."""
        people, unread = self._people()
        tell_troubles(console, unread)
        ask_to_pay(console, estimate, self._wish.yes)
        videos = [self._videos[video_id] for video_id in self._drawn]
        aside = ask_about(console, self._settings, self._old, videos, "judgement", self._judge_video)
        judged = {place: verdict for found in aside.found.values() for place, verdict in found.items()}
        people = {place: choice for place, choice in people.items() if place in judged}
        return Ruling(self._name, self._model, judged, self._same, people, _together(unread, aside.troubles), aside.stopped)

    async def _judge_video(self, work: VideoWork) -> dict[Place, Judged]:
        ours, theirs = await asyncio.gather(*(asyncio.to_thread(CallStore, storage, work.video_id) for storage in (work.storage, self._new)))
        asker = Asker(work.workshop.captioner, _KeptInEither(ours, theirs), work.workshop.underway)
        judged = await self._judged(work.video_id, asker)
        await asyncio.to_thread(ours.fold)
        return judged

    async def _judged(self, video_id: str, asker: Asker) -> dict[Place, Judged]:
        contests = await asyncio.to_thread(self._contests, video_id)
        if self._wish.pictures:
            async with in_threads(self._old.local(keys.frames(video_id))) as path:
                judged = await judge(video_id, contests, await look(WindowFrames, video_id, path), asker)
        else:
            judged = await judge(video_id, contests, None, asker)
        return {(video_id, contest.clip.clip, contest.window): verdict for contest, verdict in zip(contests, judged, strict=True)}

    def _contests(self, video_id: str) -> list[Contest]:
        clips = {clip.clip: clip for clip in read_record(self._old, keys.clips(video_id), Clips).clips}
        drawn = self._drawn[video_id]
        return [Contest(clips[old.clip], old.window, _telling(old, video.old.captions), _telling(new, video.new.captions)) for video, old, new in drawn]

    def _topic(self, video_id: str) -> Topic:
        def answered() -> Answered:
            return _KeptInEither(CallStore(self._old, video_id), CallStore(self._new, video_id)).get

        return Topic(self._videos[video_id], len(self._drawn[video_id]), lambda asker: self._judged(video_id, asker), answered)

    def _people(self) -> tuple[dict[Place, Verdict], dict[str, str]]:
        """What was said of a window with the old run goes before what was said of it with the new one; and by video, why some of it does not count."""
        people, unread = dict[Place, Verdict](), dict[str, str]()
        for video_id in self._drawn:
            for run in _RUNS:
                try:
                    people = dict(self._people_in(run, video_id)) | people
                except (ReviewUnusable, ObjectUnreadable) as error:
                    unread = _together(unread, {video_id: f"what people said of {video_id} in the {run} run does not count: {error}"})
        return people, unread

    def _people_in(self, run: Run, video_id: str) -> Iterator[tuple[Place, Verdict]]:
        drawn = self._drawn[video_id]
        video, is_old = drawn[0][0], run == "old"
        choices = Choices(self._old if is_old else self._new, video_id, (video.old if is_old else video.new).captions)
        for _, old, new in drawn:
            choice = choices.between(old if is_old else new, said(old), said(new))
            if choice is not None:
                yield (video_id, old.clip, old.window), choice


def _together(*troubles: Mapping[str, str]) -> dict[str, str]:
    """By video, all that is wrong with it."""
    video_ids = dict.fromkeys(video_id for each in troubles for video_id in each)
    return {video_id: "; ".join(each[video_id] for each in troubles if video_id in each) for video_id in video_ids}


def _telling(caption: Caption, captions: Sequence[Caption]) -> Telling:
    until = said_until(caption, captions)
    return Telling(until[:-1] if caption.text else until, caption.text)


class _KeptInEither:
    """Answers that are kept with either run; new ones are kept with the first."""

    def __init__(self, first: CallStore, second: CallStore) -> None:
        self._first, self._second = first, second

    def get(self, key: str) -> Call | None:
        return self._first.get(key) or self._second.get(key)

    def keep(self, call: Call) -> Call:
        return self._first.keep(call)
