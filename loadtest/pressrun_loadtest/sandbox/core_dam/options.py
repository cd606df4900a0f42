"""How the Core DAM stand-in behaves where a real server is configured, or where its behaviour is not public."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["CoreDamOptions", "ErrorStyle", "Operator"]


class ErrorStyle(StrEnum):
    """The error body. None is public, so a connector must cope with each of them."""

    EXCEPTION_BODY = "exception_body"
    """`{"exception_body": {"http_response_code": 404, "message": "..."}}`"""
    MESSAGE = "message"
    """`{"message": "..."}`"""
    TEXT = "text"
    """Plain text."""


class Operator(StrEnum):
    """What a search operator id means."""

    CONTAINS = "contains"
    """The text occurs in the field, in any letter case."""
    EQUALS = "equals"
    """The text is the field's whole value."""
    NUMBER_IS = "number_is"
    """The number is the field's value."""


def _documented_operators() -> dict[str, Operator]:
    return {
        "ARTESIA.OPERATOR.CHAR.CONTAINS": Operator.CONTAINS,
        "ARTESIA.OPERATOR.NUMBER.IS": Operator.NUMBER_IS,
    }


@dataclass(frozen=True, slots=True)
class CoreDamOptions:
    """Settings of the stand-in. The credentials open nothing but this sandbox."""

    username: str = "svc-render"
    """User of the session and password modes."""
    password: str = field(default="sandbox-password", repr=False)
    """The user's password."""
    client_id: str = "pressrun-sandbox"
    """OAuth2 client id."""
    client_secret: str = field(default="sandbox-client-secret", repr=False)
    """OAuth2 client secret."""
    token_life_s: int = 900
    """Life of an access token; 15 minutes is the documented default."""
    session_life_s: int = 1800
    """Life of a session from its last use."""
    error_style: ErrorStyle = ErrorStyle.EXCEPTION_BODY
    """Form of error bodies."""
    operators: Mapping[str, Operator] = field(default_factory=_documented_operators)
    """Operator ids that the search understands: by default only the two with public evidence, so that a
    connector that relies on an invented id is found out."""
