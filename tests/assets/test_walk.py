"""How videos walk: in order, nothing made twice, a failing one stopping only itself, whatever goes wrong."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streamcap_dagster.assets.progress import AssetDone, Happening, VideoDone
from streamcap_dagster.assets.walk import Finished, walk_videos
from streamcap_dagster.assets.work import Made, VideoWork
from streamcap_dagster.captions.calls import Call
from streamcap_dagster.errors import QuotaExhausted, StorageError, StreamcapError
from streamcap_dagster.policies import SplitPolicy
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.failures import read_failures
from streamcap_dagster.storage.folder import FolderStorage
from streamcap_dagster.storage.receipts import read_receipts
from tests.assets.walking import Walked, asset, put, video, walk, walk_async, workshop


class TooSad(StreamcapError):
    pass


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "data")


def sad(work: VideoWork) -> Made:
    raise TooSad(f"video {work.video_id}: it is too sad to look at. Cheer it up.")


def sad_about(video_id: str) -> object:
    return lambda work: sad(work) if work.video_id == video_id else put(work, "look", "fine")


def test_a_video_walks_through_its_assets_in_the_order_given(storage: FolderStorage) -> None:
    walked = walk([asset("look"), asset("think", ("look",)), asset("say", ("look", "think"))], workshop(storage))

    assert walked.made == ["look", "think", "say"]
    assert [receipt.asset for receipt in read_receipts(storage, "cat").receipts] == ["look", "say", "think"]


def test_whoever_watches_is_told_of_every_asset_and_of_the_end(storage: FolderStorage) -> None:
    told: list[Happening] = []

    walk([asset("look")], workshop(storage, told.append))

    assert [type(happening) for happening in told] == [AssetDone, VideoDone]
    done = told[0]
    assert isinstance(done, AssetDone)
    assert (done.video_id, done.asset, done.reused, dict(done.counts)) == ("cat", "look", False, {"words": 2})


def test_a_failing_video_stops_only_itself(storage: FolderStorage) -> None:
    wanted = [asset("look", make=sad_about("dog")), asset("say", ("look",))]

    walked = walk(wanted, workshop(storage), [video("cat"), video("dog"), video("owl")])

    assert sorted(walked.finished) == [("cat", "look"), ("cat", "say"), ("owl", "look"), ("owl", "say")]
    assert [(failure.video_id, failure.asset) for failure in walked.failures] == [("dog", "look")]
    assert walked.failures[0].reason == "video dog: it is too sad to look at. Cheer it up."


def test_a_failure_is_noted_and_forgotten_once_the_video_goes_well(storage: FolderStorage) -> None:
    walked = walk([asset("look", make=sad)], workshop(storage))
    assert [(noted.video_id, noted.reason) for noted in read_failures(storage)] == [(failure.video_id, failure.reason) for failure in walked.failures]

    walk([asset("look")], workshop(storage))
    assert list(read_failures(storage)) == []


def test_an_error_that_nobody_foresaw_is_a_failure_that_owns_up(storage: FolderStorage) -> None:
    def stumble(work: VideoWork) -> Made:
        raise ZeroDivisionError("division by zero")

    (failure,) = walk([asset("look", make=stumble)], workshop(storage)).failures

    assert failure.reason.startswith("video cat: look failed with ZeroDivisionError: division by zero.")
    assert "This is a fault of streamcap: please report it" in failure.reason


def test_the_words_of_whoever_watches_carry_the_reason(storage: FolderStorage) -> None:
    told: list[Happening] = []

    walk([asset("look", make=sad)], workshop(storage, told.append))

    assert told == [VideoDone("cat", "video cat: it is too sad to look at. Cheer it up.")]


def test_what_is_up_to_date_is_reused(storage: FolderStorage) -> None:
    wanted = [asset("look"), asset("say", ("look",))]
    walk(wanted, workshop(storage))

    again = walk(wanted, workshop(storage))

    assert again.reused == ["look", "say"]
    assert again.made == []


@pytest.mark.parametrize("spoiled", [b"some wor", None], ids=["another size", "gone"])
def test_an_object_that_is_not_as_it_was_stored_is_made_again(storage: FolderStorage, spoiled: bytes | None) -> None:
    walk([asset("look"), asset("say", ("look",))], workshop(storage))
    if spoiled is None:
        storage.delete("look/cat.txt")
    else:
        storage.write("look/cat.txt", spoiled)

    again = walk([asset("look"), asset("say", ("look",))], workshop(storage))

    assert (again.made, again.reused) == (["look"], ["say"])
    assert storage.read("look/cat.txt") == b"some words"


def test_a_changed_file_makes_again_what_comes_from_it(storage: FolderStorage) -> None:
    wanted = [asset("look", words=lambda work: work.video.sha256), asset("say", ("look",))]
    walk(wanted, workshop(storage))

    assert walk(wanted, workshop(storage), [video(words="another cat")]).made == ["look", "say"]


def test_the_wave_stops_where_an_asset_comes_out_the_same(storage: FolderStorage) -> None:
    wanted = [asset("look"), asset("think", ("look",)), asset("say", ("think",))]
    walk(wanted, workshop(storage))

    again = walk(wanted, workshop(storage), [video(words="another cat")])

    assert (again.made, again.reused) == (["look"], ["think", "say"])


def test_a_changed_setting_makes_again_what_reads_it(storage: FolderStorage) -> None:
    wanted = [asset("look"), asset("say", reads=(SplitPolicy,))]
    walk(wanted, workshop(storage))

    assert walk(wanted, workshop(storage, test_share=0.2)).made == ["say"]


def test_what_an_asset_is_also_made_from_counts(storage: FolderStorage) -> None:
    walk([asset("say", also_from=lambda work: {"model": "one"})], workshop(storage))

    assert walk([asset("say", also_from=lambda work: {"model": "two"})], workshop(storage)).made == ["say"]


def test_the_receipt_is_gone_while_an_asset_is_made_anew(storage: FolderStorage) -> None:
    """Killed in between, the next run must not trust a receipt for an object that may be half of this run's doing."""
    seen: list[object] = []

    def look(work: VideoWork) -> Made:
        seen.append(read_receipts(work.storage, work.video_id).of("look"))
        return put(work, "look", work.video.sha256)

    for words in ("a cat", "another cat"):
        walk([asset("look", make=look), asset("think")], workshop(storage), [video(words=words)])

    assert seen == [None, None]


def test_an_asset_that_fails_to_be_made_anew_counts_as_missing(storage: FolderStorage) -> None:
    walk([asset("look")], workshop(storage))
    walk([asset("look", make=sad)], workshop(storage), [video(words="another cat")])

    assert read_receipts(storage, "cat").of("look") is None


def test_a_missing_input_is_named_with_what_to_do(storage: FolderStorage) -> None:
    (failure,) = walk([asset("say", ("think",))], workshop(storage)).failures

    assert failure.reason == "video cat: say is made from think, which does not exist yet. Make think first, or select it in the same run."


@pytest.mark.parametrize("status", ["removed", "failed"])
def test_a_video_that_the_catalog_cannot_use_fails_with_its_reason_and_makes_nothing(storage: FolderStorage, status: str) -> None:
    walked = walk([asset("look")], workshop(storage), [video(status=status, reason="It is an empty file.")])

    assert walked.finished == []
    assert f"the catalog lists it as {status} (It is an empty file.)" in walked.failures[0].reason
    assert "Materialize video_catalog" in walked.failures[0].reason


def test_of_two_walks_on_one_video_the_second_waits_and_reuses_everything(storage: FolderStorage) -> None:
    wanted = [asset("look"), asset("say", ("look",))]
    made: list[str] = []

    async def slowly(work: VideoWork) -> Made:
        made.append(work.video_id)
        await asyncio.sleep(0.05)
        return put(work, "look", "some words")

    async def both() -> list[Counter[str]]:
        wanted[0] = asset("look", make=slowly)
        walks = await asyncio.gather(*(walk_async(wanted, workshop(storage)) for _ in range(2)))
        return [Counter(made=len(walked.made), reused=len(walked.reused)) for walked in walks]

    counts = asyncio.run(both())

    assert sorted(counts, key=lambda count: count["made"]) == [Counter(made=0, reused=2), Counter(made=2, reused=0)]
    assert made == ["cat"]


def test_a_cancelled_walk_leaves_no_receipt_for_what_was_not_finished(storage: FolderStorage) -> None:
    async def cancel_midway() -> None:
        begun = asyncio.Event()

        async def never_ends(work: VideoWork) -> Made:
            begun.set()
            await asyncio.Event().wait()
            return put(work, "say", "never")

        walking = asyncio.create_task(walk_async([asset("look"), asset("say", ("look",), make=never_ends)], workshop(storage)))
        await begun.wait()
        walking.cancel()
        await walking

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancel_midway())

    assert [receipt.asset for receipt in read_receipts(storage, "cat").receipts] == ["look"]
    assert list(read_failures(storage)) == []
    assert walk([asset("look"), asset("say", ("look",))], workshop(storage)).made == ["say"]


def test_plain_functions_of_several_videos_run_at_the_same_time(storage: FolderStorage) -> None:
    together = threading.Barrier(2, timeout=10)

    def meet(work: VideoWork) -> Made:
        together.wait()
        return put(work, "look", "met")

    assert walk([asset("look", make=meet)], workshop(storage), [video("cat"), video("dog")]).failures == []


def test_however_many_files_are_being_copied_an_answer_can_be_kept(storage: FolderStorage) -> None:
    copied = threading.Event()

    def copy(work: VideoWork) -> Made:
        copied.wait(20)
        return put(work, "look", "copied")

    async def keep_meanwhile() -> Walked:
        walking = asyncio.create_task(walk_async([asset("look", make=copy)], workshop(storage), [video(f"v{number}") for number in range(50)]))
        await asyncio.sleep(0.2)
        try:
            await asyncio.wait_for(asyncio.to_thread(storage.write, "an/answer", b"paid for"), 5)
        finally:
            copied.set()
        return await walking

    assert len(asyncio.run(keep_meanwhile()).made) == 50


def test_no_more_videos_than_set_are_worked_on_at_once(storage: FolderStorage) -> None:
    now = most = 0

    async def count(work: VideoWork) -> Made:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.02)
        now -= 1
        return put(work, "look", "counted")

    walked = walk([asset("look", make=count)], workshop(storage, videos_in_flight=3), [video(f"v{number}") for number in range(8)])

    assert len(walked.made) == 8
    assert most == 3


def test_kept_answers_that_cannot_be_folded_fail_only_their_video(storage: FolderStorage) -> None:
    answer = Call(key="one", question="?", kind="delta", video_id="dog", clip=0, window=1, attempts=())
    storage.write(f"{keys.calls('dog')}one.json", answer.model_dump_json().encode())

    async def ask(work: VideoWork) -> Made:
        await work.asker()
        if work.video_id == "dog":
            storage.write(f"{keys.calls('dog')}abc.json", b"not a call")
        return put(work, "say", "asked")

    walked = walk([asset("say", make=ask)], workshop(storage), [video("cat"), video("dog")])

    assert sorted(walked.finished) == [("cat", "say"), ("dog", "say")]
    assert [failure.video_id for failure in walked.failures] == ["dog"]
    assert "calls/dog/abc.json" in walked.failures[0].reason


def test_a_failure_that_cannot_be_noted_is_told_all_the_same_and_the_others_go_on(storage: FolderStorage) -> None:
    (storage.root / keys.failure("dog")).mkdir(parents=True)

    walked = walk([asset("look", make=sad_about("dog"))], workshop(storage), [video("cat"), video("dog")])

    assert walked.finished == [("cat", "look")]
    assert [(failure.video_id, failure.asset, failure.reason) for failure in walked.failures] == [
        ("dog", "look", "video dog: it is too sad to look at. Cheer it up.")
    ]


def test_a_storage_that_gives_no_turn_is_a_failure_with_a_sentence(storage: FolderStorage) -> None:
    (storage.root / ".streamcap").mkdir(parents=True)
    (storage.root / ".streamcap/leases").write_text("a file where a folder is needed")

    (failure,) = walk([asset("look")], workshop(storage)).failures

    assert "A file stands where a folder is needed: choose another STREAMCAP_STORAGE." in failure.reason


def _out_of_quota(work: VideoWork) -> Made:
    if work.video_id == "v2":
        raise QuotaExhausted("some-model", "all requests of the day", "tomorrow")
    return put(work, "look", "some words")


def test_once_nobody_can_be_asked_no_further_video_is_begun(storage: FolderStorage) -> None:
    one_at_a_time = workshop(storage, videos_in_flight=1)
    walked = walk([asset("look", make=_out_of_quota)], one_at_a_time, [video(f"v{number}") for number in range(5)])
    assert [video_id for video_id, _ in walked.finished] == ["v0", "v1"]
    assert [(stopped.unfinished, "tomorrow" in stopped.reason) for stopped in walked.stopped] == [(("v2", "v3", "v4"), True)]


def test_a_stop_of_the_run_is_no_failure_of_a_video(storage: FolderStorage) -> None:
    walked = walk([asset("look", make=_out_of_quota)], workshop(storage), [video(f"v{number}") for number in range(5)])
    assert walked.failures == []
    assert list(storage.list("ledger/failures/")) == []


class KeepsItsTurns(FolderStorage):
    """A storage where a turn cannot be given back."""

    @contextmanager
    def lease(self, name: str) -> Iterator[bool]:
        try:
            with super().lease(name) as held:
                yield held
        finally:
            raise StorageError(self.uri, "giving back a turn", "it is refused", "Try again.")


def test_a_stop_of_the_run_is_one_although_the_turn_cannot_be_given_back(tmp_path: Path) -> None:
    walked = walk([asset("look", make=_out_of_quota)], workshop(KeepsItsTurns(tmp_path / "data")), [video("v2")])

    assert (walked.failures, len(walked.stopped)) == ([], 1)


def test_what_took_long_is_vouched_for_before_the_next_is_begun(storage: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamcap_dagster.assets.walk._WORTH_A_RECEIPT_S", 0.0)
    seen: list[object] = []

    def look(work: VideoWork) -> Made:
        seen.append([receipt.asset for receipt in read_receipts(work.storage, work.video_id).receipts])
        return put(work, "say", "seen")

    walk([asset("look"), asset("say", ("look",), make=look)], workshop(storage))

    assert seen == [["look"]]


def test_what_is_told_is_vouched_for(storage: FolderStorage) -> None:
    walked: list[tuple[str, bool]] = []

    def note(result: object) -> None:
        assert isinstance(result, Finished)
        walked.append((result.asset.name, read_receipts(storage, "cat").of(result.asset.name) is not None))

    asyncio.run(walk_videos([video()], [asset("look"), asset("say", ("look",))], workshop(storage), note))

    assert walked == [("look", True), ("say", True)]
