"""Words that chat templates and tokenizers of models obey instead of reading them: they end a turn, begin another, or stand for a picture."""

import re

WHY = "a chat token, such as <|im_end|>, which trainers obey instead of reading it"

_NAMED = (
    "s|bos|eos|pad|unk|think|tool_call|tool_response",
    "start_of_turn|end_of_turn|end_of_utterance",
    "image|video|audio|img|quad|ref|box|IMG_CONTEXT|image_soft_token|start_of_image|end_of_image|image_placeholder|fake_token_around_image|global-img",
    "(?:low_res_)?im_(?:start|end|patch|col)",
)
_TOKEN = re.compile(
    r"<\|[^<>|\s][^<>|]{0,60}\|>"  # <|im_end|>, <|vision_start|>, <|eot_id|>
    r"|<｜[^<>｜]{1,60}｜>"
    rf"|</?(?:{'|'.join(_NAMED)})>"  # <image>, <start_of_turn>, </s>
    r"|\[/?INST\]|<</?SYS>>|\[IMG(?:_BREAK|_END)?\]"  # of Llama 2 and Mistral
)


def chat_token(text: str) -> str:
    """The first such word in a text, as it stands there; empty where there is none. A caption that quotes the tags of a web page may hold one."""
    found = _TOKEN.search(text)
    return found[0] if found else ""
