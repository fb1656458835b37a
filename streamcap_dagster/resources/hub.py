"""The Hugging Face repository that the dataset is published to, as a Dagster resource."""

import dagster as dg
from pydantic import Field


class HubResource(dg.ConfigurableResource[None]):
    """Names the repository; while it is empty nothing is published."""

    repo: str = Field("", description="dataset repository as owner/name; empty publishes nothing")
