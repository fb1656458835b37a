"""What is done with objects that exist: described, read, listed, changed, deleted, copied, put together and brought back."""

from collections.abc import Mapping

from streamcap_dagster.emulators.gcs import refusals
from streamcap_dagster.emulators.gcs.answers import Answer, Headers, in_json, of_object
from streamcap_dagster.emulators.gcs.calls import Call
from streamcap_dagster.emulators.gcs.faults import Fault
from streamcap_dagster.emulators.gcs.listing import page_of
from streamcap_dagster.emulators.gcs.names import check_object_name
from streamcap_dagster.emulators.gcs.parts import read_json
from streamcap_dagster.emulators.gcs.ranges import read_range
from streamcap_dagster.emulators.gcs.resources import etag, object_json
from streamcap_dagster.emulators.gcs.store import Store
from streamcap_dagster.emulators.gcs.versions import Hashes, Object, conditions_of
from streamcap_dagster.emulators.gcs.writing import OCTETS, Writer, merged, writable

_MOST_SOURCES = 32


class Objects:
    def __init__(self, store: Store, writer: Writer, page_size: int) -> None:
        self._store = store
        self._writer = writer
        self._page_size = page_size

    async def get(self, call: Call, body: bytes) -> Answer:  # noqa: ARG002 -- as all that answer a call
        return of_object(call, self._found(call))

    async def download(self, call: Call, body: bytes) -> Answer:  # noqa: ARG002
        found = self._found(call)
        call.generation = found.generation
        headers, size = _media_headers(found), len(found.data)
        part = read_range(call.header(b"range"), size)
        if part is None:
            return Answer(200, found.data, headers)
        headers.append((b"content-range", b"bytes %d-%d/%d" % (part[0], part[1] - 1, size)))
        return Answer(206, memoryview(found.data)[part[0] : part[1]], headers)

    def list(self, call: Call, fault: Fault) -> Answer:
        bucket = self._store.bucket(call.bucket)
        page = page_of(bucket, call, self._page_size, fault)
        kept_s = bucket.soft_delete_s if call.flag("softDeleted") else None
        described: dict[str, object] = {"kind": "storage#objects"}
        if page.next:
            described["nextPageToken"] = page.next
        if page.prefixes:
            described["prefixes"] = page.prefixes
        if page.objects:
            described["items"] = [object_json(found, call.url, kept_s) for found in page.objects]
        return in_json(call, described)

    async def patch(self, call: Call, body: bytes) -> Answer:
        found = self._found(call)
        changes = writable(read_json(body))
        return of_object(call, self._store.update(found, changes if call.method == "PUT" else merged(found.given, changes)))

    async def delete(self, call: Call, body: bytes) -> Answer:  # noqa: ARG002
        by_generation = call.generation is not None
        found = self._found(call)
        call.generation = found.generation
        self._store.remove(found, by_generation)
        return Answer(204)

    async def rewrite(self, call: Call, body: bytes) -> Answer:
        check_object_name(call.name)
        source = self._version(*call.source, call.number("sourceGeneration"))
        conditions_of(call, "ifSource").check(source)
        given = {**source.given, **writable(read_json(body))}
        made = self._writer.put(call, source.data, source.hashes, given, conditions_of(call))
        size, described = str(len(source.data)), object_json(made, call.url)
        return in_json(call, {"kind": "storage#rewriteResponse", "totalBytesRewritten": size, "objectSize": size, "done": True, "resource": described})

    async def compose(self, call: Call, body: bytes) -> Answer:
        check_object_name(call.name)
        asked = read_json(body)
        sources, given = asked.get("sourceObjects"), asked.get("destination") or {}
        many = len(sources) if isinstance(sources, list) else 0
        if not isinstance(sources, list) or not isinstance(given, dict) or not 1 <= many <= _MOST_SOURCES:
            raise refusals.invalid(f"The number of source components provided ({many}) must be from 1 to {_MOST_SOURCES}.")
        found = [self._source(call, source) for source in sources]
        data = b"".join(one.data for one in found)
        hashes = Hashes((await self._writer.hashes(data)).crc32c, md5="")
        return of_object(call, self._writer.put(call, data, hashes, given, conditions_of(call), sum(one.components or 1 for one in found)))

    async def restore(self, call: Call, body: bytes) -> Answer:  # noqa: ARG002
        if call.generation is None:
            raise refusals.required("generation")
        found = self._store.bucket(call.bucket).find(call.name, call.generation, soft_deleted=True)
        if found is None:
            raise refusals.no_object(call.bucket, call.name)
        return of_object(call, self._writer.put(call, found.data, found.hashes, found.given, conditions_of(call), found.components))

    def _found(self, call: Call) -> Object:
        """The version that a call asks for; raises Refusal unless it exists and the conditions hold."""
        reading, soft_deleted = call.kind in ("get", "download"), call.kind == "get" and call.flag("softDeleted")
        if soft_deleted and call.generation is None:
            raise refusals.required("generation")
        found = self._version(call.bucket, call.name, call.generation, soft_deleted)
        conditions_of(call).check(found, reading)
        return found

    def _version(self, bucket: str, name: str, generation: int | None, soft_deleted: bool = False) -> Object:
        found = self._store.bucket(bucket).find(name, generation, soft_deleted)
        if found is None:
            raise refusals.no_object(bucket, name)
        return found

    def _source(self, call: Call, source: Mapping[str, object]) -> Object:
        generation, wanted = source.get("generation"), source.get("objectPreconditions")
        found = self._version(call.bucket, str(source.get("name")), int(str(generation)) if generation else None)
        if isinstance(wanted, dict) and int(wanted.get("ifGenerationMatch", found.generation)) != found.generation:
            raise refusals.condition_failed()
        return found


def _media_headers(found: Object) -> Headers:
    hashes = f"crc32c={found.hashes.crc32c}" + (f",md5={found.hashes.md5}" if found.hashes.md5 else "")
    given = found.given
    headers = [
        (b"content-type", str(given.get("contentType") or OCTETS).encode("latin-1", "replace")),
        (b"etag", etag(found).encode()),
        (b"accept-ranges", b"bytes"),
        (b"cache-control", str(given.get("cacheControl") or "private, max-age=0").encode("latin-1", "replace")),
        (b"x-goog-generation", b"%d" % found.generation),
        (b"x-goog-metageneration", b"%d" % found.metageneration),
        (b"x-goog-hash", hashes.encode()),
        (b"x-goog-storage-class", b"STANDARD"),
        (b"x-goog-stored-content-encoding", str(given.get("contentEncoding") or "identity").encode()),
        (b"x-goog-stored-content-length", b"%d" % len(found.data)),
    ]
    if encoding := given.get("contentEncoding"):
        headers.append((b"content-encoding", str(encoding).encode()))
    return headers
