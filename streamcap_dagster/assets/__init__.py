"""What exists, in order.

video_catalog        whole      raw/manifest.csv, one row per video; registers the partitions
raw_videos           per video  the file itself
clips                per video  which spans are captioned, and why
frames               per video  JPEG stills of every window
frame_hashes         per video  what one frame a second looks like, by which copies are found
initial_captions     per video  the first window of each clip, in full
delta_captions       per video  every later window: only what is new
objectives           per video  what a good delta should convey
reviews              per video  what reviewers decided of the captions, as far as it applies
caption_files        per video  the captions as subtitles
sft_examples         per video  training examples for supervised fine-tuning
rl_examples          per video  training examples for reinforcement learning
preference_examples  per video  pairs of something better and something worse to say
caption_quality      per video  what the captions are like, window by window
video_groups         whole      which videos show the same, or belong together
train_json rl_json   whole      the examples of all videos as JSON
hf_dataset           whole      the Hugging Face dataset
published_dataset    whole      its place on the Hub
"""

from streamcap_dagster.assets.captions import caption_files, delta_captions, initial_captions, objectives
from streamcap_dagster.assets.clips import clips
from streamcap_dagster.assets.examples import rl_examples, sft_examples
from streamcap_dagster.assets.frames import frame_hashes, frames
from streamcap_dagster.assets.preferences import preference_examples
from streamcap_dagster.assets.quality import caption_quality
from streamcap_dagster.assets.reviews import reviews
from streamcap_dagster.assets.videos import raw_videos
from streamcap_dagster.assets.work import PerVideoAsset

PER_VIDEO: tuple[PerVideoAsset, ...] = (
    raw_videos,
    clips,
    frames,
    frame_hashes,
    initial_captions,
    delta_captions,
    objectives,
    reviews,
    caption_files,
    sft_examples,
    rl_examples,
    preference_examples,
    caption_quality,
)
"""The per-video assets in the order a video walks through them. One that fails ends the walk, so that which asks a model that may be away, and that none of
the others is made from, comes last."""
