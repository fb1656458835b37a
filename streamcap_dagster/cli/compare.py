"""`streamcap compare`: two prompts, models or settings on the same windows, side by side."""

import json
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from streamcap_dagster.captions.estimate import Estimate
from streamcap_dagster.captions.estimate.sentence import summary
from streamcap_dagster.cli.compare_measures import measured, price, worst
from streamcap_dagster.cli.compare_outcome import Compared
from streamcap_dagster.cli.compare_page import write_comparison
from streamcap_dagster.cli.compare_runs import Pairing, pair_runs
from streamcap_dagster.cli.compare_table import plain_comparison, show_comparison
from streamcap_dagster.cli.estimate import as_plain
from streamcap_dagster.cli.judge import Court, Judging, Ruling
from streamcap_dagster.cli.pages import check_page
from streamcap_dagster.errors import SettingError
from streamcap_dagster.evaluation.comparing import Place
from streamcap_dagster.settings import Settings, scheme_of
from streamcap_dagster.wiring import storage_for

_LOST = {"old": 1, "new": -1, "tie": 0}


def compare_runs(old: Settings, new: Settings, judging: Judging | None, out: Path | None, as_json: bool) -> int:
    """Print how two runs differ; returns the exit status, 1 when not all that was wanted could be judged, or held against what people said."""
    if out is not None:
        check_page(out, "--out", (".html",))
    for run, settings in (("RUN_A", old), ("RUN_B", new)):
        _check_there(run, settings.storage)
    console = Console(stderr=as_json)
    storages = storage_for(old).open(), storage_for(new).open()
    pairing = pair_runs(*storages)
    court = Court(old, *storages, pairing, judging) if judging is not None else None
    estimate = court.estimate() if court is not None else None
    if judging is not None and judging.dry_run and estimate is not None:
        _tell(console, estimate, as_json)
        return 0
    ruling = court.rule(console, estimate) if court is not None and estimate is not None else None
    compared = _compared(storages[0].uri, storages[1].uri, pairing, ruling)
    if as_json:
        print(json.dumps(plain_comparison(compared), indent=1))
    else:
        show_comparison(console, compared)
    if out is not None:
        write_comparison(out, compared, storages)
        console.print(f"written: {escape(str(out))}", highlight=False, soft_wrap=True)
    return 1 if ruling is not None and (ruling.troubles or ruling.stopped) else 0


def _check_there(run: str, place: str) -> None:
    """A misspelt folder would pass for a run without videos."""
    if not scheme_of(place) and not Path(place).expanduser().is_dir():
        raise SettingError(run, place, "there is no such folder")


def _compared(old: str, new: str, pairing: Pairing, ruling: Ruling | None) -> Compared:
    lost: dict[Place, int] = {place: _LOST[verdict] for place, verdict in ruling.verdicts.items()} if ruling is not None else {}
    prices = price([video.old.cost for video in pairing.videos]), price([video.new.cost for video in pairing.videos])
    return Compared(old, new, pairing, tuple(measured(pairing)), prices, tuple(worst(pairing, lost)), ruling)


def _tell(console: Console, estimate: Estimate, as_json: bool) -> None:
    if as_json:
        print(json.dumps(as_plain(estimate), indent=1))
    else:
        console.print(summary(estimate), markup=False, highlight=False, soft_wrap=True)
