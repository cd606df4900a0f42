"""Why a bench's figures are not to be believed."""

from __future__ import annotations

from collections.abc import Sequence

from pressrun_loadtest.demo.errors import DemoError

__all__ = ["CheckError"]

_SHOWN = 10


class CheckError(DemoError):
    """Documents that were measured are not what they should be; the text lists the first faults."""

    def __init__(self, what: str, faults: Sequence[str]) -> None:
        lines = "".join(f"\n  {fault}" for fault in faults[:_SHOWN])
        more = f"\n  and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        super().__init__(f"{what}: {len(faults)} faults; no figure of this run counts{lines}{more}")
        self.faults = tuple(faults)
