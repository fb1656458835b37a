"""Requests made by hand."""

from streamcap_dagster.captions.captioner import CaptionRequest, Pair, Place, RequestKind
from streamcap_dagster.records import Frame

HERE = Place("street", 0, 1)


def request(
    kind: RequestKind = "delta",
    prompt: str = "What is new?",
    frames: tuple[Frame, ...] = (),
    history: tuple[str, ...] = (),
    pairs: tuple[Pair, ...] = (),
    place: Place = HERE,
    version: str = "delta.v1",
) -> CaptionRequest:
    return CaptionRequest(kind, place, "You see.", prompt, version, 512, frames, history, pairs)
