"""The page in a real browser, worked as a person works it: by keyboard, with nasty captions, from two tabs, and while things go wrong."""

from __future__ import annotations  # the types of the browser come with an extra

import csv
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from streamcap_dagster.records import Video
from streamcap_dagster.review_page.report import write_report
from streamcap_dagster.review_page.summaries import summarize
from streamcap_dagster.reviews.storing import read_review
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.tombstones import lay_tombstone
from streamcap_dagster.videos.manifest import read_manifest, write_manifest
from tests.media import make_video
from tests.review_page.conftest import CAPTIONS
from tests.review_page.served import Served, served
from tests.review_page.world import CaptionQuality, Said, World, caption_of, quality_of, says

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.heavy

EVIL = "<script>document.title = 'run'</script><img src=x onerror=\"document.title = 'run'\"> \"quotes\" & 'more' `code` ${1}"
ARABIC = "دراجة حمراء تعبر الشارع"
LONG = "A very long caption. " * 476
PATIENCE_S = 60
SHOT = {"width": 1366, "height": 768}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    api = pytest.importorskip("playwright.sync_api")
    api.expect.set_options(timeout=PATIENCE_S * 1000)
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-proxy-server", *sandbox])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("film") / "film.mp4", seconds=10, size="320x180", fps="12")


@pytest.fixture
def world(tmp_path: Path, film: Path) -> World:
    world = World(tmp_path)
    world.add("bikes", CAPTIONS, film)
    return world


@pytest.fixture
def opened(world: World, browser: Browser) -> Iterator[Page]:
    """The page of the video, to whoever was let in; the test fails with what goes wrong in the page, or leaves this machine."""
    with served(world) as server:
        yield from visit(browser, server, "/videos/bikes")


def visit(browser: Browser, server: Served, path: str) -> Iterator[Page]:
    context = browser.new_context(viewport=SHOT, accept_downloads=True)
    page, faults = context.new_page(), list[str]()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith((server.url, "data:", "blob:")) else faults.append(request.url))
    page.on("console", lambda message: faults.append(message.text) if "Content Security Policy" in message.text else None)
    page.goto(server.entrance)
    page.wait_for_url(f"{server.url}/")
    page.goto(server.url + path)
    yield page
    context.close()
    assert faults == []


def expect(shown: Any) -> Any:
    """What a person sees within some seconds."""
    from playwright.sync_api import expect as expected

    return expected(shown)


def column(page: Page, number: int) -> Any:
    return page.locator(f"#window-{number}")


def selected(page: Page) -> int:
    return int(page.locator("[role=option][aria-selected=true]").get_attribute("id").removeprefix("window-"))


def seconds(page: Page) -> float:
    return page.evaluate("document.querySelector('video').currentTime")


def until(page: Page, expression: str, patience_s: float = PATIENCE_S) -> None:
    """Wait for JavaScript to be true. Playwright's own way evaluates texts in the page, which its policy forbids."""
    began = time.monotonic()
    while not page.evaluate(expression):
        assert time.monotonic() - began < patience_s, expression
        page.wait_for_timeout(50)


def ready(page: Page) -> None:
    expect(column(page, 0)).to_be_visible()
    until(page, "document.querySelector('video').readyState >= 2")


def edit(page: Page, text: str) -> None:
    page.keyboard.press("e")
    page.locator("textarea").fill(text)
    page.locator("textarea").press("Control+Enter")


def hold_a_save(page: Page) -> list[Route]:
    """What the page sends next to be saved waits here."""
    held: list[Route] = []
    page.route("**/api/videos/*/review", lambda route: held.append(route), times=1)
    return held


def let_go(page: Page, held: list[Route]) -> None:
    while not held:
        page.wait_for_timeout(50)
    held.pop().continue_()


def test_the_video_plays_and_what_is_said_changes_with_it(opened: Page) -> None:
    ready(opened)
    expect(opened.locator(".overlay-words")).to_have_text("A red bike at a wall.")
    opened.keyboard.press("Space")
    until(opened, "document.querySelector('video').currentTime > 2.1")
    opened.keyboard.press("Space")
    until(opened, "document.querySelector('video').paused && !document.querySelector('video').seeking")

    on = min(len(CAPTIONS) - 1, int(seconds(opened) // 2))  # however far it came before the key was heard
    expect(opened.locator(".overlay-words")).to_have_text(CAPTIONS[on].text)
    assert on >= 1
    assert selected(opened) == on


def test_arrows_seek_from_window_to_window(opened: Page) -> None:
    ready(opened)
    for _ in range(3):
        opened.keyboard.press("ArrowRight")
    expect(opened.locator(".inspector h2")).to_have_text("0:06.0 – 0:08.0")
    until(opened, "Math.abs(document.querySelector('video').currentTime - 6) < 0.1")
    opened.keyboard.press("ArrowLeft")
    expect(opened.locator(".overlay-words")).to_have_text("")

    opened.keyboard.press("End")
    assert selected(opened) == 4
    expect(opened.locator(".inspector .caption")).to_have_text("No caption: blocked (SAFETY).")


def test_pictures_and_measures_of_each_window_are_shown(opened: Page) -> None:
    ready(opened)
    until(opened, "[...document.querySelectorAll('.frame img')].filter(one => one.naturalHeight === 144).length === 5")
    column(opened, 3).click()

    expect(column(opened, 3).locator(".flags")).to_contain_text("redundancy")
    expect(opened.locator(".frames img")).to_have_count(4)
    expect(opened.locator(".measures")).to_contain_text("0.10")
    expect(opened.locator(".inspector header")).to_contain_text("$0.001")


def test_only_flagged_windows_are_left_by_the_filter(opened: Page) -> None:
    ready(opened)
    opened.keyboard.press("f")

    expect(opened.locator("[role=option]")).to_have_count(3)  # two are flagged, and one failed
    assert selected(opened) == 1
    opened.keyboard.press("ArrowRight")
    assert selected(opened) == 3
    opened.keyboard.press("f")
    expect(opened.locator("[role=option]")).to_have_count(5)


def test_a_caption_is_kept_edited_and_taken_back_by_keyboard(opened: Page, world: World) -> None:
    ready(opened)
    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("k")
    expect(opened.locator(".saved")).to_contain_text("Saved")
    opened.keyboard.press("e")
    opened.locator("textarea").fill("A brown dog runs in.")
    opened.keyboard.press("Control+Enter")
    expect(column(opened, 1)).to_contain_text("A brown dog runs in.")
    expect(opened.locator(".overlay-words")).to_have_text("A brown dog runs in.")

    opened.reload()
    ready(opened)
    expect(opened.locator(".inspector .caption")).to_have_text("A brown dog runs in.")
    expect(opened.locator(".original")).to_contain_text("A dog runs in.")
    kept = read_review(world.storage, "bikes").of(0, 1)
    assert (kept.verdict, kept.text, kept.by) == ("keep", "A brown dog runs in.", "Ada")

    opened.keyboard.press("u")
    expect(column(opened, 1)).to_contain_text("A dog runs in.")
    expect(opened.locator(".saved")).to_contain_text("Saved")
    assert read_review(world.storage, "bikes").of(0, 1).is_nothing


def test_keys_are_letters_while_one_types(opened: Page, world: World) -> None:
    ready(opened)
    opened.keyboard.press("e")
    opened.locator("textarea").fill("")
    opened.keyboard.type("kd ?ufm")
    opened.keyboard.press("Escape")

    expect(opened.locator("dialog")).to_have_count(0)
    expect(opened.locator(".inspector .caption")).to_have_text("A red bike at a wall.")
    assert world.storage.stat(keys.reviews("bikes")) is None


def test_candidates_are_ranked_by_keyboard(opened: Page, world: World) -> None:
    ready(opened)
    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("r")
    expect(opened.locator(".ranking li")).to_have_count(3)
    shown = opened.locator(".ranking li p").all_text_contents()
    opened.locator(".ranking li").nth(2).locator(".up").focus()
    opened.keyboard.press("Alt+ArrowUp")
    opened.keyboard.press("Alt+ArrowUp")
    opened.keyboard.press("Control+Enter")

    expect(column(opened, 1).locator(".badge")).to_have_text("ranked")
    expect(opened.locator(".saved")).to_contain_text("Saved")
    assert list(read_review(world.storage, "bikes").of(0, 1).ranking) == [shown[2], shown[0], shown[1]]


def test_a_clip_is_marked_from_either_end_and_the_mark_taken_back(opened: Page, world: World) -> None:
    ready(opened)
    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("m")
    opened.keyboard.press("ArrowLeft")
    opened.keyboard.press("m")
    expect(opened.locator(".marks")).to_contain_text("0:02.0 – 0:06.0")
    expect(opened.locator(".saved")).to_contain_text("Saved")
    assert [(mark.start_s, mark.end_s) for mark in read_review(world.storage, "bikes").marks] == [(2, 6)]

    opened.get_by_role("button", name="Take the mark").click()
    expect(opened.locator(".marks li")).to_have_count(0)


def test_decisions_are_exported_as_a_table(opened: Page, tmp_path: Path) -> None:
    ready(opened)
    opened.keyboard.press("d")
    expect(opened.locator(".saved")).to_contain_text("Saved")
    opened.get_by_role("link", name="All videos").click()
    with opened.expect_download() as coming:
        opened.get_by_role("button", name="Decisions as CSV").click()
    coming.value.save_as(tmp_path / "decisions.csv")

    rows = list(csv.DictReader((tmp_path / "decisions.csv").open(encoding="utf-8")))
    assert [(row["video_id"], row["window"], row["verdict"]) for row in rows] == [("bikes", "0", "drop")]


def test_help_names_every_key_and_letters_can_be_switched_off(opened: Page) -> None:
    ready(opened)
    opened.keyboard.press("?")
    expect(opened.get_by_role("dialog")).to_contain_text("mark a clip")
    opened.get_by_role("checkbox", name="Single letters").uncheck()
    opened.keyboard.press("Escape")
    opened.keyboard.press("f")
    expect(opened.locator("[role=option]")).to_have_count(5)
    opened.keyboard.press("ArrowRight")
    assert selected(opened) == 1


def test_captions_are_shown_as_they_are_and_run_nothing(world: World, film: Path, browser: Browser) -> None:
    world.add("nasty", [Said(EVIL, candidates=()), Said(ARABIC, candidates=(EVIL, ARABIC)), Said(LONG), Said(EVIL, flags=("refusal",))], film)
    with served(world, by="<b>Ada</b>") as server:
        for page in visit(browser, server, "/videos/nasty"):
            ready(page)
            expect(page.locator(".inspector .caption")).to_have_text(EVIL)
            expect(page.locator(".overlay-words")).to_have_text(EVIL)
            page.keyboard.press("ArrowRight")
            assert page.locator(".inspector .caption").evaluate("one => getComputedStyle(one).direction") == "rtl"
            page.keyboard.press("r")
            expect(page.locator(".ranking li")).to_have_count(2)
            assert sorted(page.locator(".ranking li p").all_text_contents()) == sorted([EVIL, ARABIC])
            page.keyboard.press("Escape")
            page.keyboard.press("ArrowRight")
            assert page.locator(".inspector .caption").text_content() == LONG
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert page.locator(".stage").bounding_box()["y"] + page.locator(".stage").bounding_box()["height"] < 768
            page.keyboard.press("k")
            expect(page.locator(".decided")).to_contain_text("<b>Ada</b>")
            assert page.title() == "nasty – streamcap review"


def test_of_two_tabs_the_second_is_asked(world: World, browser: Browser) -> None:
    with served(world, by="Grace") as hers, served(world, by="Ada") as yours:
        for one in visit(browser, hers, "/videos/bikes"):
            for other in visit(browser, yours, "/videos/bikes"):
                ready(one)
                ready(other)
                one.keyboard.press("d")
                expect(one.locator(".saved")).to_contain_text("Saved")
                other.keyboard.press("ArrowRight")
                other.keyboard.press("k")  # another window: nobody is in the way
                expect(other.locator(".saved")).to_contain_text("Saved")
                one.keyboard.press("ArrowRight")
                one.keyboard.press("e")
                one.locator("textarea").fill("A dog, from Grace.")
                one.keyboard.press("Control+Enter")

                expect(one.get_by_role("dialog")).to_contain_text("Ada has decided on window 2")
                one.get_by_role("button", name="Use mine").click()
                expect(one.locator(".saved")).to_contain_text("Saved")
                other.keyboard.press("d")
                expect(other.get_by_role("dialog")).to_contain_text("“A dog, from Grace.”")
                other.get_by_role("button", name="Keep theirs").click()
                expect(column(other, 1)).to_contain_text("A dog, from Grace.")

    kept = read_review(world.storage, "bikes")
    assert [(one.window, one.verdict, one.text, one.by) for one in kept.decisions] == [(0, "drop", None, "Grace"), (1, None, "A dog, from Grace.", "Grace")]


def test_a_decision_that_comes_while_one_types_is_not_overwritten_unasked(world: World, browser: Browser) -> None:
    with served(world, by="Grace") as hers, served(world, by="Ada") as yours:
        for one in visit(browser, hers, "/videos/bikes#3"):
            for other in visit(browser, yours, "/videos/bikes#4"):
                ready(one)
                ready(other)
                held = hold_a_save(one)
                one.keyboard.press("d")
                one.keyboard.press("ArrowRight")
                one.keyboard.press("e")
                one.locator("textarea").fill("From Grace.")
                edit(other, "From Ada.")
                expect(other.locator(".saved")).to_contain_text("Saved")
                let_go(one, held)
                expect(column(one, 4)).to_contain_text("From Ada.")
                one.locator("textarea").press("Control+Enter")

                expect(one.get_by_role("dialog")).to_contain_text("“From Ada.”")
                one.get_by_role("button", name="Keep theirs").click()
                expect(one.locator(".saved")).to_contain_text("Saved")

    kept = read_review(world.storage, "bikes")
    assert [(one.window, one.verdict, one.text, one.by) for one in kept.decisions] == [(3, "drop", None, "Grace"), (4, None, "From Ada.", "Ada")]


def test_a_decision_that_comes_before_a_waiting_one_is_saved_is_not_overwritten_unasked(world: World, browser: Browser) -> None:
    with served(world, by="Grace") as hers, served(world, by="Ada") as yours:
        for one in visit(browser, hers, "/videos/bikes#3"):
            for other in visit(browser, yours, "/videos/bikes#4"):
                ready(one)
                ready(other)
                held = hold_a_save(one)
                one.keyboard.press("d")
                one.keyboard.press("ArrowRight")
                one.keyboard.press("d")
                edit(other, "From Ada.")
                expect(other.locator(".saved")).to_contain_text("Saved")
                let_go(one, held)

                expect(one.get_by_role("dialog")).to_contain_text("“From Ada.”")
                one.get_by_role("button", name="Use mine").click()
                expect(one.locator(".saved")).to_contain_text("Saved")

    kept = read_review(world.storage, "bikes")
    assert [(one.window, one.verdict, one.text, one.by) for one in kept.decisions] == [(3, "drop", None, "Grace"), (4, "drop", None, "Grace")]


def test_nobody_is_asked_about_an_own_decision_that_is_still_being_saved(opened: Page, world: World) -> None:
    ready(opened)
    held = hold_a_save(opened)
    opened.keyboard.press("k")
    opened.keyboard.press("e")
    opened.locator("textarea").fill("A blue bike.")
    until(opened, "document.querySelector('.saved').textContent === 'Saving…'")
    let_go(opened, held)
    expect(opened.locator(".saved")).to_contain_text("Saved")
    opened.locator("textarea").press("Control+Enter")

    expect(opened.locator(".inspector .original")).to_contain_text("A red bike at a wall.")
    expect(opened.locator(".saved")).to_contain_text("Saved")
    expect(opened.get_by_role("dialog")).to_have_count(0)
    kept = read_review(world.storage, "bikes").of(0, 0)
    assert (kept.verdict, kept.text) == ("keep", "A blue bike.")


def test_a_decision_on_what_is_said_no_more_is_told_and_does_not_count(opened: Page, world: World) -> None:
    ready(opened)
    opened.keyboard.press("e")
    opened.locator("textarea").fill("A blue bike.")
    opened.keyboard.press("Control+Enter")
    expect(opened.locator(".saved")).to_contain_text("Saved")
    world.add("bikes", [Said("A red bicycle at a wall."), *CAPTIONS[1:]])
    opened.reload()

    expect(opened.locator(".inspector .caption")).to_have_text("A red bicycle at a wall.")
    expect(opened.locator(".inspector .notice")).to_contain_text("an earlier caption")


def test_a_decision_that_cannot_be_kept_is_not_lost(opened: Page, world: World) -> None:
    ready(opened)
    locks = world.storage.root / ".streamcap" / "locks"
    locks.write_text("a file where a folder is needed")
    opened.keyboard.press("d")
    expect(opened.get_by_role("alert")).to_contain_text("Not saved")
    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("k")
    expect(column(opened, 0).locator(".badge")).to_have_text("dropped")

    locks.unlink()
    opened.get_by_role("button", name="Try again").click()
    expect(opened.locator(".saved")).to_contain_text("Saved")
    assert [(one.window, one.verdict) for one in read_review(world.storage, "bikes").decisions] == [(0, "drop"), (1, "keep")]


def test_a_video_that_is_taken_down_while_it_is_reviewed_is_told(opened: Page, world: World) -> None:
    ready(opened)
    lay_tombstone(world.storage, "bikes", "0" * 64)
    write_manifest(world.storage, [])
    world.storage.delete(keys.raw_video("bikes", ".mp4"))
    opened.keyboard.press("k")

    expect(opened.get_by_role("alert")).to_contain_text("'bikes' is gone")
    expect(opened.get_by_role("button", name="Keep")).to_be_disabled()
    opened.reload()
    expect(opened.get_by_role("alert")).to_contain_text("'bikes' is gone")
    assert world.storage.stat(keys.reviews("bikes")) is None


def test_a_video_that_no_browser_plays_is_shown_frame_by_frame(world: World, browser: Browser) -> None:
    world.add("old", CAPTIONS)
    world.storage.write(keys.raw_video("old", ".avi"), b"RIFF, and nothing that is known")
    with served(world) as server:
        for page in visit(browser, server, "/videos/old"):
            expect(page.locator(".stage-note")).to_contain_text("its frames are shown")
            page.keyboard.press("ArrowRight")
            until(page, "document.querySelector('.still').src.includes('/0/1/')")
            expect(page.locator(".overlay-words")).to_have_text("A dog runs in.")
            page.keyboard.press("Space")
            until(page, "document.querySelector('.clock').textContent > '0:02.4'")


def test_of_a_thousand_videos_only_those_in_view_are_fetched(world: World, browser: Browser) -> None:
    stock = [caption_of(number, said) for number, said in enumerate(says(*["A."] * 40))]
    windows = tuple(quality_of(caption, Said("A.", flags=("novelty",) if caption.window % 4 == 0 else ())) for caption in stock)
    text = CaptionQuality(video_id="bikes", windows=windows).model_dump_json()
    rows = [row(f"v{number:04d}") for number in range(1000)]
    for video in rows:
        world.storage.write(keys.caption_quality(video.video_id), text.replace('"bikes"', f'"{video.video_id}"').encode())
    write_manifest(world.storage, rows)
    with served(world) as server:
        for page in visit(browser, server, "/"):
            expect(page.locator(".heat-row").first).to_contain_text("10 flagged")
            assert page.locator(".heat-row").count() < 40
            page.get_by_role("searchbox").fill("v0777")
            expect(page.locator(".heat-row")).to_have_count(1)
            page.locator(".heat-row a").focus()
            page.keyboard.press("Enter")
            page.wait_for_url("**/videos/v0777")
            expect(page.get_by_role("heading", level=1)).to_have_text("v0777")


def test_of_many_windows_only_those_in_view_are_in_the_page(world: World, film: Path, browser: Browser) -> None:
    world.add("long", says(*["A."] * 120), film, pictures=False)
    with served(world) as server:
        for page in visit(browser, server, "/videos/long#119"):
            expect(column(page, 119)).to_be_visible()
            assert page.locator("[role=option]").count() < 30
            page.keyboard.press("Home")
            expect(column(page, 0)).to_be_visible()
            expect(column(page, 119)).to_have_count(0)


def test_everything_can_be_reached_and_is_named(opened: Page) -> None:
    ready(opened)
    unnamed = opened.evaluate(
        """[...document.querySelectorAll('button, select, input, textarea, a, [role=slider], [role=listbox], img')].filter(one => one.offsetParent)
        .filter(one => !(one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.length || one.alt !== undefined)).map(one => one.outerHTML)"""
    )
    assert unnamed == []
    reached = set()
    for _ in range(30):
        opened.keyboard.press("Tab")
        reached.add(opened.evaluate("document.activeElement.getAttribute('role') || document.activeElement.tagName"))
        assert opened.evaluate("document.activeElement === document.body || getComputedStyle(document.activeElement).outlineStyle !== 'none' "
                               "|| document.activeElement.getAttribute('role') === 'listbox'")  # fmt: skip
    assert {"BUTTON", "SELECT", "slider", "listbox"} <= reached


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_what_is_behind_them(world: World, browser: Browser, scheme: str) -> None:
    with served(world) as server:
        for page in visit(browser, server, "/videos/bikes"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            colours = page.evaluate(
                "Object.fromEntries(['paper', 'raised', 'ink', 'faint', 'accent', 'accent-ink', 'warn', 'warn-paper', 'bad', 'bad-paper']"
                ".map(name => [name, review.colour(name)]))"
            )
            pairs = [("ink", "paper"), ("ink", "raised"), ("faint", "paper"), ("faint", "raised"), ("accent-ink", "accent"), ("accent", "paper")]
            for words, behind in [*pairs, ("bad", "bad-paper"), ("ink", "warn-paper")]:
                assert contrast(colours[words], colours[behind]) >= 4.5, (words, behind)


def test_a_report_shows_the_same_without_a_server(world: World, browser: Browser, tmp_path: Path) -> None:
    world.add("nasty", [Said(EVIL), Said(ARABIC)])
    videos = read_manifest(world.storage).values()
    write_report(world.storage, world.source, [(video, summarize(world.storage, video)) for video in videos], tmp_path / "report.html", True, left_out=3)
    context = browser.new_context(viewport=SHOT, offline=True)
    page, faults = context.new_page(), list[str]()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.goto((tmp_path / "report.html").as_uri())

    expect(page.locator(".heat-row")).to_have_count(2)
    expect(page.locator(".notice")).to_contain_text("3 other videos")
    page.locator(".heat-row a").first.click()
    ready(page)
    expect(page.get_by_role("button", name="Keep")).to_have_count(0)
    page.keyboard.press("ArrowRight")
    until(page, "document.querySelector('video').currentTime > 1.9")
    until(page, "[...document.querySelectorAll('.frame img')].every(one => one.naturalHeight > 0)")
    expect(page.locator(".overlay-words")).to_have_text("A dog runs in.")

    page.get_by_role("link", name="All videos").click()
    page.locator(".heat-row a").nth(1).click()
    expect(page.locator(".inspector .caption")).to_have_text(EVIL)
    page.keyboard.press("Space")  # there is no film of it, so its pictures are shown
    until(page, "document.querySelector('.clock').textContent > '0:00.5'")
    context.close()
    assert faults == []


def row(video_id: str) -> Video:
    return Video(video_id=video_id, uri=f"{video_id}.mp4", sha256="", size_bytes=1, duration_s=1000, status="ok")


def contrast(one: str, other: str) -> float:
    """As WCAG 2.2 defines it."""
    lights = sorted(luminance(colour) for colour in (one, other))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
