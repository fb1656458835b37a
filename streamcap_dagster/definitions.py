"""What Dagster loads (`-m streamcap_dagster.definitions`, `workspace.yaml`): the graph under the settings of this process."""

from streamcap_dagster.settings import read_settings
from streamcap_dagster.wiring import build_definitions

defs = build_definitions(read_settings())
