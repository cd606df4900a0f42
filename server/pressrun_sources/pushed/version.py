"""One version of pushed content: what its sender said about it, and the name of its bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from pressrun_sources.model import Approval

__all__ = ["Version"]


@dataclass(frozen=True, slots=True)
class Version:
    """A version, frozen once it is pushed. Times are aware and in UTC."""

    number: int
    """From 1."""
    sha256: str
    size: int
    media_type: str
    """Found from the bytes."""
    approval: Approval
    effective_from: datetime | None
    effective_until: datetime | None
    territories: tuple[str, ...]
    locale: str | None
    name: str
    attributes: tuple[tuple[str, str], ...]
    pushed_at: datetime

    def same_as(self, other: Version) -> bool:
        """Whether it says the same about the same bytes."""
        return {**asdict(self), "number": 0, "pushed_at": None} == {**asdict(other), "number": 0, "pushed_at": None}

    def to_json(self) -> dict[str, Any]:
        """For the record of a content."""
        return {
            **asdict(self),
            "approval": str(self.approval),
            "effective_from": _text(self.effective_from),
            "effective_until": _text(self.effective_until),
            "territories": list(self.territories),
            "attributes": [list(pair) for pair in self.attributes],
            "pushed_at": self.pushed_at.isoformat(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Version:
        """What `to_json` made.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        return cls(
            number=int(value["number"]),
            sha256=str(value["sha256"]),
            size=int(value["size"]),
            media_type=str(value["media_type"]),
            approval=Approval(value["approval"]),
            effective_from=_moment(value["effective_from"]),
            effective_until=_moment(value["effective_until"]),
            territories=tuple(map(str, value["territories"])),
            locale=value["locale"],
            name=str(value["name"]),
            attributes=tuple((str(name), str(text)) for name, text in value["attributes"]),
            pushed_at=datetime.fromisoformat(value["pushed_at"]),
        )


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
