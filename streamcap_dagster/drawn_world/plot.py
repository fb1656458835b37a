"""Plots a drawn video by chance: when something happens, what, and when nothing does; the same for the same seed and number."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from random import Random

from streamcap_dagster.drawn_world import acts, place_acts
from streamcap_dagster.drawn_world.acts import Act
from streamcap_dagster.drawn_world.effects import CAMERA, DISTRACTORS, Effect
from streamcap_dagster.drawn_world.places import PLACES
from streamcap_dagster.drawn_world.script import Script
from streamcap_dagster.drawn_world.stage import WINDOW_S, Moment, Setting, Stage, on_frame
from streamcap_dagster.drawn_world.telling import describe, tell

_FEWEST_WINDOWS, _MOST_WINDOWS = 10, 20
_LOADS = (1, 1, 1, 2, 2, 3)
_WEIGHTS: Mapping[Act, float] = {
    acts.enter: 7,
    acts.leave: 3,
    acts.move: 3,
    acts.hop: 1,
    acts.recolour: 1.5,
    acts.resize: 1,
    acts.wave: 1,
    acts.hide: 2,
    acts.reveal: 4,
    acts.pick_up: 9,
    acts.put_down: 6,
    place_acts.raise_sign: 0.7,
    place_acts.change_sign: 0.8,
    place_acts.remove_sign: 0.5,
    place_acts.switch_light: 1.2,
    place_acts.change_place: 0.9,
}
_THEMES: Sequence[Sequence[Act]] = (
    (acts.pick_up, acts.put_down, acts.wave),
    (acts.hide, acts.reveal, acts.leave),
    (place_acts.raise_sign, place_acts.change_sign, place_acts.switch_light),
    (acts.move, acts.recolour, acts.resize, acts.hop),
    (place_acts.change_place, acts.enter),
)
_THEME_FACTOR = 3.0


def plot(seed: int, number: int, attempt: int = 0) -> Script:
    """The video of a number; another one for each attempt."""
    draw = Random(f"drawn world {seed} {number} {attempt}")  # noqa: S311 -- it is to be the same again
    windows = draw.randint(_FEWEST_WINDOWS, _MOST_WINDOWS)
    loads = _loads(draw, windows)
    stage = _opened(draw)
    scene = describe(stage)
    effects = tuple(_effects(draw, loads))
    done = Counter[Act]()
    for moment in _moments(draw, loads):
        _act(stage, moment, _THEMES[number % len(_THEMES)], done)
    truth = tell(f"drawn-{seed}-{number:03d}", seed, windows * WINDOW_S, stage, scene, effects)
    return Script(truth, stage, effects)


def _loads(draw: Random, windows: int) -> list[int]:
    """How many events each window has to tell: some in a row, then none for a while, at least once for three windows or more."""
    loads = [1 if draw.random() < 0.25 else 0]
    runs = 0
    while len(loads) < windows:
        busy = [draw.choice(_LOADS) for _ in range(draw.randint(1, 3))]
        quiet = [0] * (draw.randint(3, 4) if runs == 1 else draw.randint(1, 3))
        loads += [*busy, *quiet] if runs else [max(2, busy[0]), *busy[1:], *quiet]
        runs += 1
    loads = loads[:windows]
    if draw.random() < 0.5:
        loads[-1] = max(1, loads[-1])
    return loads


def _moments(draw: Random, loads: Sequence[int]) -> Iterator[Moment]:
    for window, load in enumerate(loads):
        begin = window * WINDOW_S
        phases = {0: (), 1: ((0.6, 1.7),), 2: ((0.6, 1.0), (1.3, 1.7)), 3: ((0.5, 0.7), (1.0, 1.25), (1.5, 1.75))}[load]
        for place, (low, high) in enumerate(phases):
            last = window + 1 == len(loads) and place + 1 == load and draw.random() < 0.4
            end = begin + WINDOW_S if last else begin + draw.uniform(low, high)
            early = draw.random() < 0.45
            yield Moment(on_frame(end), max(0.0, begin - 1.5) if early and window > 1 else begin)


def _act(stage: Stage, moment: Moment, theme: Sequence[Act], done: Counter[Act]) -> None:
    """The first act that can happen, in an order in which what suits the theme comes early and what was done often comes late."""

    def rank(act: Act) -> float:
        weight = _WEIGHTS[act] * (_THEME_FACTOR if act in theme else 1.0) / (1 + done[act]) ** 1.5
        return float(stage.draw.random() ** (1 / weight))

    ranked = {act: rank(act) for act in _WEIGHTS}
    for act in sorted(ranked, key=lambda act: ranked[act], reverse=True):
        if act(stage, moment):
            done[act] += 1
            return


def _opened(draw: Random) -> Stage:
    place = draw.choice(list(PLACES.values()))
    stage = Stage(draw, [Setting(0.0, place, draw.random() < 0.5, draw.randrange(15), blinks=draw.random() < 0.2)])
    for _ in range(draw.choice((0, 1, 1, 2, 2))):
        actor = stage.newcomer()
        x = stage.free_x(actor.kind)
        if x is not None:
            actor.put(0.0, x)
            actor.enter_picture(0.0)
            stage.cast.append(actor)
    if draw.random() < 0.3:
        stage.sign_texts.append((0.0, draw.choice(place_acts.SIGNS)))
        stage.sign_height.go(0.0, 0.0, 0.0)
    return stage


def _effects(draw: Random, loads: Sequence[int]) -> Iterator[Effect]:
    """In most quiet stretches the camera moves or the picture is disturbed; now and then it is where something happens, too."""
    for window, load in enumerate(loads):
        if window == 0 or draw.random() > (0.12 if load else 0.4):
            continue
        kinds = list(DISTRACTORS) if load else [*CAMERA, *DISTRACTORS]
        start = on_frame(window * WINDOW_S + draw.uniform(0.1, 0.3))
        yield Effect(draw.choice(kinds), start, on_frame(start + draw.uniform(1.3, 1.6)))
