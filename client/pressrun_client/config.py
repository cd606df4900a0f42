"""How a client reaches nodes and how far it goes for a document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from pressrun_client.errors import ConfigError
from pressrun_client.trace import check_traceparent

__all__ = ["DEFAULT_TARGET", "ClientConfig", "TlsConfig"]

DEFAULT_TARGET = "127.0.0.1:7070"
"""Where a node listens that was told nothing."""

_MIB = 1024 * 1024
_MOST_LANES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsConfig:
    """How the connection is secured.

    Example:
        Mutual TLS with a private authority::

            tls = TlsConfig(root_certificate="ca.pem", client_certificate="me.pem", client_key="me.key")
    """

    root_certificate: Path | str | None = None
    """PEM file of the authorities to trust; None means those that gRPC brings."""
    client_certificate: Path | str | None = None
    """PEM file of the certificate chain that this client shows."""
    client_key: Path | str | None = None
    """PEM file of its private key."""
    server_name: str = ""
    """The name in the node's certificate, where it is not the one in the target."""

    def __post_init__(self) -> None:
        if (self.client_certificate is None) != (self.client_key is None):
            raise ConfigError("client_certificate and client_key belong together: give both or neither")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientConfig:
    """Everything that can be set on a client; each default serves well on a healthy network.

    Example:
        >>> ClientConfig(target="10.0.0.1:7070,10.0.0.2:7070", max_in_flight=256).attempts
        5
    """

    target: str = DEFAULT_TARGET
    """`host:port`, several with commas between, or any gRPC target such as `dns:///nodes.internal:7070`; several of a
    node with several fronts: `dns:///nodes.internal:7070,dns:///nodes.internal:7071`."""
    tls: TlsConfig | None = None
    """How the connection is secured; None means plain text."""
    message_limit: int = 16 * _MIB
    """Bytes of the largest message in either direction; a record must fit."""
    document_limit: int = 1024 * _MIB
    """Bytes of the largest document that is accepted."""
    streams: int = 0
    """Render streams, each to one node, over which `render_stream` spreads its documents; 0 means one for each address
    that `target` lists."""
    max_in_flight: int = 64
    """Documents of one stream that were asked for and not yet handed to the caller; bounds the memory."""
    time_limit: float = 60.0
    """Seconds allowed for a document, repeats included, where the request does not say."""
    call_timeout: float = 60.0
    """Seconds allowed for any other call: publish, check, resolve, …"""
    attempts: int = 5
    """How often a document is sent at most."""
    backoff_initial: float = 0.1
    """Seconds before the second attempt; each later wait is longer by `backoff_factor`, and half of it is random."""
    backoff_factor: float = 2.0
    """How much longer each wait is than the one before."""
    backoff_max: float = 5.0
    """Seconds of the longest wait. A node that asks for a longer one gets it."""
    keepalive_time: float = 60.0
    """Seconds of silence, during calls, after which the connection is probed."""
    keepalive_timeout: float = 20.0
    """Seconds after which an unanswered probe ends the connection."""
    health_check: bool = True
    """Whether nodes that report that they are not serving are passed over."""
    traceparent: str = ""
    """The span that calls belong to, as W3C Trace Context writes it, unless `traced` says another; empty: the current
    span of OpenTelemetry, where the program uses that."""
    channel_options: Mapping[str, int | str] = field(default_factory=dict)
    """Further gRPC channel arguments, by name; they win over those made from the fields above."""

    @property
    def lanes(self) -> int:
        """How many streams that is."""
        return self.streams or min(self.target.count(",") + 1, _MOST_LANES)

    def __post_init__(self) -> None:
        if not self.target.strip():
            raise ConfigError("target is empty; give host:port, e.g. 127.0.0.1:7070")
        if self.traceparent:
            try:
                check_traceparent(self.traceparent)
            except ValueError as error:
                raise ConfigError(str(error)) from None
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if value < least:
                raise ConfigError(f"{name} is {value}; it must be at least {least}")


_LEAST: dict[str, float] = {
    "message_limit": 64 * 1024,
    "document_limit": 1,
    "streams": 0,
    "max_in_flight": 1,
    "time_limit": 0.001,
    "call_timeout": 0.001,
    "attempts": 1,
    "backoff_initial": 0.0,
    "backoff_factor": 1.0,
    "backoff_max": 0.0,
    "keepalive_time": 1.0,
    "keepalive_timeout": 1.0,
}
assert {each.name for each in fields(ClientConfig)} >= _LEAST.keys()
