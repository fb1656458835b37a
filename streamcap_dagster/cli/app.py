"""The command that all others belong to."""

import typer

app = typer.Typer(
    name="streamcap",
    help="Any pile of videos in, a streaming-caption dataset out.\n\n"
    "Settings come from STREAMCAP_… in the environment, then from .env; .env.example lists them all.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # which fills the lines of a paragraph to the width of the terminal
    context_settings={"help_option_names": ["-h", "--help"]},
)
