"""What a dataset holds, counted while it is made: the numbers that its card and its report tell."""

from collections import Counter
from dataclasses import dataclass, field

from streamcap_dagster.dataset.configs import Config
from streamcap_dagster.dataset.measures import Measures
from streamcap_dagster.dataset.rows import VideoRows
from streamcap_dagster.dataset.shards import Shard
from streamcap_dagster.dataset.splits import Split
from streamcap_dagster.records import rehearsed_by
from streamcap_dagster.reviews.reviewed import ended, is_edited


@dataclass
class Contents:
    """Numbers about all that went into the dataset."""

    files: dict[tuple[Config, Split], list[str]] = field(default_factory=dict)
    rows: Counter[tuple[Config, Split]] = field(default_factory=Counter)
    size_bytes: Counter[tuple[Config, Split]] = field(default_factory=Counter)
    videos: Counter[Split] = field(default_factory=Counter)
    """Videos with at least one row."""
    window_durations: set[float] = field(default_factory=set)
    """In seconds. Videos may have been cut and sampled under different settings; every row tells its own."""
    fps: set[float] = field(default_factory=set)
    captioned_s: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    gated: int = 0
    """Windows that the no-change gate decided without asking the captioner."""
    anchors: int = 0
    """Windows that opened a new segment of their clip."""
    edited: int = 0
    """Captions that are a reviewer's words."""
    voices: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Captions by captioner, model and prompt version."""
    left_out: Counter[tuple[Config, str]] = field(default_factory=Counter)
    measures: Measures = field(default_factory=Measures)
    """What its captions are like, and a few of its rows."""

    @property
    def rehearsed(self) -> dict[str, int]:
        """Captions that were made without a model that sees, and so must not be trained on, by who made them."""
        made: Counter[str] = Counter()
        for (captioner, model, _), count in self.voices.items():
            if maker := rehearsed_by(captioner, model):
                made[maker] += count
        return dict(made)

    def add_video(self, video: VideoRows) -> None:
        records = [row.record for rows in video.rows.values() for row in rows]
        self.window_durations.update(record.window_duration for record in records)
        self.fps.update(record.fps for record in records)
        if records:
            self.videos[video.entry.split] += 1
        self.captioned_s += sum(caption.end_s - caption.start_s for caption in video.captions)
        self.outcomes.update(ended(caption) for caption in video.captions)
        self.edited += sum(map(is_edited, video.captions))
        self.gated += sum(caption.gated for caption in video.captions)
        self.anchors += sum(caption.kind == "anchor" and caption.outcome == "ok" for caption in video.captions)
        self.voices.update((caption.captioner, caption.model, caption.prompt_version) for caption in video.captions)
        self.left_out.update(video.left_out)
        self.measures.add(video)

    def add_shard(self, shard: Shard, size_bytes: int) -> None:
        place = shard.config, shard.split
        self.files.setdefault(place, []).append(shard.path)
        self.rows[place] += len(shard.rows)
        self.size_bytes[place] += size_bytes
