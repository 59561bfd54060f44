"""What a trial says."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the service held, and what was seen."""

    holds: bool
    seen: str
