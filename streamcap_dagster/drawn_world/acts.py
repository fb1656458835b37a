"""What things do in a drawn video. An act takes the stage and a moment, and tells whether it happened: then all of it is written down."""

from collections.abc import Callable

from streamcap_dagster.drawn_world import vocabulary as said
from streamcap_dagster.drawn_world.brush import WIDTH
from streamcap_dagster.drawn_world.cast import Actor
from streamcap_dagster.drawn_world.figures import in_hand
from streamcap_dagster.drawn_world.naming import introduced
from streamcap_dagster.drawn_world.paints import PAINTS
from streamcap_dagster.drawn_world.scenery import cover_x
from streamcap_dagster.drawn_world.stage import Moment, Stage

Act = Callable[[Stage, Moment], bool]

_PIXELS_PER_S = 105.0
_LEAST_S, _MOST_S = 0.75, 2.4
_COVERED = 86.0
"""How high above the ground every cover is wide enough for what hides there; what hovers comes down that far."""
_BEYOND = 8.0
"""Pixels that a thing is away from the picture when it is out of it."""


def enter(stage: Stage, moment: Moment) -> bool:
    if stage.full:
        return False
    back = [actor for actor in stage.cast if actor.away and not actor.done and moment.rested(actor)]
    returning = bool(back) and (stage.enough or stage.draw.random() < 0.5)
    if not returning and stage.enough:
        return False
    actor = stage.draw.choice(back) if returning else stage.newcomer()
    if not returning:
        actor.put(0.0, _outside(actor, stage.draw.choice(("left", "right"))))
    x = stage.free_x(actor.kind)
    start = None if x is None else stage.start(moment, _seconds(actor.x, x), _LEAST_S, actor.busy_until_s)
    if x is None or start is None:
        return False
    side, goes = "left" if actor.x < x else "right", actor.kind.goes
    if returning:
        the = stage.the(actor)
        sentence = stage.words_for(f"{the} {goes} back in from the {side}.", f"{the} comes back from the {side}.")
    else:
        a = introduced(actor)
        sentence = stage.words_for(f"{a} {goes} in from the {side}.", f"{a} {goes} into view from the {side}.", f"{a} comes in from the {side}.")
    if not sentence:
        return False
    if not returning:
        stage.cast.append(actor)
    actor.enter_picture(start)
    actor.go(start, moment.end_s, x)
    return stage.happen(stage.told("enter", start, moment, sentence, actor, words=(said.ENTERS,)), actor)


def leave(stage: Stage, moment: Moment) -> bool:
    actor = stage.any(moment.rested)
    if actor is None:
        return False
    side = stage.draw.choice(("left", "right"))
    x = _outside(actor, side)
    start = stage.start(moment, _seconds(actor.x, x), _LEAST_S, actor.busy_until_s)
    the, goes, held = stage.the(actor), actor.kind.goes, actor.holds
    if held:
        sentence = stage.words_for(f"{the} carries {stage.the(held)} out to the {side}.", f"{the} leaves to the {side} with {stage.the(held)}.")
    else:
        sentence = stage.words_for(f"{the} {goes} out to the {side}.", f"{the} leaves to the {side}.", f"{the} disappears to the {side}.")
    if start is None or not sentence:
        return False
    _go_along(actor, start, moment.end_s, x)
    for_good = bool(held) or stage.draw.random() < 0.4
    actor.leave_picture(moment.end_s, for_good)
    if held:
        held.leave_picture(moment.end_s, for_good)
    return stage.happen(stage.told("leave", start, moment, sentence, actor, words=(said.LEAVES_WITH if held else said.LEAVES,)), actor)


def move(stage: Stage, moment: Moment) -> bool:
    actor = stage.any(moment.rested)
    x = stage.free_x(actor.kind, far_from=actor.x) if actor else None
    if not actor or not x:
        return False
    start = stage.start(moment, _seconds(actor.x, x), _LEAST_S, actor.busy_until_s)
    the, way, held = stage.the(actor), "right" if x > actor.x else "left", actor.holds
    if held:
        sentence = stage.words_for(f"{the} carries {stage.the(held)} to the {way}.", f"{the} {actor.kind.goes} to the {way} with {stage.the(held)}.")
    else:
        sentence = stage.words_for(f"{the} {actor.kind.goes} to the {way}.", f"{the} {actor.kind.goes} over to the {way}.", f"{the} moves to the {way}.")
    if start is None or not sentence:
        return False
    _go_along(actor, start, moment.end_s, x)
    return stage.happen(stage.told("move", start, moment, sentence, actor, words=(said.CARRIES if held else said.MOVES,)), actor)


def hop(stage: Stage, moment: Moment) -> bool:
    actor = stage.any(lambda one: bool(one.kind.hops) and one.holds is None and moment.rested(one))
    start = stage.start(moment, 1.25, 1.0, actor.busy_until_s) if actor else None
    if not actor or start is None:
        return False
    the = stage.the(actor)
    sentence = stage.words_for(f"{the} {actor.kind.hops} up and down.", f"{the} {actor.kind.hops} twice.")
    if not sentence:
        return False
    quarter = (moment.end_s - start) / 4
    for number in range(4):
        actor.stand.go(start + number * quarter, start + (number + 1) * quarter, actor.x, 34.0 if number % 2 == 0 else actor.kind.hover)
    return stage.happen(stage.told("move", start, moment, sentence, actor, words=(said.MOVES,)), actor)


def recolour(stage: Stage, moment: Moment) -> bool:
    actor = stage.any(lambda one: not one.kind.person)
    start = stage.start(moment, 0.5, 0.3, actor.busy_until_s) if actor else None
    if not actor or start is None:
        return False
    old, new, the = actor.paint, stage.fresh_paint(), stage.the(actor)
    sentence = stage.words_for(f"{the} turns {new}.", f"{the} changes from {old} to {new}.", f"{the} changes its colour to {new}.")
    if not sentence:
        return False
    actor.colour.go(start, moment.end_s, *PAINTS[new].rgb)
    told = stage.told("change", start, moment, sentence, actor, words=(PAINTS[new].words,))
    actor.paints.append((moment.end_s, new))
    return stage.happen(told, actor)


def resize(stage: Stage, moment: Moment) -> bool:
    actor = stage.any(lambda one: one.kind.name in _ELASTIC and one.pose.last[0] == 1.0)
    start = stage.start(moment, 0.9, 0.6, actor.busy_until_s) if actor else None
    if not actor or start is None:
        return False
    grows, the = stage.draw.random() < 0.5 and stage.has_room(actor), stage.the(actor)
    bigger = (f"{the} grows larger.", f"{the} gets bigger.", f"{the} swells up.")
    smaller = (f"{the} shrinks.", f"{the} gets smaller.", f"{the} shrinks to half its size.")
    sentence = stage.words_for(*(bigger if grows else smaller))
    if not sentence:
        return False
    actor.pose_as(start, moment.end_s, size=1.5 if grows else 0.55)
    return stage.happen(stage.told("change", start, moment, sentence, actor, words=(said.GROWS if grows else said.SHRINKS,)), actor)


def wave(stage: Stage, moment: Moment) -> bool:
    """Raise both arms, or lower them."""
    actor = stage.any(lambda one: one.kind.person and one.holds is None)
    start = stage.start(moment, 0.6, 0.4, actor.busy_until_s) if actor else None
    if not actor or start is None:
        return False
    up, the = actor.pose.last[1] == 0, stage.the(actor)
    raising = (f"{the} raises both arms.", f"{the} throws both arms up.")
    lowering = (f"{the} lowers both arms.", f"{the} lets both arms down.")
    sentence = stage.words_for(*(raising if up else lowering))
    if not sentence:
        return False
    actor.pose_as(start, moment.end_s, arms=1.0 if up else 0.0)
    return stage.happen(stage.told("change", start, moment, sentence, actor, words=(said.ARMS, said.UPWARDS if up else said.DOWNWARDS)), actor)


def hide(stage: Stage, moment: Moment) -> bool:
    actor = stage.any(lambda one: one.holds is None and one.pose.last[1] == 0 and moment.rested(one))
    if actor is None or any(other.hidden for other in stage.cast):
        return False
    x, cover = cover_x(stage.here.cover_left), stage.here.place.cover.known
    start = stage.start(moment, _seconds(actor.x, x), _LEAST_S, actor.busy_until_s)
    the, goes = stage.the(actor), actor.kind.goes
    sentence = stage.words_for(f"{the} {goes} behind {cover}.", f"{the} disappears behind {cover}.", f"{the} hides behind {cover}.")
    if start is None or not sentence:
        return False
    actor.go(start, moment.end_s, x, min(actor.kind.hover, max(0.0, _COVERED - actor.kind.height * actor.pose.last[0])))
    actor.behind.append((start, float("inf")))
    actor.hidden = True
    return stage.happen(stage.told("hide", start, moment, sentence, actor, words=(said.HIDES,)), actor)


def reveal(stage: Stage, moment: Moment) -> bool:
    actor = next((one for one in stage.cast if one.hidden), None)
    x = stage.free_x(actor.kind) if actor else None
    if not actor or not x:
        return False
    start = stage.start(moment, _seconds(actor.x, x), _LEAST_S, actor.busy_until_s)
    the, goes, cover = stage.the(actor), actor.kind.goes, stage.here.place.cover.known
    sentence = stage.words_for(f"{the} comes out from behind {cover}.", f"{the} {goes} out from behind {cover}.", f"{the} appears again from behind {cover}.")
    if start is None or not sentence:
        return False
    actor.go(start, moment.end_s, x, actor.kind.hover)
    actor.behind[-1] = (actor.behind[-1][0], moment.end_s)
    actor.hidden = False
    return stage.happen(stage.told("reveal", start, moment, sentence, actor, words=(said.REVEALS,)), actor)


def pick_up(stage: Stage, moment: Moment) -> bool:
    person = stage.any(lambda one: one.kind.person and one.holds is None and one.pose.last[1] == 0)
    thing = stage.any(lambda one: one.kind.grip is not None and one.pose.last[0] <= 1.0)
    if not person or not thing:
        return False
    facing = 1 if thing.x > person.x else -1
    x = thing.x - facing * (person.kind.width + thing.kind.width) * 0.5
    if not stage.is_free(x, person.kind, person, thing):
        return False
    walk_s = abs(x - person.x) / _PIXELS_PER_S
    start = stage.start(moment, walk_s + 0.8, walk_s * 0.7 + 0.5, person.busy_until_s, thing.busy_until_s)
    the, what = stage.the(person), stage.the(thing)
    sentence = stage.words_for(f"{the} picks up {what}.", f"{the} lifts {what} up.")
    if start is None or not sentence:
        return False
    arrival = start + (moment.end_s - start) * walk_s / (walk_s + 0.6)
    person.go(start, arrival, x)
    person.face(arrival, facing)
    person.pose_as(arrival, moment.end_s, reach=1.0)
    thing.stand.go((arrival + moment.end_s) / 2, moment.end_s, *in_hand(person.kind, x, facing, thing.kind))
    person.holds, thing.held = thing, True
    return stage.happen(stage.told("pick_up", start, moment, sentence, thing, words=(said.PICKS_UP,)), person, thing)


def put_down(stage: Stage, moment: Moment) -> bool:
    person = stage.any(lambda one: one.holds is not None)
    start = stage.start(moment, 0.8, 0.5, person.busy_until_s) if person else None
    if not person or not person.holds or start is None:
        return False
    thing, the = person.holds, stage.the(person)
    x = thing.x + person.facing * 6
    if not stage.is_free(x, thing.kind, person, thing):
        return False
    what, ground = stage.the(thing), stage.here.place.ground
    if thing.kind.hover:
        sentence = stage.words_for(f"{the} lets go of {what}.", f"{the} releases {what}.")
    else:
        sentence = stage.words_for(f"{the} puts {what} down.", f"{the} sets {what} down on the {ground}.", f"{the} puts {what} on the {ground}.")
    if not sentence:
        return False
    person.pose_as(start, moment.end_s, reach=0.0)
    thing.stand.go(start, moment.end_s, x, thing.kind.hover)
    person.holds, thing.held = None, False
    return stage.happen(stage.told("put_down", start, moment, sentence, thing, words=(said.PUTS_DOWN,)), person, thing)


_ELASTIC = frozenset({"ball", "box", "star", "triangle", "balloon"})


def _outside(actor: Actor, side: str) -> float:
    """Where it cannot be seen any more, with what it holds."""
    half = actor.kind.width / 2 * max(1.0, actor.pose.last[0]) + _BEYOND + (actor.holds.kind.width + actor.kind.width if actor.holds else 0.0)
    return -half if side == "left" else WIDTH + half


def _go_along(actor: Actor, start_s: float, end_s: float, x: float) -> None:
    """Go to a place, with what is held."""
    actor.go(start_s, end_s, x)
    if actor.holds:
        actor.holds.stand.go(start_s, end_s, *in_hand(actor.kind, x, actor.facing, actor.holds.kind))


def _seconds(here: float, there: float) -> float:
    return min(_MOST_S, max(_LEAST_S, abs(there - here) / _PIXELS_PER_S))
