"""What may be said of what happens in a drawn world: wide enough to be fair to whoever has words of their own."""

from collections.abc import Iterable, Mapping
from typing import Final

from streamcap_dagster.truth import EventType

_IRREGULAR: Final = {
    "come": ("comes", "coming", "came", "has come"),
    "go": ("goes", "going", "went", "gone"),
    "run": ("runs", "running", "ran"),
    "drive": ("drives", "driving", "drove", "driven"),
    "fly": ("flies", "flying", "flew", "flown"),
    "slide": ("slides", "sliding", "slid"),
    "leave": ("leaves", "leaving", "has left", "have left", "left the"),
    "hide": ("hides", "hiding", "hid", "hidden"),
    "take": ("takes", "taking", "took", "taken"),
    "hold": ("holds", "holding", "held"),
    "grab": ("grabs", "grabbing", "grabbed"),
    "put": ("puts", "putting"),
    "set": ("sets", "setting"),
    "lay": ("lays", "laying", "laid"),
    "become": ("becomes", "becoming", "became"),
    "grow": ("grows", "growing", "grew", "grown"),
    "get": ("gets", "getting", "got"),
    "shrink": ("shrinks", "shrinking", "shrank", "shrunk"),
    "show": ("shows", "showing", "shown"),
    "trot": ("trots", "trotting", "trotted"),
    "hop": ("hops", "hopping", "hopped"),
    "drop": ("drops", "dropping", "dropped"),
    "step": ("steps", "stepping", "stepped"),
    "spin": ("spins", "spinning", "spun"),
    "lift": ("lifts", "lifting", "lifted"),
    "carry": ("carries", "carrying", "carried"),
    "stand": ("stands", "standing", "stood"),
}


def forms(verb: str) -> tuple[str, ...]:
    """A verb as it may stand in a sentence, itself first."""
    stem = verb.removesuffix("e")
    return (verb, *_IRREGULAR.get(verb, (f"{verb}es" if verb.endswith(("sh", "ch", "ss")) else f"{verb}s", f"{stem}ing", f"{stem}ed")))


def _all(verbs: str) -> tuple[str, ...]:
    return tuple(form for verb in verbs.split() for form in forms(verb))


def _with(verbs: Iterable[str], tails: str) -> tuple[str, ...]:
    return tuple(f"{verb} {tail}" for verb in verbs for tail in tails.split())


_GOING: Final = _all("move roll slide float drift drive walk run trot fly come go step glide stroll head hover")
_HOPPING: Final = _all("jump hop bounce leap")
_SIDES: Final = tuple(f"{at} {side}" for at in ("from the", "from", "on the", "on", "at the", "at", "to the") for side in ("left", "right"))
_PLACES: Final = (*_SIDES, "in the middle", "in the centre", "in the center")

ENTERS: Final = (*_GOING, *_all("enter appear arrive return join show emerge"), *_PLACES, "there is", "new", "visible", "back", "into view")
LEAVES: Final = (
    *_all("leave exit disappear vanish depart"),
    *_with(_GOING, "out off away offscreen"),
    *("gone", "no longer", "out of view", "out of frame", "out of sight", "off screen", "offscreen", "is out", "now absent", "removed"),
)
LEAVES_WITH: Final = (*LEAVES, "out", "away", "off")
MOVES: Final = (*_GOING, *_HOPPING, *_all("shift pass approach cross travel"), *_PLACES, "towards", "toward", "over to", "closer", "up and down")
HIDES: Final = (*_all("hide disappear vanish"), "behind", "covered", "obscured", "occluded", "concealed", "out of sight", "out of view", "no longer", "gone")
REVEALS: Final = (
    *_all("emerge appear reappear return"),
    *_with(_GOING, "out back"),
    *("re emerges", "re appears", "from behind", "visible", "back", "uncovered", "revealed", "out again", "in view again"),
)
PICKS_UP: Final = (
    *_all("lift take grab hold carry raise grasp collect"),
    *("pick up", "picks up", "picking up", "picked up", "up", "picks the", "picks it", "picked", "in hand", "in his hand", "in her hand", "in their hand"),
)
CARRIES: Final = (*MOVES, *_all("carry take bring hold"))
PUTS_DOWN: Final = (
    *_all("put set place lay lower drop release"),
    *("down", "lets go", "let go", "letting go", "on the floor", "on the ground", "on the grass", "on the sand", "on the snow", "no longer holding"),
)
ARMS: Final = ("arms", "hands", "arm", "hand")
UPWARDS: Final = (*_all("raise lift stretch throw"), "threw", "up", "in the air", "above", "overhead")
DOWNWARDS: Final = (*_all("lower drop"), "down", "lets", "letting", "let", "sides", "side")
GROWS: Final = (*_all("grow expand swell enlarge inflate"), "larger", "bigger", "twice", "double", "doubles", "large", "big")
SHRINKS: Final = (*_all("shrink contract deflate"), "smaller", "half", "small", "tiny")
_OFF, _ON = ("off", "out"), ("on", "back")
_SWITCHED: Final = ("light goes", "lights go", "light is", "lights are", "light", "lights", "switched", "turned", "light comes", "lights come")
GOES_DARK: Final = (*_all("darken dim"), "dark", "darker", "dimmer", "dimly lit", *(f"{what} {how}" for what in _SWITCHED for how in _OFF))
GOES_LIGHT: Final = (*_all("brighten"), "bright", "brighter", "lit", "light again", "light returns", *(f"{what} {how}" for what in _SWITCHED for how in _ON))
SIGN: Final = ("sign", "board", "banner", "placard", "billboard")
WRITING: Final = (*SIGN, "text", "notice", "panel", "word", "words")
GONE: Final = (*LEAVES, *_all("retract rise"), "pulled up", "taken away", "taken down", "goes up", "moves up", "slides up")
CAMERA: Final = ("camera", *_all("pan zoom tilt shake"), "view moves", "view shifts", "picture shakes")
DISTURBANCE: Final = (*_all("flicker tremble flash blink"), "noisy", "noise", "grain", "grainy", "unsteady")
BLINKS: Final = _all("blink flash flicker")
LAMP: Final = ("lamp", "bulb")

CLAIMS: Final[Mapping[EventType, tuple[str, ...]]] = {
    "enter": (*_all("enter appear arrive"), *_with(_GOING, "in into"), "into view", "comes back", "come back"),
    "leave": (*_all("leave exit disappear vanish depart"), *_with(_GOING, "out off away"), "out of view", "out of frame", "no longer visible"),
    "move": (*_GOING, *_HOPPING),
    "change": (*_all("turn become change grow shrink expand swell"), "gets bigger", "gets smaller", "both arms", *_with(_all("raise lower"), "arms hands")),
    "hide": (*_all("hide disappear vanish"), *_with(_GOING, "behind")),
    "reveal": (*_all("emerge reappear appear"), *_with(_GOING, "out"), "from behind"),
    "pick_up": (*_all("lift take grab grasp"), "pick up", "picks up", "picking up", "picked up"),
    "put_down": (*_all("put set drop release place"), "lets go", "puts down", "sets down"),
    "room": (
        "scene changes",
        "scene cuts",
        "cut to",
        "cuts to",
        "goes dark",
        "light goes",
        "light comes",
        "lights go",
        "lights come",
        *_all("darken brighten"),
    ),
    "sign": ("sign appears", "sign comes", "sign changes", "sign reads", "now reads", "sign disappears", "sign goes", "sign is pulled", "sign is taken"),
    "camera": CAMERA,
    "distractor": DISTURBANCE,
}
"""By which words a caption claims that an event of a type happens. What may be said without claiming it, such as where a thing is now, is not here."""
