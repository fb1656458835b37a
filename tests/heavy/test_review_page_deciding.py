"""Deciding on the page in a real browser: by keyboard, from two tabs, and while things go wrong."""

from __future__ import annotations  # the types of the browser come with an extra

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from streamcap_dagster.records import Captions
from streamcap_dagster.review_page.report import write_report
from streamcap_dagster.review_page.shown import show_video
from streamcap_dagster.review_page.summaries import summarize
from streamcap_dagster.reviews.applying import apply_review
from streamcap_dagster.reviews.records import Choice
from streamcap_dagster.reviews.storing import read_review
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.documents import read_record, write_record
from streamcap_dagster.storage.tombstones import lay_tombstone
from streamcap_dagster.videos.manifest import read_manifest, write_manifest
from tests.review_page.browsing import column, edit, expect, hold_a_save, let_go, ready, until, visit
from tests.review_page.conftest import CAPTIONS
from tests.review_page.served import served
from tests.review_page.world import Said, World
from tests.reviews.places import decide

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.heavy


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


def test_a_whole_clip_is_dropped_by_keyboard_but_for_what_is_kept_and_taken_back_by_mouse(opened: Page, world: World) -> None:
    ready(opened)
    opened.keyboard.press("Shift+D")
    expect(opened.locator("[role=option] .badge.dropped")).to_have_count(5)
    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("k")
    expect(column(opened, 1).locator(".badge")).to_have_text("kept")
    expect(opened.locator(".saved")).to_contain_text("Saved")
    opened.reload()
    ready(opened)
    clip = opened.get_by_role("region", name="The whole of clip 1")
    expect(clip).to_contain_text("dropped Ada")
    expect(opened.locator("[role=option] .badge.dropped")).to_have_count(4)
    kept = read_review(world.storage, "bikes")
    assert [(one.window, one.verdict) for one in kept.decisions] == [(None, "drop"), (1, "keep")]

    clip.get_by_role("button", name="Drop clip").click()
    expect(opened.locator("[role=option] .badge")).to_have_count(1)
    expect(opened.locator(".saved")).to_contain_text("Saved")
    assert read_review(world.storage, "bikes").of(0, None).is_nothing


def test_of_two_who_decide_on_a_whole_clip_the_second_is_asked(world: World, browser: Browser) -> None:
    with served(world, by="Grace") as hers, served(world, by="Ada") as yours:
        for one in visit(browser, hers, "/videos/bikes"):
            for other in visit(browser, yours, "/videos/bikes"):
                ready(one)
                ready(other)
                one.keyboard.press("Shift+K")
                expect(one.locator(".saved")).to_contain_text("Saved")
                other.keyboard.press("Shift+D")
                expect(other.get_by_role("dialog")).to_contain_text("Grace has decided on the whole of clip 1")
                other.get_by_role("button", name="Use mine").click()
                expect(other.locator(".saved")).to_contain_text("Saved")

    kept = read_review(world.storage, "bikes").of(0, None)
    assert (kept.verdict, kept.by) == ("drop", "Ada")


def test_a_report_tells_what_was_decided_of_a_clip_and_lets_nobody_change_it(world: World, browser: Browser, tmp_path: Path) -> None:
    video = read_manifest(world.storage)["bikes"]
    sha256 = show_video(world.storage, video).clips_sha256[0]
    decide(world.storage, "bikes", Choice(clip=0, verdict="drop", caption_sha256=sha256), by="Grace")
    with (tmp_path / "report.html").open("w", encoding="utf-8") as file:
        write_report(world.storage, world.source, [(video, summarize(world.storage, video))], file, False, left_out=0)
    page = browser.new_page()
    page.goto(f"{(tmp_path / 'report.html').as_uri()}#bikes/0")

    expect(page.get_by_role("region", name="The whole of clip 1")).to_contain_text("dropped Grace")
    expect(page.locator("[role=option] .badge.dropped")).to_have_count(5)
    page.keyboard.press("Shift+D")
    expect(page.get_by_role("button", name="Drop")).to_have_count(0)
    expect(page.locator("[role=option] .badge.dropped")).to_have_count(5)
    page.close()


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


def test_a_decision_on_captions_that_were_made_anew_meanwhile_is_told_and_not_kept(opened: Page, world: World) -> None:
    ready(opened)
    world.add("bikes", [Said("A red bicycle at a wall."), *CAPTIONS[1:]])
    opened.keyboard.press("d")
    expect(opened.get_by_role("alert")).to_contain_text("window 1 of clip 1 does not fit what is said there now")
    assert world.storage.stat(keys.reviews("bikes")) is None

    opened.once("dialog", lambda dialog: dialog.accept())  # the browser asks whether to leave what is not saved
    opened.get_by_role("button", name="Load the page again").click()
    expect(opened.locator(".inspector .caption")).to_have_text("A red bicycle at a wall.")
    opened.keyboard.press("d")
    expect(opened.locator(".saved")).to_contain_text("Saved")


def in_clip(world: World, clip: int, first: int = 0) -> None:
    """The very windows of the video, as clip of another number, and its first window of another number."""
    for key in (keys.initial_captions("bikes"), keys.delta_captions("bikes")):
        captions = read_record(world.storage, key, Captions)
        moved = (one.model_copy(update={"clip": clip, "window": one.window + first}) for one in captions.captions)
        write_record(world.storage, key, captions.model_copy(update={"captions": tuple(moved)}))


def decided(world: World) -> list[tuple[object, ...]]:
    """What applies, by where it counts now."""
    captions = (read_record(world.storage, key, Captions) for key in (keys.initial_captions("bikes"), keys.delta_captions("bikes")))
    applied = apply_review(read_review(world.storage, "bikes"), *captions)
    assert applied.outdated == ()
    return [(*place, decision.verdict, decision.text) for place, decision in sorted(applied.applying.items(), key=str)]


def test_what_was_decided_before_clips_were_cut_otherwise_is_shown_where_it_counts_and_changed_there(opened: Page, world: World) -> None:
    ready(opened)
    opened.keyboard.press("Shift+K")
    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("d")
    expect(opened.locator(".saved")).to_contain_text("Saved")
    in_clip(world, 3)
    opened.reload()
    ready(opened)
    expect(column(opened, 1).locator(".badge")).to_have_text("dropped")
    expect(opened.get_by_role("region", name="The whole of clip 4")).to_contain_text("kept")

    edit(opened, "A cat.")
    expect(opened.locator(".saved")).to_contain_text("Saved")
    assert decided(world) == [(3, 1, "drop", "A cat."), (3, None, "keep", None)]
    opened.keyboard.press("u")
    expect(column(opened, 1).locator(".badge")).to_have_text("kept")  # as its clip is
    expect(opened.locator(".saved")).to_contain_text("Saved")
    assert decided(world) == [(3, None, "keep", None)]


def test_deciding_on_a_window_that_took_the_place_of_another_leaves_what_was_decided_of_that(opened: Page, world: World) -> None:
    ready(opened)
    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("d")
    expect(opened.locator(".saved")).to_contain_text("Saved")
    in_clip(world, 0, first=1)
    opened.reload()
    ready(opened)
    expect(column(opened, 1).locator(".badge")).to_have_text("dropped")
    opened.keyboard.press("Home")
    opened.keyboard.press("k")  # in this place stood what was dropped
    expect(opened.locator(".saved")).to_contain_text("Saved")

    expect(column(opened, 0).locator(".badge")).to_have_text("kept")
    expect(column(opened, 1).locator(".badge")).to_have_text("dropped")
    assert decided(world) == [(0, 1, "keep", None), (0, 2, "drop", None)]


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

    expect(opened.get_by_role("alert")).to_contain_text("has no video 'bikes' to look at: it is gone")
    expect(opened.get_by_role("button", name="Keep", exact=True)).to_be_disabled()
    opened.reload()
    expect(opened.get_by_role("alert")).to_contain_text("has no video 'bikes' to look at: it is gone")
    assert world.storage.stat(keys.reviews("bikes")) is None
