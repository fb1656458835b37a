"""The windows of a video as people are given them to rank, and what people said of them as it is kept."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from streamcap_dagster.errors import ObjectMissing
from streamcap_dagster.examples.chain import WindowPair, window_pairs
from streamcap_dagster.examples.ranking_files.items import Faulty, Item, Judgement
from streamcap_dagster.examples.rankings import RankedText, RankedWindow, Rankings, basis_of, counts_for
from streamcap_dagster.records import Candidate, Captions, PreferenceExamples
from streamcap_dagster.reviews.reviewed import apply, reviewed_of
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record


@dataclass(frozen=True)
class Rankable:
    """A window with candidates, and what is known of them."""

    item: Item
    pair: WindowPair
    candidates: tuple[Candidate, ...]

    def judged(self, judgements: Sequence[Judgement]) -> RankedWindow:
        """What these people said of it; of several the mean of their ranks. Raises Faulty for one who ranked something else."""
        places = [self._places(judgement) for judgement in judgements]
        ranked = (RankedText(text=text, rank=round(sum(ranks[name] for ranks in places) / len(places), 6)) for name, text in self.item.candidates.items())
        clip, window = self.pair.place
        return RankedWindow(clip=clip, window=window, basis=basis_of(self.pair), people=len(places), candidates=tuple(ranked))

    def _places(self, judgement: Judgement) -> dict[str, int]:
        """Ranks as places, however they were numbered."""
        if judgement.version != self.item.version:
            raise Faulty(f"{judgement.where}: {judgement.sample_id} has other captions or candidates now than when it was exported")
        if unknown := sorted(judgement.ranks.keys() - self.item.candidates.keys()):
            raise Faulty(f"{judgement.where}: {judgement.sample_id} has no {unknown[0]!r}; its candidates are {', '.join(self.item.candidates)}")
        if missing := sorted(self.item.candidates.keys() - judgement.ranks.keys()):
            raise Faulty(f"{judgement.where}: {missing[0]} of {judgement.sample_id} is not ranked; all of its candidates must be, or none")
        return {name: 1 + sum(other < rank for other in judgement.ranks.values()) for name, rank in judgement.ranks.items()}


def rankable_of(storage: Storage, video_id: str, frames_at: str = "") -> Iterator[Rankable]:
    """Every window of a video with at least two candidates, in order; none where no preference pairs were made. `frames_at` goes before the keys of frames."""
    try:
        made = read_record(storage, keys.preference_examples(video_id), PreferenceExamples)
    except ObjectMissing:
        return
    candidates = {(one.clip, one.window): one.candidates for one in made.examples} | {(one.clip, one.window): one.candidates for one in made.undecided}
    if not candidates:
        return
    reviewed = reviewed_of(storage, video_id)
    initials, deltas = (apply(read_record(storage, key(video_id), Captions), reviewed) for key in (keys.initial_captions, keys.delta_captions))
    people = {(window.clip, window.window): window for window in rankings_of(storage, video_id).windows}
    for pair in window_pairs(initials, deltas):
        known = candidates.get(pair.place, ())
        if len(known) > 1:
            yield Rankable(_item(video_id, pair, known, people.get(pair.place), frames_at), pair, known)


def rankings_of(storage: Storage, video_id: str) -> Rankings:
    """What people said of a video; empty where nobody has said anything."""
    try:
        return read_record(storage, keys.rankings(video_id), Rankings)
    except ObjectMissing:
        return Rankings(video_id=video_id, windows=())


def merged(judgements: Sequence[Judgement], known: Mapping[str, Rankable]) -> dict[str, tuple[RankedWindow, ...]]:
    """What was said by video, in order of id. Raises Faulty naming the first that cannot be used, and how many others cannot."""
    together: dict[str, dict[str, Judgement]] = defaultdict(dict)
    faults: list[str] = []
    for judgement in judgements:
        by_person = together[judgement.sample_id]
        if judgement.person in by_person:
            faults.append(f"{judgement.where}: {judgement.sample_id} is ranked a second time by the same person, or without saying by whom (`annotator`)")
        by_person.setdefault(judgement.person, judgement)
    windows: dict[str, list[RankedWindow]] = defaultdict(list)
    for sample_id, by_person in together.items():
        try:
            windows[sample_id.partition("/")[0]].append(_found(sample_id, known, by_person).judged(list(by_person.values())))
        except Faulty as fault:
            faults.append(str(fault))
    if faults:
        more = f", and {len(faults) - 1} more like it or otherwise wrong" if len(faults) > 1 else ""
        raise Faulty(f"{faults[0]}{more}")
    return {video_id: tuple(windows[video_id]) for video_id in sorted(windows)}


def _found(sample_id: str, known: Mapping[str, Rankable], by_person: Mapping[str, Judgement]) -> Rankable:
    if sample_id not in known:
        where = next(iter(by_person.values())).where
        raise Faulty(f"{where}: this storage has no window {sample_id!r} with candidates; ids are <video>/<clip>/<window>, as they were exported")
    return known[sample_id]


def _item(video_id: str, pair: WindowPair, candidates: Sequence[Candidate], people: RankedWindow | None, frames_at: str) -> Item:
    sample_id = f"{video_id}/{pair.later.clip}/{pair.later.window}"
    texts = sorted((one.text for one in candidates), key=lambda text: hashlib.sha256(f"{sample_id}\n{text}".encode()).digest())
    named = {f"candidate_{number}": text for number, text in enumerate(texts, start=1)}
    basis = basis_of(pair)
    said = {ranked.text: ranked.rank for ranked in people.candidates} if people and counts_for(people, pair) else {}
    return Item(
        sample_id=sample_id,
        version=f"v{hashlib.sha256(json.dumps([basis, texts]).encode()).hexdigest()[:12]}",  # 12345e678901 is a number to a spreadsheet
        history=pair.said,
        frames=tuple(frames_at + key for key in _frames(video_id, pair)),
        candidates=named,
        ranks={name: said[text] for name, text in named.items()} if said.keys() >= set(texts) else {},
    )


def _frames(video_id: str, pair: WindowPair) -> Iterator[str]:
    for caption in (pair.earlier, pair.later):
        for k in range(len(caption.frame_sha256)):
            yield keys.images(video_id) + keys.image_name(caption.clip, caption.window, k)
