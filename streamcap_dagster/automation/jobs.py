"""The jobs: parts of the graph with a name, to be launched from Dagster's pages or a terminal."""

import dagster as dg

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.assets.dataset import WHOLE_CORPUS
from streamcap_dagster.assets.due_videos import DUE_VIDEOS, launching

CATALOG = "video_catalog"
WHAT_IS_DUE = dg.AssetSelection.assets(CATALOG, DUE_VIDEOS)

caption_videos = dg.define_asset_job(
    "caption_videos",
    selection=dg.AssetSelection.assets(*(asset.name for asset in PER_VIDEO)),
    description=(
        "Everything that is made per video, for the partitions that you choose: the file, its frames and captions, and the training examples. "
        "What is up to date is not made again. Asks the captioner, which may cost money."
    ),
)

build_dataset = dg.define_asset_job(
    "build_dataset",
    selection=dg.AssetSelection.assets(*WHOLE_CORPUS),
    description=(
        "Which videos belong together, train.json, rl.json and the Hugging Face dataset of all videos that are ready. "
        "Builds only what would come out otherwise; asks no captioner."
    ),
)

everything = dg.define_asset_job(
    "everything",
    selection=WHAT_IS_DUE,
    config=launching(),
    description=(
        "Looks at the source, and launches one backfill of all videos that have something to be made; `dataset_sensor` builds the dataset once that "
        "has ended. Its configuration says for which reasons a video is taken. Needs Dagster's daemon, and may cost money."
    ),
)

JOBS = (caption_videos, build_dataset, everything)
