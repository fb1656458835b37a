"""What may be replaced: the generation that was seen, an equal object, and what has vanished; nothing else."""

import pytest

from streamcap_dagster.storage.gcs.bucket import NONE, Blob, OtherGeneration
from streamcap_dagster.storage.gcs.generations import Generations, Overtaken, put


class OneObject:
    """A bucket with one object, to which others may write at any time."""

    def __init__(self, generation: int = NONE, crc32c: str = "theirs") -> None:
        self.generation = generation
        self.crc32c = crc32c
        self.looked = 0
        self.writes = 0
        self.loses_answers = False

    def send(self, expected: int) -> Blob:
        if expected != self.generation:
            raise OtherGeneration
        self.writes += 1
        self.theirs("ours")
        if self.loses_answers:
            raise OtherGeneration
        return self._blob()

    def look(self) -> Blob | None:
        self.looked += 1
        return self._blob() if self.generation else None

    def theirs(self, crc32c: str) -> None:
        self.generation += 10
        self.crc32c = crc32c

    def put(self, expected: int | None) -> Blob:
        return put(expected, self.send, self.look, lambda blob: blob.crc32c == "ours")

    def _blob(self) -> Blob:
        return Blob("a", 1, self.generation, self.crc32c)


def test_what_was_never_seen_is_created_without_a_look() -> None:
    there = OneObject()
    assert there.put(None).generation == 10
    assert there.looked == 0


def test_what_was_never_seen_but_is_there_is_replaced() -> None:
    there = OneObject(5)
    assert there.put(None).generation == 15


def test_what_somebody_wrote_since_it_was_seen_stays() -> None:
    there = OneObject(7)
    with pytest.raises(Overtaken) as lost:
        there.put(5)
    assert (lost.value.expected, lost.value.found, there.crc32c) == (5, 7, "theirs")


def test_what_somebody_created_since_nothing_was_seen_stays() -> None:
    there = OneObject(7)
    with pytest.raises(Overtaken) as lost:
        there.put(NONE)
    assert (lost.value.expected, lost.value.found) == (NONE, 7)


def test_the_same_bytes_of_somebody_else_are_as_good() -> None:
    there = OneObject(7, "ours")
    assert there.put(5).generation == 7
    assert there.writes == 0


def test_a_write_whose_answer_was_lost_counts() -> None:
    there = OneObject(5)
    there.loses_answers = True
    assert there.put(5).generation == 15


def test_what_has_vanished_since_it_was_seen_is_written_again() -> None:
    there = OneObject(NONE)
    assert there.put(5).generation == 10


def test_an_older_generation_from_a_listing_fetched_earlier_is_not_believed() -> None:
    seen = Generations()
    seen.saw("a", 20)
    seen.saw("a", 10)
    assert seen.of("a") == 20


def test_nothing_is_remembered_as_such_and_can_be_forgotten() -> None:
    seen = Generations()
    seen.saw("a", 20)
    seen.saw("a", NONE)
    assert seen.of("a") == NONE
    seen.forget("a")
    assert seen.of("a") is None


def test_only_the_names_used_last_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamcap_dagster.storage.gcs.generations._MOST", 2)
    seen = Generations()
    for name in ("a", "b", "a", "c"):
        seen.saw(name, 1)
    assert [seen.of(name) for name in "abc"] == [1, None, 1]


def test_what_a_listing_lacked_is_known_not_to_be_there_until_it_is_forgotten() -> None:
    seen = Generations()
    seen.saw_all("calls/")
    assert (seen.of("calls/a/b.json"), seen.of("frames/a")) == (NONE, None)

    seen.saw("calls/c.json", 5)
    seen.forget("calls/c.json")
    assert seen.of("calls/a/b.json") is None, "else what is forgotten would be taken for what is not there"
