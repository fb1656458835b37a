"""Objects and buckets as the JSON that the service describes them in."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from streamcap_dagster.emulators.gcs.store import Bucket
from streamcap_dagster.emulators.gcs.versions import Object

_PROJECT_NUMBER = "123456789012"


def object_json(found: Object, url: str, soft_deleted_s: int | None = None) -> dict[str, object]:
    """`url` is where this service is found. `soft_deleted_s` is how long a soft-deleted object is kept, for one that is."""
    path, generation = f"/storage/v1/b/{found.bucket}/o/{quote(found.name, safe='')}", str(found.generation)
    created = time_as_text(found.created_s)
    described: dict[str, object] = {
        "kind": "storage#object",
        "id": f"{found.bucket}/{found.name}/{generation}",
        "selfLink": f"{url}{path}",
        "mediaLink": f"{url}/download{path}?generation={generation}&alt=media",
        "name": found.name,
        "bucket": found.bucket,
        "generation": generation,
        "metageneration": str(found.metageneration),
        "storageClass": "STANDARD",
        **{key: value for key, value in found.given.items() if value is not None},
        "size": str(len(found.data)),
        "crc32c": found.hashes.crc32c,
        "etag": etag(found),
        "timeCreated": created,
        "updated": created if found.updated_s == found.created_s else time_as_text(found.updated_s),
        "timeStorageClassUpdated": created,
        "timeFinalized": created,
    }
    if found.hashes.md5:
        described["md5Hash"] = found.hashes.md5
    if found.components:
        described["componentCount"] = found.components
    if found.deleted_s is not None and soft_deleted_s is None:
        described["timeDeleted"] = time_as_text(found.deleted_s)
    elif found.deleted_s is not None and soft_deleted_s is not None:
        described |= {"softDeleteTime": time_as_text(found.deleted_s), "hardDeleteTime": time_as_text(found.deleted_s + soft_deleted_s)}
    return described


def etag(found: Object) -> str:
    return base64.b64encode(found.generation.to_bytes(8) + found.metageneration.to_bytes(2)).decode()


def bucket_json(bucket: Bucket, url: str) -> dict[str, object]:
    described: dict[str, object] = {
        "kind": "storage#bucket",
        "id": bucket.name,
        "name": bucket.name,
        "selfLink": f"{url}/storage/v1/b/{bucket.name}",
        "projectNumber": _PROJECT_NUMBER,
        "location": bucket.location,
        "locationType": "region",
        "storageClass": "STANDARD",
        "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}, "publicAccessPrevention": "enforced"},
        **bucket.given,
        "metageneration": str(bucket.metageneration),
        "etag": base64.b64encode(bucket.metageneration.to_bytes(2)).decode(),
        "timeCreated": time_as_text(bucket.created_s),
        "updated": time_as_text(bucket.created_s),
        "softDeletePolicy": {"retentionDurationSeconds": str(bucket.soft_delete_s), "effectiveTime": time_as_text(bucket.created_s)},
    }
    if bucket.versioning:
        described["versioning"] = {"enabled": True}
    return described


def as_bytes(described: Mapping[str, object]) -> bytes:
    return json.dumps(described, separators=(",", ":"), ensure_ascii=False).encode()


def time_as_text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
