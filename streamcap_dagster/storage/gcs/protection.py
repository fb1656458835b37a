"""How a bucket is set up, as far as it says whether data in it is safe: from deletion, from strangers, and from growing for ever."""

from dataclasses import dataclass

from google.api_core.exceptions import Forbidden

from streamcap_dagster.storage.gcs.clients import service, shared_client
from streamcap_dagster.storage.gcs.faults import Doing, retry_for, told


@dataclass(frozen=True)
class Protection:
    """Settings of a bucket."""

    location: str
    """Such as `EUROPE-WEST4`, or `EU` for one that spans several regions."""
    storage_class: str
    uniform_access: bool
    """Whether only roles say who may do what, and no access control list of a single object."""
    public_access_prevented: bool
    soft_delete_s: int
    """How long what is deleted or overwritten can be restored; 0 where it is gone at once."""
    versioning: bool
    old_versions_go: bool
    """Whether a lifecycle rule removes noncurrent versions some day."""
    retention_s: int
    """How long an object can be neither replaced nor deleted; 0 without such a policy."""
    requester_pays: bool


def read_protection(name: str, connections: int, deadline_s: float) -> Protection | None:
    """None when these credentials may not look at the bucket itself. Raises StorageLost when there is none, or nobody answers."""
    bucket = shared_client(connections, service()).bucket(name)
    with told(Doing(name, "looking at the bucket", "", "storage.buckets.get", deadline_s, of_bucket=True)):
        try:
            bucket.reload(retry=retry_for(deadline_s), timeout=deadline_s)
        except Forbidden:
            return None
    access = bucket.iam_configuration
    rules = [rule.get("condition", {}) for rule in bucket.lifecycle_rules if rule.get("action", {}).get("type") == "Delete"]
    return Protection(
        location=str(bucket.location or ""),
        storage_class=str(bucket.storage_class or ""),
        uniform_access=bool(access.uniform_bucket_level_access_enabled),
        public_access_prevented=access.public_access_prevention == "enforced",
        soft_delete_s=int(bucket.soft_delete_policy.retention_duration_seconds or 0),
        versioning=bool(bucket.versioning_enabled),
        old_versions_go=any(
            {"daysSinceNoncurrentTime", "noncurrentTimeBefore", "numNewerVersions"} & rule.keys() or rule.get("isLive") is False for rule in rules
        ),
        retention_s=int(bucket.retention_period or 0),
        requester_pays=bool(bucket.requester_pays),
    )
