"""The whole service without HTTP: buckets, uploads under way, who may do what, what goes wrong, and who answers which kind of request."""

import random
from collections.abc import Awaitable, Callable

from streamcap_dagster.emulators.gcs.answers import Answer
from streamcap_dagster.emulators.gcs.buckets import Buckets
from streamcap_dagster.emulators.gcs.calls import Call
from streamcap_dagster.emulators.gcs.faults import NONE, Fault, Faults
from streamcap_dagster.emulators.gcs.journal import Journal
from streamcap_dagster.emulators.gcs.objects import Objects
from streamcap_dagster.emulators.gcs.options import Options
from streamcap_dagster.emulators.gcs.permissions import Permissions
from streamcap_dagster.emulators.gcs.store import Store
from streamcap_dagster.emulators.gcs.uploading import Uploading
from streamcap_dagster.emulators.gcs.writing import Writer


class Service:
    def __init__(self, options: Options) -> None:
        self.options = options
        self.store = Store(options)
        self.permissions = Permissions()
        self.faults = Faults(options)
        self.journal = Journal(options.remember)
        self._chance = random.Random(options.seed)  # noqa: S311 -- for delays
        writer = Writer(self.store, self.permissions, options.md5)
        self.uploading = Uploading(self.store, writer)
        self._objects = Objects(self.store, writer, options.page_size)
        self._handlers = _handlers(Buckets(self.store, self.permissions), self._objects, self.uploading)

    def latency_s(self) -> float:
        """How long the next answer takes."""
        least, most = self.options.latency_ms
        return self._chance.uniform(least, most) / 1000 if most else 0.0

    async def answer(self, call: Call, body: bytes, fault: Fault = NONE) -> Answer:
        """Whatever is asked, but for the parts of a resumable upload, whose bytes are taken as they come; raises Refusal."""
        if call.kind == "list":
            return self._objects.list(call, fault)
        return await self._handlers[call.kind](call, body)


def _handlers(buckets: Buckets, objects: Objects, uploading: Uploading) -> dict[str, Callable[[Call, bytes], Awaitable[Answer]]]:
    return {
        "bucket_list": buckets.all,
        "bucket_get": buckets.get,
        "bucket_insert": buckets.insert,
        "bucket_patch": buckets.patch,
        "bucket_delete": buckets.delete,
        "bucket_permissions": buckets.test_permissions,
        "get": objects.get,
        "download": objects.download,
        "patch": objects.patch,
        "delete": objects.delete,
        "rewrite": objects.rewrite,
        "compose": objects.compose,
        "restore": objects.restore,
        "upload_whole": uploading.whole,
        "upload_start": uploading.start,
        "upload_cancel": uploading.cancel,
    }
