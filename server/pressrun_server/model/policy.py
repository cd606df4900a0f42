"""What a template says about documents that were made but have something wrong: let it pass, warn, or fail."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

__all__ = ["KINDS", "Policy", "Verdict"]

Verdict: TypeAlias = Literal["pass", "warn", "fail"]

KINDS = ("missing-glyph", "overflow", "low-resolution", "small-text", "asset-fallback", "email-size", "summary-length")
"""What a policy decides about, as template.yaml writes it; the code of the warning is `MISSING_GLYPH` and so on."""


class Policy(msgspec.Struct, frozen=True):
    """A template's verdict on each kind of warning, and the least that it takes."""

    missing_glyph: Verdict = "warn"
    """A character that no font of the template has."""
    overflow: Verdict = "warn"
    """Text or a picture that is larger than its place."""
    low_resolution: Verdict = "warn"
    """A picture with fewer than `minimum_ppi` pixels an inch where it stands."""
    small_text: Verdict = "warn"
    """Text below `minimum_text`."""
    asset_fallback: Verdict = "warn"
    """The fallback of an asset that could not be used."""
    email_size: Verdict = "warn"
    """HTML of an e-mail that is so large that mail clients cut it off."""
    summary_length: Verdict = "warn"
    """A summary that is longer than the template wants it."""
    minimum_ppi: int = 150
    minimum_text: int = 5000
    """Millipoints."""

    def verdict(self, kind: str) -> Verdict:
        """What it says of one of `KINDS`."""
        verdict: Verdict = getattr(self, kind.replace("-", "_"))
        return verdict
