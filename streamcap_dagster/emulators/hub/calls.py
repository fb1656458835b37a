"""Requests as far as their address and headers tell: what is asked, of which repository, at which revision."""

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

from streamcap_dagster.emulators.hub.refusals import no_address

KINDS = (
    "whoami",
    "validate_yaml",
    "create",
    "remove",
    "settings",
    "info",
    "refs",
    "commits",
    "tree",
    "paths_info",
    "preupload",
    "commit",
    "tag",
    "untag",
    "branch",
    "unbranch",
    "lfs_batch",
    "lfs_put",
    "lfs_verify",
    "download",
)
WRITING = ("create", "remove", "settings", "preupload", "commit", "tag", "untag", "branch", "unbranch", "lfs_batch", "lfs_verify")
"""What nobody may do without a token that can write."""


@dataclass(slots=True)
class Call:
    """One request. `repo` is `owner/name`, empty where none is named in the address."""

    method: str
    kind: str
    params: dict[str, list[str]]
    headers: dict[bytes, bytes]
    repo: str = ""
    revision: str = ""
    path: str = ""
    """Of a file, the name of a tag or branch, or the hash of a large object."""

    @property
    def url(self) -> str:
        """Where the caller finds this service."""
        return f"http://{self.header(b'host')}"

    def param(self, name: str, default: str = "") -> str:
        values = self.params.get(name)
        return values[-1] if values else default

    def flag(self, name: str) -> bool:
        return self.param(name).lower() in ("true", "1")

    def header(self, name: bytes) -> str:
        return self.headers.get(name, b"").decode("latin-1")


def read_call(method: str, raw_path: bytes, query: bytes, headers: dict[bytes, bytes]) -> Call:
    """Raises Refusal for an address that is none of the service's."""
    parts = [unquote(part) for part in raw_path.decode("ascii", "replace").split("/")[1:]]
    kind, named = _read_address("GET" if method == "HEAD" else method, parts)
    if not kind or (method == "HEAD" and kind != "download"):
        raise no_address()
    return Call(method, kind, parse_qs(query.decode("latin-1"), keep_blank_values=True), headers, **named)


def _read_address(method: str, parts: list[str]) -> tuple[str, dict[str, str]]:
    """The kind of request, empty for none, and what its address names."""
    match method, parts:
        case "GET", ["api", "whoami-v2"]:
            return "whoami", {}
        case "POST", ["api", "validate-yaml"]:
            return "validate_yaml", {}
        case "POST", ["api", "repos", "create"]:
            return "create", {}
        case "DELETE", ["api", "repos", "delete"]:
            return "remove", {}
        case _, ["api", "datasets", owner, name, *rest]:
            kind, named = _read_api(method, rest)
            return kind, {"repo": f"{owner}/{name}", **named}
        case "GET", ["datasets", owner, name, "resolve", revision, *path] if path:
            return "download", {"repo": f"{owner}/{name}", "revision": revision, "path": "/".join(path)}
        case "POST", ["datasets", owner, git, "info", "lfs", "objects", "batch" | "verify" as verb] if git.endswith(".git"):
            return f"lfs_{verb}", {"repo": f"{owner}/{git.removesuffix('.git')}"}
        case "PUT", ["lfs", owner, name, oid]:
            return "lfs_put", {"repo": f"{owner}/{name}", "path": oid}
    return "", {}


def _read_api(method: str, rest: list[str]) -> tuple[str, dict[str, str]]:
    match method, rest:
        case "GET", []:
            return "info", {}
        case "GET", ["revision", revision]:
            return "info", {"revision": revision}
        case "GET", ["refs"]:
            return "refs", {}
        case "GET", ["commits", revision]:
            return "commits", {"revision": revision}
        case "GET", ["tree", revision, *path]:
            return "tree", {"revision": revision, "path": "/".join(path)}
        case "POST", ["paths-info", revision]:
            return "paths_info", {"revision": revision}
        case "POST", ["preupload" | "commit" as verb, revision]:
            return verb, {"revision": revision}
        case "POST", ["tag", revision]:
            return "tag", {"revision": revision}
        case "DELETE", ["tag" | "branch" as ref, name]:
            return f"un{ref}", {"path": name}
        case "POST", ["branch", name]:
            return "branch", {"path": name}
        case "PUT", ["settings"]:
            return "settings", {}
    return "", {}
