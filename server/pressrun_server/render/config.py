"""Settings of what happens to one document."""

from __future__ import annotations

from dataclasses import dataclass, field

from pressrun_server.prepare.config import PreparerConfig, module_command
from pressrun_server.render.profiles import OutputProfiles

__all__ = ["CompileConfig", "PictureConfig", "PipelineConfig", "ReadingConfig", "RunConfig"]

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class PictureConfig:
    """Limits of documents whose pages are made into pictures."""

    max_document_bytes: int = 64 * _MIB
    """Bytes of the document that they are made from; it is held meanwhile."""
    max_pages: int = 200
    """Pages of one request."""
    time_limit: float = 20.0
    """Seconds that a preparer may take over a few pages."""


@dataclass(frozen=True, slots=True)
class RunConfig:
    """Limits of print runs."""

    time_limit: float = 3600.0
    """Seconds of a run, where it states none."""
    max_time_limit: float = 86_400.0
    """The most that it may ask for."""
    held_bytes: int = 64 * _MIB
    """Bytes of programs and prepared assets that a composer keeps for a run."""


@dataclass(frozen=True, slots=True)
class PipelineConfig:
    """Limits of one document."""

    time_limit: float = 60.0
    """Seconds from admission to the last byte, where the request states none."""
    max_time_limit: float = 3600.0
    """The most that a request may ask for."""
    max_record_bytes: int = 8 * _MIB
    """The largest record."""
    max_attached_bytes: int = 16 * _MIB
    """The largest PDF that is attached to an e-mail, which is a third larger then."""
    pictures: PictureConfig = field(default_factory=PictureConfig)
    """Limits of pictures of pages."""
    runs: RunConfig = field(default_factory=RunConfig)
    """Limits of print runs."""
    profiles: OutputProfiles = field(default_factory=OutputProfiles)
    """Printing conditions that files may be meant for."""


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


@dataclass(frozen=True, slots=True)
class ReadingConfig:
    """How records are read."""

    inline_bytes: int = 256 * 1024
    """Records up to this size are read in the front: decoding and validating such a statement takes 1.3 ms, and one of
    8 MiB 58 ms, in which nobody else would be served."""
    time_limit: float = 20.0
    """Seconds that reading a larger one may take."""
    process: PreparerConfig = field(
        default_factory=lambda: PreparerConfig(
            command=(*module_command("pressrun_server.app.preparer"), "--tasks", "records"), slow_tasks=()
        )
    )
    """The process that reads larger ones. It has seen customers' data, so it never gets a file from outside."""
