"""How much may be asked of a service: what its model table and the user's settings say, and one process's part of it."""

from dataclasses import dataclass, replace

from streamcap_dagster.model_table import ModelQuota


@dataclass(frozen=True)
class Quota:
    """Limits of a project and model, None where there is none. `share` of those that are per time is what we use; money and calls in flight are whole."""

    rpm: float | None = None
    """Requests a minute."""
    tpm: float | None = None
    """Input tokens a minute."""
    rpd: float | None = None
    """Requests a day of Pacific time."""
    usd_per_10min: float | None = None
    share: float = 1.0
    in_flight: int = 64
    """Most requests at the same time, of each process."""
    budget_usd: float | None = None
    """Most dollars on the whole storage, all days and models together."""

    def part_of(self, processes: int) -> "Quota":
        """What one of several processes may use of the limits per minute and per ten minutes, our share already taken; day and budget are not divided."""
        part = self.share / max(1, processes)
        return replace(self, rpm=_times(self.rpm, part), tpm=_times(self.tpm, part), usd_per_10min=_times(self.usd_per_10min, part), share=1.0)

    @property
    def day_requests(self) -> float | None:
        """Our share of the requests of a day."""
        return _times(self.rpd, self.share)


def quota_from(
    known: ModelQuota,
    *,
    rpm: int | None = None,
    tpm: int | None = None,
    rpd: int | None = None,
    usd_per_10min: float | None = None,
    share: float = 1.0,
    in_flight: int = 64,
    budget_usd: float | None = None,
) -> Quota:
    """The quota of a model as its table knows it, with the user's own limits instead where given: 0 is no limit, None is the table's."""
    return Quota(
        rpm=_chosen(rpm, known.rpm),
        tpm=_chosen(tpm, known.tpm),
        rpd=_chosen(rpd, known.rpd),
        usd_per_10min=_chosen(usd_per_10min, known.usd_per_10min),
        share=share,
        in_flight=in_flight,
        budget_usd=budget_usd,
    )


def _chosen(given: float | None, known: float | None) -> float | None:
    return known if given is None else given or None


def _times(limit: float | None, part: float) -> float | None:
    return None if limit is None else limit * part
