"""One bucket of Google Cloud Storage: objects by name and generation, over Google's client, with errors for people.

What keys, caches, leases and journals are is not known here.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from hashlib import sha256
from io import BufferedWriter, BytesIO
from pathlib import Path, PurePosixPath
from threading import BoundedSemaphore
from typing import Any, BinaryIO, TypeVar

from google.api_core.exceptions import GoogleAPICallError
from google.api_core.retry import Retry

from streamcap_dagster.errors import ObjectMissing, StorageError
from streamcap_dagster.storage.checksums import Crc32c, crc32c_of
from streamcap_dagster.storage.gcs.clients import service, shared_client
from streamcap_dagster.storage.gcs.faults import ONCE, Doing, OtherGeneration, StorageAway, is_corrupt, retry_for, told
from streamcap_dagster.storage.gcs.headers import cache_control, content_type
from streamcap_dagster.storage.gcs.resumable import PART_BYTES, SessionGone, Upload

NONE = 0
"""The generation of an object that does not exist."""

_FIELDS = "name,size,generation,crc32c"
_PAGE = 1000
_TRIES = 3
"""How often the same bytes may arrive spoilt before it is an error."""
_SPAN_BYTES = 64 << 20
"""A download's deadline counts anew after so many bytes."""
_SMALL_BYTES = 1 << 20
_BODIES = 16
"""Uploads of more than that at once: each has a part in memory, however many videos a run has in flight."""
_CONNECT_S, _ANSWER_S = 20.0, 60.0

Result = TypeVar("Result")

__all__ = ["NONE", "Blob", "Bucket", "OtherGeneration"]


@dataclass(frozen=True)
class Blob:
    """What is known of an object in a bucket. `crc32c` is in base64."""

    name: str
    size_bytes: int
    generation: int
    crc32c: str


class Bucket:
    """Objects by name. Every method waits for the network and may be called from several threads.

    `if_generation` makes an operation conditional: it happens only when the object is of that generation (NONE: when there is none),
    else OtherGeneration is raised. Raises ObjectMissing, StorageError and StorageLost; transient faults are retried within `deadline_s`.
    """

    def __init__(self, name: str, connections: int, deadline_s: float) -> None:
        self.name = name
        self.connections = connections
        self.service = service()  # which this bucket is of for as long as it is used, by threads that outlive whoever began them too
        self._deadline_s = deadline_s
        self._is_away = False
        self._bodies = BoundedSemaphore(_BODIES)
        self._timeout = (min(_CONNECT_S, deadline_s), min(_ANSWER_S, deadline_s))

    @property
    def uri(self) -> str:
        return f"gs://{self.name}"

    def local_name(self, blob: Blob) -> str:
        """What a local copy of that very generation is called; it has the suffix of the object."""
        return sha256(f"{self.uri}/{blob.name}#{blob.generation}".encode()).hexdigest() + PurePosixPath(blob.name).suffix

    def read(self, name: str, generation: int | None = None) -> tuple[bytes, int]:
        """The bytes of an object, checked against its CRC32C, and its generation."""
        doing = self._doing("reading", name, "storage.objects.get")
        for _ in range(_TRIES):
            with self._told(doing):
                blob = self._google().blob(name, generation=generation)
                data = bytes(blob.download_as_bytes(raw_download=True, checksum=None, **self._patience()))
                found_generation = int(blob.generation)
                expected = blob.crc32c or self._checksum(name, found_generation)
            found = crc32c_of(data)
            if found == expected:
                return data, found_generation
        raise _spoilt(doing, f"its CRC32C should be {expected}, but what arrived has {found}")

    def read_range(self, name: str, generation: int, start: int, end: int) -> bytes:
        """Bytes from `start` up to, not including, `end` of that very generation. The service tells no checksum of a part."""
        doing = self._doing("reading", name, "storage.objects.get")
        for _ in range(_TRIES):
            with self._told(doing):
                blob = self._google().blob(name, generation=generation)
                data = bytes(blob.download_as_bytes(start=start, end=end - 1, raw_download=True, checksum=None, **self._patience()))
            if len(data) == end - start:
                return data
        raise _spoilt(doing, f"{end - start} bytes of it were asked for, but {len(data)} arrived")

    def download(self, blob: Blob, path: Path) -> None:
        """Write that very generation of an object to a file, checked against its CRC32C, without holding it in memory."""
        doing = self._doing("reading", blob.name, "storage.objects.get")
        for _ in range(_TRIES):
            with path.open("wb") as file:
                summed = _Summed(file)
                with self._told(doing):
                    self._fetch(blob, summed)
            if str(summed.crc32c) == blob.crc32c:
                return
        raise _spoilt(doing, f"its CRC32C should be {blob.crc32c}, but what arrived has {summed.crc32c}")

    def write(self, name: str, data: bytes, if_generation: int | None = None) -> Blob:
        """Write an object, in one request unless it is large."""
        if len(data) > PART_BYTES:
            return self.upload(name, BytesIO(data), if_generation)
        with self._told(self._doing("writing", name, "storage.objects.create")):
            return _unspoilt(lambda: self._send(name, data, if_generation))

    def upload(self, name: str, file: BinaryIO, if_generation: int | None = None) -> Blob:
        """Write an object from a file that can be sought, in parts that are resumed where they broke off when it is large."""
        size_bytes = file.seek(0, os.SEEK_END)
        with self._bodies if size_bytes > _SMALL_BYTES else nullcontext():
            if size_bytes <= PART_BYTES:
                file.seek(0)
                return self.write(name, file.read(), if_generation)
            with self._told(self._doing("writing", name, "storage.objects.create")):
                return _unspoilt(lambda: self._send_parts(name, file, size_bytes, if_generation))

    def look(self, name: str) -> Blob | None:
        try:
            with self._told(self._doing("looking for", name, "storage.objects.get")):
                blob = self._google().blob(name)
                blob.reload(**self._patience())
                return _described(blob)
        except ObjectMissing:
            return None

    def list(self, prefix: str) -> Iterator[Blob]:
        """Every object whose name starts with the prefix, in order of name (which is that of its UTF-8 bytes), each once.

        What is written or deleted meanwhile may or may not be among them.
        """
        last = ""
        with self._told(self._doing("listing", prefix, "storage.objects.list", of_bucket=True)):
            for blob in self._google().list_blobs(prefix=prefix, fields=f"items({_FIELDS}),nextPageToken", page_size=_PAGE, **self._patience()):
                if blob.name > last:
                    last = blob.name
                    yield _described(blob)

    def delete(self, name: str, if_generation: int | None = None) -> None:
        """Remove an object; nothing happens when there is none."""
        try:
            with self._told(self._doing("deleting", name, "storage.objects.delete")):
                self._google().blob(name).delete(if_generation_match=if_generation, **self._patience())
        except ObjectMissing:
            return

    def missing_permissions(self, wanted: Sequence[str]) -> Sequence[str]:
        """Those of the permissions, such as `storage.objects.get`, that these credentials lack on the bucket."""
        with self._told(self._doing("asking for permissions", "", "storage.buckets.get")):
            granted = self._google().test_iam_permissions(list(wanted), **self._patience())
        return [permission for permission in wanted if permission not in granted]

    def restore(self, prefix: str) -> int:
        """Bring back the soft-deleted objects under a prefix, each in its last generation, where none lives under its name; returns how many."""
        living = {blob.name for blob in self.list(prefix)}
        lost: dict[str, int] = {}
        with self._told(self._doing("listing what was deleted under", prefix, "storage.objects.list", of_bucket=True)):
            for blob in self._google().list_blobs(prefix=prefix, soft_deleted=True, page_size=_PAGE, **self._patience()):
                if blob.name not in living:
                    lost[blob.name] = max(int(blob.generation), lost.get(blob.name, NONE))
        return sum(self._restore(name, generation) for name, generation in lost.items())

    def _restore(self, name: str, generation: int) -> bool:
        try:
            with self._told(self._doing("restoring", name, "storage.objects.restore")):
                self._google().restore_blob(name, generation=generation, if_generation_match=NONE, **self._patience())
        except OtherGeneration:
            return False
        return True

    def _client(self) -> Any:
        return shared_client(self.connections, self.service)

    def _google(self) -> Any:
        return self._client().bucket(self.name)

    def _doing(self, verb: str, name: str, permission: str, of_bucket: bool = False) -> Doing:
        return Doing(self.name, verb, name, permission, self._deadline_s, of_bucket or not name)

    def _fetch(self, blob: Blob, target: "_Summed") -> None:
        there = self._google().blob(blob.name, generation=blob.generation)
        for start in range(0, max(blob.size_bytes, 1), _SPAN_BYTES):
            end = start + _SPAN_BYTES
            span = {"start": start, "end": min(end, blob.size_bytes) - 1} if start or end < blob.size_bytes else {}
            there.download_to_file(target, raw_download=True, checksum=None, **span, **self._patience())

    def _checksum(self, name: str, generation: int) -> str:
        with self._told(self._doing("reading", name, "storage.objects.get")):
            blob = self._google().blob(name, generation=generation)
            blob.reload(**self._patience())
            return str(blob.crc32c)

    def _patience(self) -> dict[str, Any]:
        return {"retry": self._retry(), "timeout": self._timeout}

    def _retry(self) -> Retry:
        """While the service is known to be away each request is tried once, so that a run that has lost its storage ends soon."""
        return ONCE if self._is_away else retry_for(self._deadline_s)

    @contextmanager
    def _told(self, doing: Doing) -> Iterator[None]:
        is_away = False
        try:
            with told(doing):
                yield
        except StorageAway:
            is_away = True
            raise
        finally:
            self._is_away = is_away

    def _send(self, name: str, data: bytes, if_generation: int | None) -> Blob:
        blob = self._new(name)
        blob.upload_from_string(data, content_type=blob.content_type, checksum="crc32c", if_generation_match=if_generation, **self._patience())
        return _described(blob)

    def _send_parts(self, name: str, file: BinaryIO, size_bytes: int, if_generation: int | None) -> Blob:
        blob = self._new(name)
        address = blob.create_resumable_upload_session(
            content_type=blob.content_type, size=size_bytes, checksum=None, if_generation_match=if_generation, **self._patience()
        )
        upload = Upload(self._client()._http, address, file, size_bytes, self._timeout)
        made = upload.run(self._retry())
        return Blob(name, int(made["size"]), int(made["generation"]), made["crc32c"])

    def _new(self, name: str) -> Any:
        blob = self._google().blob(name)
        blob.content_type = content_type(name)
        blob.cache_control = cache_control(name)
        return blob


class _Summed:
    """A file that is written to, and the checksum of what was."""

    def __init__(self, file: BufferedWriter) -> None:
        self._file = file
        self.crc32c = Crc32c()

    def write(self, data: bytes) -> int:
        self.crc32c.update(data)
        return self._file.write(data)


def _unspoilt(send: Callable[[], Result]) -> Result:
    """Sends again, a few times, what arrived spoilt or of which the service knows nothing any more."""
    for _ in range(_TRIES - 1):
        try:
            return send()
        except GoogleAPICallError as error:
            if not (isinstance(error, SessionGone) or is_corrupt(error)):
                raise
    return send()


def _spoilt(doing: Doing, why: str) -> StorageError:
    fix = "Something between here and Google spoils data (a proxy, memory): try from another network or machine."
    return StorageError(doing.uri, str(doing), f"{why}, {_TRIES} times in a row", fix)


def _described(blob: Any) -> Blob:
    """Raises TypeError for an answer that tells of no object."""
    return Blob(blob.name, int(blob.size), int(blob.generation), blob.crc32c or "")
