"""A plotted video: all that is needed to film it, and the truth about it."""

from dataclasses import dataclass

from streamcap_dagster.drawn_world.cast import Actor
from streamcap_dagster.drawn_world.effects import Effect
from streamcap_dagster.drawn_world.stage import Stage
from streamcap_dagster.truth import DrawnTruth


@dataclass(frozen=True)
class Script:
    truth: DrawnTruth
    stage: Stage
    effects: tuple[Effect, ...]

    @property
    def cast(self) -> list[Actor]:
        return self.stage.cast
