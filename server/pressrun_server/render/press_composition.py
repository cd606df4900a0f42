"""One document for a printer in a composer: a file of its own in which sheets are what the printer wants."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from pressrun_server.emit.pressdocument import PressDocument
from pressrun_server.emit.printrun import RunDocument, RunFile, RunLabel
from pressrun_server.model.document import ComposeSummary
from pressrun_server.model.press import PressOrder
from pressrun_server.model.run import RunTitle
from pressrun_server.render.composition import Composition

__all__ = ["PressComposition"]

_ORDER: Final = msgspec.msgpack.Decoder(PressOrder)


class PressComposition:
    """The making of one document; iterate over its bytes, then read `summary`, whose pages are sides of sheets.

    Args:
        order: what the printer wants, encoded.
        composition: the document.
        program: digest of its program.
    """

    summary: ComposeSummary
    finished = False  # nothing is left to do when its steps have ended

    def __init__(self, order: bytes, composition: Composition, program: str) -> None:
        self._order = _ORDER.decode(order)
        self._composition = composition
        self._program = program

    def __iter__(self) -> Iterator[bytes]:
        """The document's bytes; each step makes at most one page.

        Raises:
            PressrunError: as `Composition` does.
        """
        order, composition = self._order, self._composition
        file = RunFile(RunTitle(order.template, order.as_of, order.engine), order.spec, order.profile)
        yield file.begin()
        document = file.document(
            self._program,
            composition.prefixes,
            composition.prepared,
            RunLabel(order.request_id, order.template, order.locale, number=order.spec.first_number),
            composition.identifier(),
            RunDocument if order.spec.plain else PressDocument,
        )
        composition.write_with(document)
        yield from composition
        yield file.end()
        self.summary = msgspec.structs.replace(
            composition.summary, pages=document.sides, size=file.size, sha256=file.sha256
        )
