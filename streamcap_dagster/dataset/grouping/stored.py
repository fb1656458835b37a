"""The groups as they are stored: `processed/groups.json`, and in the ledger which of them were known earlier."""

from streamcap_dagster.dataset.grouping.likeness import RULE
from streamcap_dagster.dataset.grouping.records import GroupAges, VideoGroups
from streamcap_dagster.errors import ObjectMissing
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.documents import read_record, write_record


def read_groups(storage: Storage) -> VideoGroups:
    """The groups of all videos; none before any were found. Without their ages, which only naming asks for."""
    try:
        return read_record(storage, keys.GROUPS, VideoGroups)
    except ObjectMissing:
        return VideoGroups(rule=RULE, groups=())


def read_aged_groups(storage: Storage) -> VideoGroups:
    """The groups of all videos with their ages."""
    try:
        ages = read_record(storage, keys.GROUP_AGES, GroupAges).ages
    except ObjectMissing:
        ages = {}
    return read_groups(storage).model_copy(update={"ages": ages})


def write_groups(storage: Storage, groups: VideoGroups) -> bytes:
    """Store the groups; returns the bytes of `processed/groups.json`."""
    write_record(storage, keys.GROUP_AGES, GroupAges(ages=groups.ages))
    return write_record(storage, keys.GROUPS, groups)
