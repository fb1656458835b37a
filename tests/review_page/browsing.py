"""The page in a real browser, for tests that work it as a person does: who opens it, what is seen on it, and waiting for it."""

from __future__ import annotations  # the types of the browser come with an extra

import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.review_page.served import Served, served
from tests.review_page.world import World

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

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
