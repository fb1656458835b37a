"""Whether choices fit what is said by now, and what has to go along with them so that they overwrite nothing that counts elsewhere."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from streamcap_dagster.errors import StreamcapError
from streamcap_dagster.records import Captions, in_order
from streamcap_dagster.reviews.applying import apply_review, said_at
from streamcap_dagster.reviews.records import Choice, Decision, Place, Review, Span


class ChoiceUnfit(StreamcapError):
    """Something was decided on captions that are others by now."""

    def __init__(self, video_id: str, choice: Choice) -> None:
        what = f"clip {choice.clip + 1}" if choice.window is None else f"window {choice.window + 1} of clip {choice.clip + 1}"
        super().__init__(
            f"video {video_id}: what was decided on {what} does not fit what is said there now, for it was captioned or cut anew since. "
            "Load the page again and decide on what is there."
        )


@dataclass(frozen=True)
class _Standing:
    """A review, and where what was decided stands now."""

    kept: Mapping[Place, Decision]
    applying: Mapping[Place, Decision]

    def moved_from(self, place: Place) -> Place | None:
        """Where what is kept in a place counts, when that is elsewhere."""
        return next((now for now, decision in self.applying.items() if decision.place == place != now), None)


def fitting(review: Review, initials: Captions, deltas: Captions, choices: Sequence[Choice | Span]) -> list[Choice | Span]:
    """The choices, and with each on a window or clip what goes along: what is kept in its place and counts elsewhere goes there,
    and what was decided of the same captions where they stood leaves that place.

    Raises ChoiceUnfit for one on other captions than are there now. Whatever is there, exactly that can be taken back.
    """
    known = said_at(in_order(initials, deltas))
    standing = _Standing({decision.place: decision for decision in review.decisions}, apply_review(review, initials, deltas).applying)
    wanted: dict[Place, Choice] = {}
    for choice in choices:
        if isinstance(choice, Choice):
            if choice.caption_sha256 != known.get(choice.place) and not _takes_back(choice, standing.kept.get(choice.place)):
                raise ChoiceUnfit(review.video_id, choice)
            wanted[choice.place] = choice
    for choice in tuple(wanted.values()):
        for other in _along(choice, standing):
            wanted.setdefault(other.place, other)
    return [*wanted.values(), *(choice for choice in choices if isinstance(choice, Span))]


def _takes_back(choice: Choice, kept: Decision | None) -> bool:
    return choice.is_nothing and kept is not None and kept.caption_sha256 == choice.caption_sha256


def _along(choice: Choice, standing: _Standing) -> Iterator[Choice]:
    place, seen = choice.place, {choice.place}
    while (now := standing.moved_from(place)) is not None and now not in seen and standing.kept[place].caption_sha256 != choice.caption_sha256:
        yield standing.kept[place].choice.model_copy(update={"clip": now[0], "window": now[1]})
        seen.add(now)
        place = now
    before = standing.applying.get(choice.place)
    if before is not None and before.place != choice.place:
        yield Choice(clip=before.clip, window=before.window, caption_sha256=before.caption_sha256)
