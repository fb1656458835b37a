"""The places of a drawn world, in words: each has a ground to stand on, something on one side, and on the other a cover to hide behind."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Fixture:
    """A thing that belongs to a place and never moves."""

    name: str
    """With its article, as in a sentence."""
    words: tuple[str, ...]

    @property
    def known(self) -> str:
        """With `the`."""
        return f"the {self.name.partition(' ')[2]}"


@dataclass(frozen=True)
class Place:
    name: str
    described: tuple[str, ...]
    """As the object of a sentence."""
    nouns: tuple[str, ...]
    """What it may be called."""
    hints: tuple[str, ...]
    """What else tells that it is this place."""
    ground: str
    decor: Fixture
    cover: Fixture
    unlike: frozenset[str]
    """Paints that are hard to see here."""
    indoors: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        return *self.nouns, *self.hints


PLACES: Mapping[str, Place] = {
    place.name: place
    for place in (
        Place(
            "room",
            ("a room with light walls and a wooden floor", "a living room with light walls and a wooden floor"),
            ("room", "living room", "bedroom"),
            ("indoors", "interior", "indoor", "inside", "wooden floor", "wall", "walls"),
            "floor",
            Fixture("a window", ("window",)),
            Fixture("a brown wardrobe", ("wardrobe", "cupboard", "closet", "cabinet", "door", "armoire", "locker", "furniture", "fridge")),
            frozenset(),
            indoors=True,
        ),
        Place(
            "meadow",
            ("a green meadow under a blue sky", "a grassy field on a sunny day"),
            ("meadow", "field", "lawn", "park", "garden", "grass"),
            ("grassy", "outdoors", "outdoor", "outside", "countryside", "landscape", "hill", "hills"),
            "grass",
            Fixture("a tree", ("tree",)),
            Fixture("a tall hedge", ("hedge", "bush", "shrub", "bushes", "topiary", "shrubbery", "foliage")),
            frozenset({"green"}),
        ),
        Place(
            "beach",
            ("a sandy beach by the sea", "a wide beach at the seaside"),
            ("beach", "seaside", "shore", "coast", "seashore", "sea", "ocean", "sand"),
            ("sandy", "water"),
            "sand",
            Fixture("a sun", ("sun",)),
            Fixture("a striped hut", ("hut", "cabin", "shed", "booth", "tent", "cabana", "house", "changing room", "stall")),
            frozenset({"yellow", "orange"}),
        ),
        Place(
            "street",
            ("a city street in front of a row of houses", "a street with a row of houses behind it"),
            ("street", "road", "city", "town", "pavement", "sidewalk", "window"),
            ("urban", "house", "houses", "building", "buildings", "windows"),
            "pavement",
            Fixture("a street lamp", ("lamp", "street lamp", "streetlamp", "streetlight", "lamppost", "lamp post", "street light", "light", "pole")),
            Fixture("a grey kiosk", ("kiosk", "booth", "stall", "stand", "shed", "shop", "newsstand", "phone booth", "cabin", "bus stop", "shelter")),
            frozenset({"black"}),
        ),
        Place(
            "snow",
            ("a snowy field under a grey sky", "a winter landscape with deep snow"),
            ("snow", "field"),
            ("snowy", "winter", "wintry", "snow covered", "icy"),
            "ground",
            Fixture("a fir tree", ("fir tree", "fir", "tree", "pine", "pine tree", "christmas tree", "evergreen")),
            Fixture("a wooden shed", ("shed", "cabin", "hut", "barn", "outhouse", "house", "shack")),
            frozenset({"white"}),
        ),
        Place(
            "desert",
            ("a desert with dunes under a clear sky", "a desert landscape with sand dunes"),
            ("desert", "dunes", "dune", "sand"),
            ("sandy", "arid"),
            "sand",
            Fixture("a cactus", ("cactus", "cacti", "plant")),
            Fixture("a tall rock", ("rock", "boulder", "stone", "cliff", "formation")),
            frozenset({"yellow", "orange"}),
        ),
    )
}
