"""Publishing a dataset: looked at, held against what is published, checked, sent, and made visible by one commit.

A reader of the repository sees the whole old dataset or the whole new one. Whatever breaks off is gone through again from the start, against the
repository as it is then: what was sent is not sent again, and a commit that was made although its answer was lost is found.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa

from streamcap_dagster.errors import ObjectMissing, SettingError
from streamcap_dagster.hub.changes import CHANGELOG, RECORD, Changes, Difference, Rows, compare, difference, read_record, strange, write_record
from streamcap_dagster.hub.despite import LONGEST, with_reason
from streamcap_dagster.hub.failures import HubBusy, NotPublishable, PublishingFailed
from streamcap_dagster.hub.gate import Gate, HashOf
from streamcap_dagster.hub.local import CARD, LocalDataset, read_dataset
from streamcap_dagster.hub.releases import TAG, add_release, next_tag, releases
from streamcap_dagster.hub.remote import Remote
from streamcap_dagster.hub.shard_facts import read_facts
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.leases import turn
from streamcap_dagster.storage.many import side_by_side

if TYPE_CHECKING:
    from streamcap_dagster.hub.huggingface import HubRepository

WAITS_S = (1.0, 4.0, 10.0, 20.0)
"""Between tries; the SDK itself tries most requests for half a minute."""
_BATCH_FILES, _BATCH_BYTES = 16, 2_000_000_000
"""So much is made ready for sending at once; of a bucket's shards there are local copies for that long."""

_REFS_NAMED = 10
_NOTHING = Changes()
_FIRST_COMMIT = "initial commit"
"""The Hub's own, of an empty repository."""
_TITLE = ": "
"""In the title of a commit, between the release and what it is about."""

Say = Callable[[str], None]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Wish:
    """What is wanted of a publication. Without `public` a new repository is private, and an old one stays what it is."""

    public: bool = False
    allow_rehearsal: bool = False
    tag: str = ""
    """Name of the release; by default the day and a number."""
    despite: str = ""
    """Why it is published although the checks of its quality found errors; its card tells it."""


@dataclass(frozen=True)
class Plan:
    """What a publication would do, and what forbids it."""

    local: LocalDataset
    remote: Remote
    changes: Changes
    public: bool
    faults: Sequence[str]


@dataclass(frozen=True)
class Published:
    """What a publication came to. Without changes the commit is the one that was there."""

    url: str
    commit: str
    tag: str
    public: bool
    changes: Changes = _NOTHING
    difference: Difference | None = None


@dataclass
class Publisher:
    """Publishes the dataset of a storage to one repository."""

    storage: Storage
    repository: "HubRepository"
    wish: Wish
    hash_of: HashOf
    unfinished: Callable[[], Sequence[str]]
    """Tells why the dataset is not all that it could be; nothing is sent then."""
    say: Say
    waits_s: Sequence[float] = WAITS_S

    def __post_init__(self) -> None:
        self._gate = Gate(self.wish.allow_rehearsal, self.hash_of, self.wish.despite)
        self._sent: tuple[Changes, Difference | None] = _NOTHING, None
        if self.wish.tag and not TAG.fullmatch(self.wish.tag):
            raise SettingError("--tag", self.wish.tag, "give a name of letters, digits, dots, dashes and underscores that git takes, such as v1.2")
        if len(self.wish.despite) > LONGEST:
            raise SettingError("--despite", f"{self.wish.despite[:40]}…", f"a reason on a card has at most {LONGEST:,} characters")

    def plan(self) -> Plan:
        """Look at everything and send nothing."""
        return self._patiently(self._plan)

    def faults_here(self) -> Sequence[str]:
        """What forbids it without the Hub being asked: every shard is looked at as one to be sent. Whether what is public already may be is not known."""
        return self._patiently(self._faults_here)

    def publish(self) -> Published:
        """Publish what is new, and nothing when nothing is. Of the processes of a storage one at a time does.

        Raises NotPublishable with every fault of the dataset, and PublishingFailed when the Hub does not take it.
        """
        with self._turn():
            return self._patiently(self._publish)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        name = f"publishing-{self.repository.repo.replace('/', '--')}"
        with self.storage.lease(name) as held:
            if held:
                yield
                return
        self.say(f"Waiting for another process to end that publishes to {self.repository.repo}.")
        with turn(self.storage, name):
            yield

    def _patiently(self, work: Callable[[], Result]) -> Result:
        try:
            for wait_s in self.waits_s:
                try:
                    return work()
                except HubBusy as busy:
                    self.say(f"{busy} It is tried again in {wait_s:g} s.")
                    time.sleep(wait_s)
            return work()
        except ObjectMissing as error:
            why = f"{error.key} is gone, so the dataset was built anew meanwhile"
            raise PublishingFailed(self.repository.repo, "publishing", why, "Run it again.") from error

    def _local(self) -> LocalDataset:
        local = read_dataset(self.storage)
        if local is None:
            raise NotPublishable(self.repository.repo, ["there is no dataset yet: make one with `streamcap run`"])
        if unfinished := self.unfinished():
            raise NotPublishable(self.repository.repo, unfinished)
        return local

    def _faults_here(self) -> Sequence[str]:
        local = self._local()
        return [local.card_fault] if local.card_fault else self._gate.faults(local, local.shards, self.wish.public)

    def _plan(self) -> Plan:
        local = self._local()
        remote = self.repository.look()
        public = self.wish.public or (remote.exists and not remote.private)
        if local.card_fault:
            return Plan(local, remote, Changes(), public, [local.card_fault])
        sent = with_reason(local, self.wish.despite)
        changes = compare(sent, remote, read_record(self._read(RECORD, remote)))
        self._check_tag(remote, changes)
        faults = [*strange(remote), *self._gate.faults(local, changes.shards, public)]
        faults += [*self._card_faults(sent, changes), *self._history_faults(remote, changes)]
        return Plan(sent, remote, changes, public, faults)

    def _check_tag(self, remote: Remote, changes: Changes) -> None:
        """Raises SettingError for the name of a release that there is already and that is not the one that this would be."""
        tag = self.wish.tag
        if not tag:
            return
        told = releases(self._read(CHANGELOG, remote).decode())
        if changes and tag in (*remote.tags, *told):
            raise SettingError("--tag", tag, f"{self.repository.repo} has a release of that name already; choose another")
        newest = told[0] if told else ""
        if tag in told[1:] or remote.tags.get(tag, remote.head) not in (remote.head, remote.tags.get(newest)):
            why = f"{self.repository.repo} has an older release of that name, and nothing is new: the newest is {newest or remote.head}"
            raise SettingError("--tag", tag, f"{why}; leave --tag out, or give a name that there is not yet")

    def _card_faults(self, local: LocalDataset, changes: Changes) -> Iterator[str]:
        if CARD in changes.small:
            yield from (f"{CARD}: {fault}" for fault in self.repository.card_faults(local.small[CARD].decode()))

    def _history_faults(self, remote: Remote, changes: Changes) -> Iterator[str]:
        """What everybody could read with a private repository that is made public: every commit before the one of this dataset, by itself or a tag."""
        if not (self.wish.public and remote.exists and remote.private):
            return
        titles = [title for _, title in self.repository.commits()]
        earlier = [title for title in titles[0 if changes else 1 :] if title != _FIRST_COMMIT]
        old = [name for name, commit in {**remote.tags, **remote.others}.items() if changes or commit != remote.head]
        if earlier or old:
            repo, held = self.repository.repo, " and ".join(_earlier(len(earlier), old))
            yield (
                f"the history of {repo} holds {held}, which everybody could read too: publish without --public, squash the history "
                f"(`HfApi().super_squash_history({repo!r}, repo_type='dataset')` of huggingface_hub), delete every tag of an old release "
                f"(`HfApi().delete_tag({repo!r}, tag=…, repo_type='dataset')`) and every other branch, for they keep what they point at, and make it public "
                "then; or publish to a new repository"
            )

    def _publish(self) -> Published:
        plan = self._plan()
        if plan.faults:
            raise NotPublishable(self.repository.repo, plan.faults)
        if not plan.remote.exists:
            self.repository.create(private=not self.wish.public)
            plan = replace(plan, remote=self.repository.look())
        commit, tag = self._send(plan) if plan.changes else (plan.remote.head, self._settled_tag(plan.remote))
        if self.wish.public and plan.remote.private:
            self.repository.make_public()
        return Published(self.repository.url, commit, tag, plan.public, *self._sent)

    def _send(self, plan: Plan) -> tuple[str, str]:
        """Returns the commit and its tag."""
        local, remote, changes = plan.local, plan.remote, plan.changes
        self._upload(local, changes.shards)
        come_and_gone = difference(self._rows(local.shards), self._rows_before(plan))
        changelog = self._read(CHANGELOG, remote).decode()
        tag = self.wish.tag or next_tag(datetime.now(UTC).date(), {*remote.tags, *releases(changelog)})
        small = {path: local.small[path] for path in changes.small}
        small |= {RECORD: write_record(local), CHANGELOG: add_release(changelog, tag, come_and_gone).encode()}
        self._sent = changes, come_and_gone  # known also where only the answer to the commit is lost
        commit = self.repository.commit(changes.shards, small, changes.removed, f"{tag}{_TITLE}{come_and_gone.sentence}", remote.head)
        self.repository.tag(tag, commit)
        return commit, tag

    def _upload(self, local: LocalDataset, shards: Sequence[str]) -> None:
        sent = 0
        for batch in _batches(shards, local.sizes):
            with ExitStack() as held:
                self.repository.upload({path: held.enter_context(local.storage.local(local.key(path))) for path in batch})
            sent += len(batch)
            self.say(f"{sent:,} of {len(shards):,} new shards are on the Hub.")

    def _rows(self, shards: Iterable[str]) -> Rows:
        return {path: self._gate.facts[path].rows for path in shards}

    def _rows_before(self, plan: Plan) -> Rows:
        """Of the dataset that is published; of shards that go, the Hub is asked whose rows they have."""
        gone = [path for path in plan.changes.removed if keys.SHARD.fullmatch(path)]
        read = side_by_side(self.storage.lanes, lambda path: self._rows_of(path, plan.remote.head), gone)
        return {**self._rows(path for path in plan.local.shards if path in plan.remote.files), **dict(zip(gone, read, strict=True))}

    def _rows_of(self, path: str, revision: str) -> Counter[str]:
        with self.repository.open(path, revision) as file:
            try:
                return read_facts(file, closely=False).rows
            except pa.ArrowException as error:
                self.say(f"{path} is published and cannot be read ({error}), so the changelog does not count its rows. It is taken away.")
                return Counter()

    def _settled_tag(self, remote: Remote) -> str:
        """The newest release, which gets its tag now if it was not to be had when its commit was made."""
        newest = next(iter(releases(self._read(CHANGELOG, remote).decode())), "")
        if newest and newest not in remote.tags:
            commits = (commit for commit, title in self.repository.commits() if title.startswith(f"{newest}{_TITLE}"))
            self.repository.tag(newest, next(commits, remote.head))
        if self.wish.tag and self.wish.tag not in {newest, *remote.tags}:
            self.repository.tag(self.wish.tag, remote.head)
        return self.wish.tag or newest

    def _read(self, path: str, remote: Remote) -> bytes:
        """A small file of the repository; nothing when there is none."""
        return self.repository.read(path, remote.head) if path in remote.files else b""


def _earlier(commits: int, refs: Sequence[str]) -> Iterator[str]:
    if commits:
        yield "an earlier commit" if commits == 1 else f"{commits:,} earlier commits"
    if refs:
        more = f", … and {len(refs) - _REFS_NAMED:,} more" if len(refs) > _REFS_NAMED else ""
        yield f"what is tagged or branched as {', '.join(refs[:_REFS_NAMED])}{more}"


def _batches(shards: Sequence[str], sizes: Mapping[str, int]) -> Iterator[list[str]]:
    batch: list[str] = []
    held = 0
    for path in shards:
        if batch and (len(batch) == _BATCH_FILES or held + sizes[path] > _BATCH_BYTES):
            yield batch
            batch, held = [], 0
        batch.append(path)
        held += sizes[path]
    if batch:
        yield batch
