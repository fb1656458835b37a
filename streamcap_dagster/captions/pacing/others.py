"""What other processes have put on their accounts, and which of them live."""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import ValidationError

from streamcap_dagster.errors import ObjectMissing, ObjectUnreadable
from streamcap_dagster.records import Record
from streamcap_dagster.storage import Storage, keys
from streamcap_dagster.storage.many import side_by_side
from streamcap_dagster.storage.processes import is_gone

_SILENT_BEATS = 3


class Account(Record):
    """`quota/<service and model>/<Pacific day>/<process>.json`: what one process has used on one day."""

    process: str
    requests: int = 0
    """Requests that were begun."""
    tokens: float = 0.0
    usd: float = 0.0
    """Paid, and promised to requests in flight or with an unknown end."""
    claimed_requests: float = 0
    """How many more it may begin until it looks at the others again."""
    claimed_usd: float = 0.0
    """How much more it may spend until then."""
    seen_at: float
    """When it was last known to live, in seconds since 1970 by its own clock."""
    ended: bool = False


@dataclass(frozen=True)
class Standing:
    """What others have used, and how many processes share the quota now, this one included."""

    requests_today: int = 0
    usd: float = 0.0
    """Of all days, services and models on this storage."""
    claimed_requests: float = 0
    """What those that live may still use until they look again."""
    claimed_usd: float = 0.0
    processes: int = 1


@dataclass(frozen=True)
class _Seen:
    account: Account
    changed_s: float
    """When it was first seen like this, by our own clock: what counts is that it changes, not what the other's clock says."""


class Others:
    """All accounts but our own. Each look reads what may have changed since the last."""

    def __init__(self, storage: Storage, folder: str, process: str, heartbeat_s: float, wall: Callable[[], float], clock: Callable[[], float]) -> None:
        self._storage = storage
        self._folder = folder
        self._process = process
        self._silent_s = _SILENT_BEATS * heartbeat_s
        self._wall = wall
        self._clock = clock
        self._seen: dict[str, _Seen] = {}

    def look(self, today: str) -> Standing:
        """How the others stand. An account whose clock is ahead counts as alive only until we have seen it stand still for three heartbeats."""
        found = [stored.key for stored in self._storage.list(keys.QUOTA) if not stored.key.endswith(f"/{self._process}.json")]
        now_s = self._clock()
        unsettled = [key for key in found if not self._is_final(key, today, now_s)]
        for key, account in zip(unsettled, side_by_side(self._storage.lanes, self._read, unsettled), strict=True):
            if account is not None:
                self._note(key, account, now_s)
        ours = {key: seen for key, seen in self._seen.items() if key.startswith(self._folder)}
        live = {key: seen for key, seen in self._seen.items() if self._is_live(seen, now_s)}
        return Standing(
            requests_today=sum(seen.account.requests for key, seen in ours.items() if key.startswith(f"{self._folder}{today}/")),
            usd=sum(seen.account.usd for seen in self._seen.values()),
            claimed_requests=sum(live[key].account.claimed_requests for key in live.keys() & ours.keys()),
            claimed_usd=sum(seen.account.claimed_usd for seen in live.values()),
            processes=1 + len({live[key].account.process for key in live.keys() & ours.keys()}),
        )

    def live(self) -> list[Account]:
        """The accounts that those who share the quota now were last seen to keep, in order of process."""
        now_s = self._clock()
        ours = (seen for key, seen in self._seen.items() if key.startswith(self._folder) and self._is_live(seen, now_s))
        return sorted((seen.account for seen in ours), key=lambda account: account.process)

    def _is_final(self, key: str, today: str, now_s: float) -> bool:
        """Whether what is known of an account will not change any more, so that it need not be read again."""
        seen = self._seen.get(key)
        if seen is None or not self._is_silent(seen, now_s):
            return False
        return seen.account.ended or is_gone(seen.account.process) or not key.startswith(f"{self._folder}{today}/")

    def _read(self, key: str) -> Account | None:
        try:
            return read_account(self._storage, key)
        except ObjectMissing:  # somebody has just removed it
            return None

    def _note(self, key: str, account: Account, now_s: float) -> None:
        seen = self._seen.get(key)
        if seen is None:
            self._seen[key] = _Seen(account, now_s - max(0.0, self._wall() - account.seen_at))
        elif seen.account != account:
            self._seen[key] = _Seen(account, now_s)

    def _is_live(self, seen: _Seen, now_s: float) -> bool:
        return not seen.account.ended and not self._is_silent(seen, now_s) and not is_gone(seen.account.process)

    def _is_silent(self, seen: _Seen, now_s: float) -> bool:
        return now_s - seen.changed_s >= self._silent_s


def read_account(storage: Storage, key: str) -> Account:
    try:
        return Account.model_validate_json(storage.read(key))
    except ValidationError as error:
        raise ObjectUnreadable(key, f"it is no account ({error.errors()[0]['msg']})", "Delete it; what that process used is then not counted.") from error
