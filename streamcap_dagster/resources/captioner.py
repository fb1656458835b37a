"""Who writes the captions, as Dagster resources that open a plain `Captioner`. What a captioner is lives in `captions/`."""

from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path

import dagster as dg
from pydantic import Field

from streamcap_dagster.captions.backends.offline import OfflineCaptioner
from streamcap_dagster.captions.backends.recorded import RecordedCaptioner
from streamcap_dagster.captions.captioner import Captioner
from streamcap_dagster.captions.pacing.meter import Meter
from streamcap_dagster.storage import Storage

Watch = Callable[[Meter], None]


def unwatched(meter: Meter) -> None:
    """For whoever opens a captioner and does not look at its calls."""
    del meter


class CaptionerResource(dg.ConfigurableResource[Captioner]):
    """Lends the captioner that initial captions, delta captions and objectives are asked from."""

    @property
    @abstractmethod
    def about(self) -> str:
        """Who captions, in a few words: the first line of a run."""

    @abstractmethod
    def bare(self) -> Captioner:
        """The captioner as far as its names go, which say what is up to date. It needs no key and no network until it is asked."""

    def open(self, storage: Storage, watch: Watch = unwatched) -> Captioner:
        """The captioner, ready to answer; `watch` is told how its calls stand. Raises SettingError when something is missing."""
        del storage, watch
        return self.bare()


class OfflineCaptionerResource(CaptionerResource):
    """Describes what can be computed from the pixels: no key, no weights, no cost; for rehearsal, not for training."""

    @property
    def about(self) -> str:
        return "offline (describes pixels, for rehearsal: its captions are not for training)"

    def bare(self) -> OfflineCaptioner:
        return OfflineCaptioner()


class RecordedCaptionerResource(CaptionerResource):
    """Answers from a file."""

    answers: str = Field(description="the file of answers, one JSON object per line")

    @property
    def about(self) -> str:
        return f"recorded (answers from {self.answers})"

    def bare(self) -> RecordedCaptioner:
        return RecordedCaptioner(Path(self.answers))
