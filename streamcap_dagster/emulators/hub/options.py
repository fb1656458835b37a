"""What an emulator is told when it is started; the defaults are a service without faults or delay."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """Whose tokens are good for what. A token is anything that begins with `hf_`, unless one is given."""

    token: str = ""
    """The only token to accept."""
    owners: tuple[str, ...] = ()
    """Namespaces in which the token may write; without any it may in all."""
    latency_s: float = 0.0
    page_size: int = 1000
    """Entries on a page of a listing."""
    remember: bool = True
    """Keep the rows of the journal in memory; without, only the counts."""
