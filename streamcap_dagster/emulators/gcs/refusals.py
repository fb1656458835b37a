"""What the service says when it refuses, in its own words."""

import json
from collections.abc import Mapping


class Refusal(Exception):
    """An answer other than what was asked for."""

    def __init__(self, status: int, message: str, reason: str, domain: str = "global", **more: str) -> None:
        self.status = status
        self.message = message
        self._error: Mapping[str, str] = {"message": message, "domain": domain, "reason": reason, **more}
        super().__init__(status, message)

    def body(self, plain: bool = False) -> bytes:
        """`plain` is how it is told where the bytes of an object were asked for."""
        if self.status == 304:
            return b""
        if plain:
            return self.message.encode()
        return json.dumps({"error": {"code": self.status, "message": self.message, "errors": [self._error]}}).encode()


def invalid(message: str, reason: str = "invalid", **more: str) -> Refusal:
    return Refusal(400, message, reason, **more)


def not_json() -> Refusal:
    return invalid("Parse Error", "parseError")


def required(parameter: str) -> Refusal:
    return invalid(f"Required parameter: {parameter}", "required", locationType="parameter", location=parameter)


def no_bucket() -> Refusal:
    return Refusal(404, "The specified bucket does not exist.", "notFound")


def no_object(bucket: str, name: str) -> Refusal:
    return Refusal(404, f"No such object: {bucket}/{name}", "notFound")


def no_upload() -> Refusal:
    return Refusal(404, "Upload session not found.", "notFound")


def ended_upload() -> Refusal:
    return Refusal(410, "The requested upload session is no longer available.", "gone")


def not_found() -> Refusal:
    return Refusal(404, "Not Found", "notFound")


def condition_failed() -> Refusal:
    return Refusal(412, "At least one of the pre-conditions you specified did not hold.", "conditionNotMet", locationType="header", location="If-Match")


def not_modified() -> Refusal:
    return Refusal(304, "", "notModified")


def bucket_exists() -> Refusal:
    return Refusal(409, "Your previous request to create the named bucket succeeded and you already own it.", "conflict")


def out_of_range() -> Refusal:
    return Refusal(416, "The requested range cannot be satisfied.", "requestedRangeNotSatisfiable")


def forbidden(permission: str, caller: str) -> Refusal:
    kind = "bucket" if permission.startswith("storage.buckets.") or permission == "storage.objects.list" else "object"
    return Refusal(
        403,
        f"{caller} does not have {permission} access to the Google Cloud Storage {kind}. Permission '{permission}' denied on resource (or it may not exist).",
        "forbidden",
    )


def expired() -> Refusal:
    return Refusal(401, "Invalid Credentials", "authError", locationType="header", location="Authorization")


def too_fast(bucket: str, name: str) -> Refusal:
    message = (
        f"The object {bucket}/{name} exceeded the rate limit for object mutation operations (create, update, and delete). "
        "Please reduce your request rate. See https://cloud.google.com/storage/docs/gcs429."
    )
    return Refusal(429, message, "rateLimitExceeded", "usageLimits")


def failing(status: int) -> Refusal:
    """What a service in trouble says."""
    return Refusal(status, "We encountered an internal error. Please try again.", "backendError" if status != 500 else "internalError")


def wrong_hash(kind: str, given: str, calculated: str) -> Refusal:
    named = {"crc32c": "CRC32C", "md5": "MD5 hash"}[kind]
    return invalid(f'Provided {named} "{given}" doesn\'t match calculated {named} "{calculated}".')


def cancelled_upload() -> Refusal:
    return Refusal(499, "Client Closed Request", "clientClosedRequest")


def bucket_not_empty() -> Refusal:
    return Refusal(409, "The bucket you tried to delete is not empty.", "conflict")
