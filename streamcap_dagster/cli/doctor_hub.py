"""What `streamcap doctor` finds of a source on the Hugging Face Hub: whether it may be read, what is in it, and whether its copies have room."""

from collections.abc import Iterator

from rich.filesize import decimal

from streamcap_dagster.cli.doctor_gcs import PATIENCE_S
from streamcap_dagster.cli.finding import Finding
from streamcap_dagster.licences import licence_id
from streamcap_dagster.settings import Settings
from streamcap_dagster.wiring import source_for

_SHOWN = 5


def hub_findings(settings: Settings) -> Iterator[Finding]:
    """Checks of an hf:// source; lists the dataset when it has a commit that was not listed before. Raises SourceError when it cannot be used."""
    from streamcap_dagster.videos.hf_source import HfSource

    source = source_for(settings).open(PATIENCE_S)
    assert isinstance(source, HfSource)
    files = list(source.scan())
    described = source.describe({file.uri for file in files})
    licences = sorted({about.license if licence_id(about.license) else "unknown" for about in described.about.values()})
    told = ", ".join(licences[:_SHOWN]) + (" and others" if len(licences) > _SHOWN else "")
    yield Finding("source", "ok", f"{source.uri} has {len(files):,} video{'' if len(files) == 1 else 's'}" + (f"; licence: {told}" if licences else ""))
    yield from (Finding("source", "warning", remark, "It keeps no video out.") for remark in described.remarks[:_SHOWN])
    if source.table_bytes > settings.cache_gb * 1e9:
        why = f"its tables have {decimal(source.table_bytes)}, of which at most {settings.cache_gb:g} GB are kept here at a time (STREAMCAP_CACHE_GB)"
        yield Finding("cache", "warning", why, "Videos in a table come many at once: with less room some are fetched several times. Raise STREAMCAP_CACHE_GB.")
