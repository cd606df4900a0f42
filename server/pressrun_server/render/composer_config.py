"""Settings of the composers, as the front sees them."""

from __future__ import annotations

from dataclasses import dataclass, field

from pressrun_server.prepare.config import CrewConfig, module_command
from pressrun_server.render.dispatch import LARGE_SLOTS, SLOTS

__all__ = ["ComposerConfig"]


@dataclass(frozen=True, slots=True)
class ComposerConfig:
    """How composers are fed, watched and replaced."""

    slots: int = SLOTS
    """Documents that one composer may hold: one in work and two behind it."""
    large_slots: int = LARGE_SLOTS
    """Large documents that one composer may hold beside its slots."""
    held_bytes: int = 64 * 1024 * 1024
    """Bytes of programs and prepared assets that one composer keeps."""
    max_waiting: int = 4096
    """Documents that may wait for a composer; further ones are refused at once."""
    max_rss: int = 768 * 1024 * 1024
    """A composer whose resident memory exceeds this is replaced, without losing a document."""
    ping_seconds: float = 2.0
    """Time between two questions whether a composer still takes turns."""
    cancel_seconds: float = 3.0
    """A composer that has not dropped a cancelled document after this long spins in it: it is killed and replaced."""
    missed_pings: int = 5
    """A composer that left so many questions unanswered hangs: it is killed and replaced."""
    command: tuple[str, ...] = module_command("pressrun_server.app.composer")
    """What is run; `--fd N` is added."""
    crew: CrewConfig = field(default_factory=CrewConfig)
    """How processes are started, replaced and ended."""
