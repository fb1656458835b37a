"""Videos that are left out of the dataset only because something was not made of them yet that costs nothing, as in a storage of an older version."""

from streamcap_dagster.assets.corpus import gap
from streamcap_dagster.assets.corpus_checks import NAMED
from streamcap_dagster.assets.dataset import CHAIN
from streamcap_dagster.assets.examples import rl_examples, sft_examples
from streamcap_dagster.assets.frames import frame_hashes
from streamcap_dagster.assets.preferences import preference_examples
from streamcap_dagster.assets.quality import caption_quality
from streamcap_dagster.assets.reviews import reviews
from streamcap_dagster.storage import Storage
from streamcap_dagster.storage.failures import read_failures
from streamcap_dagster.storage.receipts import Receipts, receipts_of
from streamcap_dagster.videos.manifest import read_manifest

FREE = (frame_hashes, caption_quality, reviews, sft_examples, rl_examples, preference_examples)
_REST = tuple(asset for asset in CHAIN if asset not in FREE)


def lacking_only_free(storage: Storage) -> list[str]:
    """Usable videos that have everything else."""
    videos = [video for video in read_manifest(storage).values() if video.status == "ok"]
    found = zip(videos, receipts_of(storage, [video.video_id for video in videos]), strict=True)
    known = ((video, receipts) for video, receipts in found if isinstance(receipts, Receipts))
    return [video.video_id for video, receipts in known if gap(video, receipts, CHAIN) and not gap(video, receipts, _REST)]


def left_out_for_free(storage: Storage) -> list[str]:
    """What is to be done before the dataset is whole, as a sentence. A video of which it was tried and failed is not waited for."""
    names = {asset.name for asset in FREE}
    failed = {failure.video_id for failure in read_failures(storage) if failure.asset in names}
    waiting = [video_id for video_id in lacking_only_free(storage) if video_id not in failed]
    if not waiting:
        return []
    more = f" and {len(waiting) - NAMED:,} more" if len(waiting) > NAMED else ""
    videos = f"{len(waiting):,} video{'' if len(waiting) == 1 else 's'} ({', '.join(waiting[:NAMED])}{more})"
    return [f"{videos} left out only because {' and '.join(sorted(names))} were not made yet, which cost nothing: make them with `streamcap run`"]
