"""What happens to the place of a drawn video and not to a thing in it: signs, light, another place. Acts, as in `acts`."""

from streamcap_dagster.drawn_world import vocabulary as said
from streamcap_dagster.drawn_world.places import PLACES
from streamcap_dagster.drawn_world.scenery import SIGN_UP
from streamcap_dagster.drawn_world.stage import WINDOW_S, Moment, Setting, Stage, Told

SIGNS = (
    *("OPEN", "CLOSED", "EXIT", "SALE", "STOP", "HELLO", "WELCOME", "TAXI", "MUSEUM", "BAKERY", "DANGER", "POST", "CAFE", "BUS 42", "DESK 7", "GATE B"),
    *("PLATFORM 3", "TICKETS", "GOODBYE", "LUNCH", "WET PAINT", "NO ENTRY", "LIBRARY", "SCHOOL", "HOTEL", "ZONE 9", "TEAM TWO", "LEVEL 2"),
)
DARK = 0.4
READ_S = 0.25
"""What changes at once has been seen after this."""


def raise_sign(stage: Stage, moment: Moment) -> bool:
    start = None if stage.sign else stage.start(moment, 0.6, 0.4, stage.sign_busy_until_s)
    text = _fresh_text(stage)
    ways = (f'a sign comes down that reads "{text}".', f'a sign appears with the text "{text}".', f'a sign that says "{text}" drops into view.')
    if start is None or not (sentence := stage.words_for(*ways)):
        return False
    stage.sign_texts.append((start, text))
    stage.sign_height.go(start, moment.end_s, 0.0)
    return _sign(stage, start, moment, sentence, text)


def change_sign(stage: Stage, moment: Moment) -> bool:
    start = stage.start(moment, READ_S, READ_S, stage.sign_busy_until_s) if stage.sign else None
    text = _fresh_text(stage)
    sentence = stage.words_for(
        f'the sign now reads "{text}".', f'the sign changes from "{stage.sign}" to "{text}".', f'the text on the sign changes to "{text}".'
    )
    if start is None or not sentence:
        return False
    stage.sign_texts.append((start, text))
    return _sign(stage, start, moment, sentence, text)


def remove_sign(stage: Stage, moment: Moment) -> bool:
    start = stage.start(moment, 0.6, 0.4, stage.sign_busy_until_s) if stage.sign and moment.is_first_after(stage.sign_busy_until_s) else None
    if start is None or not (sentence := stage.words_for("the sign is pulled up out of sight.", "the sign goes up out of view.", "the sign is taken away.")):
        return False
    stage.sign_height.go(start, moment.end_s, SIGN_UP)
    stage.sign_busy_until_s = moment.end_s
    text = stage.sign_texts[-1][1].lower()
    return stage.happen(Told("sign", start, moment.end_s, sentence, ((*said.WRITING, text), said.GONE)))


def switch_light(stage: Stage, moment: Moment) -> bool:
    start = stage.start(moment, 0.3, 0.2, stage.light_busy_until_s) if stage.here.place.indoors else None
    on = stage.dark
    ways = ("the light comes on again.", "the room is bright again.") if on else ("the light goes out.", "the room goes dark.")
    if start is None or not (sentence := stage.words_for(*ways)):
        return False
    stage.light.go(start, moment.end_s, 1.0 if on else DARK)
    stage.light_busy_until_s = moment.end_s
    return stage.happen(Told("room", start, moment.end_s, sentence, (said.GOES_LIGHT if on else said.GOES_DARK,)))


def change_place(stage: Stage, moment: Moment) -> bool:
    """A cut to another place, with nobody there yet; once in a video, and not while the first is hardly known."""
    busy = [stage.sign_busy_until_s, stage.light_busy_until_s, *(actor.busy_until_s for actor in stage.cast)]
    cut_s = stage.start(moment, READ_S, READ_S, *busy) if len(stage.settings) == 1 and moment.end_s > 2 * WINDOW_S else None
    if cut_s is None:
        return False
    place = stage.draw.choice([place for place in PLACES.values() if place is not stage.here.place])
    there = Setting(cut_s, place, stage.draw.random() < 0.5, stage.draw.randrange(15))
    described = stage.draw.choice(place.described)
    sentence = stage.words_for(f"the scene changes to {described}.", f"the scene cuts to {described}.")
    if not sentence:
        return False
    for actor in stage.cast:
        if not actor.away:
            actor.leave_picture(cut_s, for_good=True)
        actor.done = True
    if stage.sign:
        stage.sign_height.go(cut_s, cut_s, SIGN_UP)
    if stage.dark:
        stage.light.go(cut_s, cut_s, 1.0)
    stage.settings.append(there)
    return stage.happen(Told("room", cut_s, moment.end_s, sentence, (tuple(word for word in place.words if word != place.ground),)))


def _fresh_text(stage: Stage) -> str:
    shown = {text for _, text in stage.sign_texts}
    return stage.draw.choice([text for text in SIGNS if text not in shown])


def _sign(stage: Stage, start: float, moment: Moment, sentence: str, text: str) -> bool:
    """Whoever reads it has told it."""
    stage.sign_busy_until_s = moment.end_s
    return stage.happen(Told("sign", start, moment.end_s, sentence, ((text.lower(),),)))
