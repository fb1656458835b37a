"""A takedown list, and what becomes of a video on the Hub once it is forgotten here."""

import io
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from streamcap_dagster.cli import app
from streamcap_dagster.cli.takedown_list import read_takedown_list
from streamcap_dagster.emulators.hub.server import Running, running
from streamcap_dagster.errors import SettingError
from streamcap_dagster.settings import PREFIX
from tests.assets.project import Project

REPO = "somebody/captions"


@pytest.fixture
def here(made: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """A command of `streamcap` on the project, in this process; gives what it printed."""
    for name, value in made.env.items():
        if name.startswith((PREFIX, "DAGSTER_", "COLUMNS")):
            monkeypatch.setenv(name, value)

    def streamcap(*arguments: str) -> str:
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output + repr(done.exception)
        return done.output

    return streamcap


def naming(hub: Running, video_id: str) -> list[str]:
    """The published files that name a video: tables, whose bytes are compressed, in a row, all else in its text."""
    return [path for path, data in hub.files(REPO).items() if video_id in (_ids(data) if path.endswith(".parquet") else data.decode(errors="replace"))]


def _ids(table: bytes) -> set[str]:
    return set(pq.read_table(io.BytesIO(table), columns=["video_id"])["video_id"].to_pylist())


def test_the_next_publication_takes_what_was_forgotten_out_of_the_published_dataset(
    made: Project, here: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = tmp_path / "takedown.txt"
    listed.write_text("# asked for by mail\nlife  # all of it\n\n")
    with running() as hub:
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_TOKEN", "hf_token")
        publish = ("publish", "--repo", REPO, "--allow-rehearsal", "--yes")
        here(*publish)
        before = naming(hub, "life")
        here("forget", "--from", str(listed), "--yes")
        told = here(*publish)

        assert {path.partition("/")[0] for path in before} >= {"sft", "rl", "stream", "preference"}
        assert "1 video removed" in told
        assert not naming(hub, "life")


def test_without_a_video_or_a_list_nothing_is_forgotten(here: Callable[..., str]) -> None:
    assert "or a file that lists some with --from" in str(CliRunner().invoke(app, ["forget", "--yes"]).exception)


@pytest.mark.parametrize(("content", "said"), [(b"", "it names no video"), (b"# none\n", "it names no video"), (b"\xff\xfe\x00", "no text in UTF-8")])
def test_a_list_that_cannot_be_meant_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "list").write_bytes(content)

    with pytest.raises(SettingError, match=said):
        read_takedown_list(tmp_path / "list")


def test_a_list_names_each_video_once_whatever_wrote_it(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"\xef\xbb\xbfclock\r\nlife\r\nclock\r\n")

    assert read_takedown_list(tmp_path / "list") == ["clock", "life"]
