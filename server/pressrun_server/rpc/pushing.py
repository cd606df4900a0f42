"""From a PutContentRequest to the content that its sender pushes."""

from __future__ import annotations

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from pressrun.v1 import asset_service_pb2
from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.render.contents import Content
from pressrun_sources.model import Approval

__all__ = ["pushed_content"]

_MOST_ATTRIBUTES = 64
_MOST_TERRITORIES = 300
_LONGEST = 1024
_APPROVALS = {
    "": Approval.PENDING,
    **{str(one): one for one in (Approval.APPROVED, Approval.PENDING, Approval.REJECTED, Approval.RETIRED)},
}


def pushed_content(request: asset_service_pb2.PutContentRequest) -> Content:
    """The content.

    Raises:
        PressrunError: INVALID_REQUEST, with a violation for each field that is wrong.
    """
    bad: list[Violation] = []
    approval = _APPROVALS.get(request.approval)
    if approval is None:
        valid = ", ".join(name for name in _APPROVALS if name)
        bad.append(Violation("approval", f"is {request.approval[:40]!r}; valid: {valid}"))
    for field, most in (("territories", _MOST_TERRITORIES), ("attributes", _MOST_ATTRIBUTES)):
        if len(getattr(request, field)) > most:
            bad.append(Violation(field, f"must have at most {most} entries"))
    for index, attribute in enumerate(request.attributes):
        if not attribute.name or not attribute.value:
            bad.append(Violation(f"attributes[{index}]", "must have a name and a value"))
    texts = (request.locale, request.name, *request.territories)
    texts += tuple(text for one in request.attributes for text in (one.name, one.value))
    if any(len(text) > _LONGEST for text in texts):
        bad.append(Violation("attributes", f"texts must have at most {_LONGEST} characters"))
    begins = _moment(request.effective_from, "effective_from", bad) if request.HasField("effective_from") else None
    ends = _moment(request.effective_until, "effective_until", bad) if request.HasField("effective_until") else None
    if bad or approval is None:
        raise PressrunError(Reason.INVALID_REQUEST, f"{bad[0].field} {bad[0].description}", violations=tuple(bad))
    return Content(
        identifier=request.id,
        data=request.content,
        media_type=request.media_type,
        approval=approval,
        effective_from=begins,
        effective_until=ends,
        territories=tuple(request.territories),
        locale=request.locale,
        name=request.name,
        attributes=tuple((one.name, one.value) for one in request.attributes),
    )


def _moment(message: Timestamp, field: str, bad: list[Violation]) -> datetime | None:
    try:
        return message.ToDatetime(UTC)
    except (ValueError, OverflowError):
        bad.append(Violation(field, "is not a moment between the years 1 and 9999"))
        return None
