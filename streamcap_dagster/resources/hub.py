"""The Hugging Face repository that the dataset is published to, as a Dagster resource that opens a plain `HubRepository`."""

import re
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field, SecretStr

from streamcap_dagster.errors import SettingError

if TYPE_CHECKING:
    from streamcap_dagster.hub.huggingface import HubRepository

_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")


class HubResource(dg.ConfigurableResource[None]):
    """Names the repository; while it is empty nothing is published."""

    repo: str = Field("", description="dataset repository as owner/name; empty publishes nothing")
    token: str = Field("", description="a token that may write; a secret", json_schema_extra={"dagster__is_secret": True})
    endpoint: str = Field("", description="the address; empty is Hugging Face's own")

    def open(self, token_needed: bool = True) -> "HubRepository":
        """The repository; nobody is asked yet. Raises SettingError when its name cannot be one, or the token is missing and needed."""
        from streamcap_dagster.hub.huggingface import HubRepository  # half a second of SDK that other commands do without

        if not self.repo:
            raise SettingError("STREAMCAP_HUB_REPO", "", "name the repository to publish to as owner/name, here or with --repo")
        if not _NAME.fullmatch(self.repo):
            raise SettingError("STREAMCAP_HUB_REPO", self.repo, "a repository is owner/name, such as somebody/captions")
        token = (self.token.get_value() if isinstance(self.token, dg.EnvVar) else self.token) or ""
        if token_needed and not token.strip():
            raise SettingError("HF_TOKEN", "", "publishing needs a token that may write; https://huggingface.co/settings/tokens makes one")
        return HubRepository(self.repo, SecretStr(token.strip()), self.endpoint)
