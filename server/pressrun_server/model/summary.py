"""The program of a template's summary: a text message with holes, and how long it may be."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from pressrun_server.model.locale import LocaleData
from pressrun_server.model.policy import Policy
from pressrun_server.model.webpage import Part

__all__ = ["SUMMARY", "SUMMARY_FORMAT", "Alphabet", "SummaryProgram", "TextLength"]

SUMMARY_FORMAT = 1
"""Raised when the form of a program changes, so that an old blob is compiled again instead of misread."""
SUMMARY = "summary"
"""Stands for an output channel in the key of its program."""

Alphabet: TypeAlias = Literal["gsm7", "ucs2"]
"""In which a short message is sent (3GPP TS 23.038)."""


class TextLength(msgspec.Struct, frozen=True):
    """How long a text is as a short message."""

    alphabet: Alphabet
    characters: int
    units: int
    """Septets, or units of 16 bits."""
    segments: int
    """Messages that it is sent in."""


class SummaryProgram(msgspec.Struct, frozen=True):
    """The summary of a template, for one locale."""

    format: int
    template: str
    """`name@version`."""
    template_digest: str
    locale: str
    parts: tuple[Part, ...]
    locale_data: LocaleData
    policy: Policy = Policy()
    segments: int = 0
    """The most; 0: any number."""
    characters: int = 0
    """The most; 0: any number."""
    simplify: bool = False
    """Whether typographic signs become plain ones where the text then fits the smaller alphabet."""
    form: str = "summary"
    """What kind of program it is."""
