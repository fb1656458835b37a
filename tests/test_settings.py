"""Settings come from the environment, then `.env`, then the defaults, and a wrong one is refused by name."""

from pathlib import Path

import pytest

from streamcap_dagster.errors import SettingError
from streamcap_dagster.policies import DatasetPolicy, Sampling
from streamcap_dagster.settings import PREFIX, Settings, read_settings
from streamcap_dagster.wiring import captioner_for


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_environment_wins_over_the_env_file_and_both_over_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("STREAMCAP_FPS=2\nSTREAMCAP_JPEG_QUALITY=70\n")
    monkeypatch.setenv("STREAMCAP_FPS", "8")

    assert read_settings().policy(Sampling) == Sampling(fps=8, jpeg_quality=70)


def test_what_is_given_by_hand_wins_over_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMCAP_STORAGE", "elsewhere")
    assert read_settings(storage="here").storage == "here"


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMCAP_CAPTIONER", "")
    assert read_settings().captioner == "offline"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("STREAMCAP_FPS", "-4", "greater than 0"),
        ("STREAMCAP_FPS", "nan", "finite"),
        ("STREAMCAP_FPS", "many", "valid number"),
        ("STREAMCAP_FPS", "0.3", "would hold 0.6 frames"),
        ("STREAMCAP_JPEG_QUALITY", "101", "less than or equal to 95"),
        ("STREAMCAP_DECODER", "vlc", "'torchcodec' or 'ffmpeg'"),
        ("STREAMCAP_CLIP_MAX_S", "3", "at least two windows"),
        ("STREAMCAP_ANCHOR_EVERY", "1", "every window would be described in full and none by a delta"),
        ("STREAMCAP_ANCHOR_EVERY", "-3", "greater than or equal to 0"),
        ("STREAMCAP_STORAGE", "s3://bucket", "give a folder, or gs://bucket/prefix"),
        ("STREAMCAP_STORAGE", "gs:/bucket/prefix", "give a folder, or gs://bucket/prefix"),
        ("STREAMCAP_STORAGE", "hf://somebody/clips", "give a folder, or gs://bucket/prefix"),
        ("STREAMCAP_SOURCE", "s3://bucket", "or hf://owner/name of the Hugging Face Hub"),
        ("STREAMCAP_SOURCE", "hf:/somebody/clips", "or hf://owner/name of the Hugging Face Hub"),
        ("STREAMCAP_SOURCE", "hf://clips", "give a dataset of the Hugging Face Hub as hf://OWNER/NAME"),
        ("STREAMCAP_VALIDATION_SHARE", "0.97", "nothing to train on"),
        ("STREAMCAP_CADENCES", "4 8", "seconds with commas between them, such as 4,8, or 0 for none"),
        ("STREAMCAP_CADENCES", "4,", "such as 4,8"),
        ("STREAMCAP_CADENCES", "-4", "such as 4,8"),
    ],
)
def test_a_value_that_cannot_work_is_refused_by_name_with_the_reason(monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError, match=f"^{name}=") as refused:
        read_settings()
    assert told in str(refused.value)


@pytest.mark.parametrize(("value", "cadences_s"), [("4,8", (4.0, 8.0)), ("2.5", (2.5,)), ("0", (0.0,))])
def test_cadences_are_a_list_of_seconds(monkeypatch: pytest.MonkeyPatch, value: str, cadences_s: tuple[float, ...]) -> None:
    monkeypatch.setenv("STREAMCAP_CADENCES", value)
    assert read_settings().policy(DatasetPolicy).cadences_s == cadences_s


@pytest.mark.parametrize("address", ["127.0.0.1:9199", "localhost", "http://"])
def test_an_emulator_without_its_whole_address_is_refused_where_it_would_be_asked(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", address)
    assert read_settings(storage="here").storage == "here"
    with pytest.raises(SettingError, match=r"^STORAGE_EMULATOR_HOST=.*such as http://127\.0\.0\.1:9199, or unset it"):
        read_settings(storage="gs://bucket/data")


def test_a_misspelt_setting_is_refused_with_the_one_that_is_near(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMCAP_WINDOW_DURATION", "3")
    with pytest.raises(SettingError, match=r"STREAMCAP_WINDOW_DURATION='3' .*is STREAMCAP_WINDOW_DURATION_S meant"):
        read_settings()


def test_a_storage_that_is_a_file_is_refused() -> None:
    Path("notes.txt").write_text("not a folder")
    with pytest.raises(SettingError, match=r"STREAMCAP_STORAGE='notes\.txt' .*it is a file"):
        read_settings(storage="notes.txt")


def test_an_unknown_captioner_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingError, match=r"STREAMCAP_CAPTIONER='gpt' .*offline, recorded"):
        captioner_for(read_settings(captioner="gpt"))


def test_the_recorded_captioner_asks_for_its_file() -> None:
    with pytest.raises(SettingError, match="STREAMCAP_RECORDED_ANSWERS"):
        captioner_for(read_settings(captioner="recorded"))
