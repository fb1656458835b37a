"""A Qwen3-VL so small that it trains on a processor in seconds: random weights, a tokenizer of bytes, nothing from a hub.

It learns nothing; what it is for is that real trainers build real batches from what was exported.
"""

from pathlib import Path
from typing import Any

import trl
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2VLImageProcessorPil, Qwen3VLConfig, Qwen3VLForConditionalGeneration, Qwen3VLProcessor, set_seed

_END, _PAD, _IMAGE, _VIDEO, _VISION, _VISION_END = "<|im_end|>", "<|endoftext|>", "<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>"
_PATCH = 16


class _WithoutVideo(Qwen3VLProcessor):
    """The processor of videos needs torchvision, and there are none here."""

    def check_argument_for_proper_class(self, name: str, argument: Any) -> Any:
        return None if name == "video_processor" and argument is None else super().check_argument_for_proper_class(name, argument)


def tiny_processor() -> Qwen3VLProcessor:
    """With the chat template of the real one, as TRL has it."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    bytes_only = Tokenizer(models.BPE(vocab={letter: place for place, letter in enumerate(letters)}, merges=[]))
    bytes_only.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytes_only.decoder = decoders.ByteLevel()
    special = [_PAD, "<|im_start|>", _END, _VISION, _VISION_END, "<|vision_pad|>", _IMAGE, _VIDEO]
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bytes_only, eos_token=_END, pad_token=_PAD, additional_special_tokens=special)
    pictures = Qwen2VLImageProcessorPil(patch_size=_PATCH, merge_size=2, temporal_patch_size=2, size={"shortest_edge": 32 * 32, "longest_edge": 64 * 64})
    template = (Path(trl.__file__).parent / "chat_templates" / "qwen3_vl.jinja").read_text()
    return _WithoutVideo(image_processor=pictures, tokenizer=tokenizer, video_processor=None, chat_template=template)


def tiny_model(processor: Qwen3VLProcessor) -> Qwen3VLForConditionalGeneration:
    """The same weights each time."""
    tokenizer = processor.tokenizer
    image, video, vision, vision_end = tokenizer.convert_tokens_to_ids([_IMAGE, _VIDEO, _VISION, _VISION_END])
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [4, 2, 2], "mrope_interleaved": True},
        "pad_token_id": tokenizer.pad_token_id,
    }
    vision_tower = {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_heads": 2,
        "patch_size": _PATCH,
        "out_hidden_size": 64,
        "num_position_embeddings": 16,
        "deepstack_visual_indexes": [0],
    }
    tokens = {"image_token_id": image, "video_token_id": video, "vision_start_token_id": vision, "vision_end_token_id": vision_end}
    set_seed(0)
    return Qwen3VLForConditionalGeneration(Qwen3VLConfig(text_config=text, vision_config=vision_tower, **tokens))
