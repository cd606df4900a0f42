"""Logs: one line for each event on standard output, as JSON for machines or as text for people.

What is logged: names, ids, reasons, counts, times. Never: records, attributes, bytes, secrets.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from typing import TextIO

import structlog

__all__ = ["LogConfig", "configure"]

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


@dataclass(frozen=True, slots=True)
class LogConfig:
    """How the node logs."""

    format: str = "console"
    """`json` or `console`."""
    level: str = "info"
    """`debug`, `info`, `warning` or `error`."""


def configure(config: LogConfig, stream: TextIO | None = None) -> None:
    """Send our own events and those of the libraries the same way.

    Exceptions are written without the values of local variables, which may be customers' data.
    """
    out = stream or sys.stdout
    level = _LEVELS[config.level]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if config.format == "json":
        renderers: list[structlog.typing.Processor] = [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ]
    else:
        plain = structlog.dev.plain_traceback
        renderers = [structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=plain)]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    for old in list(root.handlers):
        if getattr(old, "pressrun", False):
            root.removeHandler(old)
    handler.pressrun = True  # type: ignore[attr-defined]  # to know it again when configured a second time
    root.addHandler(handler)
    root.setLevel(level)
