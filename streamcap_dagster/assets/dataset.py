"""The examples of all videos together: as JSON, and as a Hugging Face dataset."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

import dagster as dg

from streamcap_dagster.assets import PER_VIDEO
from streamcap_dagster.assets.background import background_of
from streamcap_dagster.assets.captions import caption_files
from streamcap_dagster.assets.corpus import Built, Corpus, materialize, read_corpus
from streamcap_dagster.assets.corpus_checks import corpus_checks, few_failed, outcome_check, quality_checks, quality_of, unless_blocked
from streamcap_dagster.assets.groups import VIDEO_GROUPS, video_groups_asset
from streamcap_dagster.dataset.hub_dataset import CARD, build_dataset
from streamcap_dagster.dataset.json_files import Kind, write_examples_json
from streamcap_dagster.dataset.rows import DatasetVideo
from streamcap_dagster.dataset.shards import LAYOUT
from streamcap_dagster.dataset.splits import SPLITS
from streamcap_dagster.examples.images import write_images
from streamcap_dagster.partitions import Materialized
from streamcap_dagster.policies import DatasetPolicy
from streamcap_dagster.quality import thresholds
from streamcap_dagster.quality.verdicts import POOR_COUNT
from streamcap_dagster.resources.storage import StorageResource
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage import Storage
from streamcap_dagster.storage.many import side_by_side
from streamcap_dagster.storage.receipts import StoredObject

JSON_FILES = ("train_json", "rl_json")
WHOLE_CORPUS = (VIDEO_GROUPS, *JSON_FILES, "hf_dataset", "published_dataset")
OWNERS = ["team:streamcap"]
FROM_EVERYTHING = ("clips", "frames", "initial_captions", "delta_captions", "caption_quality", "reviews", "sft_examples", "rl_examples", "preference_examples")
FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=8), warn_window=timedelta(days=2))
CHAIN = tuple(asset for asset in PER_VIDEO if asset is not caption_files)
"""What a video needs to have, each made from the others as they are, to be in any of these assets."""


def dataset_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """The assets that take in all videos; they read storage themselves, one video after another."""
    return [
        video_groups_asset(settings),
        _json_asset("train_json", "sft", settings, TRAIN_JSON),
        _json_asset("rl_json", "rl", settings, RL_JSON),
        _hf_dataset(settings),
    ]


TRAIN_JSON = (
    "`processed/train.json`: the SFT examples of every video of the train split, a JSON array with one record per line; "
    "`validation.json` and `test.json` beside it once there are 20 groups of videos. Reads one file per video; costs nothing."
)
RL_JSON = "`processed/rl.json`: the RL examples of every video of the train split, in the same form. Reads one file per video; costs nothing."


def _json_asset(name: str, kind: Kind, settings: Settings, description: str) -> dg.AssetsDefinition:
    needs = (f"{kind}_examples",)

    @dg.asset(
        name=name,
        description=description,
        deps=[*_all_videos(needs), VIDEO_GROUPS],
        group_name="dataset",
        kinds={"json"},
        owners=OWNERS,
        code_version="1",
        check_specs=corpus_checks(name),
    )
    def json_file(context: dg.AssetExecutionContext, storage: StorageResource) -> Iterator[Materialized]:
        keeping = storage.open()
        read = partial(read_corpus, keeping, settings, CHAIN, needs)
        yield from unless_blocked(name, materialize(context, keeping, read, lambda corpus: _build_json(keeping, corpus, kind)))

    return json_file


def _build_json(storage: Storage, corpus: Corpus, kind: Kind) -> Built:
    report = write_examples_json(storage, [video.video_id for video in corpus.videos], corpus.splits, kind)
    for _ in side_by_side(storage.lanes, lambda video_id: write_images(storage, video_id, Path(), frozenset()), corpus.gone):
        pass
    counts = {f"{split}_examples": report.rows[split] for split in SPLITS if report.rows[split]}
    counts |= {f"left out: {reason}": count for reason, count in sorted(report.left_out.items())}
    objects = tuple(StoredObject(key=file.key, size_bytes=file.size_bytes) for file in report.files)
    return Built(objects, tuple(file.sha256 for file in report.files), counts, report.skipped, report.found)


def _all_videos(names: Sequence[str]) -> list[dg.AssetDep]:
    return [dg.AssetDep(name, partition_mapping=dg.AllPartitionMapping()) for name in names]


def _hf_dataset(settings: Settings) -> dg.AssetsDefinition:
    policy = settings.policy(DatasetPolicy)

    @dg.asset(
        deps=[*_all_videos(FROM_EVERYTHING), VIDEO_GROUPS],
        group_name="dataset",
        kinds={"huggingface", "parquet"},
        owners=OWNERS,
        code_version=f"8-{LAYOUT}-{policy.cadences}-{policy.shard_mb:g}-{thresholds.version()}",
        freshness_policy=FRESH,
        check_specs=[*corpus_checks("hf_dataset"), outcome_check("hf_dataset"), *quality_checks("hf_dataset")],
    )
    def hf_dataset(context: dg.AssetExecutionContext, storage: StorageResource) -> Iterator[Materialized]:
        """`processed/dataset/`: a Hugging Face dataset with the configs sft, rl, stream and preference, their splits, and a card made from the data.

        The images are the very JPEG bytes that the captioner saw; only a few are decoded, for the card. Costs about the disk space of the frames seven
        times over (once in stream, twice in each config of window pairs); runs at the speed of the disk. The folder changes from one whole dataset
        to the next at the moment its card is written. Dagster warns when it was not looked at for two days, which the nightly backfill
        sees to even where nothing has changed.
        """
        keeping = storage.open()
        read = partial(read_corpus, keeping, settings, CHAIN, FROM_EVERYTHING)

        def outcomes(corpus: Corpus, counts: Mapping[str, int]) -> list[dg.AssetCheckResult]:
            poor = corpus.poor if counts.get(POOR_COUNT) else ()
            return [few_failed(corpus.outcomes, len(corpus.videos), corpus.failed, settings), *quality_of(counts, poor)]

        yield from unless_blocked("hf_dataset", materialize(context, keeping, read, lambda corpus: _build_dataset(keeping, corpus, policy), outcomes, _told))

    return hf_dataset


def _entries(corpus: Corpus) -> list[DatasetVideo]:
    return [DatasetVideo(video, corpus.splits[video.video_id], corpus.sizes, corpus.groups[video.video_id]) for video in corpus.videos]


def _told(corpus: Corpus) -> dict[str, str]:
    """What every row tells of its video, and nothing else is made from."""
    return {f"{entry.video.video_id}/origin": entry.origin.model_dump_json() for entry in _entries(corpus)}


def _build_dataset(storage: Storage, corpus: Corpus, policy: DatasetPolicy) -> Built:
    shard_bytes = round(policy.shard_mb * 1e6)
    report = build_dataset(storage, _entries(corpus), shard_bytes, policy.cadences_s, background_of(storage))
    objects = tuple(StoredObject(key=key, size_bytes=report.size_bytes[key]) for key in (CARD, *report.shards, *report.beside.size_bytes))
    counts = {"shards": len(report.shards), **report.contents.measures.quality}
    return Built(objects, (report.card_sha256,), counts, report.skipped, report.found)
