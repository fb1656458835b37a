"""Pages that a command writes for a person: whole, or not at all."""

from pathlib import Path

import pytest

from streamcap_dagster.cli.pages import write_page
from streamcap_dagster.errors import SettingError


def test_a_page_that_breaks_off_leaves_the_one_of_before_and_nothing_beside_it(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    write_page(page, "whole")
    with pytest.raises(UnicodeEncodeError):
        write_page(page, "half a character: \ud83d")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    assert page.read_text(encoding="utf-8") == "whole"


def test_a_page_that_cannot_be_written_names_the_option_that_asked_for_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingError, match="--output"):
        write_page(tmp_path / "file" / "page.html", "whole", "--output")
