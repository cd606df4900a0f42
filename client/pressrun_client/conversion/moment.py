"""Moments and spans, to and from protobuf, without losing a microsecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from google.protobuf import duration_pb2, timestamp_pb2

__all__ = ["from_duration", "from_timestamp", "to_nanoseconds"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_nanoseconds(moment: datetime) -> int:
    """Nanoseconds since the epoch of an aware moment."""
    return (moment - _EPOCH) // _MICROSECOND * 1000


def from_timestamp(timestamp: timestamp_pb2.Timestamp) -> datetime:
    """The moment in UTC; a fraction of a microsecond is dropped."""
    return _EPOCH + timedelta(seconds=timestamp.seconds, microseconds=timestamp.nanos // 1000)


def from_duration(duration: duration_pb2.Duration) -> float:
    """Seconds."""
    return duration.seconds + duration.nanos / 1e9
