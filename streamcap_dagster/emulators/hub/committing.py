"""Commits: what is to be uploaded how, and a commit as it is sent, one JSON object a line."""

import base64
import binascii
from collections.abc import Callable

from streamcap_dagster.emulators.hub import refusals
from streamcap_dagster.emulators.hub.answers import Answer, in_json
from streamcap_dagster.emulators.hub.bodies import Json, as_object, objects_of, path_of, read_json, sha256_of, size_of, text_of
from streamcap_dagster.emulators.hub.calls import Call
from streamcap_dagster.emulators.hub.card_yaml import card_errors
from streamcap_dagster.emulators.hub.refusals import Refusal, invalid
from streamcap_dagster.emulators.hub.repositories import LARGEST_REGULAR_BYTES, File, Repository, is_large, large, regular

_BATCH = 256
"""Files of which one request may tell."""
_NDJSON = "application/x-ndjson"


def preupload(call: Call, body: bytes, repository: Repository) -> Answer:
    """Which files are to be sent as large objects, and what is there under their names."""
    there = _branch(repository, call.revision)
    asked = objects_of(read_json(call, body), "files")
    if len(asked) > _BATCH:
        raise refusals.too_large()
    files = []
    for one in asked:
        path, size, sample = path_of(one), size_of(one), _decoded(one, "sample")
        mode = "lfs" if is_large(path, size, sample) else "regular"
        known = {"oid": there[path].etag} if path in there else {}
        files.append({"path": path, "uploadMode": mode, "shouldIgnore": False, **known})
    return in_json({"files": files})


def commit(call: Call, body: bytes, repository: Repository) -> Answer:
    """Make a commit of what is sent, whole or not at all."""
    if call.header(b"content-type") != _NDJSON:
        raise Refusal(415, f"Content-Type must be {_NDJSON}")
    there = _branch(repository, call.revision)
    first, *lines = [as_object(line) for line in body.splitlines()]
    if first.get("key") != "header":
        raise invalid("The first line must be the header")
    header = _value(first)
    parent = text_of(header, "parentCommit", "")
    if parent and parent != repository.branches[call.revision]:
        raise refusals.stale()
    title, description = text_of(header, "summary"), text_of(header, "description", "")
    files = dict(there)
    for line in lines:
        _apply(files, repository, line)
    made = repository.commit(call.revision, title, description, files)
    return in_json({"success": True, "commitOid": made.oid, "commitUrl": f"{call.url}/datasets/{repository.repo}/commit/{made.oid}", "hookOutput": ""})


def _branch(repository: Repository, revision: str) -> dict[str, File]:
    """What is at the head of a branch, which alone can be committed to."""
    if revision not in repository.branches:
        raise refusals.no_revision(revision)
    return dict(repository.at(revision).files)


def _apply(files: dict[str, File], repository: Repository, line: Json) -> None:
    kind = text_of(line, "key")
    if kind not in _APPLIED:
        raise invalid(f"Unknown operation: {kind}")
    _APPLIED[kind](files, repository, _value(line))


def _add_regular(files: dict[str, File], repository: Repository, value: Json) -> None:
    del repository
    path = path_of(value)
    if text_of(value, "encoding") != "base64":
        raise invalid('"encoding" must be base64')
    data = _decoded(value, "content")
    if len(data) > LARGEST_REGULAR_BYTES:
        raise refusals.too_large()
    if is_large(path, len(data), data[:512]) and data:
        raise invalid(f"Your push was rejected because it contains binary files: {path}")
    if path == "README.md" and (errors := card_errors(data.decode("utf-8", "replace"))):
        raise invalid("Invalid metadata in README.md", errors=errors)
    files[path] = regular(data)


def _add_large(files: dict[str, File], repository: Repository, value: Json) -> None:
    path, sha256 = path_of(value), sha256_of(value)
    if text_of(value, "algo") != "sha256":
        raise invalid('"algo" must be sha256')
    data = repository.objects.get(sha256)
    if data is None:
        raise invalid(f"Your push was rejected because an LFS pointer pointed to a file that does not exist: {path}")
    if "size" in value and size_of(value) != len(data):
        raise invalid(f"The size of {path} is not that of what was uploaded")
    files[path] = large(data, sha256)


def _delete_file(files: dict[str, File], repository: Repository, value: Json) -> None:
    del repository
    path = path_of(value)
    if path not in files:
        raise refusals.nothing_to_delete(path)
    del files[path]


def _delete_folder(files: dict[str, File], repository: Repository, value: Json) -> None:
    del repository
    folder = text_of(value, "path").rstrip("/") + "/"
    inside = [path for path in files if path.startswith(folder)]
    if not inside:
        raise refusals.nothing_to_delete(folder)
    for path in inside:
        del files[path]


_APPLIED: dict[str, Callable[[dict[str, File], Repository, Json], None]] = {
    "file": _add_regular,
    "lfsFile": _add_large,
    "deletedFile": _delete_file,
    "deletedFolder": _delete_folder,
}


def _value(line: Json) -> Json:
    value = line.get("value")
    if not isinstance(value, dict):
        raise invalid('"value" must be an object')
    return value


def _decoded(given: Json, name: str) -> bytes:
    try:
        return base64.b64decode(text_of(given, name, ""), validate=True)
    except binascii.Error:
        raise invalid(f'"{name}" must be base64') from None
