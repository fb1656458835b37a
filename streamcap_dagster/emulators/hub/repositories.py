"""Repositories as git has them: files, commits that never change, branches and tags that point at them, and the large objects."""

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath

from streamcap_dagster.emulators.hub import refusals

MAIN = "main"
LARGEST_REGULAR_BYTES = 10 << 20
_PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".webp")
_VIDEOS = (".mp4", ".webm", ".avi", ".mkv", ".mov")
_LARGE = frozenset((".parquet", ".arrow", ".bin", ".zip", ".gz", ".tar", ".zst", ".npy", ".npz", ".safetensors", *_PICTURES, *_VIDEOS))
"""What a new dataset's .gitattributes keep as large objects whatever their size."""

_NO_REF = re.compile(r"\.\.|\.$|@\{|^@$|[\x00-\x20\x7f~^:?*\[\\]")


@dataclass(frozen=True, slots=True)
class File:
    """A file of a commit. `lfs` is the SHA-256 of one that is kept as a large object, empty for others."""

    oid: str
    """As git names it: of a large object that of its pointer."""
    data: bytes
    lfs: str = ""

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def etag(self) -> str:
        return self.lfs or self.oid


def regular(data: bytes) -> File:
    return File(_git_hash(data), data)


def large(data: bytes, sha256: str) -> File:
    return File(_git_hash(pointer(sha256, len(data))), data, sha256)


def pointer(sha256: str, size: int) -> bytes:
    """What git keeps in place of a large object."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()


def is_large(path: str, size: int, sample: bytes) -> bool:
    """Whether a file is to be kept as a large object: by its name, its size, or because it is no text."""
    return PurePosixPath(path).suffix.lower() in _LARGE or size > LARGEST_REGULAR_BYTES or b"\0" in sample


def is_ref_name(name: str) -> bool:
    """Whether git takes it for a tag or a branch."""
    parts = name.split("/")
    return name != "HEAD" and not _NO_REF.search(name) and not any(part in ("", ".") or part.startswith((".", "-")) or part.endswith(".lock") for part in parts)


@dataclass(frozen=True, slots=True)
class Commit:
    """`files` is all there is at this commit, by path."""

    oid: str
    title: str
    description: str
    files: Mapping[str, File]
    parent: str = ""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def date(self) -> str:
        return self.at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


class Repository:
    """A dataset's repository. It is born with a first commit that holds .gitattributes."""

    def __init__(self, repo: str, private: bool) -> None:
        self.repo = repo
        self.private = private
        self.objects: dict[str, bytes] = {}
        """Large objects by SHA-256, whether a commit has them or not."""
        self.commits: dict[str, Commit] = {}
        self.branches: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        attributes = "".join(f"*{suffix} filter=lfs diff=lfs merge=lfs -text\n" for suffix in sorted(_LARGE)).encode()
        self.commit(MAIN, "initial commit", "", {".gitattributes": regular(attributes)})

    def at(self, revision: str) -> Commit:
        """The commit that a branch, a tag or a hash names; raises Refusal for none."""
        oid = self.branches.get(revision) or self.tags.get(revision) or revision
        if oid not in self.commits:
            raise refusals.no_revision(revision)
        return self.commits[oid]

    def commit(self, branch: str, title: str, description: str, files: Mapping[str, File]) -> Commit:
        """Put a new commit at the head of a branch."""
        made = Commit(secrets.token_hex(20), title, description, dict(sorted(files.items())), self.branches.get(branch, ""))
        self.commits[made.oid] = made
        self.branches[branch] = made.oid
        return made

    def history(self, revision: str) -> Iterable[Commit]:
        """The commit and those before it, newest first."""
        commit: Commit | None = self.at(revision)
        while commit is not None:
            yield commit
            commit = self.commits.get(commit.parent)

    def keep(self, data: bytes) -> str:
        """Keep a large object; returns its SHA-256."""
        sha256 = hashlib.sha256(data).hexdigest()
        self.objects[sha256] = data
        return sha256


def _git_hash(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
