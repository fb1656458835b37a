"""How the quota and the budget of a captioner are shared now, as the accounts in storage tell it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from streamcap_dagster.captions.captioner import Captioner
from streamcap_dagster.captions.pacing.accounts import HEARTBEAT_S, pacific_day, slug
from streamcap_dagster.captions.pacing.others import Account, Others
from streamcap_dagster.captions.pacing.quota import Quota
from streamcap_dagster.resources.captioner import PacedCaptionerResource
from streamcap_dagster.settings import Settings
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.wiring import captioner_for

_NOBODY = ""
"""Stands for the process that looks: it has no account and no part of the quota."""
_NAMED = 6


@dataclass(frozen=True)
class Sharing:
    """Who is asking now, and what was used of the limits."""

    model: str
    quota: Quota
    requests_today: int
    """Of Pacific time."""
    usd: float
    """Of all days, services and models on the storage."""
    live: Sequence[Account]

    @property
    def sentence(self) -> str:
        """All of it in one line."""
        return f"{self.model}: {self._who}; {self._requests} today (Pacific time); {self._dollars} on this storage"

    @property
    def plain(self) -> dict[str, object]:
        """For programs."""
        return {
            "model": self.model,
            "processes": [account.process for account in self.live],
            "requests_today": self.requests_today,
            "requests_a_day": self.quota.day_requests,
            "spent_usd": round(self.usd, 6),
            "budget_usd": self.quota.budget_usd,
        }

    @property
    def _who(self) -> str:
        if not self.live:
            return "nobody is asking now"
        names = ", ".join(account.process for account in self.live[:_NAMED])
        more = f" and {len(self.live) - _NAMED} more" if len(self.live) > _NAMED else ""
        alone = "1 process has the quota for itself" if len(self.live) == 1 else f"{len(self.live)} processes share the quota"
        return f"{alone} ({names}{more})"

    @property
    def _requests(self) -> str:
        limit = self.quota.day_requests
        return f"{self.requests_today:,} requests" if limit is None else f"{self.requests_today:,} of {limit:,.0f} requests"

    @property
    def _dollars(self) -> str:
        limit = self.quota.budget_usd
        return f"${self.usd:,.2f} spent" if limit is None else f"${self.usd:,.2f} of ${limit:,.2f} spent"


class QuotaWatch:
    """Looks at the accounts, again and again where wanted; what is final is read once."""

    def __init__(self, settings: Settings, captioner: Captioner, storage: Storage) -> None:
        resource = captioner_for(settings)
        self._quota = resource.quota() if isinstance(resource, PacedCaptionerResource) else None
        self._model = captioner.model
        folder = f"{keys.QUOTA}{slug(f'{captioner.name}-{captioner.model}')}/"
        self._others = Others(storage, folder, _NOBODY, HEARTBEAT_S, time.time, time.monotonic)

    def look(self) -> Sharing | None:
        """None where nobody is asked over a network, and so nothing is shared."""
        if self._quota is None:
            return None
        standing = self._others.look(pacific_day(time.time()).isoformat())
        return Sharing(self._model, self._quota, standing.requests_today, standing.usd, self._others.live())
