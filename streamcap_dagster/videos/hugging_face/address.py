"""`hf://owner/name:split@revision` taken apart."""

import re
from dataclasses import dataclass

from streamcap_dagster.errors import SettingError

SCHEME = "hf"
_ADDRESS = re.compile(r"hf://(?:datasets/)?(?P<repo>[\w.-]{1,96}/[\w.-]{1,96})(?P<before>@[^:@\s]+)?(?P<subset>:[\w.-]+(?:/[\w.-]+)?)?(?P<after>@[^:@\s]+)?/?")


@dataclass(frozen=True)
class HubAddress:
    """A dataset of the Hub, or a part of it."""

    repo: str
    """`owner/name`."""
    subset: str = ""
    """A split, a config, or `config/split`; empty is every split of the default config."""
    revision: str = ""
    """A branch, tag or commit; empty is the default branch."""

    @property
    def uri(self) -> str:
        return f"{SCHEME}://{self.repo}" + (f":{self.subset}" if self.subset else "") + (f"@{self.revision}" if self.revision else "")


def read_hub_address(uri: str, setting: str) -> HubAddress:
    """The address of an `hf://` URI. Raises SettingError, for the setting it came from, when none can be like that."""
    found = _ADDRESS.fullmatch(uri)
    if found is None or (found["before"] and found["after"]):
        raise SettingError(setting, uri, "give a dataset of the Hugging Face Hub as hf://OWNER/NAME, hf://OWNER/NAME:SPLIT or hf://OWNER/NAME:SPLIT@REVISION")
    revision = found["before"] or found["after"] or ""
    return HubAddress(found["repo"], (found["subset"] or "")[1:], revision[1:])
