"""How an object comes to be, whichever way its bytes came: named, hashed, permitted and put under conditions."""

import asyncio
from collections.abc import Mapping

from streamcap_dagster.emulators.gcs import refusals
from streamcap_dagster.emulators.gcs.calls import Call
from streamcap_dagster.emulators.gcs.names import check_object_name
from streamcap_dagster.emulators.gcs.permissions import Permissions
from streamcap_dagster.emulators.gcs.store import Store
from streamcap_dagster.emulators.gcs.versions import Conditions, Data, Hashes, Object, hashes_of

OCTETS = "application/octet-stream"
_WRITABLE = ("contentType", "contentEncoding", "contentDisposition", "contentLanguage", "cacheControl", "metadata", "customTime", "storageClass")
_QUICKLY_HASHED = 1 << 20


class Writer:
    """Writes to the store what may be written."""

    def __init__(self, store: Store, permissions: Permissions, md5: bool) -> None:
        self._store = store
        self._permissions = permissions
        self._md5 = md5

    async def hashes(self, data: Data) -> Hashes:
        """Of much data in a thread, so that others are answered meanwhile."""
        if len(data) < _QUICKLY_HASHED:
            return hashes_of(data, self._md5)
        return await asyncio.to_thread(hashes_of, data, self._md5)

    def put(self, call: Call, data: Data, hashes: Hashes, given: Mapping[str, object], conditions: Conditions, components: int = 0) -> Object:
        """Make it the object that the call names; raises Refusal when that is not allowed or the conditions do not hold."""
        if call.name in self._store.bucket(call.bucket).live:
            self._permissions.check_overwriting()
        made = self._store.put(call.bucket, call.name, data, hashes, writable(given), conditions, components)
        call.generation = made.generation
        return made


def settle_name(call: Call, given: Mapping[str, object]) -> None:
    """The name may be in the address, in what is said of the object, or in both; raises Refusal when they differ or it is none."""
    told = given.get("name")
    if call.name and told is not None and told != call.name:
        raise refusals.invalid(f"Value '{told}' in content does not agree with value '{call.name}'.")
    call.name = call.name or str(told or "")
    check_object_name(call.name)


def check_hashes(hashes: Hashes, call: Call, given: Mapping[str, object]) -> None:
    """Raises Refusal when the writer says that its bytes have another hash."""
    said = dict(one.strip().partition("=")[::2] for one in call.header(b"x-goog-hash").split(",") if one)
    for kind, calculated, key in (("crc32c", hashes.crc32c, "crc32c"), ("md5", hashes.md5, "md5Hash")):
        claimed = str(said.get(kind) or given.get(key) or "")
        if claimed and calculated and claimed != calculated:
            raise refusals.wrong_hash(kind, claimed, calculated)


def writable(given: Mapping[str, object]) -> dict[str, object]:
    """As far as it is the writer's to say."""
    return {key: value for key, value in given.items() if key in _WRITABLE}


def merged(given: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    """What is null in the changes is taken away; the metadata's names each on their own."""
    merged = {**given, **changes}
    if isinstance(before := given.get("metadata"), dict) and isinstance(after := changes.get("metadata"), dict):
        merged["metadata"] = {key: value for key, value in {**before, **after}.items() if value is not None}
    return {key: value for key, value in merged.items() if value is not None}
