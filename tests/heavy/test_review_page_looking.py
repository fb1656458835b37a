"""Looking at the page in a real browser: what plays, what is shown of nasty captions and of very many, and who can use it."""

from __future__ import annotations  # the types of the browser come with an extra

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from streamcap_dagster.records import Clips, Video
from streamcap_dagster.review_page.report import write_report
from streamcap_dagster.review_page.summaries import summarize
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import write_record
from streamcap_dagster.videos.manifest import read_manifest, write_manifest
from tests.review_page.browsing import SHOT, column, expect, ready, seconds, selected, until, visit
from tests.review_page.conftest import CAPTIONS
from tests.review_page.served import served
from tests.review_page.world import CaptionQuality, Said, World, caption_of, quality_of, says

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.heavy

EVIL = "<script>document.title = 'run'</script><img src=x onerror=\"document.title = 'run'\"> \"quotes\" & 'more' `code` ${1}"
ARABIC = "دراجة حمراء تعبر الشارع"
LONG = "A very long caption. " * 476


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


def test_a_video_too_short_for_windows_says_so_and_shows_nothing_empty(world: World, film: Path, browser: Browser) -> None:
    world.catalog("blink", 1)
    world.storage.write(keys.raw_video("blink", film.suffix), film.read_bytes())
    write_record(world.storage, keys.clips("blink"), Clips(video_id="blink", window_duration_s=2.0, clips=(), skipped="It lasts 1.0 s, less than two windows."))
    with served(world) as server:
        for page in visit(browser, server, "/videos/blink"):
            expect(page.locator(".notice").first).to_have_text("It lasts 1.0 s, less than two windows.")
            expect(page.locator(".timeline-empty")).to_have_text("Nothing was captioned.")
            expect(page.locator(".lanes")).to_be_hidden()
            expect(page.locator(".inspector")).to_be_hidden()


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


def test_a_video_whose_file_is_another_by_now_is_not_played_and_the_page_says_why(world: World, film: Path, browser: Browser) -> None:
    world.add("rain", CAPTIONS)
    rows = read_manifest(world.storage)
    write_manifest(world.storage, [*rows.values(), rows["rain"].model_copy(update={"size_bytes": film.stat().st_size, "sha256": "0" * 64})])
    (world.root / "videos" / "rain.mp4").write_bytes(film.read_bytes())
    with served(world) as server:
        for page in visit(browser, server, "/videos/rain"):
            expect(page.locator(".stage-note")).to_contain_text("there is another file than the one that was captioned")
            until(page, "document.querySelector('.still').src.includes('/0/0/')")


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


@pytest.mark.parametrize("path", ["/", "/videos/bikes"])
def test_a_narrow_window_is_not_scrolled_sideways(world: World, browser: Browser, path: str) -> None:
    with served(world) as server:
        for page in visit(browser, server, path):
            page.set_viewport_size({"width": 420, "height": 800})
            expect(page.locator(".heat-row, [role=option]").first).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= 420


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
    with (tmp_path / "report.html").open("w", encoding="utf-8") as file:
        write_report(world.storage, world.source, [(video, summarize(world.storage, video)) for video in videos], file, True, left_out=3)
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
