"""One dataset repository on the Hugging Face Hub, through its own SDK. Its errors become ours here: they carry the token, so that none is chained."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, HfFileSystem, constants, get_session
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils._http import hf_raise_for_status
from huggingface_hub.utils.tqdm import disable_progress_bars
from pydantic import SecretStr

from streamcap_dagster.hub.failures import AS_IT_WAS, HubBusy, PublishingFailed
from streamcap_dagster.hub.remote import Remote, RemoteFile

ANSWER_WITHIN_S = 300.0
"""A commit of very many files takes the Hub a while; without a limit of ours the SDK would wait for ever."""
_KIND = "dataset"
_MAIN = "refs/heads/main"
_AGAIN = (408, 409, 412, 425, 429, 500, 502, 503, 504)
_SAID = 300
_REFUSED = 400
_TOKENS = "https://huggingface.co/settings/tokens"
_NOT_TWICE = "what the Hub has already is not sent again"
_BY_ANOTHER = f"Somebody else is changing the repository: run it again when they have finished; {_NOT_TWICE}."
_FIXES = {
    401: f"Put a token into HF_TOKEN that is valid and may write: {_TOKENS} makes one.",
    404: "Somebody removed it meanwhile, or the token may not see it: run it again to have it made anew.",
    409: _BY_ANOTHER,
    412: _BY_ANOTHER,
    413: "A request was larger than the Hub, or a proxy on the way, takes: go round the proxy (NO_PROXY), or ask the Hub for a higher limit.",
    429: f"The Hub wants fewer requests: wait an hour and run it again; {_NOT_TWICE}.",
}


class HubRepository:
    """Knows what it uploaded, so that a commit that has to be made anew sends nothing twice."""

    def __init__(self, repo: str, token: SecretStr, endpoint: str = "") -> None:
        """`endpoint` is the address of a Hub other than Hugging Face's."""
        self.repo = repo
        self.endpoint = (endpoint or constants.ENDPOINT).rstrip("/")
        self._token = token
        self._api = HfApi(endpoint=self.endpoint, token=token.get_secret_value(), library_name="streamcap-dagster")
        self._uploaded: dict[str, CommitOperationAdd] = {}

    @property
    def may_be_asked(self) -> bool:
        """Whether there is a token to ask it with."""
        return bool(self._token.get_secret_value())

    @property
    def url(self) -> str:
        return f"{self.endpoint}/datasets/{self.repo}"

    def look(self) -> Remote:
        """The repository as it is now."""
        with self._explained("looking at the repository"):
            try:
                info = self._api.dataset_info(self.repo)
            except RepositoryNotFoundError:
                return Remote()
            head = str(info.sha)
            tree = self._api.list_repo_tree(self.repo, recursive=True, revision=head, repo_type=_KIND)
            files = {entry.path: _facts(entry) for entry in tree if isinstance(entry, RepoFile)}
            refs = self._api.list_repo_refs(self.repo, repo_type=_KIND, include_pull_requests=True)
        tags = {tag.name: tag.target_commit for tag in refs.tags}
        others = {other.ref: other.target_commit for other in (*refs.branches, *(refs.pull_requests or ())) if other.ref != _MAIN}
        return Remote(head, bool(info.private), files, tags, others)

    def create(self, private: bool) -> None:
        with self._explained("creating the repository"):
            self._api.create_repo(self.repo, repo_type=_KIND, private=private)

    def make_public(self) -> None:
        with self._explained("making the repository public", "The dataset is published, but privately."):
            self._api.update_repo_settings(self.repo, private=False, repo_type=_KIND)

    def read(self, path: str, revision: str) -> bytes:
        with self.open(path, revision) as file:
            return bytes(file.read())

    @contextmanager
    def open(self, path: str, revision: str) -> Iterator[Any]:
        """A file of the repository that can be sought: only what is read of it is fetched."""
        with self._explained(f"reading {path} back"):
            files = HfFileSystem(endpoint=self.endpoint, token=self._token.get_secret_value(), skip_instance_cache=True)
            with files.open(f"datasets/{self.repo}@{revision}/{path}", "rb", cache_type="none") as file:
                yield file

    def card_faults(self, text: str) -> list[str]:
        """What the Hub would refuse the YAML of a card for, which it tells only when all else has been sent."""
        with self._explained("having the card looked at"):
            answer = get_session().post(f"{self.endpoint}/api/validate-yaml", json={"content": text, "repoType": _KIND})
            if answer.status_code != _REFUSED:
                hf_raise_for_status(answer)
            return [self._clean(f"the Hub does not take its YAML: {fault['message']}") for fault in answer.json().get("errors", [])]

    def upload(self, files: Mapping[str, Path]) -> None:
        """Send the content of files, by their path in the repository. What the Hub has already is not sent; nobody sees any of it before the commit."""
        new = [CommitOperationAdd(path, file) for path, file in files.items() if path not in self._uploaded]
        if not new:
            return
        with self._explained(f"sending {new[0].path_in_repo}" + (f" and {len(new) - 1} more" if len(new) > 1 else "")):
            self._api.preupload_lfs_files(self.repo, new, repo_type=_KIND)
        self._uploaded |= {operation.path_in_repo: operation for operation in new}

    def commit(self, uploaded: Sequence[str], small: Mapping[str, bytes], removed: Sequence[str], title: str, parent: str) -> str:
        """Change the repository in one go, from exactly the commit `parent`; returns the new commit's hash."""
        adds = [self._uploaded[path] for path in uploaded] + [CommitOperationAdd(path, data) for path, data in small.items()]
        removes = [CommitOperationDelete(path, is_folder=False) for path in removed]
        with self._explained("the commit", "What is published there is whole: as it was, or as it was meant to become."):
            made = self._api.create_commit(self.repo, [*adds, *removes], commit_message=title, repo_type=_KIND, parent_commit=parent)
        return str(made.oid)

    def tag(self, name: str, revision: str) -> None:
        with self._explained(f"tagging {name}", "The dataset is published whole; the same command adds the tag."):
            self._api.create_tag(self.repo, tag=name, revision=revision, repo_type=_KIND, exist_ok=True)

    def commits(self) -> Iterator[tuple[str, str]]:
        """Hash and title of each commit, newest first."""
        with self._explained("looking at the history"):
            yield from ((commit.commit_id, commit.title) for commit in self._api.list_repo_commits(self.repo, repo_type=_KIND))

    @contextmanager
    def _explained(self, doing: str, left: str = AS_IT_WAS) -> Iterator[None]:
        disable_progress_bars()
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # its warnings have the addresses in them that it may upload to
        get_session().timeout = httpx2.Timeout(ANSWER_WITHIN_S)
        try:
            yield
        except PublishingFailed:
            raise
        except Exception as error:
            cause = _cause(error)
            if cause is None:
                raise
            failure = self._failure(doing, cause, left)
        else:
            return
        raise failure from None

    def _failure(self, doing: str, error: Exception, left: str) -> PublishingFailed:
        if isinstance(error, HfHubHTTPError):
            return self._refused(doing, error.response.status_code, self._clean(error.server_message or ""), left)
        if isinstance(error, httpx2.ConnectError):
            fix = "Check the network, and HF_ENDPOINT where it is set, then run it again."
            return HubBusy(self.repo, doing, f"nobody answers at {self.endpoint}", fix, left)
        if isinstance(error, httpx2.TransportError):
            return HubBusy(self.repo, doing, f"the connection broke off ({type(error).__name__})", f"Run it again: {_NOT_TWICE}.", left)
        return PublishingFailed(self.repo, doing, self._clean(str(error)), f"Mend that and run it again: {_NOT_TWICE}.", left)

    def _refused(self, doing: str, status: int, said: str, left: str) -> PublishingFailed:
        kind = HubBusy if status in _AGAIN else PublishingFailed
        return kind(self.repo, doing, f"HTTP {status}{f': {said}' if said else ''}", _fix(status, said, self.repo.partition("/")[0]), left)

    def _clean(self, text: str) -> str:
        """One line of what somebody else said, without the token should they have repeated it."""
        line = " ".join(text.replace(self._token.get_secret_value(), "***").split())
        return line.rstrip(".") if len(line) <= _SAID else f"{line[:_SAID]}…"


def _fix(status: int, said: str, owner: str) -> str:
    if status == 403 and "storage limit" in said:
        return f"Free room in the storage of {owner}, or get more of it, and run it again; {_NOT_TWICE}."
    if status == 403:
        return f"Use a token that may write to what belongs to {owner} ({_TOKENS}), or publish to another repository with --repo."
    trouble = f"The Hub is in trouble: run it again later; {_NOT_TWICE}."
    return _FIXES.get(status, trouble if status >= 500 else "Mend that and run it again.")


def _facts(entry: RepoFile) -> RemoteFile:
    return RemoteFile(entry.size, entry.blob_id, entry.lfs.sha256 if entry.lfs else "")


def _cause(error: Exception) -> Exception | None:
    """What the SDK met, which it may have wrapped; None for what is no matter of the Hub, such as a full disk."""
    known = (HfHubHTTPError, httpx2.HTTPError)
    if isinstance(error, known):
        return error
    if isinstance(error, RuntimeError) and isinstance(error.__cause__, known):
        return error.__cause__
    return error if isinstance(error, RuntimeError | ValueError) else None
