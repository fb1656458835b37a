"""Who writes the captions, as Dagster resources that open a plain `Captioner`. What a captioner is lives in `captions/`."""

from abc import abstractmethod
from pathlib import Path

import dagster as dg
from pydantic import Field

from streamcap_dagster.captions.backends.offline import OfflineCaptioner
from streamcap_dagster.captions.backends.recorded import RecordedCaptioner
from streamcap_dagster.captions.captioner import Captioner


class CaptionerResource(dg.ConfigurableResource[Captioner]):
    """Lends the captioner that initial captions, delta captions and objectives are asked from."""

    @abstractmethod
    def open(self) -> Captioner:
        """The captioner, ready to answer."""


class OfflineCaptionerResource(CaptionerResource):
    """Describes what can be computed from the pixels: no key, no weights, no cost; for rehearsal, not for training."""

    def open(self) -> OfflineCaptioner:
        return OfflineCaptioner()


class RecordedCaptionerResource(CaptionerResource):
    """Answers from a file."""

    answers: str = Field(description="the file of answers, one JSON object per line")

    def open(self) -> RecordedCaptioner:
        return RecordedCaptioner(Path(self.answers))
