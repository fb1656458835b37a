"""The dataset on the Hugging Face Hub."""

from collections.abc import Iterator
from typing import BinaryIO

import dagster as dg
from pydantic import Field

from streamcap_dagster.assets.dataset import OWNERS
from streamcap_dagster.assets.free import left_out_for_free
from streamcap_dagster.dataset.configs import CONFIGS
from streamcap_dagster.dataset.names import hash_in
from streamcap_dagster.dataset.shards import LAYOUT
from streamcap_dagster.hub.failures import NotPublishable
from streamcap_dagster.hub.publishing import WAITS_S, Published, Publisher, Say, Wish
from streamcap_dagster.partitions import Materialized
from streamcap_dagster.resources.hub import HubResource
from streamcap_dagster.resources.storage import StorageResource
from streamcap_dagster.storage import Storage

PUBLISHED = "published_dataset"


class Publishing(dg.Config):
    """What can be chosen anew for each publication."""

    public: bool = Field(False, description="let everybody read it; without, a new repository is private and an old one stays what it is")
    allow_rehearsal: bool = Field(False, description="also publish what no model that sees has captioned")
    tag: str = Field("", description="name of the release; by default the day and a number")
    despite: str = Field("", description="why it is published although the checks of its quality found errors; only this run heeds it")


@dg.asset(name=PUBLISHED, deps=["hf_dataset"], group_name="dataset", kinds={"huggingface"}, owners=OWNERS, output_required=False, code_version="2")
def published_dataset(context: dg.AssetExecutionContext, config: Publishing, storage: StorageResource, hub: HubResource) -> Iterator[Materialized]:
    """The dataset on the Hugging Face Hub, as one commit a release. Idle while no repository is configured (STREAMCAP_HUB_REPO).

    Private unless asked otherwise. Sends only shards that the repository does not have, after every picture of theirs was opened and every text was
    looked through; takes away those that are no part of it any more; tags the release and tells of it in CHANGELOG.md. Nothing new, no commit.
    While a check of the quality of hf_dataset is an error nothing is sent, unless the run is given a reason (`despite`), which the card then tells.
    """
    if not hub.repo:
        context.log.info("Nothing is published: no repository is configured. The dataset is whole and ready in processed/dataset.")
        return
    wish = Wish(config.public, config.allow_rehearsal, config.tag, config.despite)
    try:
        published = publisher(storage.open(), hub, wish, context.log.info).publish()
    except NotPublishable as error:
        raise dg.Failure(str(error), metadata={"faults": dg.MetadataValue.json(list(error.faults))}, allow_retries=False) from None
    yield Materialized(metadata=told_of(published), data_version=dg.DataVersion(published.commit))


def publisher(storage: Storage, hub: HubResource, wish: Wish, say: Say, *, only_look: bool = False) -> Publisher:
    """Ready to publish; nobody is asked yet. One that will `only_look` needs no token, and asks the Hub once.

    Raises SettingError for a repository or a token that cannot be.
    """

    def hash_of(file: BinaryIO, config: str) -> str:
        return hash_in(file, config, LAYOUT) if config in CONFIGS else ""

    repository, waits_s = hub.open(token_needed=not only_look), () if only_look else WAITS_S
    return Publisher(storage, repository, wish, hash_of, lambda: left_out_for_free(storage.afresh()), say, waits_s)


def told_of(published: Published) -> dict[str, dg.MetadataValue]:
    """What Dagster is told of a publication."""
    changes, difference = published.changes, published.difference
    told: dict[str, dg.MetadataValue] = {
        "repository": dg.MetadataValue.url(published.url),
        "commit": dg.MetadataValue.text(published.commit),
        "release": dg.MetadataValue.text(published.tag),
        "public": dg.MetadataValue.bool(published.public),
        "files_sent": dg.MetadataValue.int(len(changes.shards) + len(changes.small)),
        "files_removed": dg.MetadataValue.int(len(changes.removed)),
        "bytes_changed": dg.MetadataValue.int(changes.size_bytes),
    }
    if difference is not None:
        told |= {"videos_added": dg.MetadataValue.int(difference.videos_added), "videos_removed": dg.MetadataValue.int(difference.videos_removed)}
    return told
