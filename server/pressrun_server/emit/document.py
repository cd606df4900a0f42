"""Writes a PDF from pages as they come: what is prepared first, then page by page, then what is known only at the end.

Object numbers: what is written last (catalog, page root, structure root ...) has the low ones; then the prepared
objects (the *prefix*, the same bytes for every document with the same assets, with its offsets and its SHA-256 state
kept); then a block of numbers a page (`emit.structure`). A prefix holds the first shard of every face; other shards
are written before the first page that shows them.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import deflate

from pressrun_server.emit.colorspace import srgb_profile
from pressrun_server.emit.content import ContentWriter
from pressrun_server.emit.destinations import destination, destinations
from pressrun_server.emit.metadata import Metadata, information, packet
from pressrun_server.emit.objectstream import object_stream
from pressrun_server.emit.outline import Entry, outline
from pressrun_server.emit.references import FREE, ROW, References
from pressrun_server.emit.resources import FONT_DICTIONARIES, font_objects, image_objects
from pressrun_server.emit.roles import type_entries
from pressrun_server.emit.structure import (
    CONTENT,
    EXTRA,
    MARKS,
    PAGE,
    STREAM,
    Carried,
    FigureObject,
    Forms,
    next_block,
)
from pressrun_server.emit.syntax import alpha_states, decimal, text_string
from pressrun_server.model.page import Page
from pressrun_server.model.prepared import PreparedImage
from pressrun_server.model.program import Program

__all__ = ["DocumentWriter", "Metadata", "PrefixCache"]

_INKS = b"/ColorSpace/DeviceCMYK"
"""Of a picture without a profile; one that has a profile names the inks as what stands in for it."""
_HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_CATALOG, _PAGES, _INFO, _FONTS, _IMAGES, _STRUCTURE, _DOCUMENT, _METADATA, _PROFILE = range(1, 10)
_FIRST_FREE = 10
_KIDS = 64
_LEVEL = 1
_BEST = 12
"""Levels of deflate: of what each document has deflated, and of what is the same in all."""
_FONT_OBJECTS = 5
"""Of a shard: font, descriptor, program and ToUnicode, and the object stream that the first two are in."""
_SECTION = 512
"""Pages after which what is known of cross-references is written, so that memory does not grow with the document."""
_LINK_KEYS = 1 << 24
"""Keys of links in the tree of marks begin here, above those of any number of pages."""
_LOW = 128
_DEEPEST = 64
"""Elements that a page may leave open, more than templates can nest; so many numbers are always at hand for them."""
_MOST_PREFIXES = 256
_MOST_TAGGED = 7_500_000
"""Objects after which pages have no tags: PDF/A allows 8,388,607 (ISO 19005-2, 6.1.13), and what is left is enough for
100,000 pages without."""
_INTENT = (
    b"<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB)/RegistryName(http://www.color.org)"
    b"/Info(sRGB IEC61966-2.1)/DestOutputProfile %d 0 R>>" % _PROFILE
)


@dataclass(slots=True, eq=False)
class _Font:
    """A shard as it is written."""

    streams: list[tuple[int, bytes]]
    """Numbers and bodies; the last one is an object stream"""
    inside: range
    """and holds objects of these numbers, in this order."""


@dataclass(slots=True, eq=False)
class _Prefix:
    data: bytes
    state: Any
    """hashlib object after `data`; copied for every document."""
    rows: bytes
    """The rows of the cross-reference stream; free where numbers are only reserved."""
    images: bytes
    """The XObject dictionary."""
    inks: bool
    """Whether any image is in process colours without a profile, which PDF/A-2 (6.2.4.3) does not allow beside sRGB."""


@dataclass(slots=True, eq=False)
class PrefixCache:
    """The prefixes of one program, by the digests of the images."""

    program: Program
    content: ContentWriter = field(init=False)
    forms: Forms = field(default_factory=Forms)
    first_fonts: frozenset[tuple[int, int]] = field(init=False)
    """Face and shard of what every prefix holds."""
    _prefixes: dict[tuple[tuple[int, str], ...], _Prefix] = field(default_factory=dict)
    _fonts: dict[tuple[int, int], _Font] = field(default_factory=dict)
    _names: dict[tuple[int, int], bytes] = field(default_factory=dict)
    _boxes: dict[tuple[int, int], bytes] = field(default_factory=dict)
    _plain: ContentWriter | None = None
    states: bytes = field(init=False)
    """The entry of resource dictionaries for colours that let something through."""

    def __post_init__(self) -> None:
        self.states = alpha_states(self.program.alphas)
        self.content = ContentWriter(self.program.styles)
        self.first_fonts = frozenset((index, 0) for index in range(len(self.program.faces)))

    @property
    def plain(self) -> ContentWriter:
        """Writes pages without marks."""
        if self._plain is None:
            self._plain = ContentWriter(self.program.styles, marked=False)
        return self._plain

    def font_number(self, face: int, shard: int) -> int:
        """The reserved number of a shard's font object."""
        before = sum(len(data.shards) for data in self.program.faces[:face])
        return _FIRST_FREE + (before + shard) * _FONT_OBJECTS

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

    def font(self, face: int, shard: int) -> _Font:
        """A shard with the numbers of its objects."""
        found = self._fonts.get((face, shard))
        if found is None:
            data, number = self.program.faces[face], self.font_number(face, shard)
            objects = list(enumerate(font_objects(data, data.shards[shard], number), number))
            packed = object_stream(objects[:FONT_DICTIONARIES], _BEST)
            streams = [*objects[FONT_DICTIONARIES:], (number + _FONT_OBJECTS - 1, packed)]
            found = self._fonts[face, shard] = _Font(streams, range(number, number + FONT_DICTIONARIES))
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
        parts, rows, position = [_HEADER], {}, len(_HEADER)

        def add(number: int, body: bytes) -> None:
            nonlocal position
            data = b"%d 0 obj\n%s\nendobj\n" % (number, body)
            rows[number] = ROW.pack(1, position, 0)
            parts.append(data)
            position += len(data)

        profile = deflate.zlib_compress(srgb_profile(), _BEST)
        header = b"<</N 3/Filter/FlateDecode/Length %d>>" % len(profile)
        add(_PROFILE, b"%s\nstream\n%s\nendstream" % (header, profile))
        for index in range(len(self.program.faces)):
            font = self.font(index, 0)
            for number, body in font.streams:
                add(number, body)
            for at, inside in enumerate(font.inside):
                rows[inside] = ROW.pack(2, font.streams[-1][0], at)
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
        table = b"".join([rows.get(index, FREE) for index in range(number)])
        inks = any(
            _INKS in part
            for _, _, image in images
            for body in image.objects
            for part in body.parts
            if isinstance(part, bytes)
        )
        return _Prefix(data, hashlib.sha256(data), table, b"".join(names), inks)


class DocumentWriter:
    """Writes one document.

    Args:
        cache: the program's prefixes.
        images: slot index, digest and prepared image of each slot that has one.
        metadata: what the document says of itself.
        targets: where the program's links lead, in ASCII.
    """

    def __init__(
        self,
        cache: PrefixCache,
        images: Sequence[tuple[int, str, PreparedImage]],
        metadata: Metadata,
        targets: Sequence[str] = (),
    ) -> None:
        self._cache = cache
        self._metadata = metadata
        self._identifier = b""
        self._targets = targets
        self._bookmarks: list[Entry] = []
        self._anchors: dict[str, tuple[int, int]] = {}
        """Page and distance from its lower edge of what links lead to."""
        self._notes = array("Q")
        """Elements of footnotes."""
        self._link_parents: list[int] = []
        """The element of each link's annotation, in order."""
        self._prefix = cache.get(images)
        self._state = self._prefix.state.copy()
        self._position = len(self._prefix.data)
        self._fonts = set(cache.first_fonts)
        self._references = References(self._prefix.rows)
        self._section = 0
        """Offset of the last cross-reference section; 0 where there is none."""
        self._block = len(self._prefix.rows) // ROW.size
        self._low = self._low_end = 0
        """Numbers for elements that pages leave open."""
        self._reserved = 0
        self._nodes: list[tuple[int, int]] = []
        self._kids: list[int] = []
        self._marks: list[bytes] = []
        self._mark_nodes: list[tuple[bytes, int]] = []
        self._parent = 0
        self._late: list[tuple[int, bytes]] = []
        """Objects for the object stream at the end."""
        self._stack = [Carried(_DOCUMENT, _STRUCTURE, "Document", 0, [])]
        self._parked: list[Carried] = []
        self.pages = 0
        self.untagged_from = 0
        """The first page without tags, because the document has too many objects; 0 where there is none."""

    @property
    def inks(self) -> bool:
        """Whether it has pictures in process colours, so that it is no PDF/A."""
        return self._prefix.inks

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
        if self._block >= _MOST_TAGGED:
            self._untag(page)
        used: set[tuple[int, int]] = set()
        out: list[bytes] = []
        stream = self._cache.content.write(page, used)
        if deferred:
            forms = "".join([f"/D{number} Do " for number in deferred])
            stream = f"q\n{stream}Q\n{forms}"
        if not used <= self._fonts:
            self._shards(used, out)
        if self._low_end - self._low < _DEEPEST:
            self._take_low()
        base, extra = self._block, self._reserved
        self._reserved = 0
        if not self._kids:
            self._parent = base + EXTRA + extra
            extra += 1
        annotations = b""
        if page.links:
            annotations = b"/Annots %d 0 R" % (base + EXTRA + extra)
            extra += 1
        names = b"".join([b"/D%d %d 0 R" % (item, item) for item in deferred])
        images = b"%d 0 R" % _IMAGES if not names else b"<<%s%s>>" % (self._prefix.images, names)
        dictionary = (
            b"<</Type/Page/Parent %d 0 R/MediaBox%s/Resources<</Font %d 0 R/XObject %s%s>>/Contents %d 0 R"
            b"/StructParents %d/Tabs/S%s>>"
            % (
                self._parent,
                self._cache.box(page),
                _FONTS,
                images,
                self._cache.states,
                base + CONTENT,
                self.pages,
                annotations,
            )
        )
        made, ended = self._cache.forms.page(
            page.tags, self._stack, self._parked, base, extra, len(page.alts), dictionary, self._carried_number
        )
        rows = bytearray(ROW.size * PAGE)
        rows += made.rows
        self._references.add(base, rows)
        self._block = next_block(base, made.size)
        self._object(out, base + CONTENT, self._deflated(b"", stream))
        for figure, alt in zip(made.figures, page.alts, strict=True):
            self._object(out, figure.number, _figure(figure, base + PAGE, alt))
        if page.links:
            self._annotations(out, page, base + EXTRA + extra - 1, made.links)
        self._object(out, base + STREAM, made.stream)
        self._notes.extend(made.notes)
        self._late += [(carried.number, carried.body()) for carried in ended]
        for y, level, text in page.bookmarks:
            if level:
                self._bookmarks.append((level, base + PAGE, page.height - y, text))
            else:
                # The first of several elements with one id, as in HTML.
                self._anchors.setdefault(text, (base + PAGE, page.height - y))
        self._kids.append(base + PAGE)
        self._marks.append(b"%d %d 0 R " % (self.pages, base + MARKS))
        self.pages += 1
        if len(self._kids) == _KIDS:
            self._close_nodes()
        if len(self._references) > _SECTION:
            self._close_section(out)
        return self._written(out)

    def _untag(self, page: Page) -> None:
        if not self.untagged_from:
            self.untagged_from = self.pages + 1
            self._late += [(carried.number, carried.body()) for carried in (*self._stack[1:], *self._parked)]
            del self._stack[1:], self._parked[:]
        page.untag()

    def _annotations(self, out: list[bytes], page: Page, number: int, links: Sequence[tuple[int, int]]) -> None:
        """The annotations of a page's links (12.5.6.5); each has a way back to its element (14.7.4.4)."""
        self._object(out, number, b"[%s]" % b" ".join([b"%d 0 R" % link for link, _ in links]))
        for (link, parent), (x, y, width, height, index) in zip(links, page.links, strict=True):
            top, x = page.height - y, x + page.shift  # noqa: PLW2901
            corners = " ".join(map(decimal, (x, top - height, x + width, top))).encode()
            target = index if isinstance(index, str) else self._targets[index - 1]
            if target.startswith("#"):
                said, action = text_string(target[1:]), b"/Dest%s" % destination(target[1:])
            else:
                said = text_string(target)
                action = b"/A<</S/URI/URI%s>>" % said
            self._object(
                out,
                link,
                b"<</Type/Annot/Subtype/Link/Rect[%s]/Border[0 0 0]/F 4/Contents%s/StructParent %d%s>>"
                % (corners, said, _LINK_KEYS + len(self._link_parents), action),
            )
            self._link_parents.append(parent)

    def _take_low(self) -> None:
        self._low, self._low_end = self._block, self._block + _LOW
        self._references.add(self._low, bytearray(ROW.size * _LOW))
        self._block = next_block(self._low, _LOW)

    def _carried_number(self) -> int:
        """A number for an element that a page leaves open; the same for documents that leave as many open before."""
        self._low += 1
        return self._low - 1

    def reserve(self) -> int:
        """A number for a form of the next page that is written later."""
        if self._low_end - self._low < _DEEPEST and not self._reserved:
            self._take_low()
        self._reserved += 1
        return self._block + EXTRA + self._reserved - 1

    def form(self, number: int, page: Page) -> bytes:
        """A reserved form: frames over the whole of a page, none of them content."""
        used: set[tuple[int, int]] = set()
        out: list[bytes] = []
        stream = self._cache.content.write(page, used)
        self._shards(used, out)
        box = self._cache.box(page)
        resources = b"<</Font %d 0 R/XObject %d 0 R%s>>" % (_FONTS, _IMAGES, self._cache.states)
        header = b"/Type/XObject/Subtype/Form/BBox%s/Resources%s" % (box, resources)
        self._object(out, number, self._deflated(header, stream))
        return self._written(out)

    def end(self) -> bytes:
        """The last bytes: what is known only now, and the cross-reference stream."""
        out: list[bytes] = []
        if self._kids:
            self._close_nodes()
        meta = self._metadata
        xmp = packet(meta, accessible=not self.untagged_from, archival=not self.inks)
        self._object(
            out, _METADATA, b"<</Type/Metadata/Subtype/XML/Length %d>>\nstream\n%s\nendstream" % (len(xmp), xmp)
        )
        stream, first = self._block, self._block + 1
        late = self._late
        late += [(carried.number, carried.body()) for carried in (*self._stack[1:], *self._parked)]
        links = b" ".join([b"%d %d 0 R" % (_LINK_KEYS + at, link) for at, link in enumerate(self._link_parents)])
        if len(self._mark_nodes) == 1:
            marks = b"<</Nums[%s %s]>>" % (self._mark_nodes[0][0], links)
        else:
            kids = b""
            for nums, last in self._mark_nodes:
                limits = b"/Limits[%d %d]" % (last - last % _KIDS, last)
                late.append((first, b"<<%s/Nums[%s]>>" % (limits, nums)))
                kids += b"%d 0 R " % first
                first += 1
            if links:
                limits = b"/Limits[%d %d]" % (_LINK_KEYS, _LINK_KEYS + len(self._link_parents) - 1)
                late.append((first, b"<<%s/Nums[%s]>>" % (limits, links)))
                kids += b"%d 0 R " % first
                first += 1
            marks = b"<</Kids[%s]>>" % kids
        first, outlines, names, identifiers = self._indexes(first)
        root = self._stack[0]
        document = b"<<%s/P %d 0 R/K[%s]>>" % (type_entries(root.role), _STRUCTURE, b"".join(root.kids))
        nodes = b" ".join([b"%d 0 R" % number for number, _ in self._nodes])
        fonts = b"".join([self._cache.font_name(*font) for font in sorted(self._fonts)])
        language = text_string(meta.language)
        late += [
            (_DOCUMENT, document),
            (
                _STRUCTURE,
                b"<</Type/StructTreeRoot/K[%d 0 R]/ParentTree%s/ParentTreeNextKey %d%s>>"
                % (_DOCUMENT, marks, _LINK_KEYS + len(self._link_parents), identifiers),
            ),
            (_PAGES, b"<</Type/Pages/Count %d/Kids[%s]>>" % (self.pages, nodes)),
            (_FONTS, b"<<%s>>" % fonts),
            (_INFO, information(meta)),
            (
                _CATALOG,
                b"<</Type/Catalog/Pages %d 0 R/Lang%s/MarkInfo<</Marked true>>/StructTreeRoot %d 0 R/Metadata %d 0 R"
                b"/OutputIntents[%s]/ViewerPreferences<</DisplayDocTitle true>>%s%s>>"
                % (_PAGES, language, _STRUCTURE, _METADATA, _INTENT, outlines, names),
            ),
        ]
        self._references.add(stream, bytearray(ROW.size * (first + 1 - stream)))
        self._object_stream(out, stream, late)
        start = self._cross_references(out, first, last=True)
        out.append(b"startxref\n%d\n%%%%EOF\n" % start)
        self._position += len(out[-1])
        return self._written(out)

    def _indexes(self, first: int) -> tuple[int, bytes, bytes, bytes]:
        """Bookmarks, destinations and identifiers: the next free number, and the entries that lead to them."""
        late = self._late
        outlines = b""
        if self._bookmarks:
            outlines = b"/Outlines %d 0 R" % first
            late += outline(self._bookmarks, first)
            first += 1 + len(self._bookmarks)
        names = b""
        if self._anchors:
            names = b"/Names<</Dests %d 0 R>>" % first
            late.append((first, destinations(self._anchors)))
            first += 1
        identifiers = b""
        if self._notes:
            identifiers = b"/IDTree %d 0 R" % first
            late.append((first, _identifiers(self._notes)))
            first += 1
        return first, outlines, names, identifiers

    def _close_section(self, out: list[bytes]) -> None:
        """Write the cross-references of pages as a section of their own (7.5.8); forget them.

        What is not known of their objects yet is free in it, and told by the last section, which is looked at first.
        """
        number = self._block
        self._references.add(number, bytearray(ROW.size))
        self._block = next_block(number, 1)
        self._section = self._cross_references(out, number, last=False)
        self._references.forget(number)

    def _object_stream(self, out: list[bytes], number: int, objects: list[tuple[int, bytes]]) -> None:
        for index, (item, _) in enumerate(objects):
            self._references.set(item, 2, number, index)
        self._object(out, number, object_stream(objects, _LEVEL))

    def _cross_references(self, out: list[bytes], number: int, *, last: bool) -> int:
        """A cross-reference stream (7.5.8), which is a trailer, too; numbers that no block has are not told."""
        start = self._position
        self._references.set(number, 1, start, 0)
        index, rows = self._references.told(last=last)
        data = deflate.zlib_compress(rows, _LEVEL)
        identifier = self._identifier = self._identifier or self._metadata.identifier().hex().encode()
        body = (
            b"<</Type/XRef/Size %d/Index[%s]/W[1 4 2]/Root %d 0 R/Info %d 0 R/ID[<%s><%s>]%s/Filter/FlateDecode"
            b"/Length %d>>\nstream\n%s\nendstream"
            % (
                number + 1,
                index,
                _CATALOG,
                _INFO,
                identifier,
                identifier,
                b"/Prev %d" % self._section if self._section else b"",
                len(data),
                data,
            )
        )
        out.append(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        self._position += len(out[-1])
        return start

    def _shards(self, used: set[tuple[int, int]], out: list[bytes]) -> None:
        for face, shard in sorted(used - self._fonts):
            self._fonts.add((face, shard))
            font = self._cache.font(face, shard)
            for number, body in font.streams:
                self._object(out, number, body)
            for at, inside in enumerate(font.inside):
                self._references.set(inside, 2, font.streams[-1][0], at)

    def _close_nodes(self) -> None:
        """End a node of the page tree, and one of the tree of marks."""
        kids = b" ".join([b"%d 0 R" % number for number in self._kids])
        self._late.append(
            (self._parent, b"<</Type/Pages/Parent %d 0 R/Count %d/Kids[%s]>>" % (_PAGES, len(self._kids), kids))
        )
        self._nodes.append((self._parent, len(self._kids)))
        self._mark_nodes.append((b"".join(self._marks).rstrip(), self.pages - 1))
        self._kids, self._marks = [], []

    @staticmethod
    def _deflated(dictionary: bytes, stream: str) -> bytes:
        data = deflate.zlib_compress(stream.encode("latin-1"), _LEVEL)
        return b"<<%s/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream" % (dictionary, len(data), data)

    def _object(self, out: list[bytes], number: int, body: bytes) -> None:
        data = b"%d 0 obj\n%s\nendobj\n" % (number, body)
        self._references.set(number, 1, self._position, 0)
        self._position += len(data)
        out.append(data)

    def _written(self, out: list[bytes]) -> bytes:
        data = b"".join(out)
        self._state.update(data)
        return data


def _identifiers(numbers: Sequence[int]) -> bytes:
    """The leaf of the name tree that has all elements with an identifier (14.7.2); its names are sorted as bytes."""
    names = b"".join([b"(%s)%s 0 R" % (name, name) for name in sorted(b"%d" % number for number in numbers)])
    return b"<</Names[%s]>>" % names


def _figure(figure: FigureObject, page: int, alt: str) -> bytes:
    """The element of an image with its alternative text (14.9.3)."""
    return b"<<%s/P %d 0 R/Pg %d 0 R/K %d/Alt%s>>" % (
        type_entries(figure.role),
        figure.parent,
        page,
        figure.mark,
        text_string(alt),
    )
