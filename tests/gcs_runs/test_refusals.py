"""A bucket that is not there, says no, or knows nobody: a run stops in one sentence that tells what to do, and the next one goes on from what is whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from streamcap_dagster.emulators.gcs.options import Options
from streamcap_dagster.emulators.gcs.server import Running, running
from tests.assets.project import Project
from tests.gcs_runs.clouds import (
    BUCKET,
    STORAGE,
    Ran,
    Reference,
    cloud_project,
    digests,
    ended,
    final_objects,
    make_reference,
    run,
    running_command,
    torn,
    until,
)
from tests.gemini.runs import once


@dataclass(frozen=True)
class Refusal:
    """What is wrong, and the words of the sentence that a person needs."""

    says: tuple[str, ...]
    denied: str = ""
    expired: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Told:
    ran: Ran
    torn: list[str]
    """What lay half-written in the storage afterwards."""


NOBODYS = "gs://nobody-has-this/place"
MISSING = ("in gs://nobody-has-this", "no bucket of that name", "emulate-gcs --bucket nobody-has-this")
GRANT = (f"gs://{BUCKET}", f"gcloud storage buckets add-iam-policy-binding gs://{BUCKET}")
LOGIN = (f"gs://{BUCKET}", "does not accept the credentials", "gcloud auth application-default login", "run the same command again")


def denied(permission: str) -> Refusal:
    return Refusal((f"lack the permission {permission} on the bucket {BUCKET}", *GRANT), permission)


OF_THE_STORAGE = {
    "no bucket": Refusal((*MISSING, "STREAMCAP_STORAGE"), environment={"STREAMCAP_STORAGE": NOBODYS}),
    "credentials": Refusal(LOGIN, expired=True),
    "write": denied("storage.objects.create"),
    "delete": denied("storage.objects.delete"),
    "read": denied("storage.objects.get"),
    "list": denied("storage.objects.list"),
}
OF_THE_SOURCE = {
    "no bucket": Refusal((*MISSING, "STREAMCAP_SOURCE"), environment={"STREAMCAP_SOURCE": NOBODYS}),
    "nothing there": Refusal((f"gs://{BUCKET}/empty", "holds no video", "STREAMCAP_SOURCE"), environment={"STREAMCAP_SOURCE": f"gs://{BUCKET}/empty"}),
    "list": denied("storage.objects.list"),
    "read": denied("storage.objects.get"),
}


def refused(refusal: Refusal, project: Project, emulator: Running, *arguments: str) -> Ran:
    if refusal.denied:
        emulator.deny(refusal.denied)
    if refusal.expired:
        emulator.expire_credentials()
    ran = run(project, *arguments, **refusal.environment)
    emulator.allow_all()
    return ran


@dataclass(frozen=True)
class Story:
    """One storage that is refused for one reason after the other, then one source, and what came in the end."""

    of_the_storage: dict[str, Told]
    of_the_source: dict[str, Ran]
    done: Ran
    differs: dict[str, str]


def tell(folder: Path) -> Story:
    reference = make_reference(folder / "reference")
    with running(Options(buckets=(BUCKET,))) as emulator:
        project = cloud_project(folder / "storage", emulator, reference)
        stories = {}
        for name, refusal in OF_THE_STORAGE.items():
            ran = refused(refusal, project, emulator)
            stories[name] = Told(ran, torn(final_objects(emulator), reference))
        done = run(project)
        found, expected = digests(final_objects(emulator)), digests(reference.objects)
        local = cloud_project(folder / "source", emulator, reference, STREAMCAP_STORAGE=str(folder / "data"), STREAMCAP_SOURCE=f"{STORAGE}/raw/videos")
        sources = {name: refused(refusal, local, emulator) for name, refusal in OF_THE_SOURCE.items()}
    return Story(stories, sources, done, dict(found.items() ^ expected.items()))


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return once(tmp_path_factory, tell)


def check_end(ran: Ran, refusal: Refusal) -> None:
    """One sentence, once, that says why and what to do."""
    assert ran.status == 1, ran.said
    assert all(words in ran.said for words in refusal.says), ran.said
    assert ran.said.count(refusal.says[0]) == 1, ran.said
    assert "Traceback" not in ran.said


@pytest.mark.parametrize("why", OF_THE_STORAGE)
def test_a_storage_that_refuses_stops_the_run_in_one_sentence_and_holds_nothing_half_written(story: Story, why: str) -> None:
    told = story.of_the_storage[why]
    check_end(told.ran, OF_THE_STORAGE[why])
    assert told.torn == []


def test_a_run_that_was_refused_for_every_reason_is_completed_by_the_next(story: Story) -> None:
    assert story.done.status == 0, story.done.said
    assert story.differs == {}


@pytest.mark.parametrize("why", OF_THE_SOURCE)
def test_a_source_that_refuses_stops_the_run_in_one_sentence(story: Story, why: str) -> None:
    check_end(story.of_the_source[why], OF_THE_SOURCE[why])


def test_a_storage_that_is_no_name_of_a_bucket_is_a_wrong_setting(gcs: Running, reference: Reference, tmp_path: Path) -> None:
    ran = run(cloud_project(tmp_path, gcs, reference, STREAMCAP_STORAGE="gs://"))

    assert ran.status == 2
    assert "STREAMCAP_STORAGE='gs://' cannot be used" in ran.complained
    assert gcs.journal.rows == []


@pytest.mark.heavy
def test_credentials_that_expire_in_mid_run_stop_it_and_the_next_goes_on(gcs: Running, reference: Reference, tmp_path: Path) -> None:
    """Once the frames of a video are there, so in the middle of its captions."""
    project = cloud_project(tmp_path, gcs, reference)
    with running_command(project) as process:
        until(lambda: any(row.name.endswith("/frames/clock.parquet") for row in gcs.journal.rows), process)
        gcs.expire_credentials()
        ran = ended(process)
    asked = gcs.journal.count()
    gcs.allow_all()

    check_end(ran, Refusal(LOGIN))
    assert torn(final_objects(gcs), reference) == []
    rest = run(project)
    assert rest.status == 0, rest.said
    assert digests(final_objects(gcs)) == digests(reference.objects)
    assert asked < gcs.journal.count()
