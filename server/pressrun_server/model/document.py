"""What came out of a render."""

from __future__ import annotations

import msgspec

from pressrun_server.model.summary import TextLength

__all__ = ["ComposePhases", "ComposeSummary", "RenderWarning"]


class RenderWarning(msgspec.Struct, frozen=True):
    """Something about a finished document that its owner may want to know."""

    code: str
    message: str
    place: str = ""

    def __str__(self) -> str:
        return f"{self.place or 'document'}: {self.message} [{self.code}]"


class ComposePhases(msgspec.Struct, frozen=True):
    """Wall time of one document in a composer, in seconds; turns of other documents are in none of them."""

    waited: float = 0.0
    """From its arrival to its first turn."""
    bind: float = 0.0
    lay_out: float = 0.0
    emit: float = 0.0


class ComposeSummary(msgspec.Struct, frozen=True):
    """What a composer knows about a document when its last byte is written."""

    pages: int
    size: int
    sha256: str
    warnings: tuple[RenderWarning, ...]
    seconds: float
    """Wall time from bind to the last byte, on the composer."""
    cpu_seconds: float
    phases: ComposePhases = ComposePhases()
    text: TextLength | None = None
    """How long it is, of a text for short messages."""
    attachment: str = ""
    """What the file that comes with it is called."""
