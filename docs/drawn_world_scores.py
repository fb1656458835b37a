"""Scores whoever needs no key on a drawn world: the README's table, as `docs/drawn_world_scores.md`, `.json` and `.png`.

`.venv/bin/python -m docs.drawn_world_scores` draws the videos anew, captions them, and takes some minutes.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

COMMAND = ".venv/bin/python -m docs.drawn_world_scores"
VIDEOS, SEED = 24, 2026
RESULT = Path(__file__).with_name("drawn_world_scores.json")
COLUMNS = ("overall", "event_recall", "event_precision", "silence_recall", "silence_precision", "delay", "repeated", "leaked", "false_events", "words_per_s")
RUNS = {"recorded": "the recorded perfect captioner", "offline": "`offline`, from pixels"}
POLICIES = {
    "previous": "says what is right for the window before",
    "shuffled": "says what is right for another window",
    "repeat": "says all that is known, again and again",
    "silent": "says nothing after the first window",
}
NO_KEYS = dict.fromkeys(("GEMINI_API_KEY", "GOOGLE_API_KEY", "OPENAI_API_KEY", "HF_TOKEN", "STREAMCAP_HUB_REPO", "STREAMCAP_ALERT_WEBHOOK"), "")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = Path(folder) / "world"
        streamcap(folder, "drawn-world", "--out", world, "--videos", VIDEOS, "--seed", SEED)
        runs = {captioner: evaluated(captioner, folder, world) for captioner in RUNS}
    recorded, *_ = runs["recorded"]["scores"]
    offline, *policies = runs["offline"]["scores"]
    scores = {"recorded": recorded, "offline": offline, **{score["name"]: score for score in policies if score["name"] in POLICIES}}
    told = {"command": COMMAND, "videos": VIDEOS, "seed": SEED, "bounds": runs["offline"]["bounds"], "measures": runs["offline"]["measures"]}
    RESULT.write_text(json.dumps({**told, "scores": {name: {**score, "name": name} for name, score in scores.items()}}, indent=1) + "\n")
    RESULT.with_suffix(".md").write_text("\n".join(page(scores, told["measures"])) + "\n")


def evaluated(captioner: str, folder: str, world: Path) -> dict[str, Any]:
    """The captions of a run of a captioner, and all policies on its windows."""
    data = Path(folder) / captioner
    streamcap(folder, "run", world / "videos", "--storage", data, "--captioner", captioner, STREAMCAP_RECORDED_ANSWERS=str(world / "answers.jsonl"))
    picture = ["--out", RESULT.with_suffix(".png")] if captioner == "offline" else []
    plain: dict[str, Any] = json.loads(streamcap(folder, "evaluate", data, "--truth", world, "--policy", "all", "--json", *picture))
    return plain


def streamcap(folder: str, *arguments: object, **settings: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STREAMCAP_")}
    environment |= {**NO_KEYS, "PYTHONPATH": str(Path(__file__).parent.parent), **settings}
    command = [sys.executable, "-m", "streamcap_dagster.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def page(scores: Mapping[str, Any], measures: Mapping[str, Any]) -> Iterator[str]:
    """A row per captioner or policy, best first, with the bounds of the overall score."""
    counts = scores["recorded"]["counts"]
    yield "# Who scores what on a drawn world"
    yield ""
    yield f"{VIDEOS} videos, {counts['windows']:.0f} windows after the first of each, {counts['events']:.0f} events to tell. `{COMMAND}` made this page."
    yield ""
    yield f"| who | {' | '.join(name.replace('_', ' ') for name in COLUMNS)} |"
    yield f"| --- |{' ---: |' * len(COLUMNS)}"
    for name in sorted(scores, key=lambda name: -(scores[name]["measures"]["overall"]["value"] or 0)):
        about = RUNS.get(name) or f"`{name}`: {POLICIES[name]}"
        yield f"| {about} | {' | '.join(cell(column, measures, scores[name]['measures'][column]) for column in COLUMNS)} |"
    yield ""
    yield from (f"- **{name.replace('_', ' ')}**: {measures[name]['about']}." for name in COLUMNS)
    yield ""
    yield "Behind the overall score are its 95 % bounds over videos. The policies know what happens, and say it badly; `offline` has to look."


def cell(name: str, measures: Mapping[str, Any], interval: Mapping[str, float | None]) -> str:
    value, low, high = interval["value"], interval["low"], interval["high"]
    if value is None:
        return "–"
    if measures[name]["unit"] != "%":
        return f"{value:.1f}{' s' if measures[name]['unit'] == 's' else ''}"
    return f"{value:.0%} ({low:.0%} to {high:.0%})" if name == "overall" and low is not None else f"{value:.0%}"


if __name__ == "__main__":
    main()
