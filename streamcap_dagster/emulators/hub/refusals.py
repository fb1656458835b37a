"""What the service says when it refuses, in its own words, and in the headers by which its clients tell refusals apart."""

import json
from collections.abc import Mapping


class Refusal(Exception):
    """An answer other than what was asked for."""

    def __init__(self, status: int, message: str, code: str = "", more: Mapping[str, object] | None = None) -> None:
        self.status = status
        self.message = message
        self.code = code
        self._more = more or {}
        super().__init__(status, message)

    def body(self) -> bytes:
        return json.dumps({"error": self.message, **self._more}).encode()


def invalid(message: str, **more: object) -> Refusal:
    return Refusal(400, message, more=more)


def unknown_token() -> Refusal:
    return Refusal(401, "Invalid credentials in Authorization header")


def nobody() -> Refusal:
    return Refusal(401, "Invalid username or password.")


def no_rights(owner: str) -> Refusal:
    return Refusal(403, f'You don\'t have the rights to create a dataset under the namespace "{owner}"')


def read_only() -> Refusal:
    return Refusal(403, "Forbidden: you must use a write token to upload to a repository.")


def no_room() -> Refusal:
    return Refusal(403, "Private repository storage limit reached, please upgrade your plan to increase your private storage limit.")


def no_address() -> Refusal:
    return Refusal(404, "Not Found")


def no_repo() -> Refusal:
    return Refusal(404, "Repository not found", "RepoNotFound")


def no_revision(revision: str) -> Refusal:
    return Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")


def no_entry(path: str) -> Refusal:
    return Refusal(404, f"Entry not found: {path}", "EntryNotFound")


def nothing_to_delete(path: str) -> Refusal:
    return Refusal(404, f"A file with this name doesn't exist: {path}", "EntryNotFound")


def exists(what: str, **more: object) -> Refusal:
    return Refusal(409, f"{what} already exists", more=more)


def conflict() -> Refusal:
    return Refusal(409, "The repository is being changed by another operation. Please retry.")


def stale() -> Refusal:
    return Refusal(412, "A commit has happened since. Please refresh and try again.")


def too_large() -> Refusal:
    return Refusal(413, "Payload Too Large")


def out_of_range() -> Refusal:
    return Refusal(416, "Range Not Satisfiable")


def too_fast() -> Refusal:
    return Refusal(429, "Too Many Requests: we had to rate limit your IP.")


def failing(status: int) -> Refusal:
    """What a service in trouble says."""
    return Refusal(status, "Internal Error - We're working hard to fix this as soon as possible!")
