"""Settings of tracing, and what they open; OpenTelemetry is imported only where a collector is named."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pressrun_server.app.environment import NodeEnvironment
from pressrun_server.cas.config import Secret
from pressrun_server.metrics.catalogue import Catalogue
from pressrun_server.tracing.span import OFF, Tracing

if TYPE_CHECKING:
    from pressrun_server.tracing.otlp import OtlpTracing

__all__ = ["TraceConfig", "open_tracing", "traces_of"]

_ENDPOINT, _RATIO, _HEADERS = "PRESSRUN_OTLP_ENDPOINT", "PRESSRUN_TRACE_RATIO", "PRESSRUN_OTLP_HEADERS"
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""A header's name, by RFC 9110."""
_RESULTS = ("sent", "lost", "dropped")


@dataclass(frozen=True, slots=True)
class TraceConfig:
    """Where spans of documents go."""

    endpoint: str = ""
    """Base URL of an OTLP collector over HTTP; empty: nothing is traced."""
    ratio: float = 0.01
    """The share of documents that are sampled where their caller has not decided."""
    headers: Secret = field(default_factory=Secret)
    """`name=value,...`, values percent-encoded as OpenTelemetry has it; sent with each request to the collector."""


def traces_of(env: NodeEnvironment) -> TraceConfig:
    """The settings of tracing."""
    default = TraceConfig()
    headers = env.secret(_HEADERS)
    if not env.has(_ENDPOINT):
        for name in (_RATIO, _HEADERS, f"{_HEADERS}_FILE"):
            if env.has(name):
                env.fault(name, f"is of no use without {_ENDPOINT}: set that too, e.g. to http://otel-collector:4318")
        return default
    endpoint = str(env.url(_ENDPOINT, "", lambda _: True))
    if not _installed():
        env.fault(_ENDPOINT, "needs a package that is not installed: pip install 'pressrun[otel]'")
    if not all(_TOKEN.fullmatch(name) and value.isprintable() for name, value in _pairs(headers).items()):
        env.fault(_HEADERS, "is not name=value, several with commas between them (a comma in a value is %2C)")
    return TraceConfig(endpoint, env.share(_RATIO, default.ratio), Secret(headers))


def open_tracing(config: TraceConfig, metrics: Catalogue) -> tuple[Tracing, OtlpTracing | None]:
    """What traces documents, and the same where it has to be closed."""
    if not config.endpoint:
        return OFF, None
    from pressrun_server.tracing.otlp import OtlpTracing  # noqa: PLC0415 - an extra, and half a second

    counts = {result: metrics.trace_spans.labels(result) for result in _RESULTS}
    tracing = OtlpTracing(
        config.endpoint, config.ratio, _pairs(config.headers), lambda result, number: counts[result].inc(number)
    )
    return tracing, tracing


def _pairs(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(",") if part.strip())
    return {name.strip(): unquote(value.strip()) for name, _, value in pairs}


def _installed() -> bool:
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False
