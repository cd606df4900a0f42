"""Which trace the calls of this client belong to (W3C Trace Context).

A node that traces puts the spans of documents below the caller's. Whose span that is, is found in this order: what
`traced` says, what the configuration says, and the current span of OpenTelemetry, where the program has loaded that:
this package does not need it and never imports it.

https://www.w3.org/TR/trace-context/
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

__all__ = ["check_traceparent", "trace_metadata", "traced"]

_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_API: Final = "opentelemetry.trace"

_said: ContextVar[str] = ContextVar("pressrun_traceparent", default="")


def check_traceparent(text: str) -> str:
    """The text, where it is a traceparent.

    Raises:
        ValueError: it is none.

    Example:
        >>> check_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")[:6]
        '00-0af'
    """
    if not _TRACEPARENT.fullmatch(text):
        raise ValueError(
            f"traceparent is {text[:80]!r}; give VERSION-TRACE-SPAN-FLAGS in lower-case hexadecimal digits, e.g. "
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        )
    return text


@contextmanager
def traced(traceparent: str) -> Iterator[None]:
    """Calls that begin in this block belong to a trace; a stream belongs to the one in which its first result is asked.

    Args:
        traceparent: the span that calls, as W3C Trace Context writes it.

    Raises:
        ValueError: it is none.

    Example:
        >>> with traced("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"):
        ...     trace_metadata("")
        (('traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'),)
    """
    token = _said.set(check_traceparent(traceparent))
    try:
        yield
    finally:
        _said.reset(token)


def trace_metadata(configured: str) -> tuple[tuple[str, str], ...]:
    """What a call says of its trace, as metadata; nothing where there is none.

    Args:
        configured: the client's own traceparent, or nothing.
    """
    parent = _said.get() or configured
    return (("traceparent", parent),) if parent else _current()


def _current() -> tuple[tuple[str, str], ...]:
    """The current span of OpenTelemetry; where nobody loaded it, there can be none."""
    api: Any = sys.modules.get(_API)
    if api is None:
        return ()
    context = api.get_current_span().get_span_context()
    if not context.is_valid:
        return ()
    parent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
    state = context.trace_state.to_header()
    return (("traceparent", parent), *((("tracestate", state),) if state else ()))
