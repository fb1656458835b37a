"""What tells how good captions are."""

from pathlib import Path
from typing import Annotated

import typer

from streamcap_dagster.cli.app import app
from streamcap_dagster.cli.options import JsonOption

PANEL = "Quality of captions"


@app.command(rich_help_panel=PANEL)
def evaluate(
    truth: Annotated[Path, typer.Option("--truth", metavar="DIR", help="Folder that `streamcap drawn-world` wrote its videos and their truth to.")],
    storage: Annotated[
        str | None,
        typer.Argument(metavar="STORAGE", help="Where the captions are: a folder or gs://bucket/prefix. Default: STREAMCAP_STORAGE, else ./data."),
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option("--policy", metavar="POLICY", help="Score this policy beside the captions; may be given several times. `all` is all of them."),
    ] = None,
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

    asked = Asked(truth, policy or (), as_json, out or (), partial)
    raise typer.Exit(evaluated(read_settings(storage=storage), asked))
