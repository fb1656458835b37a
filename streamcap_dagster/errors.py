"""The errors this project raises: each takes the facts and writes its own message for the person who reads it."""

from typing import Literal

CallFault = Literal["busy", "dropped", "rejected", "spent", "refused"]


class StreamcapError(Exception):
    """Base of every error raised on purpose. Its text says what failed, on what, why, and how to fix it."""

    def __reduce__(self) -> tuple[object, ...]:
        """Travels between processes by its text and facts: its constructor takes other arguments than an exception keeps."""
        return _restored, (type(self), str(self), self.__dict__)


def _restored(kind: type[StreamcapError], message: str, facts: dict[str, object]) -> StreamcapError:
    error = kind.__new__(kind, message)
    error.__dict__.update(facts)
    return error


class SettingError(StreamcapError):
    """A setting has a value that cannot work."""

    def __init__(self, setting: str, value: object, why: str) -> None:
        self.setting = setting
        super().__init__(f"{setting}={value!r} cannot be used: {why}")


class NobodyToAsk(StreamcapError):
    """Something would be paid, and nobody is there to agree to it."""

    def __init__(self, captioner: str) -> None:
        super().__init__(
            f"{captioner} would be asked, and paid, and there is nobody here to agree to it: add --yes, or --dry-run to see only what it would cost"
        )


class MissingTool(StreamcapError):
    """A program or library that the work needs is not on this machine."""

    def __init__(self, tool: str, needed_for: str, fix: str) -> None:
        super().__init__(f"{tool} is needed for {needed_for} but was not found. {fix}")


class InstanceLost(StreamcapError):
    """The database in which Dagster keeps its history does not answer, or does not take what is written."""

    def __init__(self, home: str, why: str, no_room: bool = False) -> None:
        """`no_room`: nothing more gets onto the disk of DAGSTER_HOME, whatever the database calls that."""
        about = f"The disk of {home} is full: free some space. " if no_room else f"{home}/dagster.yaml says where it is. "
        back = "there is room" if no_room else "the database is back"
        super().__init__(
            f"Dagster's database cannot be read or written: {why}. {about}What was made is in the storage: once {back}, run the same command again to go on."
        )


class SourceError(StreamcapError):
    """The video source as a whole cannot be used."""

    def __init__(self, source: str, why: str) -> None:
        super().__init__(f"the video source {source!r} cannot be used: {why}")


class UnusableVideo(StreamcapError):
    """One file of the source cannot be made into captions; the others go on."""

    def __init__(self, uri: str, why: str, fix: str) -> None:
        self.why = why
        self.fix = fix
        super().__init__(f"{uri!r}: {why}. {fix}")

    @property
    def reason(self) -> str:
        """What and how to fix it, without the name: for a table that has the name beside it."""
        return f"{self.why[0].upper()}{self.why[1:]}. {self.fix}"


class VideoUnreadable(UnusableVideo):
    """One file of the source could not be read through this time; the same bytes may well be usable at the next scan."""


class DecodeError(StreamcapError):
    """A video that was listed as usable could not be decoded as far as its clips need."""

    def __init__(self, video_id: str, why: str, fix: str) -> None:
        super().__init__(f"video {video_id}: {why}. {fix}")


class SourceChanged(StreamcapError):
    """The bytes of a video are not those that the catalog recorded."""

    def __init__(self, video_id: str, uri: str) -> None:
        super().__init__(
            f"video {video_id}: {uri!r} has other bytes than when it was cataloged. Materialize video_catalog again (or run `streamcap run`), then this video."
        )


class ObjectMissing(StreamcapError, FileNotFoundError):
    """A stored object that is needed does not exist."""

    def __init__(self, key: str, storage: str, fix: str) -> None:
        self.key = key
        super().__init__(f"{key} does not exist in {storage}. {fix}")


class ObjectUnreadable(StreamcapError):
    """A stored object exists but does not hold what it should."""

    def __init__(self, key: str, why: str, fix: str = "Delete it and make its asset again.") -> None:
        super().__init__(f"{key} cannot be read: {why}. {fix}")


class StorageError(StreamcapError):
    """The storage refused a read or a write."""

    def __init__(self, storage: str, doing: str, why: str, fix: str) -> None:
        super().__init__(f"{doing} failed in {storage}: {why}. {fix}")


class ObjectChanged(StorageError):
    """Somebody else wrote another object under the key since this process looked at it; theirs stays."""

    def __init__(self, storage: str, key: str, expected: int, found: int) -> None:
        self.key = key
        was = f"generation {expected}" if expected else "nothing"
        super().__init__(
            storage,
            f"writing {key}",
            f"another process wrote it at the same time: {was} was there when this run looked, and generation {found} with other bytes is there now",
            "That one is whole and stays; run the same command again to bring this video up to date.",
        )


class CaptionerUnavailable(StreamcapError):
    """The captioner gave no answer at all (transport, quota, outage): the clip stops here and the next run goes on from it."""

    def __init__(self, captioner: str, where: str, why: str, fix: str) -> None:
        super().__init__(f"{where}: the {captioner} captioner gave no answer: {why}. {fix}")


class CallFailed(StreamcapError):
    """One request to a captioner got no answer. Holds plain facts only: an SDK's own error can carry the key.

    `busy`: overloaded or too fast, ask again later (after `retry_after_s` when the service says so). `dropped`: the connection failed, a
    deadline passed or the answer was garbled; it may have been billed. `spent`: a quota of the day or a spending limit is used up.
    `rejected`: this one request is not accepted, such as a picture that cannot be read; others may be. `refused`: the key, the model or a
    setting is not accepted, so that every request would be refused.
    """

    def __init__(self, kind: CallFault, why: str, fix: str = "", *, status: int = 0, retry_after_s: float | None = None, sent: bool = True) -> None:
        self.kind = kind
        self.why = why
        self.fix = fix
        self.status = status
        """HTTP status; 0 when there was none."""
        self.retry_after_s = retry_after_s
        self.sent = sent
        """False when the request certainly never reached the service, as when nobody listens at its address; then it cost nothing."""
        super().__init__(f"{why}. {fix}".strip())


class StillGoing(StreamcapError):
    """A person has ended a command that only watched: what it watched goes on."""


class RunStopped(StreamcapError):
    """No video can go on in this run, so all of it stops; what was done and answered is kept and the next run goes on from there."""


class StorageLost(StorageError, RunStopped):
    """The storage refuses everything (credentials, bucket, permission) or stayed away too long, so no video can go on."""


class SourceLost(SourceError, RunStopped):
    """The source refuses everything (no such dataset, token, permission) or stayed away too long, so no video can be fetched from it."""


class QuotaExhausted(RunStopped):
    """A quota of the day, or the service's own spending limit, is used up."""

    def __init__(self, model: str, why: str, resume: str) -> None:
        super().__init__(f"the quota of {model} is used up: {why}. Everything answered so far is kept; run the same command again {resume}.")


class BudgetReached(RunStopped):
    """The next request could cost more than is left of the budget."""

    def __init__(self, budget_usd: float, spent_usd: float) -> None:
        super().__init__(
            f"the budget is reached: ${spent_usd:.4f} of STREAMCAP_BUDGET_USD={budget_usd:g} is spent or promised to requests under way. "
            "Everything paid for is kept; raise the budget and run the same command again to go on."
        )


class CaptionerRefused(RunStopped):
    """The service does not accept this key, model or setting, so asking on would only fail on."""

    def __init__(self, captioner: str, why: str, fix: str) -> None:
        super().__init__(f"the {captioner} captioner refuses: {why}. {fix} Everything answered so far is kept.")


class FramesAhead(StreamcapError):
    """A frame of a window is shown after the window's end, so a caption of it would tell what a live feed has not shown yet."""

    def __init__(self, where: object, pts_s: float, end_s: float) -> None:
        super().__init__(f"{where}: a frame shown at {pts_s} s is later than the end of its window, {end_s} s. Delete the video's frames and make them again.")


class FramesUnusable(StreamcapError):
    """The frames of one video cannot go into the dataset; the others go on."""

    def __init__(self, video_id: str, why: str) -> None:
        self.video_id = video_id
        super().__init__(f"video {video_id}: its frames cannot go into the dataset: {why}. Materialize its frames and captions again.")
