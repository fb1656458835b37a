"""Streams as a captioner tells them, with what a good delta should convey: written by hand."""

from streamcap_dagster.captions.prompts import Prompts
from streamcap_dagster.records import NO_CHANGE
from streamcap_dagster.rewards.scoring import Situation
from streamcap_dagster.rewards.trivial import Case

Told = tuple[str, tuple[str, ...]]
"""A caption, empty for silence, and its objectives."""

STREAMS: dict[str, tuple[Told, ...]] = {
    "kitchen": (
        ("A bright kitchen. A woman in a green apron stands at a wooden counter with a bowl, flour and three eggs. A window is behind her.", ()),
        ("She cracks an egg into the bowl.", ("woman cracks egg into bowl",)),
        ("A second egg; shell falls on the counter.", ("second egg is cracked", "shell falls on counter")),
        ("", ()),
        ("She picks up a whisk and starts to beat the mixture.", ("woman picks up whisk", "mixture is beaten")),
        ("A boy in a striped shirt runs in from the right.", ("boy runs in", "boy wears striped shirt")),
        ("He reaches for the flour and knocks the bag over.", ("boy reaches for flour", "flour bag is knocked over")),
        ("White dust covers the counter; she laughs.", ("dust covers counter", "woman laughs")),
    ),
    "street": (
        ("A rainy street at night, seen from above. Parked cars on both sides, a neon sign reads 'HOTEL LUNA', two people under umbrellas.", ()),
        ("A yellow taxi turns in from the left.", ("yellow taxi turns in from left",)),
        ("The taxi stops beneath the sign, its brake lights on.", ("taxi stops", "brake lights turn on")),
        ("A man in a grey coat gets out and opens a suitcase on the pavement.", ("man in grey coat gets out", "man opens suitcase")),
        ("", ()),
        ("Papers blow away down the street.", ("papers blow away",)),
        ("A cyclist swerves round them and rings a bell.", ("cyclist swerves",)),
    ),
    "harbour": (
        ("A harbour in fog. Fishing boats with blue hulls lie along a stone quay, gulls sit on the masts.", ()),
        ("A small white motorboat comes into view between the hulls.", ("white motorboat comes into view",)),
        ("Its driver throws a rope to someone on the quay.", ("driver throws rope", "someone stands on quay")),
        ("The gulls fly off all at once.", ("gulls fly off",)),
        ("A girl in rubber boots catches the rope and ties it to an iron ring.", ("girl catches rope", "rope is tied to ring")),
        ("Sunlight breaks through; the fog thins out.", ("sunlight breaks through", "fog thins out")),
    ),
    "match": (
        ("A tennis court of red clay, seen from behind the baseline. A player in white bounces a ball, the other waits beyond the net.", ()),
        ("She throws the ball up and serves wide.", ("player serves",)),
        ("Her opponent returns it with a high backhand.", ("opponent returns ball", "return is a backhand")),
        ("A long rally follows, both players deep in their corners.", ("long rally",)),
        ("A drop shot lands just over the net.", ("drop shot lands over net",)),
        ("The scoreboard changes to 40-15.", ("scoreboard shows 40-15",)),
        ("", ()),
        ("Spectators in the stand rise and applaud.", ("spectators rise", "spectators applaud")),
    ),
}  # fmt: skip


def cases() -> list[Case]:
    """One per window after the first of each stream, with the prompt as it is really asked."""
    return [_case(name, stream, window) for name, stream in STREAMS.items() for window in range(1, len(stream))]


def _case(name: str, stream: tuple[Told, ...], window: int) -> Case:
    text, objectives = stream[window]
    history = tuple(said for said, _ in stream[:window] if said)
    about = Situation(objectives, history, seconds=2.0, gold_is_silent=not text, prompt=Prompts().delta(history))
    return Case(f"{name}/0/{window}", name, text or NO_CHANGE, about)
