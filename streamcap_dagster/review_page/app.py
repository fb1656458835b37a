"""The page as an ASGI application: its addresses, and what is answered there. What is told is read from the storage while somebody waits."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Annotated, TypeVar

from pydantic import Field, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from streamcap_dagster.errors import ObjectMissing, SourceError, StorageError, StreamcapError, UnusableVideo
from streamcap_dagster.records import Captions, Record
from streamcap_dagster.review_page.candidates import candidates_of
from streamcap_dagster.review_page.corpus import Corpus, NotInCatalog, order_of
from streamcap_dagster.review_page.guard import Guard
from streamcap_dagster.review_page.media import footage_of, media_response
from streamcap_dagster.review_page.pages import PAGE_SCRIPTS, SHARED_SCRIPTS, STYLES, render
from streamcap_dagster.review_page.shown import show_video
from streamcap_dagster.review_page.stills import Stills, small
from streamcap_dagster.reviews.export import write_csv
from streamcap_dagster.reviews.fitting import ChoiceUnfit, fitting
from streamcap_dagster.reviews.records import Choice, Decision, Mark, Review, Span
from streamcap_dagster.reviews.storing import Conflict, VideoTakenDown, read_review, save
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record
from streamcap_dagster.videos.source import VideoSource

MOST_AT_ONCE = 200
"""Videos of one answer."""
_MOST_BYTES = 1 << 20
_STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (NotInCatalog, 404),
    (ObjectMissing, 404),
    (VideoTakenDown, 410),
    (ChoiceUnfit, 412),
    (UnusableVideo, 404),
    (SourceError, 404),
    (StorageError, 507),
)
"""By error, the first that fits; any other of ours is a 500."""

R = TypeVar("R", bound=Record)


class Wanted(Record):
    """What the page sends to have decisions kept."""

    version: Annotated[str, Field(pattern="^[0-9]{0,18}$")]
    """Of the review that the person has seen."""
    choices: tuple[Choice | Span, ...]


class Clashing(Record):
    """A choice that was not kept, and what somebody else has decided there."""

    yours: Choice | Span
    theirs: Decision | Mark


class Kept(Record):
    """What became of them."""

    review: Review
    clashes: tuple[Clashing, ...] = ()


class Exported(Record):
    """All decisions, as one table."""

    csv: str
    troubles: tuple[str, ...]
    """Why those on some videos are not among them."""


@dataclass(frozen=True)
class Desk:
    """What the page works on, and for whom."""

    storage: Storage
    source: VideoSource
    by: str
    """The name that decisions are kept under."""


def application(desk: Desk, token: str) -> tuple[ASGIApp, Corpus]:
    """The whole application, guarded, and what counts in the background: close it in the end."""
    face = _Face(desk)
    routes = [
        Route("/", face.overview),
        Route("/videos/{video_id}", face.video),
        Route("/api/videos", face.videos),
        Route("/api/figures", face.figures),
        Route("/api/count-again", face.count_again, methods=["POST"]),
        Route("/api/decisions", face.decisions),
        Route("/api/videos/{video_id}", face.shown),
        Route("/api/videos/{video_id}/candidates/{clip:int}/{window:int}", face.candidates),
        Route("/api/videos/{video_id}/review", _reading_json(Wanted, face.decide), methods=["PUT"]),
        Route("/stills/{video_id}/{clip:int}/{window:int}/{k:int}", face.still),
        Route("/media/{video_id}", face.media),
        Mount("/static", StaticFiles(packages=[("streamcap_dagster.review_page", "static")])),
    ]
    app = Starlette(routes=routes, exception_handlers={StreamcapError: _explained, OSError: _explained})
    return Guard(app, token), face.corpus


class _Face:
    """What is found at the addresses. All of it waits for the storage, so starlette calls it in threads."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._storage = desk.storage
        self.corpus = Corpus(desk.storage)
        self._stills = Stills(desk.storage, self.corpus)

    def overview(self, request: Request) -> Response:
        del request
        return self._page("overview.html", title="All videos")

    def video(self, request: Request) -> Response:
        video_id = request.path_params["video_id"]
        before, after = self.corpus.neighbours(video_id)
        return self._page("video.html", title=video_id, video_id=video_id, before=before, after=after)

    def videos(self, request: Request) -> Response:
        asked = request.query_params
        first, most = _number(asked.get("first"), 0), min(MOST_AT_ONCE, _number(asked.get("most"), 50))
        return _json(self.corpus.page(order_of(asked.get("order", "")), asked.get("search", ""), first, most))

    def figures(self, request: Request) -> Response:
        del request
        return _json(self.corpus.figures())

    def count_again(self, request: Request) -> Response:
        del request
        self.corpus.count_again()
        return _json(self.corpus.figures())

    def shown(self, request: Request) -> Response:
        return _json(show_video(self._storage, self.corpus.video(request.path_params["video_id"])))

    def candidates(self, request: Request) -> Response:
        video = self.corpus.video(request.path_params["video_id"])
        return _json(candidates_of(self._storage, video.video_id, request.path_params["clip"], request.path_params["window"]))

    def decide(self, request: Request, wanted: Wanted) -> Response:
        video = self.corpus.video(request.path_params["video_id"])
        result = save(self._storage, video.video_id, wanted.version, self._fitting(video.video_id, wanted.choices), self._desk.by)
        self.corpus.forget(video.video_id)
        clashes = result.clashes if isinstance(result, Conflict) else ()
        kept = Kept(review=result.review, clashes=tuple(Clashing(yours=clash.yours, theirs=clash.theirs) for clash in clashes))
        return _json(kept, 409 if clashes else 200)

    def _fitting(self, video_id: str, choices: Sequence[Choice | Span]) -> Sequence[Choice | Span]:
        """Spans are of the video, so they fit whatever is said."""
        if not any(isinstance(choice, Choice) for choice in choices):
            return choices
        initials, deltas = (self._captions(key(video_id), video_id) for key in (keys.initial_captions, keys.delta_captions))
        return fitting(read_review(self._storage, video_id), initials, deltas, choices)

    def _captions(self, key: str, video_id: str) -> Captions:
        try:
            return read_record(self._storage, key, Captions)
        except ObjectMissing:
            return Captions(video_id=video_id, captions=())

    def decisions(self, request: Request) -> Response:
        del request
        text = StringIO(newline="")
        written = write_csv(self._storage, text)
        return _json(Exported(csv=text.getvalue(), troubles=tuple(written.troubles)))

    def still(self, request: Request) -> Response:
        asked, version = request.path_params, request.query_params.get("version", "")
        pictures = self._stills.of((asked["video_id"], version, asked["clip"], asked["window"]))
        jpeg = pictures[min(asked["k"], len(pictures) - 1)]
        data = jpeg if request.query_params.get("size") == "whole" else small(jpeg)
        return Response(data, media_type="image/jpeg", headers={"cache-control": "private, max-age=86400, immutable"})

    def media(self, request: Request) -> Response:
        video = self.corpus.video(request.path_params["video_id"])
        return media_response(request.headers, footage_of(self._storage, self._desk.source, video))

    def _page(self, template: str, **values: object) -> Response:
        common = {"styles": STYLES, "scripts": (*SHARED_SCRIPTS, *PAGE_SCRIPTS)}
        return HTMLResponse(render(template, **common, **values))


def _json(record: Record, status: int = 200) -> Response:
    return Response(record.model_dump_json(), status, media_type="application/json")


def _explained(request: Request, error: Exception) -> Response:
    """An error as the page tells it: the sentence that is made for people."""
    del request
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)
    return JSONResponse({"error": str(error)}, status)


def _reading_json(kind: type[R], endpoint: Callable[[Request, R], Response]) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that is given what the body holds."""

    async def read(request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return JSONResponse({"error": "It is taken as application/json."}, 415)
        body = b""
        async for some in request.stream():
            body += some
            if len(body) > _MOST_BYTES:
                return JSONResponse({"error": f"It is longer than {_MOST_BYTES >> 20} MiB."}, 413)
        try:
            wanted = kind.model_validate_json(body)
        except ValidationError as error:
            return JSONResponse({"error": f"It cannot be kept: {error.errors()[0]['msg']}."}, 422)
        return await run_in_threadpool(endpoint, request, wanted)

    return read


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else otherwise
