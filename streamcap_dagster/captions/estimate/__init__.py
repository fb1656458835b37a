"""What captioning will take before anything is paid: calls, tokens, money and time, from counts of what would be asked."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from streamcap_dagster.captions.estimate.volume import Volume
from streamcap_dagster.captions.pacing.quota import Quota
from streamcap_dagster.model_table import ModelFacts, Resolution

LATENCY_S = 3.0
"""From a question to its answer; hosted models take two to five seconds for a window."""
_MINUTE, _TEN_MINUTES, _HOUR, _DAY = 60, 600, 3600, 86_400


@dataclass(frozen=True)
class VideoEstimate:
    """What one video will take."""

    video_id: str
    duration_s: float
    windows: int
    gated: int | None
    """Windows that the no-change gate answers; None while there are no frames to tell, so that every window counts as asked."""
    held: int
    """Calls whose answer is there already."""
    left: Volume
    """What is still to be asked."""
    steps: int
    """Calls of these that must wait for each other."""
    whole: Volume | None
    """Everything, as if nothing had been answered; None when some of it was made before and is not asked at all."""
    trouble: str = ""
    """Why it could be counted only as a video without frames, though it has some."""


@dataclass(frozen=True)
class Terms:
    """What captioning is billed and paced by."""

    captioner: str
    model: str
    paid: bool
    facts: ModelFacts
    day: date
    prices_of: str
    """Version of the table that the prices are from."""
    resolution: Resolution = "low"
    tier: Literal["standard", "flex", "auto"] = "standard"
    quota: Quota = field(default_factory=Quota)
    videos_in_flight: int = 32
    spent_usd: float = 0.0
    """What of the budget is spent already."""
    thinks: bool = False
    """Whether the model thinks before it answers, which nobody can count beforehand."""
    canary_every: int = 0
    """After that many answers comes one question more than is counted; 0 is never."""

    def image_tokens(self, volume: Volume) -> int | None:
        """Tokens of the pictures; None when the table does not tell for this model."""
        if not volume.images:
            return 0
        each = self.facts.image_tokens.get(self.resolution)
        return None if each is None else each * volume.images

    def input_tokens(self, volume: Volume) -> int | None:
        images = self.image_tokens(volume)
        return None if images is None else volume.text_tokens + images

    def usd(self, volume: Volume, flex: bool) -> float | None:
        """Money at the price of the day; None when no price is known."""
        tokens, price = self.input_tokens(volume), self.facts.price_on(self.day)
        if not self.paid or not volume.calls:
            return 0.0
        if tokens is None or price is None or (flex and price.flex is None):
            return None
        return self.facts.cost_usd(self.day, input_tokens=tokens, output_tokens=volume.output_tokens, flex=flex)

    def likely_usd(self, volume: Volume) -> float | None:
        """Money at the tier that was chosen. For `auto` that of the standard tier, which it never exceeds."""
        flex = self.usd(volume, flex=True) if self.tier == "flex" else None
        return self.usd(volume, flex=False) if flex is None else flex


@dataclass(frozen=True)
class Wall:
    """The least time that a run takes, and what it waits for most of it."""

    seconds: float
    binding: str


@dataclass(frozen=True)
class Estimate:
    """What all videos together will take."""

    terms: Terms
    videos: tuple[VideoEstimate, ...]

    @property
    def hours(self) -> float:
        return sum(video.duration_s for video in self.videos) / _HOUR

    @property
    def windows(self) -> int:
        return sum(video.windows for video in self.videos)

    @property
    def gated(self) -> int:
        return sum(video.gated or 0 for video in self.videos)

    @property
    def without_frames(self) -> int:
        """Videos whose windows are all counted as asked."""
        return sum(video.gated is None for video in self.videos)

    @property
    def held(self) -> int:
        return sum(video.held for video in self.videos)

    @property
    def calls(self) -> int:
        """Calls in all, those that are answered already included."""
        return self.held + self.left.calls

    @property
    def share_held(self) -> float:
        return self.held / self.calls if self.calls else 0.0

    @property
    def left(self) -> Volume:
        return _sum(video.left for video in self.videos)

    @property
    def usd(self) -> float | None:
        """Money at the standard price; None when no price is known."""
        return self.terms.usd(self.left, flex=False)

    @property
    def flex_usd(self) -> float | None:
        """Money at the flex price; None when flex was not chosen or has no known price."""
        return None if self.terms.tier == "standard" else self.terms.usd(self.left, flex=True)

    @property
    def usd_per_hour(self) -> float | None:
        """What an hour of such video takes from the start; None when no price is known or no video is counted in full."""
        fresh = [video for video in self.videos if video.whole is not None and video.duration_s]
        usd = self.terms.likely_usd(_sum(video.whole or Volume() for video in fresh))
        return None if usd is None or not fresh else usd * _HOUR / sum(video.duration_s for video in fresh)

    @property
    def exceeds_budget(self) -> bool | None:
        """None when there is no budget or no known price."""
        usd = self.terms.likely_usd(self.left)
        budget_usd = self.terms.quota.budget_usd
        return None if budget_usd is None or usd is None else self.terms.spent_usd + usd > budget_usd

    @property
    def wall(self) -> Wall:
        """The slowest of all that a run must wait for. A first day's quota, and a first ten minutes' money, can be used up at once."""
        return max(self._waits(), key=lambda wall: wall.seconds)

    def _waits(self) -> Iterator[Wall]:
        terms, whole, calls = self.terms, self.terms.quota, self.left.calls
        ours = whole.part_of(1)
        steps = [video.steps for video in self.videos]
        longest = max(steps, default=0)
        yield Wall(longest * LATENCY_S, f"the longest chain, {longest:,} calls one after another")
        yield Wall(calls * LATENCY_S / whole.in_flight, f"STREAMCAP_CALLS_IN_FLIGHT={whole.in_flight}")
        yield Wall(sum(steps) * LATENCY_S / terms.videos_in_flight, f"STREAMCAP_VIDEOS_IN_FLIGHT={terms.videos_in_flight}")
        if ours.rpm:
            yield Wall(calls / ours.rpm * _MINUTE, "the requests per minute of your quota")
        if ours.tpm:
            tokens = terms.input_tokens(self.left) or self.left.text_tokens
            yield Wall(tokens / ours.tpm * _MINUTE, "the tokens per minute of your quota")
        if whole.day_requests:
            yield Wall(max(0, calls - 1) // whole.day_requests * _DAY, "the requests per day of your quota")
        if ours.usd_per_10min:
            usd = terms.likely_usd(self.left) or 0.0
            yield Wall(usd // ours.usd_per_10min * _TEN_MINUTES, "the money per ten minutes of your quota")


def _sum(volumes: Iterable[Volume]) -> Volume:
    return sum(volumes, Volume())
