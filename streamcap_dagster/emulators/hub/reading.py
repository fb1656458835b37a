"""What can be read of a repository: facts, listings and the bytes of files."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

from streamcap_dagster.emulators.hub import refusals
from streamcap_dagster.emulators.hub.answers import Answer, in_json
from streamcap_dagster.emulators.hub.bodies import read_form
from streamcap_dagster.emulators.hub.calls import Call
from streamcap_dagster.emulators.hub.repositories import MAIN, Commit, File, Repository, pointer

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def info(call: Call, repository: Repository) -> Answer:
    commit = repository.at(call.revision or MAIN)
    siblings = [{"rfilename": path, **(_facts(file) if call.flag("blobs") else {})} for path, file in commit.files.items()]
    told = {
        "_id": repository.repo.encode().hex()[:24],
        "id": repository.repo,
        "author": repository.repo.partition("/")[0],
        "sha": commit.oid,
        "lastModified": commit.date,
        "private": repository.private,
        "gated": False,
        "disabled": False,
        "tags": [],
        "downloads": 0,
        "likes": 0,
        "siblings": siblings,
    }
    return in_json(told)


def refs(repository: Repository) -> Answer:
    def of(kind: str, named: dict[str, str]) -> list[dict[str, str]]:
        return [{"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": oid} for name, oid in named.items()]

    return in_json({"branches": of("heads", repository.branches), "tags": of("tags", repository.tags), "converts": [], "pullRequests": []})


def commits(call: Call, repository: Repository, page_size: int) -> Answer:
    told: list[dict[str, object]] = [
        {"id": commit.oid, "title": commit.title, "message": commit.description, "date": commit.date, "authors": [{"user": "somebody"}]}
        for commit in repository.history(call.revision)
    ]
    return _page(call, told, page_size)


def tree(call: Call, repository: Repository, page_size: int) -> Answer:
    """Files and folders under a path, of all depths when asked for."""
    files = repository.at(call.revision).files
    prefix = f"{call.path.rstrip('/')}/" if call.path else ""
    inside = {path: file for path, file in files.items() if path.startswith(prefix)}
    if call.path and not inside:
        raise refusals.no_entry(call.path)
    folders = {path[: place + len(prefix)] for path in inside for place, letter in enumerate(path[len(prefix) :]) if letter == "/"}
    entries = [_folder(path) for path in folders] + [_file(path, file) for path, file in inside.items()]
    if not call.flag("recursive"):
        entries = [entry for entry in entries if "/" not in str(entry["path"])[len(prefix) :]]
    return _page(call, sorted(entries, key=lambda entry: str(entry["path"])), page_size)


def paths_info(call: Call, body: bytes, repository: Repository) -> Answer:
    """Of the paths that are there; the others are left out."""
    files = repository.at(call.revision).files
    told = []
    for path in (path.rstrip("/") for path in read_form(body).get("paths", [])):
        if path in files:
            told.append(_file(path, files[path]))
        elif any(one.startswith(f"{path}/") for one in files):
            told.append(_folder(path))
    return in_json(told)


def download(call: Call, repository: Repository) -> Answer:
    """The bytes of a file, or a range of them; of a HEAD only what is known of it."""
    commit = repository.at(call.revision)
    file = commit.files.get(call.path)
    if file is None:
        raise refusals.no_entry(call.path)
    headers = _headers(commit, file)
    span = _read_range(call.header(b"range"), file.size)
    if span is None:
        return Answer(200, file.data, headers)
    start, end = span
    headers.append((b"content-range", b"bytes %d-%d/%d" % (start, end - 1, file.size)))
    return Answer(206, memoryview(file.data)[start:end], headers)


def _headers(commit: Commit, file: File) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"content-type", b"application/octet-stream"),
        (b"accept-ranges", b"bytes"),
        (b"etag", b'"%s"' % file.etag.encode()),
        (b"x-repo-commit", commit.oid.encode()),
    ]
    if file.lfs:
        headers += [(b"x-linked-size", b"%d" % file.size), (b"x-linked-etag", b'"%s"' % file.lfs.encode())]
    return headers


def _read_range(header: str, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last; None for no range. Raises Refusal when it lies outside of the file."""
    asked = _RANGE.fullmatch(header)
    if asked is None or asked[1] == asked[2] == "":
        return None
    start = int(asked[1]) if asked[1] else max(0, size - int(asked[2]))
    end = min(size, int(asked[2]) + 1) if asked[1] and asked[2] else size
    if start >= size or end <= start:
        raise refusals.out_of_range()
    return start, end


def _page(call: Call, entries: Sequence[Mapping[str, object]], page_size: int) -> Answer:
    """A page of a listing, and the address of the next one in the `Link` header."""
    begin = int(call.param("cursor", "0"))
    page, rest = entries[begin : begin + page_size], entries[begin + page_size :]
    if not rest:
        return in_json(page)
    path = f"/api/datasets/{call.repo}/{call.kind}/{quote(call.revision, safe='')}" + (f"/{quote(call.path, safe='')}" if call.path else "")
    params = {name: values[-1] for name, values in call.params.items()} | {"cursor": str(begin + page_size)}
    return in_json(page, (b"link", f'<{call.url}{path}?{urlencode(params)}>; rel="next"'.encode()))


def _folder(path: str) -> dict[str, object]:
    return {"type": "directory", "oid": "0" * 40, "size": 0, "path": path}


def _file(path: str, file: File) -> dict[str, object]:
    described = {"type": "file", "oid": file.oid, "size": file.size, "path": path}
    return described | ({"lfs": _lfs(file, "oid")} if file.lfs else {})


def _facts(file: File) -> dict[str, object]:
    """As the facts of a repository tell it, which name the hash of a large object otherwise than a listing."""
    return {"blobId": file.oid, "size": file.size} | ({"lfs": _lfs(file, "sha256")} if file.lfs else {})


def _lfs(file: File, hash_name: str) -> dict[str, object]:
    return {hash_name: file.lfs, "size": file.size, "pointerSize": len(pointer(file.lfs, file.size))}
