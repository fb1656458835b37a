"""Nobody but the person who was given the address gets anything, whatever another page in the same browser tries."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.review_page.served import TOKEN, Served, served
from tests.review_page.world import World, says


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, film: Path) -> Iterator[Served]:
    world = World(tmp_path_factory.mktemp("guarded"))
    world.add("bikes", says("A bike.", "", "A dog."), film)
    with served(world) as page:
        yield page


def stranger(page: Served, path: str, method: str = "GET", **headers: str) -> requests.Response:
    """A request without the cookie."""
    return requests.request(method, page.url + path, headers=headers, timeout=10, proxies={"http": ""})


@pytest.mark.parametrize("path", ["/", "/videos/bikes", "/api/videos/bikes", "/stills/bikes/0/0/0", "/media/bikes", "/static/base.js", "/nothing"])
def test_without_the_token_there_is_nothing(page: Served, path: str) -> None:
    assert stranger(page, path).status_code == 403


@pytest.mark.parametrize("token", ["", "another", TOKEN + "x", "é"])
def test_another_token_opens_nothing(page: Served, token: str) -> None:
    answer = stranger(page, f"/enter?token={token}")

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_the_cookie_is_for_this_server_and_these_pages_alone(page: Served) -> None:
    cookie = requests.get(page.entrance, timeout=10).headers["set-cookie"]

    assert cookie.startswith(f"streamcap_review_{page.url.rsplit(':', 1)[1]}=")
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()


@pytest.mark.parametrize("host", ["example.com", "127.0.0.1.example.com", "example.com:80", "", "127.0.0.1@example.com", "example.com@127.0.0.1"])
def test_a_name_that_leads_here_by_a_trick_of_dns_gets_no_answer(page: Served, host: str) -> None:
    assert page.get("/api/videos", headers={"Host": host}).status_code in (400, 421)


@pytest.mark.parametrize("host", ["localhost", "localhost:9999", "127.0.0.1:1"])
def test_the_end_of_a_tunnel_may_have_another_port(page: Served, host: str) -> None:
    assert page.get("/api/videos", headers={"Host": host, "Cookie": "; ".join(f"{name}={value}" for name, value in page.visitor.cookies.items())}).ok


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://example.com"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    ],
)
def test_a_page_of_somebody_else_gets_nothing_with_the_cookie(page: Served, headers: dict[str, str]) -> None:
    assert page.get("/api/videos/bikes", headers=headers).status_code == 403


def test_a_change_must_say_where_it_comes_from(page: Served) -> None:
    answer = page.visitor.put(f"{page.url}/api/videos/bikes/review", json={"version": "0", "choices": []}, timeout=10)

    assert answer.status_code == 403
    assert page.put("/api/videos/bikes/review", {"version": "0", "choices": []}).ok


@pytest.mark.parametrize("path", ["/", "/api/videos", "/media/bikes", "/static/base.js", "/nothing", "/enter?token="])
def test_nothing_that_is_answered_may_run_or_load_what_is_not_of_this_page(page: Served, path: str) -> None:
    headers = page.get(path).headers

    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/app.py", "/media/..%2f..%2fmanifest.csv", "/stills/%2e%2e/0/0/0"])
def test_no_path_leads_out_of_what_is_shown(page: Served, path: str) -> None:
    asked = page.visitor.prepare_request(requests.Request("GET", page.url))
    asked.url = page.url + path  # as it is, without being tidied

    assert page.visitor.send(asked, timeout=10).status_code == 404
