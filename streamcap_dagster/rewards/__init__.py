"""Rewards for training a model to say what is new: pure functions over texts, each from 0 to 1, which import nothing heavy."""

from streamcap_dagster.rewards.coverage import coverage
from streamcap_dagster.rewards.form import format_gate, length, silence
from streamcap_dagster.rewards.judging import Judge, remembered
from streamcap_dagster.rewards.novelty import informativeness, redundancy
from streamcap_dagster.rewards.trl import reward_weights, trl_rewards

__all__ = ["Judge", "coverage", "format_gate", "informativeness", "length", "redundancy", "remembered", "reward_weights", "silence", "trl_rewards"]
