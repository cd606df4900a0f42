"""One page for a browser in a composer: bind the record into the program's text, part by part."""

from __future__ import annotations

import base64
import hashlib
import html
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Final

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.asset import HostedLink
from pressrun_server.model.digest import Digest
from pressrun_server.model.document import ComposePhases, ComposeSummary
from pressrun_server.model.prepared import PreparedPicture
from pressrun_server.model.webpage import WEB_FORMAT, WebProgram
from pressrun_server.render.composition_rows import RecordRows
from pressrun_server.render.encoded import ANOTHER_ENGINE
from pressrun_server.render.environment import environment
from pressrun_server.render.record import Record
from pressrun_server.render.shown_pictures import ShownPictures
from pressrun_server.template.steps import Steps
from pressrun_server.template.webbinder import PICTURES, WebBinder
from pressrun_server.template.weblinks import FILMS, RESPONSIVE, film, hosts, linked_picture

__all__ = ["LoadedWebProgram", "WebComposition"]

_QUICKENED = 2
"""Documents after which a program gets code; what is used once is done sooner without."""
_MARK = "\0"
"""Stands around the name of a slot until its picture is put in: no value and no template can hold one."""
_CHUNK = 64 * 1024
"""Characters that are given at once, about; a small page is one part."""


class LoadedWebProgram:
    """A program ready to compose; holds nothing of any record."""

    def __init__(self, program: WebProgram) -> None:
        if program.format != WEB_FORMAT:
            raise PressrunError(Reason.INTERNAL, ANOTHER_ENGINE)
        self.program = program
        self.binder = WebBinder(program.parts, program.locale_data)
        self._slots = frozenset(program.slots)
        self._composed = 0

    def composed(self) -> None:
        """A document of it is done; a program that is used again gets code for its loops."""
        self._composed += 1
        if self._composed == _QUICKENED:
            self.binder.quicken()

    def pictures(self, assets: Mapping[str, tuple[Digest, PreparedPicture]]) -> dict[str, bytes]:
        """By slot, the attributes of an `img` that holds its asset."""
        return {slot: _PICTURES.of(*asset) for slot, asset in assets.items() if slot in self._slots}


def _inlined(_digest: Digest, picture: PreparedPicture) -> bytes:
    data = base64.b64encode(picture.data)
    return b' src="data:%s;base64,%s" width="%d" height="%d"' % (
        html.escape(picture.media_type).encode(), data, picture.width, picture.height
    )  # fmt: skip


_PICTURES: Final = ShownPictures(_inlined, len)


class WebComposition:
    """The making of one page; iterate over its bytes, then read `summary`. Its arguments are those of `Composition`.

    Guarantee: the same record, assets and program give the same bytes. Memory does not grow with the rows of loops that
    stand in no other loop.
    """

    summary: ComposeSummary
    finished = False

    def __init__(
        self,
        program: LoadedWebProgram,
        record: bytes | Record,
        *,
        assets: Mapping[str, tuple[Digest, PreparedPicture]],
        attributes: Mapping[str, str],
        as_of: datetime,
        rows: RecordRows | None = None,
        rows_field: str = "",
        links: Mapping[str, HostedLink] | None = None,
    ) -> None:
        self._loaded = program
        self._record = Record.of(record)
        self._assets = assets
        self._attributes = attributes
        self._as_of = as_of
        self._rows = rows
        self._rows_field = rows_field
        self._links = links or {}

    def __iter__(self) -> Iterator[bytes]:
        """The page's bytes; a step makes some rows of its tables.

        Raises:
            PressrunError: INVALID_RECORD, a value does not fit the template; LIMIT_EXCEEDED.
        """
        started, cpu = time.perf_counter(), time.thread_time()
        begun, bind = started, 0.0
        steps = Steps()
        arriving = self._rows.arriving if self._rows is not None else None
        env = steps.into(
            environment(
                self._record,
                self._attributes,
                self._as_of,
                arriving,
                self._rows_field,
                self._links,
            )
        )
        linked = {slot: link for slot, link in self._links.items() if link.url and slot in self._assets}
        pictures = self._loaded.pictures({slot: asset for slot, asset in self._assets.items() if slot not in linked})
        env[PICTURES] = {slot: f"{_MARK}{slot}{_MARK}" for slot in pictures} | self._shown(linked_picture, linked)
        env[FILMS] = self._shown(film, {slot: link for slot, link in linked.items() if link.video})
        env[RESPONSIVE] = frozenset(slot for slot, link in linked.items() if link.narrower)
        pictures |= hosts(linked)
        digest, size = hashlib.sha256(), 0
        parts: list[str | bytes] = []
        held = 0
        for text in self._loaded.binder.text(env):
            parts.append(text)
            held += len(text)
            if held < _CHUNK and self._rows is None:
                continue  # rows that arrive are looked for after each part
            data = _filled(parts, pictures)
            parts.clear()
            held = 0
            digest.update(data)
            size += len(data)
            steps.page()
            if self._rows is not None:
                self._rows.arriving.page()
            bind += time.perf_counter() - begun
            yield data
            begun = time.perf_counter()
        data = _filled(parts, pictures)
        digest.update(data)
        size += len(data)
        bind += time.perf_counter() - begun
        self.summary = ComposeSummary(
            pages=1,
            size=size,
            sha256=digest.hexdigest(),
            warnings=(),
            seconds=time.perf_counter() - started,
            cpu_seconds=time.thread_time() - cpu,
            phases=ComposePhases(bind=bind),  # text is put in where it stands: there is nothing to lay out
        )
        self.finished = True
        yield data
        self._loaded.composed()

    def _shown(self, show: Callable[[HostedLink, int, int], str], links: Mapping[str, HostedLink]) -> dict[str, str]:
        """By slot, how a link is shown; sizes that it does not know are those of the picture that was prepared."""
        assets = self._assets
        return {slot: show(link, assets[slot][1].width, assets[slot][1].height) for slot, link in links.items()}


def _filled(texts: list[str | bytes], pictures: Mapping[str, bytes]) -> bytes:
    """Text with the pictures in it: most of a page's bytes, which are encoded once for all documents."""
    found: list[bytes] = []
    for text in texts:
        data = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
        if b"\0" in data:
            parts: list[bytes] = data.split(b"\0")
            parts[1::2] = [pictures[name.decode()] for name in parts[1::2]]
            found += parts
        else:
            found.append(data)
    return b"".join(found)
