"""The dataset's card, README.md: what is in the dataset, told from its own numbers, with the YAML that makes it loadable."""

from collections.abc import Sequence

from streamcap_dagster.dataset import card_origin
from streamcap_dagster.dataset.background import Background, Paid
from streamcap_dagster.dataset.card_pictures import KINDS, Album, mean_novelty, middle
from streamcap_dagster.dataset.card_quality import quality
from streamcap_dagster.dataset.card_yaml import front_matter
from streamcap_dagster.dataset.configs import CONFIGS, Config
from streamcap_dagster.dataset.contents import Contents
from streamcap_dagster.dataset.markdown import plain, table
from streamcap_dagster.dataset.reward_cases import trial_table, verdict
from streamcap_dagster.dataset.rows import Row
from streamcap_dagster.dataset.splits import SPLITS
from streamcap_dagster.records import SPOKEN, SftExample
from streamcap_dagster.reviews.reviewed import Ended
from streamcap_dagster.rewards.trivial import try_policies
from streamcap_dagster.storage import keys

TITLE = "Streaming captions"
REASONS_SHOWN = 20

_HOLDS: dict[Config, str] = {
    "sft": "two consecutive windows of a clip, what was said up to the first, and what the second adds, also as a conversation",
    "rl": "two consecutive windows of a clip and the objectives that a good delta for the second should convey",
    "stream": "a whole clip: all its frames and the caption of every window, silence and failures included",
    "preference": "two consecutive windows of a clip, and two texts for the second of which the chosen one says better what is new than the rejected one",
}
_MEANS: dict[Ended, str] = {
    "ok": "says something",
    "no_change": "nothing new to say",
    "blocked": "refused by the captioner's safety filter",
    "recitation": "refused as a quotation",
    "truncated": "cut off by its length limit",
    "invalid": "not a usable caption",
    "empty": "no text came back",
    "dropped": "a reviewer dropped it",
}


def render_card(contents: Contents, album: Album | None = None, background: Background | None = None, paid: Sequence[Paid] | None = ()) -> str:
    """The whole page, the same for the same contents, pictures of them, words that were asked with, and costs."""
    album, background = album or Album(), background or Background()
    parts = [front_matter(contents, TITLE), f"# {TITLE}", *_warning(contents), what(contents), _numbers(contents), *_loading(contents)]
    parts += [_outcomes(contents), *_captions(contents, album), *quality(contents), *_examples(contents, album), *_rewards(contents)]
    parts += [_making(contents), *card_origin.prompts(contents, background), *card_origin.cost(paid, contents), *card_origin.sources(contents)]
    parts += [card_origin.limits(), *_left_out(contents)]
    return "\n\n".join(parts) + "\n"


def _warning(contents: Contents) -> list[str]:
    if not contents.rehearsed:
        return []
    makers = " and ".join(plain(maker) for maker in sorted(contents.rehearsed))
    return [
        f"> **WARNING: for rehearsal, not for training.** {sum(contents.rehearsed.values()):,} of {contents.voices.total():,} captions come from {makers}, "
        "which describes pixels by rule and understands nothing. They show that the pipeline works; a model trained on them learns nothing worth knowing."
    ]


def what(contents: Contents) -> str:
    """What kind of data it is."""
    length = f" of {_either(contents.window_durations)} s" if contents.window_durations else ""
    return (
        "Data for vision-language models that watch a live feed and say only what is new. Videos are cut into clips and clips into "
        f"windows{length}. The first window of a clip is described in full; every later one by a delta: only what was not said yet, "
        f"or nothing when nothing changed.{_anchors(contents)} Videos, not rows, are divided into splits."
    )


def _anchors(contents: Contents) -> str:
    if not contents.anchors:
        return ""
    return (
        f" {contents.anchors:,} later windows are described in full again, without a look at what was said (`anchor`): there a new segment of the clip begins, "
        "of which the anchor is the first caption. No row of two windows reaches over its beginning, and what was said before it is no history of what follows."
    )


def _either(values: set[float]) -> str:
    """`1, 2 or 4`."""
    *others, last = (f"{value:g}" for value in sorted(values))
    return f"{', '.join(others)} or {last}" if others else last


def _numbers(contents: Contents) -> str:
    declared = [(config, split) for config in CONFIGS for split in SPLITS if contents.rows[config, split]]
    rows = [(f"`{config}`", split, f"{contents.rows[config, split]:,}", _size(contents.size_bytes[config, split])) for config, split in declared]
    videos = ", ".join(f"{contents.videos[split]:,} {split}" for split in SPLITS if contents.videos[split]) or "none"
    counted = table(("config", "split", "rows", "size"), rows) if rows else "There are no rows yet: no video gave an example or a clip."
    holds = "\n".join(f"- `{config}`: {_HOLDS[config]}" for config in CONFIGS)
    length = f"{contents.captioned_s / 3600:,.2f} hours of video ({contents.captioned_s:,.0f} s) are captioned"
    hours = f"{length}, in {contents.outcomes.total():,} windows. Videos: {videos}."
    return f"## What it holds\n\n{holds}\n\n{counted}\n\n{hours}"


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:,.1f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:,.2f} MB"


def _outcomes(contents: Contents) -> str:
    total = contents.outcomes.total()
    rows = [
        (f"`{outcome}`", meaning, f"{contents.outcomes[outcome]:,}", f"{contents.outcomes[outcome] / total:.1%}")
        for outcome, meaning in _MEANS.items()
        if contents.outcomes[outcome]
    ]
    if not rows:
        return "## How the windows ended\n\nNo window was captioned."
    gate = f"{contents.gated:,} windows were found unchanged from their pixels, without asking the captioner."
    kept = " and ".join(f"`{outcome}`" for outcome in _MEANS if outcome in SPOKEN)
    count = f"{contents.edited:,} caption{' is' if contents.edited == 1 else 's are'}"
    words = f" {count} in a reviewer's words and not the model's; `edited_by` says whose." if contents.edited else ""
    return f"## How the windows ended\n\n{table(('outcome', 'meaning', 'windows', 'share'), rows)}\n\n{gate} Examples come from {kept} alone.{words}"


def _making(contents: Contents) -> str:
    voices = [(plain(captioner), plain(model), plain(prompt), f"{count:,}") for (captioner, model, prompt), count in sorted(contents.voices.items())]
    rate = f" from {_either(contents.fps)} frames per second of video" if contents.fps else ""
    how = f"Made with streamcap_dagster{rate}. The images are the very JPEG bytes that were captioned; `start_time` is in seconds from the video's first frame."
    asked = "\n\n" + table(("captioner", "model", "prompt version", "captions"), voices) if voices else ""
    return f"## How it was made\n\n{how}{asked}"


def _captions(contents: Contents, album: Album) -> list[str]:
    words, novelty = contents.measures.words, mean_novelty(contents.measures)
    told = [f"half of the {name} have {middle(words[kind]):,} words or fewer" for kind, name in KINDS.items() if words[kind]]
    if novelty is not None:
        told.append(f"{novelty:.0%} of what a delta says was not said before, on average")
    if not told:
        return []
    picture = [f"![Histograms: words in a caption, and the share of a delta that is new]({album.histograms})"] if album.histograms else []
    how = (
        "Novelty is one minus `streamcap_dagster.rewards.redundancy`: pairs of content words held against each sentence of the history, in a draw of examples."
    )
    sentence = "; ".join(told)
    return ["## What the captions are like", f"{sentence[0].upper()}{sentence[1:]}.", *picture, how]


def _examples(contents: Contents, album: Album) -> list[str]:
    shown = contents.measures.shown
    return ["## A few rows", *(part for row in shown for part in _example(row, album.strips.get(row.video_id)))] if shown else []


def _example(row: Row, strip: str | None) -> list[str]:
    assert isinstance(row.record, SftExample), "a row of the config sft"
    fields = {
        "video_id": row.record.video_id,
        "start_time": f"{row.record.start_time:g}",
        "caption_window1": row.record.caption_window1,
        "caption_window2_delta": row.record.caption_window2_delta,
    }
    picture = [f"![Frames of the two windows, the earlier one above]({strip})"] if strip else []
    return [*picture, table(("field", "value"), [(f"`{name}`", plain(value)) for name, value in fields.items()])]


def _rewards(contents: Contents) -> list[str]:
    """What policies that look at nothing would earn: whoever trains on the rewards should know."""
    cases = contents.measures.cases
    if not cases:
        return []
    trial = try_policies(cases)
    how = (
        "What `streamcap_dagster.rewards` give to the captions of this dataset, and to policies that do not look at the video, on a draw of "
        f"{trial.cases:,} examples; `streamcap rewards-report` prints the same. Each reward is from 0 to 1, and the total is their weighted mean."
    )
    return ["## Rewards, and who could cheat them", how, trial_table(trial), plain(verdict(trial), longest=2000)]


def _loading(contents: Contents) -> list[str]:
    first = next(((config, split) for config in CONFIGS for split in SPLITS if contents.rows[config, split]), None)
    if first is None:
        return []
    config, split = first
    code = [
        "from datasets import load_dataset",
        "",
        f'folder = "{keys.DATASET}"  # where this card lies, or the name of the dataset on the Hub',
        f'rows = load_dataset(folder, "{config}", split="{split}")',
        "print(rows)",
        "print(rows[0])",
    ]
    return ["## Load it", "```python\n" + "\n".join(code) + "\n```"]


def _left_out(contents: Contents) -> list[str]:
    """The commonest reasons: a captioner may word some of them anew for every window."""
    if not contents.left_out:
        return []
    commonest = sorted(contents.left_out.items(), key=lambda item: (-item[1], item[0]))
    rows = [(f"`{config}`", plain(reason), f"{count:,}") for (config, reason), count in commonest[:REASONS_SHOWN]]
    rest = sum(count for _, count in commonest[REASONS_SHOWN:])
    return ["## What was left out", table(("config", "reason", "count"), rows), *([f"And {rest:,} more, each for a rarer reason."] if rest else [])]
