"""What a repository on the Hub holds, without the SDK that speaks to it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RemoteFile:
    """A file of the repository. `sha256` is that of a large one, empty for others, which `oid` names as git does."""

    size_bytes: int
    oid: str
    sha256: str = ""

    def is_of(self, data: bytes) -> bool:
        """Whether it holds exactly these bytes."""
        if self.size_bytes != len(data):
            return False
        if self.sha256:
            return self.sha256 == hashlib.sha256(data).hexdigest()
        return self.oid == hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Remote:
    """The repository at the head of its main branch; one that does not exist yet has no head and no files."""

    head: str = ""
    private: bool = True
    files: Mapping[str, RemoteFile] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    """The commit of each."""
    others: Mapping[str, str] = field(default_factory=dict)
    """The commit of each other reference but the main branch: what a branch or a pull request holds. Not what the Hub itself makes of the main branch."""

    @property
    def exists(self) -> bool:
        return bool(self.head)
