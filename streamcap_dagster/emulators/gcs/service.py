"""What the service does for each kind of request, without HTTP."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from streamcap_dagster.emulators.gcs import refusals
from streamcap_dagster.emulators.gcs.calls import Call
from streamcap_dagster.emulators.gcs.faults import NONE, Fault, Faults
from streamcap_dagster.emulators.gcs.fields import only, read_fields
from streamcap_dagster.emulators.gcs.journal import Journal
from streamcap_dagster.emulators.gcs.listing import page_of
from streamcap_dagster.emulators.gcs.names import check_bucket_name, check_object_name
from streamcap_dagster.emulators.gcs.options import Options
from streamcap_dagster.emulators.gcs.parts import read_json, read_multipart
from streamcap_dagster.emulators.gcs.permissions import Permissions
from streamcap_dagster.emulators.gcs.ranges import read_range
from streamcap_dagster.emulators.gcs.resources import WRITABLE, as_bytes, bucket_json, etag, object_json
from streamcap_dagster.emulators.gcs.store import Conditions, Data, Hashes, Object, Store, conditions_of, hashes_of
from streamcap_dagster.emulators.gcs.uploads import Part, Session, Sessions

Headers = list[tuple[bytes, bytes]]
JSON = (b"content-type", b"application/json; charset=UTF-8")
_OCTETS = "application/octet-stream"
_QUICKLY_HASHED = 1 << 20
_SOURCES_MOST = 32


@dataclass(slots=True)
class Answer:
    status: int = 200
    body: Data = b""
    headers: Headers = field(default_factory=list)


class Service:
    """Buckets, uploads under way, who may do what, and what goes wrong."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.store = Store(options)
        self.sessions = Sessions()
        self.permissions = Permissions()
        self.faults = Faults(options)
        self.journal = Journal(options.remember)
        self._handlers: dict[str, Callable[[Call, bytes, Fault], Awaitable[Answer]]] = {
            "bucket_list": self._list_buckets,
            "bucket_get": self._get_bucket,
            "bucket_insert": self._insert_bucket,
            "bucket_permissions": self._test_permissions,
            "list": self._list,
            "get": self._get,
            "download": self._download,
            "patch": self._patch,
            "delete": self._delete,
            "rewrite": self._rewrite,
            "compose": self._compose,
            "restore": self._restore,
            "upload_whole": self._upload_whole,
            "upload_start": self._upload_start,
            "upload_cancel": self._upload_cancel,
        }

    async def answer(self, call: Call, body: bytes, fault: Fault = NONE) -> Answer:
        """Raises Refusal."""
        return await self._handlers[call.kind](call, body, fault)

    async def finish_part(self, call: Call, session: Session, part: Part) -> Answer:
        """What is said once the bytes of a part are in: how far the upload is, or the object that came of it."""
        have = len(session.data)
        complete = session.made is not None or (have == part.total if part.total is not None else not part.asks and part.end is None)
        if not complete:
            return Answer(308, headers=[(b"range", b"bytes=0-%d" % (have - 1))] if have else [])
        if session.made is None:
            hashes = await self._hashes(session.data)
            if session.made is None:
                _check_hashes(hashes, call, session.given)
                session.made = self._put(call, session.name, session.data, hashes, session.given, session.conditions)
        return self._described(call, session.made)

    async def _hashes(self, data: Data) -> Hashes:
        if len(data) < _QUICKLY_HASHED:
            return hashes_of(data, self.options.md5)
        return await asyncio.to_thread(hashes_of, data, self.options.md5)

    def _put(self, call: Call, name: str, data: Data, hashes: Hashes, given: Mapping[str, object], conditions: Conditions, components: int = 0) -> Object:
        if name in self.store.bucket(call.bucket).live:
            self.permissions.check_overwriting()
        made = self.store.put(call.bucket, name, data, hashes, _kept(given), conditions, components)
        call.generation = made.generation
        return made

    def _described(self, call: Call, found: Object) -> Answer:
        return _json(call, object_json(found, call.url))

    # Uploads

    async def _upload_whole(self, call: Call, body: bytes, fault: Fault) -> Answer:  # noqa: ARG002
        given: Mapping[str, object] = {}
        media_type, media = call.header(b"content-type"), body
        if call.param("uploadType") == "multipart":
            given, media_type, media = read_multipart(call.header(b"content-type"), body)
        name = _name_of(call, given)
        self.store.bucket(call.bucket)
        hashes = await self._hashes(media)
        _check_hashes(hashes, call, given)
        made = self._put(call, name, media, hashes, {"contentType": media_type or _OCTETS, **given}, conditions_of(call))
        return self._described(call, made)

    async def _upload_start(self, call: Call, body: bytes, fault: Fault) -> Answer:  # noqa: ARG002
        given = read_json(body)
        name = _name_of(call, given)
        conditions = conditions_of(call)
        conditions.check(self.store.bucket(call.bucket).live.get(name))
        announced = call.header(b"x-upload-content-length")
        media_type = call.header(b"x-upload-content-type") or _OCTETS
        session = Session(call.bucket, name, {"contentType": media_type, **given}, conditions, int(announced) if announced else None, time.monotonic())
        upload_id = self.sessions.begin(session)
        where = f"{call.url}/upload/storage/v1/b/{call.bucket}/o?uploadType=resumable&name={quote(name, safe='')}&upload_id={upload_id}"
        return Answer(headers=[(b"location", where.encode()), (b"x-guploader-uploadid", upload_id.encode())])

    async def _upload_cancel(self, call: Call, body: bytes, fault: Fault) -> Answer:  # noqa: ARG002
        session = self.sessions.of(call)
        if session.made is None:
            session.cancelled = True
            session.data.clear()
        raise refusals.cancelled_upload()

    # Objects

    async def _get(self, call: Call, body: bytes, fault: Fault) -> Answer:  # noqa: ARG002
        found = self.store.get(call)
        call.generation = found.generation
        return self._described(call, found)

    async def _download(self, call: Call, body: bytes, fault: Fault) -> Answer:  # noqa: ARG002
        found = self.store.get(call)
        call.generation = found.generation
        size = len(found.data)
        headers = _media_headers(found)
        part = read_range(call.header(b"range"), size)
        if part is None:
            return Answer(200, found.data, headers)
        headers.append((b"content-range", b"bytes %d-%d/%d" % (part[0], part[1] - 1, size)))
        return Answer(206, memoryview(found.data)[part[0] : part[1]], headers)

    async def _list(self, call: Call, body: bytes, fault: Fault) -> Answer:  # noqa: ARG002
        bucket = self.store.bucket(call.bucket)
        page = page_of(bucket, call, self.options.page_size)
        kept_s = bucket.soft_delete_s if call.flag("softDeleted") else None
        described: dict[str, object] = {"kind": "storage#objects"}
        if page.next:
            described["nextPageToken"] = page.next
        if page.prefixes:
            described["prefixes"] = page.prefixes
        if page.objects:
            described["items"] = [object_json(found, call.url, kept_s) for found in page.objects]
        return _json(call, described)

    async def _patch(self, call: Call, body: bytes, fault: Fault) -> Answer:  # noqa: ARG002
        found = self.store.get(call)
        changes = _kept(read_json(body))
        given = changes if call.method == "PUT" else _merged(found.given, changes)
        return self._described(call, self.store.update(found, given))

    async def _delete(self, call: Call, body: bytes, fault: Fault) -> Answer:  # noqa: ARG002
        found = self.store.get(call)
        call.generation = found.generation
        self.store.bucket(call.bucket).remove(found, by_generation=call.number("generation") is not None)
        return Answer(204)

    async def _rewrite(self, call: Call, body: bytes, fault: Fault) -> Answer:  # noqa: ARG002
        check_object_name(call.name)
        source = self.store.bucket(call.source[0]).find(call.source[1], call.number("sourceGeneration"))
        if source is None:
            raise refusals.no_object(*call.source)
        conditions_of(call, "ifSource").check(source)
        given = {**source.given, **_kept(read_json(body))}
        made = self._put(call, call.name, source.data, source.hashes, given, conditions_of(call))
        size, described = str(len(source.data)), object_json(made, call.url)
        return _json(call, {"kind": "storage#rewriteResponse", "totalBytesRewritten": size, "objectSize": size, "done": True, "resource": described})

    async def _compose(self, call: Call, body: bytes, fault: Fault) -> Answer:  # noqa: ARG002
        check_object_name(call.name)
        asked = read_json(body)
        sources = asked.get("sourceObjects")
        if not isinstance(sources, list) or not 1 <= len(sources) <= _SOURCES_MOST:
            raise refusals.invalid(f"The number of source components provided ({len(sources) if isinstance(sources, list) else 0}) must be 1 to 32.")
        found = [self._source(call, source) for source in sources]
        data = b"".join(one.data for one in found)
        given = asked.get("destination")
        crc32c_only = Hashes((await self._hashes(data)).crc32c, "")
        components = sum(one.components or 1 for one in found)
        described = given if isinstance(given, dict) else {}
        return self._described(call, self._put(call, call.name, data, crc32c_only, described, conditions_of(call), components))

    def _source(self, call: Call, source: Mapping[str, object]) -> Object:
        name = str(source.get("name"))
        generation = int(str(source["generation"])) if source.get("generation") else None
        found = self.store.bucket(call.bucket).find(name, generation)
        if found is None:
            raise refusals.no_object(call.bucket, name)
        wanted = source.get("objectPreconditions")
        if isinstance(wanted, dict) and int(wanted.get("ifGenerationMatch", found.generation)) != found.generation:
            raise refusals.condition_failed()
        return found

    async def _restore(self, call: Call, body: bytes, fault: Fault) -> Answer:  # noqa: ARG002
        generation = call.number("generation")
        if generation is None:
            raise refusals.required("generation")
        found = self.store.bucket(call.bucket).find(call.name, generation, soft_deleted=True)
        if found is None:
            raise refusals.no_object(call.bucket, call.name)
        return self._described(call, self._put(call, call.name, found.data, found.hashes, found.given, conditions_of(call), found.components))

    # Buckets

    async def _list_buckets(self, call: Call, body: bytes, fault: Fault) -> Answer:  # noqa: ARG002
        prefix = call.param("prefix") or ""
        items = [bucket_json(bucket, call.url) for name, bucket in sorted(self.store.buckets.items()) if name.startswith(prefix)]
        return _json(call, {"kind": "storage#buckets", "items": items})

    async def _get_bucket(self, call: Call, body: bytes, fault: Fault) -> Answer:  # noqa: ARG002
        return _json(call, bucket_json(self.store.bucket(call.bucket), call.url))

    async def _insert_bucket(self, call: Call, body: bytes, fault: Fault) -> Answer:  # noqa: ARG002
        given = read_json(body)
        name = str(given.get("name", ""))
        check_bucket_name(name)
        if name in self.store.buckets:
            raise refusals.bucket_exists()
        return _json(call, bucket_json(self.store.make_bucket(name), call.url))

    async def _test_permissions(self, call: Call, body: bytes, fault: Fault) -> Answer:  # noqa: ARG002
        self.store.bucket(call.bucket)
        granted = self.permissions.granted(call.params.get("permissions", []))
        return _json(call, {"kind": "storage#testIamPermissionsResponse", **({"permissions": granted} if granted else {})})


def _json(call: Call, described: Mapping[str, object]) -> Answer:
    fields = call.param("fields")
    return Answer(body=as_bytes(only(described, read_fields(fields)) if fields else described), headers=[JSON])


def _name_of(call: Call, given: Mapping[str, object]) -> str:
    name = call.name or str(given.get("name", ""))
    check_object_name(name)
    call.name = name
    return name


def _kept(given: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in given.items() if key in WRITABLE}


def _merged(given: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    """What is null in the changes is taken away; the metadata's names each on their own."""
    merged = {**given, **changes}
    if isinstance(before := given.get("metadata"), dict) and isinstance(after := changes.get("metadata"), dict):
        merged["metadata"] = {key: value for key, value in {**before, **after}.items() if value is not None}
    return {key: value for key, value in merged.items() if value is not None}


def _check_hashes(hashes: Hashes, call: Call, given: Mapping[str, object]) -> None:
    """Raises Refusal when the writer says that its bytes have another hash."""
    said = dict(one.strip().partition("=")[::2] for one in call.header(b"x-goog-hash").split(",") if one)
    for kind, calculated, key in (("crc32c", hashes.crc32c, "crc32c"), ("md5", hashes.md5, "md5Hash")):
        claimed = str(said.get(kind) or given.get(key) or "")
        if claimed and calculated and claimed != calculated:
            raise refusals.wrong_hash(kind, claimed, calculated)


def _media_headers(found: Object) -> Headers:
    hashes = f"crc32c={found.hashes.crc32c}" + (f",md5={found.hashes.md5}" if found.hashes.md5 else "")
    given = found.given
    headers = [
        (b"content-type", str(given.get("contentType") or _OCTETS).encode("latin-1", "replace")),
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
