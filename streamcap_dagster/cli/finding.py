"""What one check of `streamcap doctor` found."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warning", "failed"]


@dataclass(frozen=True)
class Finding:
    """`fix` is empty when there is nothing to fix."""

    check: str
    verdict: Verdict
    found: str
    fix: str = ""
