"""Generations and the conditions on them, for every verb, also when many write at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from google.api_core.exceptions import PreconditionFailed

from streamcap_dagster.emulators.gcs.server import Running
from tests.emulators.gcs.asking import OBJECTS, ask, bucket, download, look, put


def generation(gcs: Running, name: str) -> str:
    return str(look(gcs, name).json["generation"])


def test_an_object_can_be_created_only_once_where_none_may_be(gcs: Running) -> None:
    bucket().blob("a").upload_from_string(b"first", if_generation_match=0)

    with pytest.raises(PreconditionFailed):
        bucket().blob("a").upload_from_string(b"second", if_generation_match=0)

    assert gcs.objects("bucket") == {"a": b"first"}


def test_generations_grow_with_every_write(gcs: Running) -> None:
    generations = [int(put(gcs, "a").json["generation"]) for _ in range(50)]

    assert generations == sorted(set(generations))


def test_a_generation_of_the_past_is_gone_when_nothing_deleted_is_kept_as_a_version(gcs: Running) -> None:
    old = put(gcs, "a").json["generation"]
    put(gcs, "a")

    assert look(gcs, "a", f"?generation={old}").status == 404


@pytest.mark.parametrize("condition", ["ifGenerationMatch=7", "ifMetagenerationMatch=7", "ifGenerationMatch=0"])
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_condition_that_does_not_hold_is_412(gcs: Running, method: str, condition: str) -> None:
    put(gcs, "a")

    refused = ask(gcs, method, f"{OBJECTS}/a?{condition}", b"{}")

    assert (refused.status, refused.reason) == (412, "conditionNotMet")
    assert refused.message == "At least one of the pre-conditions you specified did not hold."
    assert gcs.objects("bucket") == {"a": b"data"}


@pytest.mark.parametrize(("method", "status"), [("GET", 304), ("PATCH", 412), ("DELETE", 412)])
def test_not_this_generation_is_304_for_a_reader_and_412_for_a_writer(gcs: Running, method: str, status: int) -> None:
    made = put(gcs, "a").json

    refused = ask(gcs, method, f"{OBJECTS}/a?ifGenerationNotMatch={made['generation']}", b"{}")

    assert refused.status == status


def test_a_download_can_be_conditional(gcs: Running) -> None:
    made = put(gcs, "a").json["generation"]

    assert download(gcs, "a", query=f"&ifGenerationMatch={made}").status == 200
    assert download(gcs, "a", query="&ifGenerationMatch=1").status == 412
    assert download(gcs, "a", query=f"&ifGenerationNotMatch={made}").status == 304


def test_a_missing_object_is_missing_whatever_the_condition(gcs: Running) -> None:
    assert ask(gcs, "DELETE", f"{OBJECTS}/a?ifGenerationMatch=7").status == 404
    assert look(gcs, "a", "?ifGenerationMatch=7").status == 404


def test_a_write_can_ask_that_there_is_one_already(gcs: Running) -> None:
    assert put(gcs, "a", query="&ifGenerationNotMatch=0").status == 412
    put(gcs, "a")
    assert put(gcs, "a", query="&ifGenerationNotMatch=0").status == 200


def test_of_many_who_create_at_once_one_wins_whole(gcs: Running) -> None:
    with ThreadPoolExecutor(16) as pool:
        for name in map(str, range(10)):
            replies = list(pool.map(lambda who, name=name: put(gcs, name, bytes([who]) * 2000, "&ifGenerationMatch=0").status, range(16)))
            assert sorted(replies) == [200] + [412] * 15

    assert all(len(set(data)) == 1 and len(data) == 2000 for data in gcs.objects("bucket").values())


def test_of_many_who_replace_one_generation_one_wins(gcs: Running) -> None:
    put(gcs, "a")
    seen = generation(gcs, "a")

    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda who: put(gcs, "a", bytes([who]), f"&ifGenerationMatch={seen}").status, range(16)))

    assert replies.count(200) == 1


def test_a_change_of_what_is_said_of_an_object_makes_a_metageneration_and_no_generation(gcs: Running) -> None:
    put(gcs, "a")
    blob = bucket().get_blob("a")
    before = blob.generation

    blob.metadata = {"made-by": "hand"}
    blob.cache_control = "no-store"
    blob.patch()

    found = look(gcs, "a").json
    assert (found["generation"], found["metageneration"]) == (str(before), "2")
    assert (found["metadata"], found["cacheControl"]) == ({"made-by": "hand"}, "no-store")


@pytest.mark.parametrize("parameter", ["ifGenerationMatch", "ifMetagenerationNotMatch", "generation", "maxResults"])
def test_a_number_that_is_none_is_refused(gcs: Running, parameter: str) -> None:
    put(gcs, "a")
    path = OBJECTS if parameter == "maxResults" else f"{OBJECTS}/a"

    refused = ask(gcs, "GET", f"{path}?{parameter}=x")

    assert (refused.status, refused.reason) == (400, "invalid")
