"""How the iconik stand-in behaves where a real tenant is configured, or where its behaviour is not public."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["IconikOptions"]


@dataclass(frozen=True, slots=True)
class IconikOptions:
    """Settings of the stand-in. The credentials open nothing but this sandbox."""

    app_id: str = "6f1c0c9e-0000-4000-8000-000000000001"
    """Header `App-ID`."""
    auth_token: str = field(default="sandbox-iconik-token", repr=False)
    """Header `Auth-Token`, the value of an application token."""
    hook_secret: str = field(default="sandbox-iconik-hook", repr=False)
    """The header `X-Hook-Secret` of webhooks, as somebody would have set it."""
    system_domain_id: str = "80000000-0000-4000-8000-000000000001"
    view_id: str = "70000000-0000-4000-8000-000000000001"
    """The one metadata view of the tenant."""
    rate_limit: int = 1000
    """Calls in one window; the number is known at second hand only."""
    rate_window_s: int = 20
    """Length of a window."""
    url_life_s: int = 3600
    """Seconds that a signed URL opens the store; the real life is not public."""
