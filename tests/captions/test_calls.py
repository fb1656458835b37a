"""The call store: nothing that was answered is lost, whatever happens when."""

import json
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamcap_dagster.captions.calls import Attempt, Call, CallStore
from streamcap_dagster.errors import ObjectChanged, ObjectUnreadable
from streamcap_dagster.storage import Stored, keys
from streamcap_dagster.storage.folder import FolderStorage
from tests.storage.counted import CountedStorage


def call(key: str, *texts: str) -> Call:
    attempts = tuple(Attempt(text=text, finish="stop", model="m") for text in texts or ("said",))
    return Call(key=key, question=f"q-{key}", kind="delta", video_id="street", clip=0, window=1, attempts=attempts, chosen=len(attempts) - 1)


def loose(storage: FolderStorage) -> list[str]:
    return [Path(stored.key).stem for stored in storage.list(keys.calls("street"))]


def test_a_kept_call_is_an_object_at_once(tmp_path: Path) -> None:
    CallStore(FolderStorage(tmp_path), "street").keep(call("aa"))
    assert Call.model_validate_json((tmp_path / "calls/street/aa.json").read_bytes()) == call("aa")


def test_the_next_run_finds_what_is_loose_and_what_is_folded(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    first = CallStore(storage, "street")
    first.keep(call("aa"))
    first.fold()
    first.keep(call("bb"))
    again = CallStore(storage, "street")
    assert (again.get("aa"), again.get("bb"), again.get("cc")) == (call("aa"), call("bb"), None)


def test_folding_leaves_one_file_sorted_by_key(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    store = CallStore(storage, "street")
    for key in ("cc", "aa", "bb"):
        store.keep(call(key))
    store.fold()
    assert [json.loads(line)["key"] for line in (tmp_path / "calls/street.jsonl").read_text().splitlines()] == ["aa", "bb", "cc"]
    assert loose(storage) == []


def test_folding_again_adds_to_the_file(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    for key in ("bb", "aa"):
        store = CallStore(storage, "street")
        store.keep(call(key))
        store.fold()
    assert len((tmp_path / "calls/street.jsonl").read_text().splitlines()) == 2


def test_folding_nothing_writes_nothing(tmp_path: Path) -> None:
    CallStore(FolderStorage(tmp_path), "street").fold()
    assert not (tmp_path / "calls").exists()


def test_a_video_sees_no_calls_of_a_video_whose_name_begins_alike(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    CallStore(storage, "street-2").keep(call("aa"))
    CallStore(storage, "street").fold()
    assert CallStore(storage, "street").get("aa") is None
    assert (tmp_path / "calls/street-2/aa.json").exists()


def test_an_answer_that_another_process_keeps_is_folded_too(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    mine, other = CallStore(storage, "street"), CallStore(storage, "street")
    mine.keep(call("aa"))
    other.keep(call("bb"))
    mine.fold()
    assert CallStore(storage, "street").get("bb") == call("bb")


def test_the_version_of_a_call_with_more_answers_wins_when_another_process_went_on_with_it(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    mine, other = CallStore(storage, "street"), CallStore(storage, "street")
    mine.keep(call("aa", "nonsense"))
    other.keep(call("aa", "nonsense", "said"))
    mine.fold()
    assert CallStore(storage, "street").get("aa") == call("aa", "nonsense", "said")


def test_what_another_process_has_folded_meanwhile_stays(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    mine, other = CallStore(storage, "street"), CallStore(storage, "street")
    mine.keep(call("bb"))
    other.keep(call("aa"))
    other.fold()
    mine.keep(call("cc"))
    mine.fold()
    again = CallStore(storage, "street")
    assert [again.get(key) for key in ("aa", "bb", "cc")] == [call("aa"), call("bb"), call("cc")]


def test_of_two_answers_to_one_question_the_one_that_was_folded_first_stays(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    mine, other = CallStore(storage, "street"), CallStore(storage, "street")
    mine.keep(call("aa", "first"))
    mine.fold()
    other.keep(call("aa", "second"))
    other.fold()
    assert CallStore(storage, "street").get("aa") == call("aa", "first")


class WrittenMeanwhile(FolderStorage):
    """Another process writes an object right before this one does, as often as there is something for it to write."""

    theirs: list[bytes]

    def write(self, key: str, data: bytes) -> None:
        if self.theirs:
            super().write(key, self.theirs.pop())
            raise ObjectChanged(self.uri, key, 1, 2)
        super().write(key, data)


def meanwhile(root: Path, *theirs: Call) -> WrittenMeanwhile:
    storage = WrittenMeanwhile(root)
    storage.theirs = [one.model_dump_json().encode() for one in theirs]
    return storage


def test_of_a_question_that_two_processes_ask_the_call_with_more_answers_counts(tmp_path: Path) -> None:
    store = CallStore(meanwhile(tmp_path, call("aa", "nonsense", "said")), "street")
    assert store.keep(call("aa", "nonsense")) == call("aa", "nonsense", "said") == store.get("aa")


def test_an_answer_that_another_process_has_less_of_takes_its_place(tmp_path: Path) -> None:
    store = CallStore(meanwhile(tmp_path, call("aa", "nonsense")), "street")
    assert store.keep(call("aa", "nonsense", "said")) == call("aa", "nonsense", "said")
    assert CallStore(FolderStorage(tmp_path), "street").get("aa") == call("aa", "nonsense", "said")


def test_an_answer_that_cannot_be_written_for_all_the_changes_is_folded(tmp_path: Path) -> None:
    store = CallStore(meanwhile(tmp_path, *[call("aa", "nonsense")] * 3), "street")
    store.keep(call("aa", "nonsense", "said"))
    store.fold()
    assert CallStore(FolderStorage(tmp_path), "street").get("aa") == call("aa", "nonsense", "said")


def test_a_folded_file_that_another_process_wrote_meanwhile_keeps_its_answers(tmp_path: Path) -> None:
    storage = meanwhile(tmp_path)
    store = CallStore(storage, "street")
    store.keep(call("aa"))
    storage.theirs = [call("bb").model_dump_json().encode()]
    store.fold()
    again = CallStore(FolderStorage(tmp_path), "street")
    assert [again.get(key) for key in ("aa", "bb")] == [call("aa"), call("bb")]


class ListsLate(FolderStorage):
    """What was written last is not listed yet."""

    def list(self, prefix: str) -> Iterator[Stored]:
        return iter(list(super().list(prefix))[:-1])


def test_an_answer_that_is_listed_late_is_folded_and_stays_until_the_next_fold(tmp_path: Path) -> None:
    store = CallStore(ListsLate(tmp_path), "street")
    for key in ("aa", "bb"):
        store.keep(call(key))
    store.fold()
    assert loose(FolderStorage(tmp_path)) == ["bb"]
    next_run = CallStore(FolderStorage(tmp_path), "street")
    next_run.fold()
    assert (next_run.get("aa"), next_run.get("bb"), loose(FolderStorage(tmp_path))) == (call("aa"), call("bb"), [])


def test_folding_when_nothing_is_loose_asks_the_storage_nothing(tmp_path: Path) -> None:
    storage = CountedStorage(tmp_path)
    store = CallStore(storage, "street")
    store.keep(call("aa"))
    store.fold()
    storage.requests.clear()
    store.fold()
    assert storage.requests == []


class FoldsMeanwhile(FolderStorage):
    """Another process folds after this one has listed the loose answers and before it reads them."""

    def list(self, prefix: str) -> Iterator[Stored]:
        found = list(super().list(prefix))
        CallStore(FolderStorage(self.root), "street").fold()
        return iter(found)


def test_answers_that_are_folded_while_they_are_being_read_are_found(tmp_path: Path) -> None:
    CallStore(FolderStorage(tmp_path), "street").keep(call("aa"))
    assert CallStore(FoldsMeanwhile(tmp_path), "street").get("aa") == call("aa")


def test_a_damaged_answer_is_named(tmp_path: Path) -> None:
    FolderStorage(tmp_path).write("calls/street/aa.json", b"{")
    with pytest.raises(ObjectUnreadable, match=r"calls/street/aa\.json cannot be read"):
        CallStore(FolderStorage(tmp_path), "street")


def test_a_damaged_line_of_the_folded_file_is_named(tmp_path: Path) -> None:
    FolderStorage(tmp_path).write("calls/street.jsonl", call("aa").model_dump_json().encode() + b"\n{}\n")
    with pytest.raises(ObjectUnreadable, match=r"calls/street\.jsonl, line 2"):
        CallStore(FolderStorage(tmp_path), "street")


KILLED = textwrap.dedent(
    """
    import os, signal, sys
    from pathlib import Path
    from streamcap_dagster.captions.calls import CallStore
    from streamcap_dagster.storage.folder import FolderStorage

    operation, number, when = sys.argv[2], int(sys.argv[3]), sys.argv[4]

    class Killed(FolderStorage):
        done = 0

        def _counted(self, name, run, *arguments):
            Killed.done += name == operation
            fatal = name == operation and Killed.done == number
            if fatal and when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            run(*arguments)
            if fatal:
                os.kill(os.getpid(), signal.SIGKILL)

        def write(self, key, data):
            self._counted("write", super().write, key, data)

        def delete(self, key):
            self._counted("delete", super().delete, key)

    CallStore(Killed(Path(sys.argv[1])), "street").fold()
    """
)


@pytest.mark.parametrize(
    ("operation", "number", "when"), [("write", 1, "before"), ("write", 1, "after"), ("delete", 1, "after"), ("delete", 2, "before"), ("delete", 3, "after")]
)
def test_folding_that_is_killed_loses_no_answer_and_the_next_fold_completes_it(tmp_path: Path, operation: str, number: int, when: str) -> None:
    storage = FolderStorage(tmp_path)
    before = CallStore(storage, "street")
    before.keep(call("old"))
    before.fold()
    for key in ("aa", "bb", "cc"):
        before.keep(call(key))
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), operation, str(number), when], check=False)
    assert done.returncode == -signal.SIGKILL
    after = CallStore(storage, "street")
    assert [after.get(key) for key in ("aa", "bb", "cc", "old")] == [call(key) for key in ("aa", "bb", "cc", "old")]
    after.fold()
    assert ([json.loads(line)["key"] for line in storage.read("calls/street.jsonl").splitlines()], loose(storage)) == (["aa", "bb", "cc", "old"], [])
