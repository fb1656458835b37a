"""A dataset of the Hugging Face Hub over `huggingface_hub`: what it is, its files, and any part of a file, with patience and errors for people.

Errors of the Hub's client can carry addresses that are signed, so that none is chained and none is quoted whole.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import Any, TypeVar

import httpx2
from huggingface_hub import DatasetCard, HfApi, get_token, hf_hub_url
from huggingface_hub.errors import (
    DisabledRepoError,
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import hf_raise_for_status, http_backoff, parse_ratelimit_headers  # type: ignore[attr-defined]
from yaml import YAMLError

from streamcap_dagster.errors import SourceError, SourceLost, StreamcapError, VideoUnreadable
from streamcap_dagster.videos.hugging_face.address import HubAddress

PART_BYTES = 8 << 20
"""Most that one request asks for: what breaks off costs no more than that."""
_WORTH_ANOTHER_TRY = (408, 425, 429, 500, 502, 503, 504)
_ANSWER_S = 60.0
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 16.0
_LONGEST_QUOTE = 300

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class File:
    """A file of a dataset. `oid` is another one when its bytes are."""

    path: str
    size_bytes: int
    oid: str


class _CutShort(Exception):
    """Fewer bytes came than were asked for."""


class HubClient:
    """One dataset. Every method waits for the network and may be called from several threads.

    Raises SourceLost when the Hub refuses or does not answer within `deadline_s`, and VideoUnreadable for a file that is not there.
    """

    def __init__(self, address: HubAddress, deadline_s: float, endpoint: str | None = None) -> None:
        """`endpoint` is by default that of HF_ENDPOINT, or the Hub itself."""
        self.address = address
        self._deadline_s = deadline_s
        self._away = Event()
        self._api = HfApi(endpoint, library_name="streamcap")

    @property
    def endpoint(self) -> str:
        return str(self._api.endpoint)

    @property
    def page(self) -> str:
        """Where people find the dataset."""
        return f"{self.endpoint}/datasets/{self.address.repo}"

    def newest(self) -> str:
        """The hash of the newest commit of the revision, in one small request."""
        info = self._patiently(
            lambda: self._api.dataset_info(
                self.address.repo, revision=self.address.revision or None, timeout=self._timeout_s, expand=["sha"], token=_token(self.address)
            )
        )
        if not info.sha:
            raise SourceError(self.address.uri, "it has no commit yet. Upload videos to it, or choose another STREAMCAP_SOURCE.")
        return str(info.sha)

    def files(self, sha: str) -> list[File]:
        """Every file of that commit."""
        listed = self._patiently(
            lambda: list(self._api.list_repo_tree(self.address.repo, recursive=True, revision=sha, repo_type="dataset", token=_token(self.address)))
        )
        return [File(file.path, file.size, file.lfs.sha256 if file.lfs else file.blob_id) for file in listed if isinstance(file, RepoFile)]

    def read(self, sha: str, path: str, start: int, end: int) -> bytes:
        """Bytes from `start` up to, not including, `end`, in requests of PART_BYTES."""
        parts = (self._part(sha, path, at, min(at + PART_BYTES, end)) for at in range(start, end, PART_BYTES))
        return b"".join(parts)

    def _part(self, sha: str, path: str, start: int, end: int) -> bytes:
        url = hf_hub_url(self.address.repo, path, repo_type="dataset", revision=sha, endpoint=self.endpoint)

        def ask() -> bytes:
            headers = {**self._api._build_hf_headers(token=_token(self.address)), "Range": f"bytes={start}-{end - 1}"}
            response = http_backoff("GET", url, headers=headers, timeout=self._timeout_s, max_retries=0)
            hf_raise_for_status(response)
            if len(response.content) > end - start:
                raise SourceError(self.address.uri, "something between here and the Hub sends whole files where parts are asked for, such as a proxy.")
            if len(response.content) < end - start:
                raise _CutShort
            return response.content

        return self._patiently(ask, path)

    @property
    def _timeout_s(self) -> float:
        return min(_ANSWER_S, self._deadline_s)

    def _patiently(self, ask: Callable[[], Answer], path: str = "") -> Answer:
        """Asks again what may go well yet; while the Hub is known to be away each request is tried once, so that a run ends soon."""
        until = time.monotonic() + (0.0 if self._away.is_set() else self._deadline_s)
        wait_s = _FIRST_WAIT_S
        while True:
            try:
                answer = ask()
            except (HfHubHTTPError, httpx2.HTTPError, OfflineModeIsEnabled, HFValidationError, EntryNotFoundError, ConnectionError, _CutShort) as error:
                fault = error
            else:
                self._away.clear()
                return answer
            if not _may_pass(fault):
                raise self._explained(fault, path) from None
            pause_s = max(_pause_asked_for(fault), wait_s * random.uniform(0.5, 1.0))  # noqa: S311 - so that many do not come back at once
            if time.monotonic() + pause_s > until:
                self._away.set()
                raise self._away_for(fault, pause_s) from None
            time.sleep(pause_s)
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)

    def _away_for(self, fault: Exception, pause_s: float) -> SourceLost:
        status = _status(fault)
        again = "run the same command again when it is back: nothing that was fetched is fetched again"
        if status == 429:
            return SourceLost(self.address.uri, f"the Hub is asked too often (429) and wants a pause of {pause_s:.0f} s; then {again}. A token has more quota.")
        why = f"answered {status}" if status else "could not be reached or broke off"
        fix = f"{again}. STREAMCAP_STORAGE_DEADLINE_S is how long it is waited for."
        return SourceLost(self.address.uri, f"for {self._deadline_s:g} s {self.endpoint} {why}; {fix}")

    def _explained(self, fault: Exception, path: str) -> StreamcapError:
        if isinstance(fault, EntryNotFoundError):
            return VideoUnreadable(path, "it is not in the dataset any more", "Put it back, or leave it; the next scan looks again.")
        return SourceLost(self.address.uri, _why_refused(fault, self.address, self.page))


def read_card(text: str) -> dict[str, Any]:
    """The YAML at the top of a dataset's card. Raises ValueError when it is none."""
    try:
        return dict(DatasetCard(text, ignore_metadata_errors=True).data.to_dict())  # type: ignore[no-untyped-call]
    except (YAMLError, TypeError) as error:  # TypeError for keys that are no words
        raise ValueError("its YAML cannot be read") from error


def _why_refused(fault: Exception, address: HubAddress, page: str) -> str:
    """The end of a sentence about a refusal that asking again does not change, with what does."""
    status, has_token = _status(fault), bool(get_token())
    if isinstance(fault, OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set, so that the Hub is not asked. Unset it."
    if isinstance(fault, GatedRepoError):
        token = "the account of HF_TOKEN has not been given access" if has_token else "HF_TOKEN is not set"
        return f"it is gated, and {token}. Ask for access on {page}, and set HF_TOKEN to a token of that account."
    if isinstance(fault, DisabledRepoError):
        return "the Hub has disabled it. Choose another STREAMCAP_SOURCE."
    if isinstance(fault, RevisionNotFoundError):
        return f"it has no branch, tag or commit {address.revision!r}. Correct what is after the @."
    if isinstance(fault, RepositoryNotFoundError):
        private = "HF_TOKEN may not see it" if has_token else "it is private, for which HF_TOKEN must be set"
        return f"there is no dataset of that name on {page.removesuffix(f'/datasets/{address.repo}')}, or {private}. Correct STREAMCAP_SOURCE or the token."
    if status == 401:
        return "HF_TOKEN is not accepted: it may be mistyped, expired or revoked. https://huggingface.co/settings/tokens makes another."
    if status == 403:
        return f"HF_TOKEN may not read it ({_said(fault)}). Give the token read access to the dataset."
    if isinstance(fault, HFValidationError):
        return "no dataset can be called that. Correct STREAMCAP_SOURCE."
    return f"the Hub answered {status or type(fault).__name__}: {_said(fault)}. See what it says."


def _may_pass(fault: Exception) -> bool:
    if isinstance(fault, _CutShort):
        return True
    if isinstance(fault, HfHubHTTPError):
        return _status(fault) in _WORTH_ANOTHER_TRY
    transport = httpx2.TimeoutException | httpx2.NetworkError | httpx2.RemoteProtocolError | httpx2.ProxyError | ConnectionError
    return isinstance(fault, transport) and not isinstance(fault, OfflineModeIsEnabled)


def _pause_asked_for(fault: Exception) -> float:
    """What the Hub asks to be waited, in either of the headers that it has for that."""
    response = getattr(fault, "response", None)
    if response is None:
        return 0.0
    limit = parse_ratelimit_headers(response.headers)
    if limit is not None and limit.remaining == 0:
        return float(limit.reset_in_seconds)
    asked = response.headers.get("Retry-After", "")
    return float(asked) if asked.isdecimal() else 0.0


def _status(fault: Exception) -> int:
    response = getattr(fault, "response", None)
    return int(response.status_code) if response is not None else 0


def _said(fault: Exception) -> str:
    """The Hub's own words, without the address of the request."""
    words = getattr(fault, "server_message", None) or "nothing more"
    return " ".join(str(words).split())[:_LONGEST_QUOTE].rstrip(".")


def _token(address: HubAddress) -> str | None:
    """HF_TOKEN, or what `hf auth login` has kept. Raises SourceError for what cannot be sent, which its client would quote."""
    token = get_token()
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        raise SourceError(address.uri, "HF_TOKEN has characters that no token has. Copy it again from https://huggingface.co/settings/tokens.")
    return token
