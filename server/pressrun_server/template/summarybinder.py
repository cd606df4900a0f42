"""Binds a record into a template's summary: text without controls, whose lines are those of the template."""

from __future__ import annotations

import re
from typing import Final

from pressrun_server.template.evaluation import Environment
from pressrun_server.template.mailbinder import TextBinder
from pressrun_server.template.webbinder import CONTROLS

__all__ = ["SummaryBinder", "settled"]

_SPECIAL: Final = re.compile(rf"{CONTROLS.pattern[:-1]}\s]")
"""Controls, what turns text around, and white space, of which a value brings no lines."""


class SummaryBinder(TextBinder):
    """The text, whole."""

    special = staticmethod(_SPECIAL.search)

    @staticmethod
    def escaped(text: str) -> str:
        """A value in one line, without controls."""
        return " ".join(CONTROLS.sub("", text).split())

    def plain(self, env: Environment) -> str:
        """The text as it is sent.

        Raises:
            PressrunError: INVALID_RECORD, a value does not fit its expression; LIMIT_EXCEEDED.
        """
        return settled("".join(self.text(env)))


def settled(text: str) -> str:
    """Text with plain spaces, each alone, also for those that numbers and dates have in some languages."""
    return "\n".join(" ".join(line.split()) for line in text.strip().split("\n"))
