"""Writes a PDF from pages as they come: what is prepared first, then page by page, then what is known only at the end.

Object numbers: catalog, page root, information and font dictionary are reserved low and written last; then the
prepared objects (the *prefix*, the same bytes for every document with the same assets, with its offsets and its SHA-256
state kept); then the pages. About 16 bytes a page stay in memory. A prefix holds the first shard of every face;
other shards are written before the first page that shows them.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import deflate

from pressrun_server.emit.content import ContentWriter
from pressrun_server.emit.resources import OBJECTS_PER_FONT, font_objects, image_objects
from pressrun_server.emit.syntax import date_string, decimal, text_string
from pressrun_server.model.page import Page
from pressrun_server.model.prepared import PreparedImage
from pressrun_server.model.program import Program

__all__ = ["DocumentWriter", "Metadata", "PrefixCache"]

_HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_CATALOG, _PAGES, _INFO, _FONTS, _IMAGES = 1, 2, 3, 4, 5
_FIRST_FREE = 6
_KIDS = 64
_LEVEL = 1
_MOST_PREFIXES = 256
# Lines of the cross-reference table are of one length (PDF 32000-1, 7.5.4).
_IN_USE = b"%010d 00000 n \n"
_FREE = b"0000000000 00000 f \n"
_LINE = len(_FREE)
PRODUCER = "Pressrun"


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a document says of itself."""

    title: str
    language: str
    moment: datetime
    identifier: bytes
    """16 bytes, from the digests of what decides the document."""


@dataclass(slots=True, eq=False)
class _Prefix:
    data: bytes
    state: Any
    """hashlib object after `data`; copied for every document."""
    offsets: array[int]
    """Offset by object number; 0 for numbers that are only reserved."""
    table: bytes
    """Their lines of the cross-reference table."""
    images: bytes
    """The XObject dictionary."""


@dataclass(slots=True, eq=False)
class PrefixCache:
    """The prefixes of one program, by the digests of the images."""

    program: Program
    content: ContentWriter = field(init=False)
    first_fonts: frozenset[tuple[int, int]] = field(init=False)
    """Face and shard of what every prefix holds."""
    _prefixes: dict[tuple[tuple[int, str], ...], _Prefix] = field(default_factory=dict)
    _fonts: dict[tuple[int, int], list[tuple[int, bytes]]] = field(default_factory=dict)
    _names: dict[tuple[int, int], bytes] = field(default_factory=dict)
    _boxes: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.content = ContentWriter(self.program.styles)
        self.first_fonts = frozenset((index, 0) for index in range(len(self.program.faces)))

    def font_number(self, face: int, shard: int) -> int:
        """The reserved number of a shard's font object."""
        before = sum(len(data.shards) for data in self.program.faces[:face])
        return _FIRST_FREE + (before + shard) * OBJECTS_PER_FONT

    def font_name(self, face: int, shard: int) -> bytes:
        """A shard's entry in the font dictionary."""
        found = self._names.get((face, shard))
        if found is None:
            found = self._names[face, shard] = b"/F%d_%d %d 0 R" % (face, shard, self.font_number(face, shard))
        return found

    def box(self, page: Page) -> bytes:
        """A page's box; a program has one or two."""
        found = self._boxes.get((page.width, page.height))
        if found is None:
            found = b"[0 0 %s %s]" % (decimal(page.width).encode(), decimal(page.height).encode())
            self._boxes[page.width, page.height] = found
        return found

    def font(self, face: int, shard: int) -> list[tuple[int, bytes]]:
        """A shard's objects with their numbers."""
        found = self._fonts.get((face, shard))
        if found is None:
            data, number = self.program.faces[face], self.font_number(face, shard)
            found = list(enumerate(font_objects(data, data.shards[shard], number), number))
            self._fonts[face, shard] = found
        return found

    def get(self, images: Sequence[tuple[int, str, PreparedImage]]) -> _Prefix:
        """The prefix for images given as slot index, digest and prepared image."""
        key = tuple((slot, digest) for slot, digest, _ in images)
        found = self._prefixes.get(key)
        if found is None:
            if len(self._prefixes) >= _MOST_PREFIXES:
                self._prefixes.clear()
            found = self._prefixes[key] = self._build(images)
        return found

    def _build(self, images: Sequence[tuple[int, str, PreparedImage]]) -> _Prefix:
        parts, offsets, position = [_HEADER], {}, len(_HEADER)

        def add(number: int, body: bytes) -> None:
            nonlocal position
            data = b"%d 0 obj\n%s\nendobj\n" % (number, body)
            offsets[number] = position
            parts.append(data)
            position += len(data)

        for index in range(len(self.program.faces)):
            for number, body in self.font(index, 0):
                add(number, body)
        number = self.font_number(len(self.program.faces), 0)
        names = []
        shared: dict[str, int] = {}
        for slot, digest, image in images:
            if digest not in shared:
                shared[digest] = number
                for body in image_objects(image, number):
                    add(number, body)
                    number += 1
            names.append(b"/I%d %d 0 R" % (slot, shared[digest]))
        add(_IMAGES, b"<<" + b"".join(names) + b">>")
        data = b"".join(parts)
        table = array("Q", (offsets.get(index, 0) for index in range(number)))
        return _Prefix(data, hashlib.sha256(data), table, _lines(table), b"".join(names))


def _lines(offsets: array[int]) -> bytes:
    """Lines of the cross-reference table; a number without an object is free."""
    return b"".join([_IN_USE % offset if offset else _FREE for offset in offsets])


class DocumentWriter:
    """Writes one document.

    Args:
        cache: the program's prefixes.
        images: slot index, digest and prepared image of each slot that has one.
        metadata: what the document says of itself.
    """

    def __init__(
        self, cache: PrefixCache, images: Sequence[tuple[int, str, PreparedImage]], metadata: Metadata
    ) -> None:
        self._cache = cache
        self._metadata = metadata
        self._prefix = cache.get(images)
        self._state = self._prefix.state.copy()
        self._offsets = self._prefix.offsets[:]
        self._late: list[int] = []
        """Numbers that the prefix reserved and that have their objects now."""
        self._position = len(self._prefix.data)
        self._fonts = set(cache.first_fonts)
        self._nodes: list[tuple[int, int]] = []
        self._kids: list[int] = []
        self._parent = 0
        self.pages = 0

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._position

    @property
    def sha256(self) -> str:
        """The digest of the bytes written so far."""
        return str(self._state.hexdigest())

    def begin(self) -> bytes:
        """The first bytes of the document; already counted and hashed."""
        return self._prefix.data

    def page(self, page: Page, deferred: Sequence[int] = ()) -> bytes:
        """A page's objects.

        Args:
            page: the frames.
            deferred: numbers (from `reserve`) of forms that are painted over the page and written later.
        """
        used: set[tuple[int, int]] = set()
        out: list[bytes] = []
        stream = self._cache.content.write(page, used)
        if deferred:
            forms = "".join(f"/D{number} Do " for number in deferred)
            stream = f"q\n{stream}Q\n{forms}"
        self._shards(used, out)
        content = self._new()
        self._object(out, content, self._deflated(b"", stream))
        number = self._new()
        if not self._kids:
            self._parent = self._new()
        names = b"".join(b"/D%d %d 0 R" % (item, item) for item in deferred)
        images = b"%d 0 R" % _IMAGES if not names else b"<<%s%s>>" % (self._prefix.images, names)
        self._object(
            out,
            number,
            b"<</Type/Page/Parent %d 0 R/MediaBox%s/Resources<</Font %d 0 R/XObject %s>>/Contents %d 0 R>>"
            % (self._parent, self._cache.box(page), _FONTS, images, content),
        )
        self._kids.append(number)
        self.pages += 1
        if len(self._kids) == _KIDS:
            self._close_node(out)
        return self._written(out)

    def reserve(self) -> int:
        """A number for a form that is written later."""
        return self._new()

    def form(self, number: int, page: Page) -> bytes:
        """A reserved form: frames over the whole of a page."""
        used: set[tuple[int, int]] = set()
        out: list[bytes] = []
        stream = self._cache.content.write(page, used)
        self._shards(used, out)
        box = self._cache.box(page)
        resources = b"<</Font %d 0 R/XObject %d 0 R>>" % (_FONTS, _IMAGES)
        header = b"/Type/XObject/Subtype/Form/BBox%s/Resources%s" % (box, resources)
        self._object(out, number, self._deflated(header, stream))
        return self._written(out)

    def end(self) -> bytes:
        """The last bytes: page tree, dictionaries, cross-reference table, trailer."""
        out: list[bytes] = []
        if self._kids:
            self._close_node(out)
        kids = b" ".join(b"%d 0 R" % number for number, _ in self._nodes)
        self._object(out, _PAGES, b"<</Type/Pages/Count %d/Kids[%s]>>" % (self.pages, kids))
        fonts = b"".join([self._cache.font_name(*font) for font in sorted(self._fonts)])
        self._object(out, _FONTS, b"<<" + fonts + b">>")
        meta = self._metadata
        moment = date_string(meta.moment)
        self._object(
            out,
            _INFO,
            b"<</Title%s/Producer(%s)/CreationDate%s/ModDate%s>>"
            % (text_string(meta.title), PRODUCER.encode(), moment, moment),
        )
        self._object(
            out,
            _CATALOG,
            b"<</Type/Catalog/Pages %d 0 R/Lang%s/ViewerPreferences<</DisplayDocTitle true>>>>"
            % (_PAGES, text_string(meta.language)),
        )
        start = self._position
        identifier = meta.identifier.hex().encode()
        out.append(self._table())
        out.append(
            b"trailer\n<</Size %d/Root %d 0 R/Info %d 0 R/ID[<%s><%s>]>>\nstartxref\n%d\n%%%%EOF\n"
            % (len(self._offsets), _CATALOG, _INFO, identifier, identifier, start)
        )
        self._position += sum(map(len, out[-2:]))
        return self._written(out)

    def _table(self) -> bytes:
        """The cross-reference table (7.5.4); numbers that were reserved and not used are free."""
        table = bytearray(self._prefix.table)
        for number in self._late:
            table[number * _LINE : (number + 1) * _LINE] = _IN_USE % self._offsets[number]
        table += _lines(self._offsets[len(self._prefix.offsets) :])
        return b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(self._offsets), table[_LINE:])

    def _shards(self, used: set[tuple[int, int]], out: list[bytes]) -> None:
        for face, shard in sorted(used - self._fonts):
            self._fonts.add((face, shard))
            for number, body in self._cache.font(face, shard):
                self._object(out, number, body)

    def _close_node(self, out: list[bytes]) -> None:
        kids = b" ".join(b"%d 0 R" % number for number in self._kids)
        body = b"<</Type/Pages/Parent %d 0 R/Count %d/Kids[%s]>>" % (_PAGES, len(self._kids), kids)
        self._object(out, self._parent, body)
        self._nodes.append((self._parent, len(self._kids)))
        self._kids = []

    def _new(self) -> int:
        self._offsets.append(0)
        return len(self._offsets) - 1

    @staticmethod
    def _deflated(dictionary: bytes, stream: str) -> bytes:
        data = deflate.zlib_compress(stream.encode("latin-1"), _LEVEL)
        return b"<<%s/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream" % (dictionary, len(data), data)

    def _object(self, out: list[bytes], number: int, body: bytes) -> None:
        data = b"%d 0 obj\n%s\nendobj\n" % (number, body)
        if number < len(self._prefix.offsets):
            self._late.append(number)
        self._offsets[number] = self._position
        self._position += len(data)
        out.append(data)

    def _written(self, out: list[bytes]) -> bytes:
        data = b"".join(out)
        self._state.update(data)
        return data
