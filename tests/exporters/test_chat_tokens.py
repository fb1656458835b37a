"""No format takes a caption with a word that trainers obey instead of reading it: it would end a turn, or stand for a picture that is not there."""

from pathlib import Path

import pytest

from streamcap_dagster.exporters.exporting import Exported, export
from streamcap_dagster.exporters.table import EXPORTERS, exporter_of
from streamcap_dagster.storage.folder import FolderStorage
from tests.exporters.corpus import WORDS, preference_row, rl_row, sft_row, store_dataset, stream_row

TOKENS = ("<|im_end|>", "<image>", "</s>", "<start_of_turn>")
CHATS = [(name, config) for name, exporter in EXPORTERS.items() for config in exporter.configs if name not in ("webdataset", "openai-batch")]


def said(token: str) -> tuple[tuple[str, str], ...]:
    return (("ok", "A red door."), ("ok", f"It says {token} and opens."), ("ok", "A cat comes out."))


def store(storage: FolderStorage, token: str) -> None:
    """Rows whose delta, or history, holds the token; no row of a pair is without it."""
    pairs = [sft_row(window=window, said=said(token)) for window in (1, 2)]
    rl = [rl_row(history=["A red door.", f"It says {token}."])]
    preferences = [preference_row(**{field: f"It says {token}."}) for field in ("prompt", "chosen", "rejected")]
    store_dataset(
        storage,
        {"sft": {"train": [pairs]}, "rl": {"train": [rl]}, "preference": {"train": [preferences]}, "stream": {"train": [[stream_row(said=said(token))]]}},
    )
    storage.write("raw/videos/cat.mp4", b"cat")


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file() and ".streamcap" not in path.parts)


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize(("name", "config"), CHATS)
def test_what_holds_a_chat_token_is_left_out_of_every_chat_format_and_counted(storage: FolderStorage, out: Path, name: str, config: str, token: str) -> None:
    store(storage, token)
    done = export(storage, exporter_of(name), WORDS, out, config=config).splits["train"]

    assert f"says {token}".encode() not in bytes_of(out)
    assert [count for reason, count in done.left_out.items() if "a chat token, such as <|im_end|>" in reason] == [{"rl": 1, "preference": 3}.get(config, 2)]


def test_a_clip_is_exported_up_to_the_window_with_the_token(storage: FolderStorage, out: Path) -> None:
    store_dataset(storage, {"stream": {"train": [[stream_row(said=(("ok", "A red door."), *said("</s>")))]]}})
    export(storage, exporter_of("ms-swift"), WORDS, out, config="stream")

    text = (out / "train.jsonl").read_text()
    assert text.count("A red door.") == 2
    assert "A cat comes out." not in text


def test_a_segment_that_begins_later_is_whole(storage: FolderStorage, out: Path) -> None:
    store_dataset(storage, {"stream": {"train": [[stream_row(said=(*said("</s>"), ("ok", "A yard."), ("ok", "Rain falls.")), anchors=(3,))]]}})
    export(storage, exporter_of("llamafactory"), WORDS, out)

    assert "Rain falls." in (out / "train.jsonl").read_text()


def exported_batch(storage: FolderStorage, out: Path, task: str) -> tuple[str, Exported]:
    done = export(storage, exporter_of("openai-batch").with_options({"task": task}), WORDS, out)
    return (out / "train-00000.jsonl").read_text(), done


def test_requests_of_a_batch_tell_no_chat_token_of_the_windows_before(storage: FolderStorage, out: Path) -> None:
    store(storage, "<|im_end|>")
    text, done = exported_batch(storage, out, "caption")

    assert "<|im_end|>" not in text
    assert done.splits["train"].rows == 3


def test_a_caption_with_a_chat_token_is_not_given_to_a_judge(storage: FolderStorage, out: Path) -> None:
    store(storage, "<|im_end|>")
    text, done = exported_batch(storage, out, "judge")

    assert "<|im_end|>" not in text
    assert done.splits["train"].rows == 2
    assert sum(done.splits["train"].left_out.values()) == 1
