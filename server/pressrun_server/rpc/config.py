"""Settings of the gRPC surface."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RpcConfig"]

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class RpcConfig:
    """How the node is spoken to."""

    listen: str = "127.0.0.1:7070"
    """Address and port; port 0 takes a free one."""
    max_receive_bytes: int = 16 * _MIB
    """The largest message taken; a larger one ends its RPC with RESOURCE_EXHAUSTED."""
    max_send_bytes: int = 16 * _MIB
    """The largest message sent, and so the largest document that RenderUnary can answer."""
    stream_documents: int = 64
    """Documents in flight on one Render stream; further requests are left unread."""
    message_bytes: int = _MIB
    """Parts of documents that wait together leave together, up to this size."""
    linger_seconds: float = 0.02
    """While a Render stream has many documents in flight, a finished one waits so long for others to leave with, and no
    longer than until a third of them are there."""
    chunk_bytes: int = 256 * 1024
    """The largest part of a document."""
    waiting_bytes: int = 4 * _MIB
    """Bytes that may wait to be sent on one Render stream; its documents pause beyond it."""
    drain_seconds: float = 30.0
    """How long admitted documents may take when the node stops; clients are told."""
    farewell_seconds: float = 1.0
    """How long the node that stops waits for clients to close their streams."""
    max_rpcs: int = 4096
    """RPCs at once; further ones get RESOURCE_EXHAUSTED."""
    reflection: bool = True
    """Whether tools may ask for the contract."""
    channelz: bool = True
    """Whether tools may look at connections."""
    pending_calls: int = 16_384
    """Calls that may wait for the front to look at them. gRPC cancels what is beyond, and by its own default some of
    those beyond 1,000, without a word that a caller could act on. The queue refuses better, and quickly."""
    keepalive_seconds: float = 60.0
    """A connection without traffic is tested after this long."""
    keepalive_timeout_seconds: float = 20.0
    """A tested connection that stays silent for this long is closed."""
    min_ping_seconds: float = 10.0
    """Clients that ping more often than this are sent away."""
    max_connection_age_seconds: float = 0.0
    """Connections are asked to end after this long, so that clients find new nodes; 0: never."""
    max_connection_age_grace_seconds: float = 300.0
    """What is under way on such a connection may take this long."""
