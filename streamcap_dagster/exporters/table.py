"""Every format there is, in the order of `streamcap export --help`."""

from collections.abc import Mapping

from streamcap_dagster.errors import SettingError
from streamcap_dagster.exporters import (
    livecc,
    llamafactory,
    llava,
    molmo2,
    ms_swift,
    openai_batch,
    trl_dpo,
    trl_grpo,
    trl_prompt_completion,
    trl_sft,
    webdataset,
)
from streamcap_dagster.exporters.exporter import Exporter

EXPORTERS: Mapping[str, Exporter] = {
    exporter.name: exporter
    for exporter in (
        trl_sft.EXPORTER,
        trl_prompt_completion.EXPORTER,
        trl_grpo.EXPORTER,
        trl_dpo.EXPORTER,
        llamafactory.EXPORTER,
        ms_swift.EXPORTER,
        llava.EXPORTER,
        livecc.EXPORTER,
        molmo2.EXPORTER,
        webdataset.EXPORTER,
        openai_batch.EXPORTER,
    )
}


def exporter_of(name: str) -> Exporter:
    """The format of that name. Raises SettingError with the known ones."""
    if name not in EXPORTERS:
        raise SettingError("FORMAT", name, f"the formats are {', '.join(EXPORTERS)}")
    return EXPORTERS[name]
