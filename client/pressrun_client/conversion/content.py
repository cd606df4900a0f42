"""Pushed content, to and from protobuf."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from pressrun.v1 import asset_service_pb2
from pressrun_client.conversion.manifest import to_digest
from pressrun_client.conversion.moment import to_nanoseconds
from pressrun_client.diagnostic import Violation
from pressrun_client.errors import InvalidRequestError
from pressrun_client.models.asset import KeptContent

__all__ = ["content_message", "to_kept_content"]


def content_message(  # noqa: PLR0913 - one for each fact about it
    identifier: str,
    content: bytes | None,
    *,
    media_type: str,
    approval: str,
    effective_from: datetime | None,
    effective_until: datetime | None,
    territories: Sequence[str],
    locale: str,
    name: str,
    attributes: Iterable[tuple[str, str]],
) -> asset_service_pb2.PutContentRequest:
    """The request.

    Raises:
        InvalidRequestError: a moment has no time zone, or the content is empty.
    """
    if content is not None and not content:
        fault = Violation("content", "is empty; give bytes, or None to keep those of the newest version")
        raise InvalidRequestError("The content is wrong.", violations=(fault,))
    message = asset_service_pb2.PutContentRequest(
        id=identifier,
        content=content or b"",
        media_type=media_type,
        approval=approval,
        territories=territories,
        locale=locale,
        name=name,
        attributes=[asset_service_pb2.ContentAttribute(name=key, value=value) for key, value in attributes],
    )
    for field, moment in (("effective_from", effective_from), ("effective_until", effective_until)):
        if moment is None:
            continue
        if moment.tzinfo is None:
            fault = Violation(field, "has no time zone; give an aware datetime, e.g. in UTC")
            raise InvalidRequestError("The content is wrong.", violations=(fault,))
        stamp = getattr(message, field)
        stamp.seconds, stamp.nanos = divmod(to_nanoseconds(moment), 1_000_000_000)
    return message


def to_kept_content(message: asset_service_pb2.PutContentResponse) -> KeptContent:
    """The version."""
    return KeptContent(
        message.ref, message.version, to_digest(message.digest), message.media_type, created=message.created
    )
