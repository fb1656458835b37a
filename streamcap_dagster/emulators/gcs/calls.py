"""Requests as far as their address and headers tell: which operation on which object, with which conditions."""

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

from streamcap_dagster.emulators.gcs.refusals import invalid, not_found, required

KINDS = (
    "bucket_list",
    "bucket_get",
    "bucket_insert",
    "bucket_patch",
    "bucket_delete",
    "bucket_permissions",
    "list",
    "get",
    "download",
    "patch",
    "delete",
    "rewrite",
    "compose",
    "restore",
    "upload_whole",
    "upload_start",
    "upload_part",
    "upload_status",
    "upload_cancel",
)
_OF_BUCKETS = {"GET": "bucket_list", "POST": "bucket_insert"}
_OF_BUCKET = {"GET": "bucket_get", "PATCH": "bucket_patch", "PUT": "bucket_patch", "DELETE": "bucket_delete"}
_OF_OBJECT = {"GET": "get", "PATCH": "patch", "PUT": "patch", "DELETE": "delete"}


@dataclass(slots=True)
class Call:
    """One request. `name` is that of the object, `""` where none is named in the address."""

    method: str
    kind: str
    bucket: str
    name: str
    params: dict[str, list[str]]
    headers: dict[bytes, bytes]
    source: tuple[str, str] = ("", "")
    """Bucket and object that a rewrite reads."""
    generation: int | None = None
    """What the journal tells: the generation that was asked for, later the one that was produced."""

    @property
    def url(self) -> str:
        """Where the caller finds this service."""
        return f"http://{self.header(b'host')}"

    def param(self, name: str) -> str | None:
        values = self.params.get(name)
        return values[-1] if values else None

    def number(self, name: str) -> int | None:
        """A parameter that is a whole number; raises Refusal when it is none."""
        text = self.param(name)
        if text is None:
            return None
        try:
            return int(text)
        except ValueError:
            raise invalid(f"Invalid value for: Parameter '{name}': Invalid long value: '{text}'.", locationType="parameter", location=name) from None

    def flag(self, name: str) -> bool:
        return (self.param(name) or "").lower() == "true"

    def header(self, name: bytes) -> str:
        return self.headers.get(name, b"").decode("latin-1")


def read_call(method: str, raw_path: bytes, query: bytes, headers: dict[bytes, bytes]) -> Call:
    """Raises Refusal for an address that is none of the service's."""
    parts = raw_path.decode("ascii", "replace").split("/")
    params = parse_qs(query.decode("latin-1"), keep_blank_values=True) if query else {}
    match parts[1:]:
        case ["storage", "v1", "b", *rest]:
            call = _plain(method, rest, params, headers)
        case ["download", "storage", "v1", "b", bucket, "o", name] if method == "GET":
            call = Call(method, "download", unquote(bucket), unquote(name), params, headers)
        case ["upload", "storage", "v1", "b", bucket, "o"] | ["resumable", "upload", "storage", "v1", "b", bucket, "o"]:
            call = Call(method, _upload_kind(method, params, headers), unquote(bucket), (params.get("name") or [""])[-1], params, headers)
        case _:
            raise not_found()
    call.generation = call.number("generation") if "generation" in params else None
    return call


def _plain(method: str, rest: list[str], params: dict[str, list[str]], headers: dict[bytes, bytes]) -> Call:
    bucket, name, source = "", "", ("", "")
    kind: str | None = None
    match [unquote(part) for part in rest]:
        case [] | [""]:
            kind = _OF_BUCKETS.get(method)
        case [bucket]:
            kind = _OF_BUCKET.get(method)
        case [bucket, "iam", "testPermissions"] if method == "GET":
            kind = "bucket_permissions"
        case [bucket, "o"]:
            kind = "list" if method == "GET" else None
        case [bucket, "o", name]:
            kind = "download" if method == "GET" and params.get("alt") == ["media"] else _OF_OBJECT.get(method)
        case [bucket, "o", name, "compose" | "restore" as verb] if method == "POST":
            kind = verb
        case [from_bucket, "o", from_name, "rewriteTo" | "copyTo", "b", bucket, "o", name] if method == "POST":
            source, kind = (from_bucket, from_name), "rewrite"
    if kind is None:
        raise not_found()
    return Call(method, kind, bucket, name, params, headers, source)


def _upload_kind(method: str, params: dict[str, list[str]], headers: dict[bytes, bytes]) -> str:
    if method == "DELETE":
        return "upload_cancel"
    if method not in ("POST", "PUT"):
        raise not_found()
    if method == "PUT" or "upload_id" in params:
        return "upload_status" if headers.get(b"content-range", b"").startswith(b"bytes */") else "upload_part"
    match params.get("uploadType"):
        case ["media"] | ["multipart"]:
            return "upload_whole"
        case ["resumable"]:
            return "upload_start"
        case [other, *_]:
            raise invalid(f"Invalid value for: Parameter 'uploadType': '{other}'.")
    raise required("uploadType")
