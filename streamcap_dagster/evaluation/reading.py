"""The captions of a run and the truth that they are held against, as they are stored; what is in one of them only is told."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from streamcap_dagster.errors import ObjectUnreadable, StreamcapError
from streamcap_dagster.evaluation.speech import Said, said_by
from streamcap_dagster.records import Caption, Captions
from streamcap_dagster.storage import Storage
from streamcap_dagster.storage.documents import parse_record
from streamcap_dagster.storage.many import read_all
from streamcap_dagster.truth import DrawnTruth

_INITIALS, _DELTAS, _JSON = "initial_captions/", "delta_captions/", ".json"
_NAMED = 10
_SLACK_S = 1.0
"""By which a video may end later than its truth, as encoders round."""


class NotEvaluable(StreamcapError):
    """Captions cannot be held against a truth."""

    def __init__(self, what: str, why: str, fix: str) -> None:
        super().__init__(f"{what} cannot be evaluated: {why}. {fix}")


@dataclass(frozen=True)
class Witnessed:
    """A video whose truth is known, and what a run says of its windows, in their order."""

    truth: DrawnTruth
    said: tuple[Said, ...]


@dataclass(frozen=True)
class Evidence:
    """Videos in order of their ids. What was left out has its reason by video_id."""

    videos: tuple[Witnessed, ...]
    captioners: tuple[str, ...]
    left_out: Mapping[str, str]


def read_evidence(storage: Storage, truth: Path, partial: bool = False) -> Evidence:
    """All captions of a storage with their truths. Raises NotEvaluable for a video that lacks one of the two; with `partial` it is left out."""
    truths, runs = read_truths(truth), read_captions(storage)
    left_out = {
        **dict.fromkeys(runs.keys() - truths.keys(), f"captions, but no truth in {truth}"),
        **dict.fromkeys(truths.keys() - runs.keys(), f"a truth, but no captions in {storage.uri}"),
    }
    if left_out and not partial:
        raise NotEvaluable(storage.uri, _told(left_out), "Caption the videos of the truth and no others, or score only what has both with --partial.")
    both = sorted(truths.keys() & runs.keys())
    if not both:
        raise NotEvaluable(storage.uri, f"none of its videos has a truth in {truth}", "Give the folder that `streamcap drawn-world` wrote its videos to.")
    for video_id in both:
        _check_length(truths[video_id], runs[video_id])
    captioners = sorted({f"{caption.captioner} ({caption.model})" for video_id in both for caption in runs[video_id]})
    return Evidence(tuple(Witnessed(truths[name], tuple(said_by(runs[name]))) for name in both), tuple(captioners), dict(sorted(left_out.items())))


def _told(left_out: Mapping[str, str]) -> str:
    by_reason = {reason: sorted(name for name in left_out if left_out[name] == reason) for reason in sorted(set(left_out.values()))}
    return "; ".join(f"{_listed(names)} {'has' if len(names) == 1 else 'have'} {reason}" for reason, names in by_reason.items())


def _listed(names: Sequence[str]) -> str:
    """The first ten, and how many more there are."""
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else "")


def _check_length(truth: DrawnTruth, captions: Sequence[Caption]) -> None:
    end_s = max(caption.end_s for caption in captions)
    if end_s > truth.duration_s + _SLACK_S:
        why = f"its captions go on to {end_s:g} s, where the truth knows {truth.duration_s:g} s of it"
        raise NotEvaluable(f"video {truth.video_id}", why, "They are of another video with this name: render and caption it anew, or give the right folder.")


def read_truths(folder: Path) -> dict[str, DrawnTruth]:
    """By video_id, from a folder that `streamcap drawn-world` wrote, or from its folder `truth`. Raises NotEvaluable when there are none."""
    inner = folder / "truth" if (folder / "truth").is_dir() else folder
    try:
        files = sorted(path for path in inner.iterdir() if path.suffix == _JSON)
        truths = [parse_record(str(path), path.read_bytes(), DrawnTruth) for path in files]
    except OSError as error:
        raise NotEvaluable(f"the truth in {folder}", f"it cannot be read ({error.strerror})", "`streamcap drawn-world --out DIR` writes one.") from error
    except ObjectUnreadable as error:
        raise NotEvaluable(f"the truth in {folder}", str(error).rstrip("."), "Render the videos again: `streamcap drawn-world`.") from error
    if not truths:
        raise NotEvaluable(f"the truth in {folder}", "there is none", "`streamcap drawn-world --out DIR` writes one beside its videos.")
    return {truth.video_id: truth for truth in truths}


def read_captions(storage: Storage) -> dict[str, list[Caption]]:
    """All captions of a storage by video_id. Videos without a clip are none. Raises NotEvaluable when there are none, or when some are not finished."""
    initials, deltas = (_records(storage, prefix) for prefix in (_INITIALS, _DELTAS))
    if not initials:
        raise NotEvaluable(storage.uri, "it holds no captions", "Make them with `streamcap run`, or name the storage that has them.")
    if unfinished := sorted(initials.keys() ^ deltas.keys()):
        raise NotEvaluable(storage.uri, f"of {_listed(unfinished)} only a part of the captions is made", "Finish the run: `streamcap run`.")
    runs = {video_id: [*initials[video_id].captions, *deltas[video_id].captions] for video_id in initials}
    return {video_id: captions for video_id, captions in runs.items() if captions}


def _records(storage: Storage, prefix: str) -> dict[str, Captions]:
    keys: Iterable[str] = (stored.key for stored in storage.list(prefix) if stored.key.endswith(_JSON))
    records = (parse_record(key, data, Captions) for key, data in read_all(storage, keys) if data is not None)
    return {record.video_id: record for record in records}
