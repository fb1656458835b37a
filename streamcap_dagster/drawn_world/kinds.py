"""The kinds of things that a drawn world has: how large they are, what they are called, and how they get about."""

from collections.abc import Mapping
from dataclasses import dataclass

_PEOPLE = ("person", "figure", "someone", "somebody", "character", "human", "people", "stickman", "pedestrian", "individual", "stick figure")
_MEN, _WOMEN = ("man", "guy", "boy", "gentleman"), ("woman", "lady", "girl")


@dataclass(frozen=True)
class Kind:
    """Sizes are in pixels of the picture."""

    name: str
    nouns: tuple[str, ...]
    """The words for it, `name` among them."""
    width: float
    height: float
    goes: str
    """The verb for how it gets about, as `rolls`."""
    hops: str = ""
    """The verb for going up and down in place; empty for what does not."""
    hover: float = 0.0
    """Height above the ground at which it rests."""
    person: bool = False
    wears: str = ""
    grip: float | None = None
    """How far above its lowest point a person holds it; None for what nobody can carry."""


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("ball", ("ball", "circle", "disc", "disk", "sphere", "beach ball", "football"), 42, 42, "rolls", hops="bounces", grip=21),
        Kind("box", ("box", "square", "cube", "block", "crate", "package", "parcel", "rectangle", "present", "gift"), 42, 38, "slides", hops="hops", grip=19),
        Kind("star", ("star", "starfish"), 48, 46, "floats", hover=78, grip=20),
        Kind("triangle", ("triangle", "cone", "pyramid", "traffic cone"), 48, 46, "slides", hops="hops", grip=18),
        Kind("balloon", ("balloon",), 36, 46, "floats", hover=92, grip=-32),
        Kind("umbrella", ("umbrella", "parasol"), 58, 62, "slides", grip=6),
        Kind("car", ("car", "vehicle", "automobile", "truck", "van"), 76, 38, "drives"),
        Kind("dog", ("dog", "puppy", "animal", "hound"), 60, 44, "trots", hops="jumps"),
        Kind("man", (*_MEN, *_PEOPLE), 34, 104, "walks", hops="jumps", person=True, wears="shirt"),
        Kind("woman", (*_WOMEN, *_PEOPLE), 36, 102, "walks", hops="jumps", person=True, wears="dress"),
        Kind("child", ("child", "kid", "boy", "girl", "toddler", *_PEOPLE), 28, 72, "runs", hops="jumps", person=True, wears="jumper"),
    )
}
