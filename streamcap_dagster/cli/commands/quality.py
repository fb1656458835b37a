"""What tells how good captions are."""

from pathlib import Path
from typing import Annotated

import typer

from streamcap_dagster.cli.app import app
from streamcap_dagster.cli.options import CaptionerOption, JsonOption, StorageArgument, StorageOption

PANEL = "Quality of captions"


@app.command("drawn-world", rich_help_panel=PANEL)
def drawn_world(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write to: a new or empty one, or one that this command wrote to before.")],
    videos: Annotated[int, typer.Option("--videos", min=1, metavar="N", help="How many to draw, of 20 to 40 s each.")] = 12,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="S", help="Draws them; the same seed draws the same.")] = 0,
) -> None:
    """Draw short videos of which everything is known: what there is, what happens when, and how a good caption puts it. Needs no key.

    Things with colours enter, leave, move, change, hide and come out again; people pick things up and put them down; signs, light and places change; and the
    camera moves or the picture is disturbed while nothing happens. `streamcap evaluate` scores captions of these videos against what is known.

    Writes `videos/`, `truth/`, `contact_sheets/` to look at, and `answers.jsonl`, with which the captioner `recorded` is a perfect one. About two seconds of
    one core for each video. Run again after an interruption, it goes on.
    """
    from streamcap_dagster.cli.drawn_world import draw

    raise typer.Exit(draw(out, videos, seed))


@app.command(rich_help_panel=PANEL)
def evaluate(
    truth: Annotated[Path, typer.Option("--truth", metavar="DIR", help="Folder that `streamcap drawn-world` wrote its videos and their truth to.")],
    storage: StorageArgument = None,
    policy: Annotated[
        list[str] | None,
        typer.Option("--policy", metavar="POLICY", help="Score this policy beside the captions; may be given several times. `all` is all of them."),
    ] = None,
    faults: Annotated[int, typer.Option("--faults", min=0, metavar="N", help="Also list at most N faults of each kind, with their words.")] = 0,
    partial: Annotated[bool, typer.Option("--partial", help="Leave out videos that have captions or a truth only, and say which.")] = False,
    out: Annotated[
        list[Path] | None,
        typer.Option("--out", metavar="FILE", help="Write the scores to FILE.json, or a picture of them to FILE.png; may be given several times."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Score captions of a drawn world against what is known to happen in it. Asks no captioner, and costs nothing.

    Tells which events the captions tell, how late, and which they make up; where they are rightly silent; what they repeat, or tell before it can be seen;
    and `delay`, `redundancy` and `coverage` as LiveStar defines them. Bounds come from drawing the videos again and again. A caption that failed is neither
    speech nor silence, and is counted by itself. The first caption of a clip, and anchors, are held against what is on screen.

    Policies say something else of the same windows, and know the truth: `perfect` says what is right; `previous` what is right for the window before;
    `shuffled` what is right for another window; `repeat` all that is known, again and again; `silent` nothing after the first window. Good captions are ahead
    of all but the first.
    """
    from streamcap_dagster.cli.evaluate import Asked
    from streamcap_dagster.cli.evaluate import evaluate as evaluated
    from streamcap_dagster.settings import read_settings

    asked = Asked(truth, policy or (), as_json, out or (), partial, faults)
    raise typer.Exit(evaluated(read_settings(storage=storage), asked))


@app.command(rich_help_panel=PANEL)
def reconstruct(
    storage: StorageArgument = None,
    videos: Annotated[int, typer.Option("--videos", min=1, metavar="N", help="Test at most N videos, drawn by chance.")] = 20,
    windows: Annotated[int, typer.Option("--windows", min=1, metavar="N", help="Test at most N windows of each, drawn by chance.")] = 5,
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="Draws them; the same seed draws the same, and a larger N only more.")] = 0,
    captioner: CaptionerOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what it would take: calls, tokens, money and time.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Pay for it without asking.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Test how much of what a full caption tells can still be told from the first caption of a clip and the deltas.

    For each drawn window the captioner describes the window in full, without a look back; makes up questions with short answers that this description
    answers; and answers them from nothing but what the run said of the clip until then. Most answers are graded by their words, the others by the captioner.
    The share that is right is how much the deltas kept; their words, against those of full captions, how much they saved.

    A paid captioner is asked only after you have seen what it costs and said yes, at most four calls a window. Its answers are kept in `calls/`, and no kept
    answer is asked for again; the results are kept in `reconstruction/`. The captioner `offline` knows no language, and cannot be asked.
    """
    from streamcap_dagster.cli.reconstruct import Sample, examine
    from streamcap_dagster.settings import read_settings

    settings = read_settings(storage=storage, captioner=captioner)
    raise typer.Exit(examine(settings, Sample(videos, windows, seed), dry_run=dry_run, yes=yes, as_json=as_json))


@app.command(rich_help_panel=PANEL)
def compare(
    old: Annotated[str, typer.Argument(metavar="RUN_A", help="The storage of the old run: a folder or gs://bucket/prefix.")],
    new: Annotated[str, typer.Argument(metavar="RUN_B", help="The storage of the new run.")],
    judge: Annotated[bool, typer.Option("--judge", help="Also have a model say which run is better, window by window. Costs money.")] = False,
    windows: Annotated[int, typer.Option("--windows", min=1, metavar="N", help="With --judge: at most N windows, drawn by chance.")] = 50,
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="With --judge: draws them.")] = 0,
    text_only: Annotated[bool, typer.Option("--text-only", help="With --judge: show it no pictures. Cheaper; what is true it cannot tell then.")] = False,
    own_judge: Annotated[bool, typer.Option("--own-judge", help="With --judge: let a model judge what it wrote itself.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --judge: only tell what it would take.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --judge: pay for it without asking.")] = False,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Also write it to FILE.html, with pictures.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two runs on the same videos, such as with two prompts, models or settings: quality, cost, and the windows that differ most.

    Windows are the same when they are of the same seconds of the same file; what is in one run only is told, and left out. Bounds are of 95 %: whole videos
    are drawn again and again, the same of both runs. Cost is what the kept answers say, for each 1,000 novel facts: phrases at least half of which is new.
    Without `--judge` nobody is asked.

    The judge (STREAMCAP_JUDGE_CAPTIONER, STREAMCAP_JUDGE_MODEL) sees each window twice, with the captions in either order, and only what both orders agree on
    is a win; all else is a tie. It is told how often they agree, how often the first is preferred, and how often the judge agrees with people who have ranked
    the same captions (`streamcap preferences`, `streamcap review`). It must be another model than wrote the captions. Its answers are kept with RUN_A.
    """
    from streamcap_dagster.cli.compare import compare_runs
    from streamcap_dagster.cli.judge import Judging, judging_of
    from streamcap_dagster.settings import read_settings

    wish = Judging(windows=windows, seed=seed, pictures=not text_only, own=own_judge, dry_run=dry_run, yes=yes)
    raise typer.Exit(compare_runs(read_settings(storage=old), read_settings(storage=new), judging_of(judge, wish), out, as_json))


reviews = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", context_settings={"help_option_names": ["-h", "--help"]})
app.add_typer(reviews, name="reviews", rich_help_panel=PANEL, short_help="What people decided of captions: counted, and taken out as CSV.")


@reviews.callback()
def about_reviews() -> None:
    """What people decided in `streamcap review`: kept in `reviews/` of the storage, it goes into subtitles, examples and dataset with the next run.

    A window that was dropped makes no example; a caption that was written anew takes the place of the captioner's, which stays in `delta_captions`; candidates
    that were ranked make preference pairs; spans that were marked are clips of STREAMCAP_CLIP_POLICY=manual. None of this asks a captioner.
    """


@reviews.command("export")
def export(
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="CSV file to write. Default: standard output.")] = None,
    only: Annotated[list[str] | None, typer.Option("--only", metavar="VIDEO_ID", help="Only this video; may be given several times.")] = None,
    storage: StorageOption = None,
) -> None:
    """Write every decision as a line of CSV: of which window, what, on which caption, by whom and when, and whether it still counts.

    What a spreadsheet would run as a formula has an apostrophe before it.
    """
    from streamcap_dagster.cli.reviews import export_reviews
    from streamcap_dagster.settings import read_settings

    raise typer.Exit(export_reviews(read_settings(storage=storage), out, only or []))


@reviews.command("status")
def status(storage: StorageOption = None, as_json: JsonOption = False) -> None:
    """Show of which videos people decided something, how much, who and when, and what does not count any more."""
    from streamcap_dagster.cli.reviews import show_reviews
    from streamcap_dagster.settings import read_settings

    raise typer.Exit(show_reviews(read_settings(storage=storage), as_json))


@app.command(rich_help_panel=PANEL)
def review(
    storage: StorageOption = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, metavar="N", help="Port to serve on; 0 is any that is free.")] = 8790,
    by: Annotated[
        str | None, typer.Option("--by", metavar="NAME", help="Who decides: it is kept with every decision. Default: your name on this machine.")
    ] = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Only print the address; open no browser.")] = False,
) -> None:
    """Look at the captions in a browser: the video with what is said over it, and below it every window with what was measured of it.

    Keep, drop, edit and rank captions and mark clips, all by keyboard; `?` shows the keys. What you decide is kept in `reviews/` of the storage, and the next
    run heeds it: examples, subtitles and the dataset have it, and the captions themselves stay as the model wrote them. Of two people who decide on the same
    window the second is asked.

    Serves this machine alone (127.0.0.1), and only whoever has the address that is printed, which is another at each start. Fetches nothing from elsewhere.
    On another machine, look through a tunnel: `ssh -L 8790:127.0.0.1:8790 THERE`.
    """
    from streamcap_dagster.cli.review import review as reviewed
    from streamcap_dagster.settings import read_settings

    raise typer.Exit(reviewed(read_settings(storage=storage), port, by, not no_open))


@app.command(rich_help_panel=PANEL)
def report(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="File to write, which ends in .html.")] = Path("report.html"),
    videos: Annotated[
        list[str] | None, typer.Option("--videos", metavar="VIDEO_ID,…", help="Only these; may be given several times. Default: all, or the 20 most flagged.")
    ] = None,
    with_video: Annotated[bool, typer.Option("--with-video", help="Put in the videos too, those of at most 25 MB.")] = False,
    storage: StorageOption = None,
) -> None:
    """Write the captions with their pictures and all that was measured as one file to send. It looks as `streamcap review` does, and fetches nothing.

    Pictures take at most 8 MB of it, however long the videos are: the longer, the smaller they are. What people decided is shown, and cannot be changed there.
    """
    from streamcap_dagster.cli.report import report as reported
    from streamcap_dagster.settings import read_settings

    raise typer.Exit(reported(read_settings(storage=storage), out, videos or [], with_video))
