"""Settings of what happens to one document."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CompileConfig", "PipelineConfig"]

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class PipelineConfig:
    """Limits of one document."""

    time_limit: float = 60.0
    """Seconds from admission to the last byte, where the request states none."""
    max_time_limit: float = 3600.0
    """The most that a request may ask for."""
    max_record_bytes: int = 8 * _MIB
    """The largest record."""


@dataclass(frozen=True, slots=True)
class CompileConfig:
    """Limits of one bundle."""

    max_files: int = 500
    """Files of a bundle."""
    max_bytes: int = 8 * _MIB
    """Bytes of all files together."""
    time_limit: float = 30.0
    """Seconds that compiling may take, once a preparer is free."""
    wait_limit: float = 60.0
    """Seconds from the request to the compiled template, the wait for a preparer included."""
