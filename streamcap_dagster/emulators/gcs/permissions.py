"""Who may do what: which permission an operation needs, and which are denied."""

from streamcap_dagster.emulators.gcs import refusals
from streamcap_dagster.emulators.gcs.calls import Call

CALLER = "somebody@some-project.iam.gserviceaccount.com"
NEEDED: dict[str, tuple[str, ...]] = {
    "bucket_list": ("storage.buckets.list",),
    "bucket_get": ("storage.buckets.get",),
    "bucket_insert": ("storage.buckets.create",),
    "bucket_patch": ("storage.buckets.update",),
    "bucket_delete": ("storage.buckets.delete",),
    "list": ("storage.objects.list",),
    "get": ("storage.objects.get",),
    "download": ("storage.objects.get",),
    "patch": ("storage.objects.update",),
    "delete": ("storage.objects.delete",),
    "rewrite": ("storage.objects.create", "storage.objects.get"),
    "compose": ("storage.objects.create", "storage.objects.get"),
    "restore": ("storage.objects.create", "storage.objects.restore"),
    "upload_whole": ("storage.objects.create",),
    "upload_start": ("storage.objects.create",),
    "upload_part": ("storage.objects.create",),
    "upload_status": ("storage.objects.create",),
}
OVERWRITE = "storage.objects.delete"


class Permissions:
    """Everything is allowed that was not denied."""

    def __init__(self) -> None:
        self._denied: frozenset[str] = frozenset()
        self.credentials_expired = False

    def deny(self, *permissions: str) -> None:
        self._denied |= set(permissions)

    def allow_all(self) -> None:
        self._denied, self.credentials_expired = frozenset(), False

    def granted(self, asked: list[str]) -> list[str]:
        return [permission for permission in asked if permission not in self._denied]

    def check(self, call: Call) -> None:
        """Raises Refusal unless the caller is known and may do this."""
        if self.credentials_expired:
            raise refusals.expired()
        if self._denied:
            self._check(*NEEDED.get(call.kind, ()))

    def check_overwriting(self) -> None:
        """Raises Refusal unless the caller may delete, which is needed to put an object in the place of another."""
        self._check(OVERWRITE)

    def _check(self, *needed: str) -> None:
        for permission in needed:
            if permission in self._denied:
                raise refusals.forbidden(permission, CALLER)
