"""What chat templates and tokenizers obey, and what only looks a little like it."""

import pytest

from streamcap_dagster.chat_tokens import chat_token

QWEN = ("<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|vision_start|>", "<|image_pad|>", "<think>", "</think>", "<tool_call>")
LLAMA = ("<|eot_id|>", "<|begin_of_text|>", "<|start_header_id|>", "<s>", "</s>", "[INST]", "[/INST]", "<<SYS>>", "[IMG]", "[IMG_BREAK]")
GEMMA = ("<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>", "<start_of_image>", "<image_soft_token>")
OTHERS = ("<image>", "<video>", "<audio>", "<IMG_CONTEXT>", "<img>", "</img>", "<im_start>", "<im_patch>", "<end_of_utterance>", "<｜end▁of▁sentence｜>")


@pytest.mark.parametrize("token", [*QWEN, *LLAMA, *GEMMA, *OTHERS])
def test_a_word_that_a_template_obeys_is_found_amid_others(token: str) -> None:
    assert chat_token(f"A sign: {token} again.") == token


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a < b and c > d",
        "x <image",
        "Press |> to play.",
        "An arrow <- points at <the door>.",
        "a <| b |> c",
        "List[INT]",
        "[IMAGE 3]",
        "5 <s and more",
        "<<SYSTEM>>",
    ],
)
def test_signs_in_a_caption_are_none(text: str) -> None:
    assert chat_token(text) == ""
