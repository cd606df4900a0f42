"""One summary in a composer: a short text of a record, and whether it is as short as the template wants it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.document import ComposePhases, ComposeSummary, RenderWarning
from pressrun_server.model.summary import SUMMARY_FORMAT, SummaryProgram, TextLength
from pressrun_server.render.encoded import ANOTHER_ENGINE
from pressrun_server.render.environment import environment
from pressrun_server.render.record import Record
from pressrun_server.render.verdict import judged
from pressrun_server.template.steps import Steps
from pressrun_server.template.summarybinder import SummaryBinder
from pressrun_server.template.textlength import foreign, length_of, simplified

__all__ = ["LoadedSummaryProgram", "SummaryComposition"]

_PLACE: Final = "template.yaml: summary"
_NAMED: Final = 5


class LoadedSummaryProgram:
    """A program ready to compose; holds nothing of any record."""

    def __init__(self, program: SummaryProgram) -> None:
        if program.format != SUMMARY_FORMAT:
            raise PressrunError(Reason.INTERNAL, ANOTHER_ENGINE)
        self.program = program
        self.binder = SummaryBinder(program.parts, program.locale_data)


class SummaryComposition:
    """The making of one text; iterate over its bytes (UTF-8), then read `summary`.

    Args:
        program: the program.
        record: JSON text, already validated.
        attributes: the request's.
        as_of: the moment that the text speaks of.
    """

    summary: ComposeSummary
    finished = False
    """Whether the text was given."""

    def __init__(
        self, program: LoadedSummaryProgram, record: bytes | Record, *, attributes: Mapping[str, str], as_of: datetime
    ) -> None:
        self._loaded = program
        self._record = Record.of(record)
        self._attributes = attributes
        self._as_of = as_of

    def __iter__(self) -> Iterator[bytes]:
        """The text's bytes.

        Raises:
            PressrunError: INVALID_RECORD, a value does not fit the template; LIMIT_EXCEEDED; DOCUMENT_REFUSED, the
                template does not let a text of its length pass.
        """
        started, cpu = time.perf_counter(), time.thread_time()
        program = self._loaded.program
        env = Steps().into(environment(self._record, self._attributes, self._as_of))
        text = self._loaded.binder.plain(env)
        if program.simplify:
            text = simplified(text)
        length = length_of(text)
        warnings = self._warnings(text, length)
        data = text.encode("utf-8", "replace")
        seconds = time.perf_counter() - started
        self.summary = ComposeSummary(
            pages=1,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            warnings=warnings,
            seconds=seconds,
            cpu_seconds=time.thread_time() - cpu,
            phases=ComposePhases(bind=seconds),
            text=length,
        )
        self.finished = True
        yield data

    def _warnings(self, text: str, length: TextLength) -> tuple[RenderWarning, ...]:
        program = self._loaded.program
        if program.segments and length.segments > program.segments:
            unit = "septets" if length.alphabet == "gsm7" else "units of UCS-2"
            problem = (
                f"the summary is {length.segments} messages ({length.units} {unit}); the template wants "
                f"{program.segments} at most{_blamed(text)}"
            )
        elif program.characters and length.characters > program.characters:
            problem = f"the summary has {length.characters} characters; the template wants {program.characters} at most"
        else:
            return ()
        warning = RenderWarning("SUMMARY_LENGTH", f"{problem}; say less, or allow more", _PLACE)
        return judged(warning, "summary-length", program.policy)


def _blamed(text: str) -> str:
    """Which characters are not in the small alphabet, where they are few."""
    found = foreign(text)
    if not 0 < len(found) <= _NAMED:
        return ""
    return f"; {', '.join(f'U+{ord(letter):04X}' for letter in found)} would have to go for messages of 160 characters"
