"""What can go wrong while publishing, in sentences for the person who publishes."""

from collections.abc import Sequence

from streamcap_dagster.errors import StreamcapError

NAMED = 200
"""Faults that a message names; of more it tells how many there are."""


AS_IT_WAS = "What is published there is as it was."


class PublishingFailed(StreamcapError):
    """The Hub did not take the dataset, or not all of it; `left` says what is published now."""

    def __init__(self, repo: str, doing: str, why: str, fix: str, left: str = AS_IT_WAS) -> None:
        super().__init__(f"{doing} failed for {repo} on the Hub: {why}. {fix} {left}")


class HubBusy(PublishingFailed):
    """It may well work when it is tried again: trouble on the way or on the Hub, or somebody else changed the repository."""


class NotPublishable(StreamcapError):
    """The dataset is not fit to be published as it is."""

    def __init__(self, repo: str, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        listed = "".join(f"\n- {fault}" for fault in faults[:NAMED])
        more = f"\n- and {len(faults) - NAMED:,} more" if len(faults) > NAMED else ""
        count = "1 fault" if len(faults) == 1 else f"{len(faults):,} faults"
        super().__init__(f"nothing was sent to {repo}: the dataset has {count}.{listed}{more}")
