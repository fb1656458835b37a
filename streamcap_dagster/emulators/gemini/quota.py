"""Quotas of requests, input tokens and dollars, counted for each model; what does not fit is refused with the wait until it would."""

from collections import defaultdict, deque
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from streamcap_dagster.emulators.gemini import refusals
from streamcap_dagster.emulators.gemini.options import Options

_DAYS_IN = ZoneInfo("America/Los_Angeles")
_SPEND_MINUTES = 10


class Window:
    """What was used in the last so many seconds, the strictest reading of a quota a minute."""

    def __init__(self, limit: float | None, length_s: float) -> None:
        self.limit = limit
        self._length_s = length_s
        self._used: deque[tuple[float, float]] = deque()
        self._sum = 0.0

    def wait_s(self, amount: float, now: float) -> float:
        """Seconds until so much more fits; 0 when it does now. What can never fit waits for an empty window."""
        if self.limit is None:
            return 0.0
        self._forget(now)
        over = self._sum + amount - self.limit
        for at, used in self._used:
            if over <= 0:
                break
            over -= used
            ready = at + self._length_s - now
        return ready if self._sum + amount > self.limit and self._used else self._length_s if amount > self.limit else 0.0

    def take(self, amount: float, now: float) -> None:
        if self.limit is not None:
            self._used.append((now, amount))
            self._sum += amount

    def _forget(self, now: float) -> None:
        while self._used and self._used[0][0] <= now - self._length_s:
            self._sum -= self._used.popleft()[1]
        if not self._used:
            self._sum = 0.0


class Quota:
    """The quotas of one project."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._models: dict[str, _ModelQuota] = defaultdict(lambda: _ModelQuota(options))

    def admit(self, model: str, tokens: int, vertex: bool = False) -> None:
        """Count a request and its input tokens. Raises Refusal with the body of the service when a quota does not allow it; that one is not counted."""
        quota, now = self._models[model], self._options.clock()
        refused = quota.refusal(model, tokens, now)
        if refused is not None:
            raise refusals.vertex_quota() if vertex else refused
        quota.take(tokens, now)

    def pay(self, model: str, cost_usd: float) -> None:
        self._models[model].spend.take(cost_usd, self._options.clock())


class _ModelQuota:
    def __init__(self, options: Options) -> None:
        self._rpd = options.rpd
        self.requests = Window(options.rpm, options.minute_s)
        self.tokens = Window(options.tpm, options.minute_s)
        self.spend = Window(options.usd_per_10min, _SPEND_MINUTES * options.minute_s)
        self._day = ""
        self._today = 0

    def refusal(self, model: str, tokens: int, now: float) -> refusals.Refusal | None:
        if self._rpd is not None and self._on(now) >= self._rpd:
            wait = _until_midnight_s(now)
            return refusals.quota(model, "generate_requests_per_model_per_day", "GenerateRequestsPerDayPerProjectPerModel", self._rpd, wait, "quota_rpd")
        if self.spend.wait_s(0, now) > 0:
            return refusals.spend_limit_reached()
        if wait := self.requests.wait_s(1, now):
            limit = int(self.requests.limit or 0)
            return refusals.quota(model, "generate_requests_per_model", "GenerateRequestsPerMinutePerProjectPerModel", limit, wait, "quota_rpm")
        if wait := self.tokens.wait_s(tokens, now):
            metric, limit = "generate_content_paid_tier_input_token_count", int(self.tokens.limit or 0)
            return refusals.quota(model, metric, "GenerateContentPaidTierInputTokensPerModelPerMinute", limit, wait, "quota_tpm")
        return None

    def take(self, tokens: int, now: float) -> None:
        self.requests.take(1, now)
        self.tokens.take(tokens, now)
        self._today = self._on(now) + 1

    def _on(self, now: float) -> int:
        """Requests so far on this day, which begins at midnight Pacific time."""
        day = datetime.fromtimestamp(now, _DAYS_IN).date().isoformat()
        if day != self._day:
            self._day, self._today = day, 0
        return self._today


def _until_midnight_s(now: float) -> float:
    here = datetime.fromtimestamp(now, _DAYS_IN)
    midnight = (here + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.timestamp() - now
