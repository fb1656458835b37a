"""What a good delta should convey: short checkable statements, asked for from the captions alone, many window pairs at a time."""

from collections.abc import Sequence
from itertools import groupby

from streamcap_dagster.captions.asking import Asker, every
from streamcap_dagster.captions.captioner import CaptionRequest, Pair, Place
from streamcap_dagster.captions.history import History
from streamcap_dagster.captions.prompts import Prompts
from streamcap_dagster.records import Caption, Captions, Objectives, PairObjectives, in_order

_PAIRS_PER_REQUEST = 20
_TOKENS_PER_PAIR = 150
_HISTORY_TOKENS = 1500


async def state_objectives(video_id: str, initials: Captions, deltas: Captions, asker: Asker) -> Objectives:
    """One entry per later window, in their order. A delta that is silent or failed gets none, nor does an anchor; the reason is told, and nobody asked.

    Raises CaptionerUnavailable when a group of pairs got no answer, after the others are done.
    """
    segments = groupby(in_order(initials, deltas), key=lambda caption: (caption.clip, caption.segment))
    groups = [group for _, segment in segments for group in _groups(video_id, list(segment))]
    answered = await every([_ask(group, asker) for group in groups])
    stated = {(pair.clip, pair.window): pair for pairs in answered for pair in pairs}
    return Objectives(video_id=video_id, pairs=tuple(stated.get((delta.clip, delta.window)) or _nothing_to_state(delta) for delta in deltas.captions))


def _groups(video_id: str, captions: Sequence[Caption]) -> list[CaptionRequest]:
    """The requests of one segment: each asks about some deltas that say something and shows what was said before the first of them."""
    spoken = [caption for caption in captions if caption.text]
    deltas = [caption for caption in spoken if caption.kind == "delta"]
    groups = [deltas[first : first + _PAIRS_PER_REQUEST] for first in range(0, len(deltas), _PAIRS_PER_REQUEST)]
    return [_request(video_id, group, tuple(caption.text for caption in spoken[: spoken.index(group[0])])) for group in groups]


def _request(video_id: str, deltas: Sequence[Caption], before: tuple[str, ...]) -> CaptionRequest:
    prompts = Prompts()
    shown = History(before).shown(_HISTORY_TOKENS)
    pairs = tuple(Pair(str(delta.window), delta.text) for delta in deltas)
    return CaptionRequest(
        kind="objectives",
        place=Place(video_id, deltas[0].clip, deltas[0].window),
        system=prompts.system("objectives"),
        prompt=prompts.objectives(shown, pairs),
        prompt_version=prompts.version_of("objectives"),
        max_output_tokens=_TOKENS_PER_PAIR * len(pairs) + _TOKENS_PER_PAIR,
        history=shown,
        pairs=pairs,
    )


async def _ask(request: CaptionRequest, asker: Asker) -> list[PairObjectives]:
    answer = await asker.ask(request)
    missing = f"the objectives are {answer.outcome}: {answer.reason}"
    return [_stated(request.place.clip, pair, answer.objectives.get(pair.id, ()), missing, answer.call_key) for pair in request.pairs]


def _stated(clip: int, pair: Pair, items: tuple[str, ...], missing: str, call_key: str) -> PairObjectives:
    return PairObjectives(clip=clip, window=int(pair.id), objectives=items, reason="" if items else missing, call_key=call_key)


def _nothing_to_state(delta: Caption) -> PairObjectives:
    return PairObjectives(clip=delta.clip, window=delta.window, objectives=(), reason=_why_nothing(delta))


def _why_nothing(delta: Caption) -> str:
    if delta.outcome == "no_change":
        return "the window adds nothing, so there is nothing to state"
    if delta.outcome == "ok":
        return "an anchor describes the window in full, so there is no delta to state anything of"
    return f"the {delta.kind} caption is {delta.outcome}: {delta.reason}"
