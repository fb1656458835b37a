"""The pages as HTML: frames that scripts fill. Whatever is put into them here is escaped."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

_PACKAGE = "streamcap_dagster.review_page"
STYLES = ("base.css", "overview.css", "video.css")
_OF_OVERVIEW = ("base.js", "dialogs.js", "figures.js", "heat.js", "overview.js")
_OF_VIDEO = ("player.js", "map.js", "timeline.js", "inspector.js", "decisions.js", "marks.js", "keys.js", "video.js")
SHARED_SCRIPTS = (*_OF_OVERVIEW, *_OF_VIDEO)
"""In the order in which they need each other: they serve the page and the report."""
PAGE_SCRIPTS = ("remote.js", "page.js")
REPORT_SCRIPTS = ("embedded.js", "report.js")


def render(template: str, **values: object) -> str:
    """Every value is escaped; one that a template names and nobody gives is a fault."""
    return _templates().get_template(template).render(**values)


def render_pieces(template: str, **values: object) -> Iterator[str]:
    """The same in pieces, so that what a template loops over need not be in memory at once."""
    yield from _templates().get_template(template).generate(**values)


def trusted(text: str) -> Markup:
    """A text of this package, which is put into a page as it is."""
    return Markup(text)  # noqa: S704 -- styles and scripts of our own


def data_block(json_text: str) -> Markup:
    """JSON for a script element that holds data: nothing in it can end the element or begin another."""
    return Markup(json_text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704 -- escaped by the line itself


def static_text(name: str) -> str:
    """A style or a script of the package."""
    return files(_PACKAGE).joinpath("static", name).read_text(encoding="utf-8")


@cache
def _templates() -> Environment:
    return Environment(loader=PackageLoader(_PACKAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
