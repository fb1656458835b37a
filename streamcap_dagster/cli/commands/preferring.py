"""What lets people say which caption is better, and puts what they said into the dataset."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from streamcap_dagster.cli.app import app
from streamcap_dagster.cli.commands.datasets import PANEL
from streamcap_dagster.cli.options import StorageOption

preferences = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", context_settings={"help_option_names": ["-h", "--help"]})
app.add_typer(preferences, name="preferences", rich_help_panel=PANEL, short_help="Candidates handed out to people to rank, rankings taken in, pairs made anew.")


@preferences.callback()
def about() -> None:
    """What could be said of a window, ranked by people: for preference training such as DPO.

    `streamcap run` makes preference pairs of every window by score. `export` writes the candidates for people to rank, `import` takes in their rankings, which
    go before every score, and `stage` makes the pairs anew. None of these asks a captioner.
    """


OnlyOption = Annotated[list[str] | None, typer.Option("--only", metavar="VIDEO_ID", help="Only this video; may be given several times.")]
FORMAT = "csv, jsonl, argilla or label-studio"


@preferences.command("export")
def export(
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help=f"How to write it: {FORMAT}.")] = "csv",
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="File to write. Default: standard output.")] = None,
    only: OnlyOption = None,
    unranked: Annotated[bool, typer.Option("--unranked", help="Only windows that nobody has ranked yet.")] = False,
    frames_at: Annotated[
        str, typer.Option("--frames-at", metavar="URL", help="What goes before the keys of the frames, such as the address of a server of the storage.")
    ] = "",
    storage: StorageOption = None,
) -> None:
    """Write the candidates of every window for people to rank, without telling who or what wrote which.

    - `csv`: a line per candidate for a spreadsheet; fill in `rank`, 1 for the best, the same number for ties. A column `annotator` tells people apart.
    - `jsonl`: a line per window; put the names of the candidates into `ranking`, best first, equal ones in a list of their own.
    - `argilla`: records for `rg.Dataset.records.from_json`, with the text fields `history`, `frames` and `candidate_1` to `candidate_N`, the metadata
    `sample_id`, `version` and `candidates`, and a `rg.RankingQuestion(name="ranking", values=["candidate_1", …])`. Give back what `records.to_json` writes.
    - `label-studio`: tasks for its import. The labelling interface needs `<List name="candidates" value="$items"/>` and
    `<Ranker name="ranking" toName="candidates"/>` without buckets; `$history` and `$frames` fit `<Text>` and `<Image valueList>`. Give back its JSON export.

    Leave `sample_id` and `version` as they are: they tell what was ranked. The frames are those of `processed/images`.
    """
    from streamcap_dagster.cli.preferences import export_rankings
    from streamcap_dagster.settings import read_settings

    raise typer.Exit(export_rankings(read_settings(storage=storage), form, only or [], out, frames_at, unranked))


@preferences.command("import")
def take_in(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What people gave back.")],
    form: Annotated[str | None, typer.Option("--format", metavar="FORMAT", help=f"How it is written: {FORMAT}. Default: the file tells.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check it, and tell what would be kept.")] = False,
    storage: StorageOption = None,
) -> None:
    """Keep what people said of the candidates: from then on it goes before every score, for exactly the windows that they ranked.

    Takes the formats of `streamcap preferences export`, filled in. Every line is checked before the first is kept: one that cannot be used is named, and
    nothing of the file is imported. Of several people the mean of their ranks counts. A window that is ranked anew has the new ranking; what nobody ranked is
    passed over. Rankings are kept in `rankings/` of the storage, without names, and go when their video is forgotten.
    """
    from streamcap_dagster.cli.preferences import import_rankings
    from streamcap_dagster.settings import read_settings

    raise typer.Exit(import_rankings(read_settings(storage=storage), file, form, dry_run))


@preferences.command("stage")
def stage(
    only: OnlyOption = None,
    only_human: Annotated[bool, typer.Option("--only-human", help="Only pairs of windows that people ranked.")] = False,
    only_model: Annotated[bool, typer.Option("--only-model", help="Only what captioners wrote; nothing that was made worse by rule.")] = False,
    candidates: Annotated[int | None, typer.Option("--candidates", min=1, max=5, metavar="K", help="Deltas to compare, of each window.")] = None,
    runs: Annotated[
        str | None, typer.Option("--runs", metavar="ROOT,…", help="Storages of other runs, whose captions of the same windows are compared too.")
    ] = None,
    margin: Annotated[float | None, typer.Option("--margin", min=0, max=1, metavar="M", help="Least difference in score within a pair.")] = None,
    storage: StorageOption = None,
) -> None:
    """Make the preference pairs that are out of date, and the dataset with them. Captions stay as they are, so nobody is asked and nothing is paid.

    Options hold for this time; put STREAMCAP_PREFERENCE_KEEP, …_CANDIDATES, …_RUNS and …_MARGIN into .env to keep them, or the next `streamcap run` makes the
    pairs as its own settings say.
    """
    from streamcap_dagster.cli.preferences import stage_pairs
    from streamcap_dagster.errors import SettingError
    from streamcap_dagster.settings import read_settings

    if only_human and only_model:
        raise SettingError("--only-human", True, "with --only-model no window has candidates that count")
    keep: Literal["human", "model"] | None = "human" if only_human else "model" if only_model else None
    chosen = {"preference_keep": keep, "preference_candidates": candidates, "preference_runs": runs, "preference_margin": margin}
    raise typer.Exit(stage_pairs(read_settings(storage=storage, **chosen), only or []))
