"""Gates in virtual time."""

from collections.abc import Callable

from streamcap_dagster.captions.pacing.gate import Allowance, Exhausted, Load, QuotaGate
from streamcap_dagster.captions.pacing.quota import Quota
from streamcap_dagster.errors import RunStopped, StreamcapError
from tests.captions.pacing.virtual_time import now

NO_LOAD = Load()


class Ended(RunStopped):
    pass


def ended(what: Exhausted) -> StreamcapError:
    return Ended(what)


ALL = Allowance()


def gate(quota: Quota, allowance: Allowance = ALL, clock: Callable[[], float] = now) -> QuotaGate:
    return QuotaGate(quota, ended, allowance, clock=clock)
