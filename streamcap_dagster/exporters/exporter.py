"""What an exporter is: a format that some trainer loads, which rows of the dataset it is made from, and how a row becomes samples of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from streamcap_dagster.errors import SettingError
from streamcap_dagster.exporters.rows import Config
from streamcap_dagster.exporters.target import SplitTarget, Tally, Target


class Words(Protocol):
    """The words that ask for a caption, the same as the captioner was asked with."""

    def initial(self) -> str:
        """Asks for the full description of a clip's first window."""

    def delta(self, history: Sequence[str]) -> str:
        """Asks for what a window adds to the captions so far."""

    def turn(self) -> str:
        """Asks for the same in a conversation that holds the captions so far already."""


Samples = Callable[[Any, SplitTarget, Words], Iterable[Any]]
"""Samples of one row: none, one or several. Why a row, or a part of it, gives none goes to `SplitTarget.leave_out`."""

Writer = Callable[[SplitTarget], AbstractContextManager[Callable[[Any], None]]]
"""Opens what the samples of one split are written to, one call each; when its block ends well the files are whole and have their names."""

Finish = Callable[[Target, Mapping[str, Tally]], None]
"""Writes what a format needs beside the files of the splits; it is told of every split in the folder, also of those exported before."""


@dataclass(frozen=True)
class Exporter:
    """One format. A new one is a file with one of these, and a line in `table.py`."""

    name: str
    """As in `streamcap export NAME`."""
    configs: tuple[Config, ...]
    """Which rows it can be made from; the first unless another is asked for."""
    about: str
    """Which trainer loads it, and what for: a line of `streamcap export --help`."""
    samples: Samples
    writer: Writer
    finish: Finish | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    """What may be chosen, by name, and among what: lines of the help."""
    chosen: Mapping[str, str] = field(default_factory=dict)
    """What is chosen, by name, defaults included."""
    choose: Callable[..., "Exporter"] | None = None
    """Makes the format with options, each given as text under its name."""

    def with_options(self, given: Mapping[str, str]) -> "Exporter":
        """The format with other choices. Raises SettingError for what there is not to choose."""
        for name, value in given.items():
            if name not in self.options:
                known = f"{self.name} knows {' and '.join(self.options)}" if self.options else f"there is nothing to choose for {self.name}"
                raise SettingError(f"--set {name}", value, known)
        return self.choose(**given) if given and self.choose is not None else self
