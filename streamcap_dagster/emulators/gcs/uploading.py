"""Uploads: in one request, or in a session that is resumed where it broke off."""

import time
from collections.abc import Mapping
from urllib.parse import quote

from streamcap_dagster.emulators.gcs import refusals
from streamcap_dagster.emulators.gcs.answers import Answer, of_object
from streamcap_dagster.emulators.gcs.calls import Call
from streamcap_dagster.emulators.gcs.parts import read_json, read_multipart
from streamcap_dagster.emulators.gcs.sessions import Part, Session, Sessions
from streamcap_dagster.emulators.gcs.store import Store
from streamcap_dagster.emulators.gcs.versions import conditions_of
from streamcap_dagster.emulators.gcs.writing import OCTETS, Writer, check_hashes, settle_name


class Uploading:
    def __init__(self, store: Store, writer: Writer) -> None:
        self._store = store
        self._writer = writer
        self.sessions = Sessions()

    async def whole(self, call: Call, body: bytes) -> Answer:
        given: Mapping[str, object] = {}
        media_type, media = call.header(b"content-type"), body
        if call.param("uploadType") == "multipart":
            given, media_type, media = read_multipart(media_type, body)
        settle_name(call, given)
        self._store.bucket(call.bucket)
        hashes = await self._writer.hashes(media)
        check_hashes(hashes, call, given)
        return of_object(call, self._writer.put(call, media, hashes, {"contentType": media_type or OCTETS, **given}, conditions_of(call)))

    async def start(self, call: Call, body: bytes) -> Answer:
        given = read_json(body)
        settle_name(call, given)
        conditions = conditions_of(call)
        conditions.check(self._store.bucket(call.bucket).live.get(call.name))
        announced = call.header(b"x-upload-content-length")
        if announced and not announced.isdigit():
            raise refusals.invalid(f"Invalid X-Upload-Content-Length: '{announced}'.")
        given = {"contentType": call.header(b"x-upload-content-type") or OCTETS, **given}
        session = Session(call.bucket, call.name, given, conditions, int(announced) if announced else None, time.monotonic())
        upload_id = self.sessions.begin(session)
        where = f"{call.url}/upload/storage/v1/b/{call.bucket}/o?uploadType=resumable&name={quote(call.name, safe='')}&upload_id={upload_id}"
        return Answer(headers=[(b"location", where.encode()), (b"x-guploader-uploadid", upload_id.encode())])

    async def finish_part(self, call: Call, session: Session, part: Part) -> Answer:
        """What is said once the bytes of a part are in: how far the upload is, or the object that came of it."""
        have = len(session.data)
        if session.made is None and not part.completes(have):
            return Answer(308, headers=[(b"range", b"bytes=0-%d" % (have - 1))] if have else [])
        if session.made is None:
            hashes = await self._writer.hashes(session.data)
            check_hashes(hashes, call, session.given)
            session.made = session.made or self._writer.put(call, session.data, hashes, session.given, session.conditions)
        return of_object(call, session.made)

    async def cancel(self, call: Call, body: bytes) -> Answer:  # noqa: ARG002 -- as all that answer a call
        session = self.sessions.of(call)
        if session.made is None:
            session.cancelled = True
            session.data.clear()
        raise refusals.cancelled_upload()
