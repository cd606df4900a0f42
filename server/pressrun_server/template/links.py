"""Where links may lead: no script, no file, nothing that a reader runs."""

from __future__ import annotations

import re
from urllib.parse import quote

from pressrun_server.errors import PressrunError, Reason, Violation

__all__ = ["SAFE_TARGET", "TARGETS", "target"]

TARGETS = "https://, http://, mailto: and tel:"
SAFE_TARGET = re.compile(r"(https?://[^/\s]|mailto:\S|tel:\S)", re.IGNORECASE)
_LONGEST = 2000
_KEPT = "%/:?#[]@!$&'()*+,;=-._~"
"""Reserved and unreserved characters of RFC 3986, 2.2 and 2.3, and the percent sign of what is encoded already."""


def target(text: str) -> str:
    """A link's target as ASCII.

    Raises:
        PressrunError: INVALID_RECORD, it leads elsewhere than links may, or is too long.
    """
    problem = ""
    if not SAFE_TARGET.match(text):
        problem = f"the target of a link begins in another way than with {TARGETS}"
    elif len(text) > _LONGEST:
        problem = f"the target of a link has more than {_LONGEST} characters"
    if problem:
        raise PressrunError(Reason.INVALID_RECORD, problem, violations=(Violation("record", problem),))
    return quote(text, safe=_KEPT)
