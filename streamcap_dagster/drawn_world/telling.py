"""Makes the truth about a plotted video out of what was written down while it was plotted."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from streamcap_dagster.drawn_world import vocabulary as said
from streamcap_dagster.drawn_world.brush import HEIGHT, WIDTH
from streamcap_dagster.drawn_world.cast import Actor
from streamcap_dagster.drawn_world.effects import Effect
from streamcap_dagster.drawn_world.kinds import KINDS
from streamcap_dagster.drawn_world.naming import cap, introduced
from streamcap_dagster.drawn_world.paints import PAINTS
from streamcap_dagster.drawn_world.places import PLACES
from streamcap_dagster.drawn_world.scenery import SIGN_UP
from streamcap_dagster.drawn_world.stage import FPS, Stage, Told
from streamcap_dagster.truth import DrawnEvent, DrawnLook, DrawnTruth, Words

_OTHER_COLOURS: Final = ("brown", "grey", "gray", "turquoise", "teal", "beige", "silver")
_NO_NOUNS: Final = frozenset({"stand", "light", "present", "block", "house", "pole", "plant", "stone", "formation", "furniture"})
"""Words that often mean something else than the thing."""


@dataclass(frozen=True)
class Scene:
    """What there is at the beginning, and the words for each thing."""

    text: str
    words: tuple[Words, ...]


def describe(stage: Stage) -> Scene:
    """The stage as it is opened."""
    here, place = stage.here, stage.here.place
    told = [f"{cap(stage.draw.choice(place.described))}, with {place.decor.name} on the {here.decor_side} and {place.cover.name} on the {here.cover_side}."]
    words: list[Words] = [(place.words,), (place.decor.words,), (place.cover.words,)]
    for actor in stage.cast:
        told.append(f"{cap(introduced(actor))} {_rests(actor, place.ground)} {_third(actor.x)}.")
        words.append((actor.kind.nouns, PAINTS[actor.paint].words))
    if stage.sign:
        told.append(f'A sign reads "{stage.sign}".')
        words.append(((stage.sign.lower(),),))
    if here.blinks:
        told.append(f"A small lamp blinks in the upper {here.cover_side} corner.")
        words.append(((*said.LAMP, "light"), said.BLINKS))
    return Scene(" ".join(told), tuple(words))


def tell(video_id: str, seed: int, duration_s: float, stage: Stage, scene: Scene, effects: Sequence[Effect]) -> DrawnTruth:
    return DrawnTruth(
        video_id=video_id,
        seed=seed,
        duration_s=duration_s,
        width=WIDTH,
        height=HEIGHT,
        fps=FPS,
        scene=scene.text,
        scene_words=scene.words,
        events=tuple(_events(stage, effects, duration_s)),
        nouns=_nouns(),
        colours=tuple(sorted({*_OTHER_COLOURS, *(word for paint in PAINTS.values() for word in paint.words)})),
        actions=dict(said.CLAIMS),
        looks=tuple(_looks(stage, duration_s)),
    )


def _rests(actor: Actor, ground: str) -> str:
    if actor.kind.person or actor.kind.name == "dog":
        return "stands"
    if actor.kind.hover:
        return "hangs in the air"
    return "is parked" if actor.kind.name == "car" else f"is on the {ground}"


def _third(x: float) -> str:
    return "on the left" if x < WIDTH / 3 else "on the right" if x > WIDTH * 2 / 3 else "in the middle"


def _events(stage: Stage, effects: Sequence[Effect], duration_s: float) -> Iterator[DrawnEvent]:
    told = [*stage.events, *(_of_effect(effect) for effect in effects)]
    if stage.settings[0].blinks:
        words = ((*said.LAMP, "light"), said.BLINKS)
        told.append(Told("distractor", 0.0, _until(stage, 0, duration_s), "A small lamp blinks.", words, semantic=False))
    for number, event in enumerate(sorted(told, key=lambda event: (event.end_s, event.start_s, event.sentence))):
        yield DrawnEvent(event=number, **asdict(event))


def _of_effect(effect: Effect) -> Told:
    words = said.CAMERA if effect.type == "camera" else (*said.CAMERA, *said.DISTURBANCE)
    return Told(effect.type, effect.start_s, effect.end_s, effect.sentence, (words,), semantic=False)


def _until(stage: Stage, setting: int, duration_s: float) -> float:
    """When a setting makes place for the next."""
    later = stage.settings[setting + 1 :]
    return later[0].since_s if later else duration_s


def _looks(stage: Stage, duration_s: float) -> Iterator[DrawnLook]:
    for number, setting in enumerate(stage.settings):
        until = _until(stage, number, duration_s)
        lamp = [said.LAMP] if setting.blinks else []
        for nouns in (setting.place.nouns, setting.place.decor.words, setting.place.cover.words, *lamp):
            yield DrawnLook(nouns=nouns, colours=(), start_s=setting.since_s, end_s=until)
    for actor in stage.cast:
        yield from _looks_of(actor, duration_s)
    for start, end in _sign_spans(stage, duration_s):
        yield DrawnLook(nouns=said.SIGN, colours=(), start_s=start, end_s=end)


def _looks_of(actor: Actor, duration_s: float) -> Iterator[DrawnLook]:
    """A person has no colour of its own: who sees a shirt says `in red`."""
    until = [since for since, _ in actor.paints[1:]] + [duration_s]
    for start, end in actor.shown:
        for (since, paint), to in zip(actor.paints, until, strict=True):
            first, last = max(start, since), min(end, to, duration_s)
            if first < last:
                colours = () if actor.kind.person else PAINTS[paint].words
                yield DrawnLook(nouns=actor.kind.nouns, colours=colours, start_s=first, end_s=last)


def _sign_spans(stage: Stage, duration_s: float) -> Iterator[tuple[float, float]]:
    for number, (since, _) in enumerate(stage.sign_texts):
        later = [start for start, _ in stage.sign_texts[number + 1 :]]
        gone = [start for start, height in stage.sign_height.goals if height[0] == SIGN_UP and start >= since]
        yield since, min([*later, *gone, duration_s])


def _nouns() -> tuple[str, ...]:
    things = [noun for kind in KINDS.values() for noun in kind.nouns]
    places = [word for place in PLACES.values() for word in (*place.nouns, *place.decor.words, *place.cover.words)]
    return tuple(sorted({*things, *places, *said.SIGN, *said.LAMP} - _NO_NOUNS))
