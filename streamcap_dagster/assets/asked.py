"""Under what a backfill was asked for, so that its runs, which another process starts, refuse to work on something else."""

from collections.abc import Mapping

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.assets.wanted import Wanted
from streamcap_dagster.assets.work import Workshop
from streamcap_dagster.errors import StreamcapError

_STORAGE, _CAPTIONER, _VERSIONS = "streamcap/storage", "streamcap/captioner", "streamcap/versions"
_WORDS = {
    _STORAGE: "everything is kept in {}, where STREAMCAP_STORAGE here is {}",
    _CAPTIONER: "the captioner is {}, where it is {} here",
    _VERSIONS: "the code, the prompts or the settings of frames, captions or examples are others than here",
}


class AskedElsewhere(StreamcapError):
    """A run was asked for by a process whose settings are not those of the process that is to do it."""

    def __init__(self, differences: str) -> None:
        super().__init__(
            f"this run was asked for where {differences}. Nothing was made. Give `streamcap` and Dagster's code location the same environment "
            "(and start the code location again), or add --here to work in the process of the command."
        )


def asked_under(workshop: Workshop) -> dict[str, str]:
    """Tags for a backfill: what its runs have to be done under."""
    return {
        _STORAGE: workshop.storage.uri,
        _CAPTIONER: f"{workshop.captioner.name} ({workshop.captioner.model})",
        _VERSIONS: Wanted(PER_VIDEO, workshop).digest[:8],
    }


def check_asked(tags: Mapping[str, str], workshop: Workshop) -> None:
    """Raises AskedElsewhere when the tags of a run say that it was asked for under something else. A run without such tags may be done anywhere."""
    if not tags.keys() & _WORDS.keys():
        return
    here = asked_under(workshop)
    differing = [_WORDS[tag].format(tags[tag], here[tag]) for tag in here if tags.get(tag, here[tag]) != here[tag]]
    if differing:
        raise AskedElsewhere("; ".join(differing))
