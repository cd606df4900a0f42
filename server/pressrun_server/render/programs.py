"""Programs of all output channels: loads what a blob holds, and begins documents of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.asset import HostedLink
from pressrun_server.model.digest import Digest
from pressrun_server.model.mail import MailOrder, MailProgram
from pressrun_server.model.prepared import PreparedImage, PreparedPicture
from pressrun_server.model.program import Program
from pressrun_server.model.summary import SummaryProgram
from pressrun_server.model.webpage import WebProgram
from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.render.composition_rows import RecordRows
from pressrun_server.render.encoded import decoded, decoder
from pressrun_server.render.mail_composition import LoadedMailProgram, MailComposition
from pressrun_server.render.record import Record
from pressrun_server.render.summary_composition import LoadedSummaryProgram, SummaryComposition
from pressrun_server.render.web_composition import LoadedWebProgram, WebComposition

__all__ = ["Begun", "Loaded", "begin", "load", "prepare"]

Loaded = LoadedProgram | LoadedWebProgram | LoadedMailProgram | LoadedSummaryProgram
Begun = Composition | WebComposition | MailComposition | SummaryComposition


class _Form(msgspec.Struct):
    form: str = "pdf"


def prepare() -> None:
    """Make what loads programs, before the first one is asked for: that takes longer than loading one (4 ms)."""
    for kind in (_Form, Program, WebProgram, MailProgram, SummaryProgram):
        decoder(kind)


def load(data: bytes) -> Loaded:
    """Load an encoded program.

    Raises:
        PressrunError: INTERNAL, the blob is no program of this engine.
    """
    form = decoded(data, _Form).form
    if form == "mail":
        return LoadedMailProgram(decoded(data, MailProgram))
    if form == "web":
        return LoadedWebProgram(decoded(data, WebProgram))
    if form == "summary":
        return LoadedSummaryProgram(decoded(data, SummaryProgram))
    return LoadedProgram.load(data)


def begin(  # noqa: PLR0913 - all that decides its bytes
    program: Loaded,
    record: bytes | Record,
    *,
    assets: Mapping[str, tuple[Digest, PreparedImage | PreparedPicture]],
    attributes: Mapping[str, str],
    as_of: datetime,
    engine: str,
    rows: RecordRows | None = None,
    rows_field: str = "",
    links: Mapping[str, HostedLink] | None = None,
    mail: MailOrder | None = None,
) -> Begun:
    """Begin a document; the arguments are those of `Composition`.

    Raises:
        PressrunError: INTERNAL, an asset was prepared for another output channel.
    """
    if isinstance(program, LoadedSummaryProgram):
        return SummaryComposition(program, record, attributes=attributes, as_of=as_of)
    wanted = PreparedPicture if isinstance(program, LoadedWebProgram | LoadedMailProgram) else PreparedImage
    if not all(isinstance(asset, wanted) for _, asset in assets.values()):
        raise PressrunError(Reason.INTERNAL, "an asset was prepared for another output channel; this is a defect")
    more: dict[str, Any] = {"assets": assets, "attributes": attributes, "as_of": as_of, "links": links}
    if isinstance(program, LoadedMailProgram):
        return MailComposition(program, record, order=mail, **more)
    more |= {"rows": rows, "rows_field": rows_field}
    if isinstance(program, LoadedWebProgram):
        return WebComposition(program, record, **more)
    return Composition(program, record, engine=engine, **more)
