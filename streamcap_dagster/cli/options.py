"""Arguments and options that several commands share."""

from typing import Annotated

import typer

SourceArgument = Annotated[
    str | None,
    typer.Argument(metavar="SOURCE", help="Where the videos are: a folder or gs://bucket/prefix, with all below it. Default: STREAMCAP_SOURCE, else ./videos."),
]
StorageOption = Annotated[
    str | None,
    typer.Option("--storage", metavar="ROOT", help="Where everything made is kept: a folder or gs://bucket/prefix. Default: STREAMCAP_STORAGE, else ./data."),
]
StorageArgument = Annotated[
    str | None,
    typer.Argument(metavar="STORAGE", help="Where everything made is kept: a folder or gs://bucket/prefix. Default: STREAMCAP_STORAGE, else ./data."),
]
CaptionerOption = Annotated[
    str | None, typer.Option("--captioner", metavar="NAME", help="Who writes the captions: gemini, openai, offline or recorded. Default: STREAMCAP_CAPTIONER.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Go on without asking.")]
DetachOption = Annotated[bool, typer.Option("--detach", help="Leave it to Dagster's daemon and return at once.")]
HereOption = Annotated[bool, typer.Option("--here", help="Work in this process, also where a daemon runs.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a table for people.")]
