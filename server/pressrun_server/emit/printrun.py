"""Writes many documents into one PDF as they come, with fonts and images once each: a file for a printer.

Content streams leave at once; the dictionaries of pages and of document parts wait, a few dozen at a time, for an
object stream. What is only known at the end (catalog, root of the pages, fonts of each program) has low or reserved
numbers. In memory stay eight bytes a document, and what names the shared parts.

What only readers on a screen use is left out: tags, links and bookmarks; what is shown and said is what each document
shows and says alone. Each document is a leaf of the tree of document parts (ISO 32000-2, 14.12; ISO 16612-2, 6.5).
"""

from __future__ import annotations

import hashlib
from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import deflate

from pressrun_server.emit.colorspace import srgb_profile
from pressrun_server.emit.document import PrefixCache
from pressrun_server.emit.metadata import PRODUCER
from pressrun_server.emit.objectstream import object_stream
from pressrun_server.emit.pdfx import ALL_INKS, output_intent, press_packet
from pressrun_server.emit.references import FREE, ROW
from pressrun_server.emit.resources import font_objects, image_objects
from pressrun_server.emit.syntax import date_string, text_string
from pressrun_server.model.page import Page
from pressrun_server.model.prepared import PreparedImage
from pressrun_server.model.press import PressSpec
from pressrun_server.model.run import RunTitle

__all__ = ["RunDocument", "RunFile", "RunLabel"]

_HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_CATALOG, _PAGES, _INFO, _PARTS, _TOP_PART = range(1, 6)
_FIRST_FREE = 6
_KIDS = 64
_PACK = 96
"""Dictionaries of an object stream, about: at so many they deflate to a tenth, and no more are ever held."""
_SECTION = 8192
"""Objects after which what is known of cross-references is written."""
_LEVEL = 6
"""Of deflate: a page of a statement is 8 % smaller than at level 1, for 30 us; a run is kept and moved whole."""
_MOST_SHARED = 16_384
"""Images and sets of images that are known; one that is forgotten would be written again."""


@dataclass(frozen=True, slots=True)
class RunLabel:
    """What a file says of one document, in the metadata of its document part."""

    request_id: str
    template: str
    """name@version."""
    locale: str
    separator: bool = False
    number: int = 0
    """In the codes of its sheets; 0: its sheets have none."""


@dataclass(slots=True, eq=False)
class _Kit:
    """The shared parts of one program."""

    program: str
    fonts: int
    """Number of its font dictionary, which is written last."""
    states: bytes
    """The entry of its resource dictionaries for colours that let something through."""
    shards: dict[tuple[int, int], int] = field(default_factory=dict)
    """Number of each shard that is in the file, by face and shard."""


@dataclass(slots=True, eq=False)
class _Leaf:
    """A node of the page tree with pages in it."""

    number: int
    parent: int
    kids: list[int] = field(default_factory=list)


class RunFile:
    """Writes one file.

    Args:
        title: what the file says of itself.
        spec: what its printer wants of sheets; nothing where it is not given.
        profile: the ICC profile of the printing condition, where the spec names one.
    """

    def __init__(self, title: RunTitle, spec: PressSpec | None = None, profile: bytes = b"") -> None:
        self.spec = spec or PressSpec()
        self.colors = b""
        """The entry of resource dictionaries for colour spaces."""
        self._profile = profile
        self._intent = b""
        self._streams: dict[tuple[object, ...], int] = {}
        self._title = title
        self._state = hashlib.sha256()
        self._identity = hashlib.sha256(f"{title.engine}\n{title.text}\n{title.moment.isoformat()}\n".encode())
        self._position = 0
        self._next = _FIRST_FREE
        self._rows = bytearray()
        self._first = _FIRST_FREE
        """The number that the first of the rows is of."""
        self._amended: dict[int, bytes] = {}
        """Rows of objects that were written after the section that should have had them."""
        self._section = 0
        self._packed: list[tuple[int, bytes]] = []
        self._kits: dict[str, _Kit] = {}
        self._fonts: dict[bytes, int] = {}
        self._images: OrderedDict[str, int] = OrderedDict()
        self._sets: OrderedDict[tuple[object, ...], tuple[int, bytes]] = OrderedDict()
        """By program and images: number of the resource dictionary, and the entries of its XObjects."""
        self._leaf: _Leaf | None = None
        self._full: list[_Leaf] = []
        """Leaves that the document in work may still change."""
        self._branch = self._branch_room = 0
        """The node above new leaves, and how many more it takes."""
        self._settled = 0
        self._settled_leaves: list[tuple[int, int]] = []
        """Number and pages of the leaves of one branch that no document can change any more."""
        self._branches: list[int] = []
        self._parts = array("Q")
        self.pages = 0
        self.documents = 0

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._position

    @property
    def objects(self) -> int:
        """Numbers taken so far."""
        return self._next

    @property
    def sha256(self) -> str:
        """The digest of the bytes written so far."""
        return self._state.hexdigest()

    def begin(self) -> bytes:
        """The first bytes."""
        out = [_HEADER]
        self._position += len(_HEADER)
        spaces = []
        if self.spec.marked:
            spaces.append(b"/All%s" % ALL_INKS)
        if self.spec.profile is not None:
            # Colours of ours are sRGB, also where the file is meant for inks (PDF 32000-1, 8.6.5.6).
            screen, press = self.take(), self.take()
            self._icc(out, screen, srgb_profile(), 3)
            self._icc(out, press, self._profile, 4)
            spaces.append(b"/DefaultRGB[/ICCBased %d 0 R]" % screen)
            self._intent = b"/OutputIntents[%s]" % output_intent(self.spec.profile.identifier, press)
        if spaces:
            number = self.take()
            self.write(out, number, b"<<%s>>" % b"".join(spaces))
            self.colors = b"/ColorSpace %d 0 R" % number
        return self.written(out)

    def _icc(self, out: list[bytes], number: int, profile: bytes, components: int) -> None:
        data = deflate.zlib_compress(profile, 9)
        entries = b"/N %d/Filter/FlateDecode/Length %d" % (components, len(data))
        self.write(out, number, b"<<%s>>\nstream\n%s\nendstream" % (entries, data))

    def document(
        self,
        program: str,
        cache: PrefixCache,
        images: Sequence[tuple[int, str, PreparedImage]],
        label: RunLabel,
        identifier: bytes,
        kind: type[RunDocument] | None = None,
    ) -> RunDocument:
        """Begin a document; the one before has ended.

        Args:
            program: digest of its program.
            cache: of that program.
            images: slot index, digest and prepared image of each slot that has one.
            label: what is said of it.
            identifier: 16 bytes, from what decides it; the file's own comes of those of its documents.
            kind: what writes it; where sheets are not pages, `emit.pressdocument.PressDocument`.
        """
        kit = self._kits.get(program)
        if kit is None:
            kit = self._kits[program] = _Kit(program, self.take(), cache.states)
        self._identity.update(identifier)
        return (kind or RunDocument)(self, kit, cache, images, label)

    def end(self) -> bytes:
        """The last bytes; a file without pages can't be ended."""
        out: list[bytes] = []
        if self._leaf is not None:
            self._full.append(self._leaf)
            self._leaf = None
        self._settle()
        self._close_branch()
        for kit in self._kits.values():
            names = b"".join(
                [b"/F%d_%d %d 0 R" % (face, shard, number) for (face, shard), number in sorted(kit.shards.items())]
            )
            self._packed.append((kit.fonts, b"<<%s>>" % names))
        kids = b" ".join([b"%d 0 R" % number for number in self._branches])
        parts = b" ".join([b"%d 0 R" % number for number in self._parts])
        title, moment = text_string(self._title.text), date_string(self._title.moment)
        metadata = trapped = b""
        if self.spec.pdf_x:
            packet = press_packet(self._title.text, self._title.moment, self._identity.hexdigest()[:32])
            number = self.take()
            self.write(
                out, number, b"<</Type/Metadata/Subtype/XML/Length %d>>\nstream\n%s\nendstream" % (len(packet), packet)
            )
            metadata, trapped = b"/Metadata %d 0 R" % number, b"/Trapped/False"
        self._packed += [
            (
                _CATALOG,
                b"<</Type/Catalog/Pages %d 0 R/DPartRoot %d 0 R%s>>" % (_PAGES, _PARTS, self._intent + metadata),
            ),
            (_PAGES, b"<</Type/Pages/Count %d/Kids[%s]>>" % (self.pages, kids)),
            (
                _INFO,
                b"<</Title%s/Producer(%s)/CreationDate%s/ModDate%s%s>>"
                % (title, PRODUCER.encode(), moment, moment, trapped),
            ),
            (
                _PARTS,
                b"<</Type/DPartRoot/DPartRootNode %d 0 R/RecordLevel 1/NodeNameList[/Run/Document]>>" % _TOP_PART,
            ),
            (_TOP_PART, b"<</Type/DPart/Parent %d 0 R/DParts[[%s]]>>" % (_PARTS, parts)),
        ]
        self._pack(out)
        start = self._cross_references(out, last=True)
        out.append(b"startxref\n%d\n%%%%EOF\n" % start)
        self._position += len(out[-1])
        return self.written(out)

    # -- what its documents ask for ----------------------------------------------------------------------------------

    def take(self) -> int:
        """The next number."""
        number = self._next
        self._next += 1
        self._rows += FREE
        return number

    def resources(
        self, out: list[bytes], kit: _Kit, images: Sequence[tuple[int, str, PreparedImage]]
    ) -> tuple[int, bytes]:
        """The resource dictionary of pages with these images, and the entries of its XObjects."""
        key = (kit.program, *((slot, digest) for slot, digest, _ in images))
        found = self._sets.get(key)
        if found is not None:
            return found
        names = []
        for slot, digest, image in images:
            number = self._images.get(digest)
            if number is None:
                number = self._next
                for body in image_objects(image, number):
                    self.write(out, self.take(), body)
                _remember(self._images, digest, number)
            names.append(b"/I%d %d 0 R" % (slot, number))
        entries = b"".join(names)
        found = self.take(), entries
        self._packed.append(
            (found[0], b"<</Font %d 0 R/XObject<<%s>>%s%s>>" % (kit.fonts, entries, self.colors, kit.states))
        )
        _remember(self._sets, key, found)
        return found

    def shards(self, out: list[bytes], kit: _Kit, cache: PrefixCache, used: set[tuple[int, int]]) -> None:
        """Have these in the file, and in the font dictionary of a program."""
        for face, shard in sorted(used - kit.shards.keys()):
            data = cache.program.faces[face]
            # Programs of one font have equal shards: the same objects but for their numbers are the same font.
            content = hashlib.sha256(b"\0".join(font_objects(data, data.shards[shard], 0))).digest()
            number = self._fonts.get(content)
            if number is None:
                number = self._fonts[content] = self._next
                for body in font_objects(data, data.shards[shard], number):
                    self.write(out, self.take(), body)
            kit.shards[face, shard] = number

    def add_page(self, out: list[bytes], number: int, entries: bytes) -> None:
        """A page of the document in work; all of its dictionary but type and parent."""
        leaf = self._leaf
        if leaf is None:
            if self._branch_room == 0:
                self._branch, self._branch_room = self.take(), _KIDS
            self._branch_room -= 1
            leaf = self._leaf = _Leaf(self.take(), self._branch)
        leaf.kids.append(number)
        self._packed.append((number, b"<</Type/Page/Parent %d 0 R%s>>" % (leaf.number, entries)))
        self.pages += 1
        if len(leaf.kids) == _KIDS:
            self._full.append(leaf)
            self._leaf = None
        if len(self._packed) >= _PACK:
            self._pack(out)

    def commit(self, out: list[bytes], part: int, entries: bytes) -> None:
        """The document in work is whole.

        Args:
            out: takes what is to be written.
            part: number of its document part.
            entries: all of its dictionary but type and parent.
        """
        self._packed.append((part, b"<</Type/DPart/Parent %d 0 R%s>>" % (_TOP_PART, entries)))
        self._parts.append(part)
        self.documents += 1
        self._settle()
        if len(self._packed) >= _PACK:
            self._pack(out)
        if len(self._rows) >= _SECTION * ROW.size:
            self._close_section(out)

    def abandon(self, pages: int) -> None:
        """The document in work is given up after so many pages: nothing in the file leads to any of them."""
        self.pages -= pages
        leaves = [*self._full, self._leaf] if self._leaf is not None else list(self._full)
        while pages:
            leaf = leaves.pop()
            taken = min(len(leaf.kids), pages)
            del leaf.kids[len(leaf.kids) - taken :]
            pages -= taken
        self._settle()

    def write(self, out: list[bytes], number: int, body: bytes) -> None:
        """An object."""
        data = b"%d 0 obj\n%s\nendobj\n" % (number, body)
        self._set_row(number, ROW.pack(1, self._position, 0))
        self._position += len(data)
        out.append(data)

    def write_stream(self, out: list[bytes], number: int, entries: bytes, content: str) -> None:
        """A content stream; every character stands for one byte."""
        data = deflate.zlib_compress(content.encode("latin-1"), _LEVEL)
        self.write(
            out, number, b"<<%s/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream" % (entries, len(data), data)
        )

    def shared_stream(self, out: list[bytes], key: tuple[object, ...], content: Callable[[], str]) -> int:
        """The number of a content stream that pages share; written when it is first asked for."""
        number = self._streams.get(key)
        if number is None:
            number = self._streams[key] = self.take()
            self.write_stream(out, number, b"", content())
        return number

    def written(self, out: list[bytes]) -> bytes:
        """What is to be written, hashed."""
        data = b"".join(out)
        self._state.update(data)
        return data

    # -- the file's own ----------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Leaves that are full, and that no document may change any more, go into their branches."""
        for leaf in self._full:
            if not leaf.kids:
                continue
            if leaf.parent != self._settled:
                self._close_branch()
                self._settled = leaf.parent
            self._settled_leaves.append((leaf.number, len(leaf.kids)))
            kids = b" ".join([b"%d 0 R" % number for number in leaf.kids])
            body = b"<</Type/Pages/Parent %d 0 R/Count %d/Kids[%s]>>" % (leaf.parent, len(leaf.kids), kids)
            self._packed.append((leaf.number, body))
        self._full.clear()

    def _close_branch(self) -> None:
        if self._settled_leaves:
            count = sum(pages for _, pages in self._settled_leaves)
            kids = b" ".join([b"%d 0 R" % number for number, _ in self._settled_leaves])
            body = b"<</Type/Pages/Parent %d 0 R/Count %d/Kids[%s]>>" % (_PAGES, count, kids)
            self._packed.append((self._settled, body))
            self._branches.append(self._settled)
            self._settled_leaves.clear()

    def _pack(self, out: list[bytes]) -> None:
        """Write the dictionaries that wait as an object stream (PDF 32000-1, 7.5.7)."""
        if not self._packed:
            return
        stream = self.take()
        for index, (number, _) in enumerate(self._packed):
            self._set_row(number, ROW.pack(2, stream, index))
        self.write(out, stream, object_stream(self._packed, _LEVEL))
        self._packed.clear()

    def _set_row(self, number: int, row: bytes) -> None:
        if number < self._first:
            self._amended[number] = row
            return
        at = (number - self._first) * ROW.size
        self._rows[at : at + ROW.size] = row

    def _close_section(self, out: list[bytes]) -> None:
        self._pack(out)
        self._section = self._cross_references(out, last=False)
        self._first = self._next
        self._rows = bytearray()

    def _cross_references(self, out: list[bytes], *, last: bool) -> int:
        """A cross-reference stream (PDF 32000-1, 7.5.8); the last one, which is read first, tells what came late."""
        number, start = self.take(), self._position
        self._set_row(number, ROW.pack(1, start, 0))
        blocks = [(self._first, bytes(self._rows))]
        if last:
            blocks = [(0, FREE), *sorted(self._amended.items()), *blocks]
        index = b" ".join([b"%d %d" % (first, len(rows) // ROW.size) for first, rows in blocks])
        data = deflate.zlib_compress(b"".join([rows for _, rows in blocks]), _LEVEL)
        identifier = self._identity.hexdigest()[:32].encode()
        body = (
            b"<</Type/XRef/Size %d/Index[%s]/W[1 4 2]/Root %d 0 R/Info %d 0 R%s%s/Filter/FlateDecode"
            b"/Length %d>>\nstream\n%s\nendstream"
            % (
                number + 1,
                index,
                _CATALOG,
                _INFO,
                b"/ID[<%s><%s>]" % (identifier, identifier) if last else b"",
                b"/Prev %d" % self._section if self._section else b"",
                len(data),
                data,
            )
        )
        out.append(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        self._position += len(out[-1])
        return start


class RunDocument:
    """Writes one document of a run, as `DocumentWriter` writes one alone."""

    def __init__(
        self,
        file: RunFile,
        kit: _Kit,
        cache: PrefixCache,
        images: Sequence[tuple[int, str, PreparedImage]],
        label: RunLabel,
    ) -> None:
        self._file = file
        self._kit = kit
        self._cache = cache
        self._images = images
        self._label = label
        self._part = file.take()
        self._first_page = self._last_page = 0
        self.offset = file.size
        """Where it begins."""
        self.first_page = file.pages + 1
        """Of the file, from 1."""
        self.pages = 0
        self.sides = 0
        """Pages of the file that are its own; where sheets are not pages, others than those that it has alone."""
        self.untagged_from = 0
        self.inks = False
        """A run does not say that it is PDF/A."""
        """No page of a run has tags, and none is expected to."""

    @property
    def sha256(self) -> str:
        """Empty: a document of a run is no file."""
        return ""

    @property
    def size(self) -> int:
        """Bytes written since it began; fonts and images that it brought into the file are in it."""
        return self._file.size - self.offset

    def begin(self) -> bytes:
        """Nothing: what documents begin with is in the file."""
        return b""

    def page(self, page: Page, deferred: Sequence[int] = ()) -> bytes:
        """A page's content, and what it needs that is not in the file yet.

        Args:
            page: the frames.
            deferred: numbers (from `reserve`) of forms that are painted over the page and written later.
        """
        file, kit = self._file, self._kit
        out: list[bytes] = []
        content, entries = self._content(out, page, deferred)
        resources = b"%d 0 R" % file.resources(out, kit, self._images)[0]
        if deferred:
            resources = b"<</Font %d 0 R/XObject<<%s>>%s%s>>" % (kit.fonts, entries, file.colors, kit.states)
        stream, number = file.take(), file.take()
        file.write_stream(out, stream, b"", content)
        box = self._cache.box(page)
        trim = b"/TrimBox%s" % box if file.spec.pdf_x else b""
        self._add(out, number, b"/MediaBox%s%s/Resources %s/Contents %d 0 R" % (box, trim, resources, stream))
        self.pages += 1
        return file.written(out)

    def _content(self, out: list[bytes], page: Page, deferred: Sequence[int]) -> tuple[str, bytes]:
        """The content of a page, and the XObjects that it shows."""
        used: set[tuple[int, int]] = set()
        content = self._cache.plain.write(page, used)
        self._file.shards(out, self._kit, self._cache, used)
        entries = self._file.resources(out, self._kit, self._images)[1]
        if deferred:
            content = f"q\n{content}Q\n" + "".join([f"/D{number} Do " for number in deferred])
            entries += b"".join([b"/D%d %d 0 R" % (number, number) for number in deferred])
        return content, entries

    def _add(self, out: list[bytes], number: int, entries: bytes) -> None:
        """A page of the file that is this document's."""
        self._file.add_page(out, number, b"%s/DPart %d 0 R" % (entries, self._part))
        self._first_page = self._first_page or number
        self._last_page = number
        self.sides += 1

    def reserve(self) -> int:
        """A number for a form of the next page that is written later."""
        return self._file.take()

    def form(self, number: int, page: Page) -> bytes:
        """A reserved form: frames over the whole of a page."""
        file, kit = self._file, self._kit
        out: list[bytes] = []
        used: set[tuple[int, int]] = set()
        content = self._cache.plain.write(page, used)
        file.shards(out, kit, self._cache, used)
        shared, _ = file.resources(out, kit, self._images)
        entries = b"/Type/XObject/Subtype/Form/BBox%s/Resources %d 0 R" % (self._cache.box(page), shared)
        file.write_stream(out, number, entries, content)
        return file.written(out)

    def end(self) -> bytes:
        """The document is whole: its part is known."""
        out: list[bytes] = []
        label = self._label
        said = b"/RequestID%s/Template%s/Locale%s/Pages %d%s" % (
            text_string(label.request_id),
            text_string(label.template),
            text_string(label.locale),
            self.sides,
            b"/Separator true" if label.separator else b"",
        )
        end = b"/End %d 0 R" % self._last_page if self.sides > 1 else b""
        self._file.commit(out, self._part, b"/Start %d 0 R%s/DPM<</Pressrun<<%s>>>>" % (self._first_page, end, said))
        return self._file.written(out)

    def abandon(self) -> None:
        """The document is given up; it has no page in the file."""
        self._file.abandon(self.sides)


def _remember(known: OrderedDict[Any, Any], key: object, value: object) -> None:
    if len(known) >= _MOST_SHARED:
        known.popitem(last=False)
    known[key] = value
