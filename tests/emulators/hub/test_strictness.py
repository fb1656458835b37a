"""What the emulated Hub does not take: a client that passes here has not got away with anything."""

import base64
import hashlib
import json
from collections.abc import Iterator

import httpx2
import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, constants
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

from streamcap_dagster.emulators.hub.options import Options
from streamcap_dagster.emulators.hub.server import Running, running

REPO = "somebody/rows"
API = f"/api/datasets/{REPO}"
AUTH = {"authorization": "Bearer hf_token"}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    with running(Options(token="hf_token", owners=("somebody",))) as emulator:
        emulator.make(REPO, {"README.md": b"# Rows\n", "data/rows.parquet": b"PAR1" * 1000}, private=True)
        yield emulator


def api(hub: Running, token: str = "hf_token") -> HfApi:
    return HfApi(endpoint=hub.url, token=token)


def committed(hub: Running, *lines: object, parent: str = "") -> httpx2.Response:
    header = {"key": "header", "value": {"summary": "by hand", **({"parentCommit": parent} if parent else {})}}
    body = "".join(json.dumps(line) + "\n" for line in (header, *lines))
    return httpx2.post(f"{hub.url}{API}/commit/main", content=body, headers={**AUTH, "content-type": "application/x-ndjson"})


def regular(path: str, data: bytes) -> dict[str, object]:
    return {"key": "file", "value": {"path": path, "content": base64.b64encode(data).decode(), "encoding": "base64"}}


@pytest.mark.parametrize(("token", "error"), [("hf_other", HfHubHTTPError), (False, RepositoryNotFoundError)])
def test_a_private_repository_is_for_its_token_alone(hub: Running, token: str, error: type[Exception]) -> None:
    with pytest.raises(error) as refused:
        api(hub, token).dataset_info(REPO)

    assert refused.value.response.status_code == 401  # type: ignore[attr-defined]


def test_what_is_not_there_is_told_as_the_client_expects_it(hub: Running) -> None:
    with pytest.raises(RepositoryNotFoundError):
        api(hub).dataset_info("somebody/nothing")
    with pytest.raises(RevisionNotFoundError):
        api(hub).dataset_info(REPO, revision="v9")


def test_in_the_namespace_of_others_nothing_is_made(hub: Running) -> None:
    with pytest.raises(HfHubHTTPError, match="403 Forbidden: You don't have the rights"):
        api(hub).create_repo("others/rows", repo_type="dataset")


def test_a_commit_needs_the_newest_parent(hub: Running) -> None:
    old = hub.repository(REPO).branches["main"]
    hub.commit(REPO, {"NOTES.md": b"new"})

    assert committed(hub, regular("a.md", b"a"), parent=old).status_code == 412


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (regular("../a.md", b"a"), 400),
        (regular("a.parquet", b"PAR1"), 400),
        (regular("README.md", b"---\ntags: [\n---\n"), 400),
        ({"key": "file", "value": {"path": "a.md", "content": "?", "encoding": "base64"}}, 400),
        ({"key": "lfsFile", "value": {"path": "a.parquet", "algo": "sha256", "oid": "0" * 64, "size": 1}}, 400),
        ({"key": "deletedFile", "value": {"path": "nothing.md"}}, 404),
        ({"key": "renamedFile", "value": {"path": "README.md"}}, 400),
    ],
)
def test_a_line_that_cannot_be_spoils_the_whole_commit(hub: Running, line: dict[str, object], status: int) -> None:
    before = hub.files(REPO)

    assert committed(hub, regular("good.md", b"good"), line).status_code == status
    assert hub.files(REPO) == before


def test_a_large_object_is_checked_and_never_sent_with_the_token(hub: Running) -> None:
    data = b"PAR1" * 500
    asked = {"operation": "upload", "transfers": ["basic"], "hash_algo": "sha256", "objects": [{"oid": hashlib.sha256(data).hexdigest(), "size": len(data)}]}
    kinds = {"accept": "application/vnd.git-lfs+json", "content-type": "application/vnd.git-lfs+json"}
    told = httpx2.post(f"{hub.url}/datasets/{REPO}.git/info/lfs/objects/batch", json=asked, headers={**AUTH, **kinds}).json()
    href = told["objects"][0]["actions"]["upload"]["href"]

    assert httpx2.put(href, content=b"x" * len(data)).status_code == 400
    assert httpx2.put(href, content=data[:-1]).status_code == 400
    assert httpx2.put(href, content=data, headers=AUTH).status_code == 400
    assert httpx2.put(href.replace("signature=", "signature=0"), content=data).status_code == 403
    assert httpx2.put(href, content=data).status_code == 200


@pytest.mark.parametrize(
    ("asked", "status", "data"),
    [("bytes=4-7", 206, b"PAR1"), ("bytes=-4", 206, b"PAR1"), ("bytes=3996-", 206, b"PAR1"), ("bytes=4000-", 416, None), ("pages=1", 200, b"PAR1" * 1000)],
)
def test_parts_of_a_file_are_served_as_they_are_asked_for(hub: Running, asked: str, status: int, data: bytes | None) -> None:
    answer = httpx2.get(f"{hub.url}/datasets/{REPO}/resolve/main/data/rows.parquet", headers={**AUTH, "range": asked})

    assert answer.status_code == status
    assert data is None or answer.content == data


def test_a_long_listing_comes_in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    with running(Options(page_size=3)) as hub:
        hub.make(REPO, {f"folder one/{number}.md": b"" for number in range(7)})
        entries = [entry.path for entry in api(hub).list_repo_tree(REPO, "folder one", repo_type="dataset")]

        assert entries == [f"folder one/{number}.md" for number in range(7)]
        assert hub.journal.count("tree") == 3


def test_tags_and_history_are_those_of_git(hub: Running) -> None:
    made = api(hub).create_commit(
        REPO,
        [CommitOperationAdd("a.md", b"a"), CommitOperationDelete("data/", is_folder=True)],
        commit_message="a for data",
        repo_type="dataset",
    )
    api(hub).create_tag(REPO, tag="v1", revision=made.oid, repo_type="dataset")
    hub.commit(REPO, {"a.md": None})

    assert sorted(hub.files(REPO, "v1")) == [".gitattributes", "README.md", "a.md"]
    assert [commit.title for commit in api(hub).list_repo_commits(REPO, repo_type="dataset")][:2] == ["by somebody else", "a for data"]
    with pytest.raises(HfHubHTTPError, match="409"):
        api(hub).create_tag(REPO, tag="v1", repo_type="dataset")


@pytest.mark.parametrize("name", ["v1..2", "v1.", "v1.lock", "HEAD", "a release"])
def test_a_name_that_git_does_not_take_makes_no_tag(hub: Running, name: str) -> None:
    with pytest.raises(HfHubHTTPError) as refused:
        api(hub).create_tag(REPO, tag=name, repo_type="dataset")
    assert refused.value.response.status_code == 400
    assert not hub.repository(REPO).tags
