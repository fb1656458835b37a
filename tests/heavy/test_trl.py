"""What is exported for TRL is trained on as it is: two real steps of each trainer, with LoRA on a tiny Qwen3-VL, offline and without a GPU."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from streamcap_dagster.exporters.exporting import export
from streamcap_dagster.exporters.table import exporter_of
from streamcap_dagster.rewards import reward_weights, trl_rewards
from streamcap_dagster.storage.folder import FolderStorage
from tests.exporters.corpus import FRAMES_PER_WINDOW, SAID, WORDS, preference_row, rl_row, sft_row, store_dataset, stream_row

pytestmark = pytest.mark.heavy

CHAIN = tuple(("ok", f"Window {place}: a car passes.") if place % 3 else ("no_change", "") if place else ("ok", "A street.") for place in range(12))
CPU = {"use_cpu": True, "bf16": False, "gradient_checkpointing": False, "report_to": [], "save_strategy": "no", "logging_steps": 1, "disable_tqdm": True}
END = "<|im_end|>\n"
STEPS = 2
LORA_RANK = 4


@pytest.fixture(scope="module")
def processor() -> Any:
    from tests.heavy.tiny_vlm import tiny_processor

    return tiny_processor()


@pytest.fixture(scope="module")
def model(processor: Any) -> Any:
    from tests.heavy.tiny_vlm import tiny_model

    return tiny_model(processor)


@pytest.fixture
def trainer_for(processor: Any, model: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Builds a trainer of the one tiny model with a LoRA adapter, which is taken off again."""
    from peft import LoraConfig

    built = []

    def build(kind: type, settings: type, rows: Any, **options: Any) -> Any:
        given = {name: options.pop(name) for name in ("reward_funcs",) if name in options}
        adapter = LoraConfig(r=LORA_RANK, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
        manner = settings(output_dir=str(tmp_path / "trained"), max_steps=STEPS, **CPU, **options)
        built.append(kind(model=model, args=manner, train_dataset=rows, processing_class=processor, peft_config=adapter, **given))
        return built[-1]

    yield build
    for trainer in built:
        trainer.model.unload()


def exported(tmp_path: Path, name: str, rows: dict[str, list[dict[str, Any]]], *, streaming: bool = False) -> Any:
    """Rows of the dataset as `datasets` loads what was exported of them."""
    from datasets import load_dataset

    storage = FolderStorage(tmp_path / "storage")
    store_dataset(storage, {config: {"train": [of_config]} for config, of_config in rows.items()})
    export(storage, exporter_of(name), WORDS, tmp_path / "exported")
    return load_dataset(str(tmp_path / "exported"), split="train", cache_dir=str(tmp_path / "cache"), streaming=streaming)


def learnt(trainer: Any) -> list[list[str]]:
    """What each row of the first batch puts a loss on, decoded, message by message: each ends as the chat template ends one."""
    labels = next(iter(trainer.get_train_dataloader()))["labels"]
    texts = [trainer.processing_class.tokenizer.decode(row[row != -100]) for row in labels]
    assert all(text.endswith(END) for text in texts)
    return [text.removesuffix(END).split(END) for text in texts]


def frames_before_each_answer(trainer: Any) -> list[int]:
    """How many frames the model has seen when it begins each answer of the first row."""
    [text] = trainer.processing_class.tokenizer.batch_decode(next(iter(trainer.get_train_dataloader()))["input_ids"])
    before_answers = text.split("<|im_start|>assistant")[:-1]
    return [sum(part.count("<|vision_start|>") for part in before_answers[: place + 1]) for place in range(len(before_answers))]


def train(trainer: Any) -> list[dict[str, float]]:
    """Take the steps and give what was logged; the adapter has learnt something."""
    trainer.train()
    moved = [weight.abs().sum().item() for name, weight in trainer.model.named_parameters() if "lora_B" in name]
    assert trainer.state.global_step == STEPS
    assert moved
    assert all(moved)
    return trainer.state.log_history


@pytest.mark.parametrize("said", [SAID, CHAIN], ids=["three windows", "twelve windows"])
def test_sft_learns_exactly_the_captions_of_a_clip(tmp_path: Path, trainer_for: Callable[..., Any], said: tuple[tuple[str, str], ...]) -> None:
    from trl import SFTConfig, SFTTrainer

    rows = exported(tmp_path, "trl-sft", {"stream": [stream_row(said=said)]})
    trainer = trainer_for(SFTTrainer, SFTConfig, rows, assistant_only_loss=True, max_length=None, per_device_train_batch_size=1)

    assert learnt(trainer) == [[text or "No change." for _, text in said]]
    assert frames_before_each_answer(trainer) == [FRAMES_PER_WINDOW * (window + 1) for window in range(len(said))]
    train(trainer)


def test_sft_takes_the_rows_as_they_are_streamed(tmp_path: Path, trainer_for: Callable[..., Any]) -> None:
    from trl import SFTConfig, SFTTrainer

    rows = exported(tmp_path, "trl-sft", {"stream": [stream_row(), stream_row("dog")]}, streaming=True)
    trainer = trainer_for(SFTTrainer, SFTConfig, rows, assistant_only_loss=True, max_length=None, per_device_train_batch_size=1)

    assert learnt(trainer) == [[text or "No change." for _, text in SAID]]
    train(trainer)


def test_prompt_completion_learns_the_delta_alone(tmp_path: Path, trainer_for: Callable[..., Any]) -> None:
    from trl import SFTConfig, SFTTrainer

    rows = exported(tmp_path, "trl-prompt-completion", {"sft": [sft_row(), sft_row(window=2)]})
    trainer = trainer_for(SFTTrainer, SFTConfig, rows, max_length=None, per_device_train_batch_size=2)

    assert sorted(learnt(trainer)) == [["It opens."], ["No change."]]
    train(trainer)


def test_dpo_learns_from_a_better_and_a_worse_delta(tmp_path: Path, trainer_for: Callable[..., Any]) -> None:
    from trl import DPOConfig, DPOTrainer

    rows = exported(tmp_path, "trl-dpo", {"preference": [preference_row(), preference_row("dog")]})
    logged = train(trainer_for(DPOTrainer, DPOConfig, rows, max_length=None, per_device_train_batch_size=2, learning_rate=1e-2))

    assert logged[0]["rewards/margins"] == pytest.approx(0, abs=1e-4)
    assert logged[1]["rewards/margins"] > 0


def test_grpo_is_rewarded_by_the_rewards_of_this_package_each_logged_apart(tmp_path: Path, trainer_for: Callable[..., Any]) -> None:
    from trl import GRPOConfig, GRPOTrainer

    rows = exported(tmp_path, "trl-grpo", {"rl": [rl_row(), rl_row("dog")]})
    options = {"num_generations": 2, "per_device_train_batch_size": 2, "max_completion_length": 8, "reward_weights": reward_weights()}
    trainer = trainer_for(GRPOTrainer, GRPOConfig, rows, reward_funcs=trl_rewards(), **options)
    trainer.train()

    assert trainer.state.global_step == STEPS
    assert {f"rewards/{reward.__name__}/mean" for reward in trl_rewards()} <= trainer.state.log_history[0].keys()
