"""Has a judge say which of two captions of the same window is better: in both orders, for who is named first is often liked better."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from streamcap_dagster.captions.asking import Answer, Asker, every
from streamcap_dagster.captions.captioner import CaptionRequest, Place
from streamcap_dagster.captions.history import History
from streamcap_dagster.captions.looking import look
from streamcap_dagster.captions.prompts import Prompts, Telling
from streamcap_dagster.captions.window_frames import FrameSource
from streamcap_dagster.records import Clip, Frame

Choice = Literal["old", "new", "tie"]
_TOKENS, _HISTORY_TOKENS = 256, 750
_PROMPTS = Prompts()


@dataclass(frozen=True)
class Contest:
    """What an old and a new run say of the same window; `clip` and `window` are where the pictures of it are."""

    clip: Clip
    window: int
    old: Telling
    new: Telling


@dataclass(frozen=True)
class Judged:
    """What a judge said of a contest in each order. `reason` says why there is no verdict, when there is none."""

    old_first: Choice
    new_first: Choice
    why: str = ""
    """In its own words, of the order in which the old one is first."""
    reason: str = ""

    @property
    def verdict(self) -> Choice:
        """What both orders agree on, else a tie."""
        return self.old_first if self.consistent else "tie"

    @property
    def consistent(self) -> bool:
        return self.old_first == self.new_first


@dataclass(frozen=True)
class Conduct:
    """How a judge judges, whatever the verdicts."""

    windows: int
    consistent: int
    """Windows of which both orders say the same."""
    firsts: int
    """Judgements for whoever was named first."""
    decided: int
    """Judgements for either, of two a window."""

    @property
    def consistency(self) -> float | None:
        return self.consistent / self.windows if self.windows else None

    @property
    def first_share(self) -> float | None:
        """One half for a judge who does not care who is named first."""
        return self.firsts / self.decided if self.decided else None


def conduct(judged: Iterable[Judged]) -> Conduct:
    """Of those contests that have a verdict."""
    heard = [one for one in judged if not one.reason]
    firsts = sum((one.old_first == "old") + (one.new_first == "new") for one in heard)
    decided = sum((one.old_first != "tie") + (one.new_first != "tie") for one in heard)
    return Conduct(len(heard), sum(one.consistent for one in heard), firsts, decided)


async def judge(video_id: str, contests: Sequence[Contest], frames: FrameSource | None, asker: Asker) -> list[Judged]:
    """In the order of the contests; without frames the judge sees texts alone. Raises CaptionerUnavailable when one got no answer, after the others."""
    return await every([_judge(video_id, contest, frames, asker) for contest in contests])


async def _judge(video_id: str, contest: Contest, frames: FrameSource | None, asker: Asker) -> Judged:
    place = Place(video_id, contest.clip.clip, contest.window)
    async with asker.place():
        shown = await look(frames.read, contest.clip, contest.window) if frames is not None else ()
        orders = [(contest.old, contest.new), (contest.new, contest.old)]
        straight, turned = await every([asker.ask(_request(place, *order, shown)) for order in orders])
    if unheard := next((answer for answer in (straight, turned) if not answer.text), None):
        return Judged("tie", "tie", reason=f"the judgement is {unheard.outcome}: {unheard.reason}")
    return Judged(_choice(straight, "old", "new"), _choice(turned, "new", "old"), why=straight.reason)


def _choice(answer: Answer, first: Choice, second: Choice) -> Choice:
    return {"first": first, "second": second}.get(answer.text, "tie")


def _request(place: Place, first: Telling, second: Telling, frames: tuple[Frame, ...]) -> CaptionRequest:
    return CaptionRequest(
        kind="judgement",
        place=place,
        system=_PROMPTS.system("judgement"),
        prompt=_PROMPTS.judgement(_shortened(first), _shortened(second)),
        prompt_version=_PROMPTS.version_of("judgement"),
        max_output_tokens=_TOKENS,
        frames=frames,
    )


def _shortened(telling: Telling) -> Telling:
    return Telling(History(telling.before).shown(_HISTORY_TOKENS), telling.now)
