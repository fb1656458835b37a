"""What is done with buckets."""

from collections.abc import Mapping

from streamcap_dagster.emulators.gcs import refusals
from streamcap_dagster.emulators.gcs.answers import Answer, in_json
from streamcap_dagster.emulators.gcs.calls import Call
from streamcap_dagster.emulators.gcs.names import check_bucket_name
from streamcap_dagster.emulators.gcs.parts import read_json
from streamcap_dagster.emulators.gcs.permissions import Permissions
from streamcap_dagster.emulators.gcs.resources import bucket_json
from streamcap_dagster.emulators.gcs.store import Bucket, Store

_KEPT = ("labels", "lifecycle", "storageClass", "iamConfiguration", "retentionPolicy")


class Buckets:
    def __init__(self, store: Store, permissions: Permissions) -> None:
        self._store = store
        self._permissions = permissions

    async def all(self, call: Call, body: bytes) -> Answer:  # noqa: ARG002 -- as all that answer a call
        prefix = call.param("prefix") or ""
        items = [bucket_json(bucket, call.url) for name, bucket in sorted(self._store.buckets.items()) if name.startswith(prefix)]
        return in_json(call, {"kind": "storage#buckets", "items": items})

    async def get(self, call: Call, body: bytes) -> Answer:  # noqa: ARG002
        return in_json(call, bucket_json(self._store.bucket(call.bucket), call.url))

    async def insert(self, call: Call, body: bytes) -> Answer:
        given = read_json(body)
        name = str(given.get("name", ""))
        check_bucket_name(name)
        if name in self._store.buckets:
            raise refusals.bucket_exists()
        bucket = self._store.make_bucket(name)
        bucket.location = str(given.get("location", bucket.location)).upper()
        _set(bucket, given)
        return in_json(call, bucket_json(bucket, call.url))

    async def patch(self, call: Call, body: bytes) -> Answer:
        bucket, given = self._store.bucket(call.bucket), read_json(body)
        if call.number("ifMetagenerationMatch") not in (None, bucket.metageneration):
            raise refusals.condition_failed()
        _set(bucket, given)
        bucket.metageneration += 1
        return in_json(call, bucket_json(bucket, call.url))

    async def delete(self, call: Call, body: bytes) -> Answer:  # noqa: ARG002
        bucket = self._store.bucket(call.bucket)
        if bucket.live or any(bucket.noncurrent.values()):
            raise refusals.bucket_not_empty()
        self._store.remove_bucket(bucket.name)
        return Answer(204)

    async def test_permissions(self, call: Call, body: bytes) -> Answer:  # noqa: ARG002
        self._store.bucket(call.bucket)
        granted = self._permissions.granted(call.params.get("permissions", []))
        return in_json(call, {"kind": "storage#testIamPermissionsResponse", **({"permissions": granted} if granted else {})})


def _set(bucket: Bucket, given: Mapping[str, object]) -> None:
    bucket.given |= {key: value for key, value in given.items() if key in _KEPT}
    match given.get("versioning"):
        case {"enabled": bool(enabled)}:
            bucket.versioning = enabled
    match given.get("softDeletePolicy"):
        case {"retentionDurationSeconds": seconds}:
            bucket.soft_delete_s = int(str(seconds))
