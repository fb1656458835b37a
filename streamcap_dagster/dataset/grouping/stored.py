"""The groups as they are stored: `processed/groups.json`."""

from streamcap_dagster.dataset.grouping.likeness import RULE
from streamcap_dagster.errors import ObjectMissing
from streamcap_dagster.records import VideoGroups
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record


def read_groups(storage: Storage) -> VideoGroups:
    """The groups of all videos; none before any were found."""
    try:
        return read_record(storage, keys.GROUPS, VideoGroups)
    except ObjectMissing:
        return VideoGroups(rule=RULE, groups=())
