"""The errors this project raises: each takes the facts and writes its own message for the person who reads it."""


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


class MissingTool(StreamcapError):
    """A program or library that the work needs is not on this machine."""

    def __init__(self, tool: str, needed_for: str, fix: str) -> None:
        super().__init__(f"{tool} is needed for {needed_for} but was not found. {fix}")


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


class CaptionerUnavailable(StreamcapError):
    """The captioner gave no answer at all (transport, quota, outage): the clip stops here and the next run goes on from it."""

    def __init__(self, captioner: str, where: str, why: str, fix: str) -> None:
        super().__init__(f"{where}: the {captioner} captioner gave no answer: {why}. {fix}")


class FramesUnusable(StreamcapError):
    """The frames of one video cannot go into the dataset; the others go on."""

    def __init__(self, video_id: str, why: str) -> None:
        self.video_id = video_id
        super().__init__(f"video {video_id}: its frames cannot go into the dataset: {why}. Materialize its frames and captions again.")


class DatasetBusy(StreamcapError):
    """Another process is writing the dataset."""

    def __init__(self, storage: str) -> None:
        super().__init__(f"the dataset in {storage} is being written by another run. Wait until that one has ended, then materialize hf_dataset again.")
