"""How the Smint.io stand-in behaves where a real tenant is configured, or where its behaviour is not public."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["SmintioOptions"]


@dataclass(frozen=True, slots=True)
class SmintioOptions:
    """Settings of the stand-in. The credentials open nothing but this sandbox."""

    client_id: str = "sandbox-smintio"
    client_secret: str = field(default="sandbox-smintio-secret", repr=False)
    refresh_token: str = field(default="sandbox-refresh-0", repr=False)
    """The first refresh token, as a person's log-in would have given it."""
    portal_id: str = "90000000-0000-4000-8000-000000000001"
    search_page_id: str = "90000000-0000-4000-8000-000000000002"
    token_life_s: int = 3600
    task_polls: int = 1
    """How often a long-running task is still in progress."""
    flat: bool = False
    """Write data objects as flat objects instead of a list of entries."""
    rate_limit: int = 10_000
    """Calls in a minute; no numbers are public."""
