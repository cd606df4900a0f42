"""Fonts and images as PDF objects, built once and joined to every document as bytes."""

from __future__ import annotations

from pressrun_server.model.prepared import PreparedImage
from pressrun_server.model.program import FaceData, ShardData

__all__ = ["FONT_DICTIONARIES", "font_objects", "image_objects"]

FONT_DICTIONARIES = 2
"""The first of a shard's objects, which are no streams."""
_SYMBOLIC = 4
_ITALIC = 64
_FORCE_BOLD = 0x40000
_STEM_REGULAR = 80
_STEM_BOLD = 140


def _stream(dictionary: bytes, data: bytes) -> bytes:
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (dictionary, len(data), data)


def _tag(face: FaceData, shard: ShardData) -> str:
    """The six letters that mark a subset (PDF 32000-1, 9.6.4); the same for the same shard of the same font."""
    value = int(face.sha256[:8], 16) * 31 + sum(shard.name.encode()) + (7 if "tabular" in face.name else 0)
    letters = []
    for _ in range(6):
        value, letter = divmod(value, 26)
        letters.append(chr(65 + letter))
    return "".join(letters)


def font_objects(face: FaceData, shard: ShardData, number: int) -> list[bytes]:
    """Font, descriptor, program and ToUnicode of a shard, numbered from `number` (PDF 32000-1, 9.6.3, 9.8, 9.9)."""
    name = f"{_tag(face, shard)}+{face.postscript_name}".encode("ascii", "replace")
    codes = [code for code in range(256) if shard.widths[code]] or [32]
    first, last = codes[0], codes[-1]
    widths = " ".join(str(width) for width in shard.widths[first : last + 1]).encode()
    flags = _SYMBOLIC | (_ITALIC if face.italic_angle else 0) | (_FORCE_BOLD if face.bold else 0)
    box = " ".join(str(value) for value in face.bbox).encode()
    return [
        b"<</Type/Font/Subtype/TrueType/BaseFont/%s/FirstChar %d/LastChar %d/Widths[%s]/FontDescriptor %d 0 R"
        b"/ToUnicode %d 0 R>>" % (name, first, last, widths, number + 1, number + 3),
        b"<</Type/FontDescriptor/FontName/%s/Flags %d/FontBBox[%s]/ItalicAngle %d/Ascent %d/Descent %d/CapHeight %d"
        b"/StemV %d/FontFile2 %d 0 R>>"
        % (
            name,
            flags,
            box,
            face.italic_angle,
            face.ascent,
            face.descent,
            face.cap_height,
            _STEM_BOLD if face.bold else _STEM_REGULAR,
            number + 2,
        ),
        _stream(b"/Filter/FlateDecode/Length1 %d" % shard.file_size, shard.file),
        _stream(b"/Filter/FlateDecode", shard.to_unicode),
    ]


def image_objects(image: PreparedImage, number: int) -> list[bytes]:
    """A prepared image's objects, numbered from `number`; the first is the image XObject."""
    found = []
    for item in image.objects:
        text = b"".join(part if isinstance(part, bytes) else b"%d 0 R" % (number + part) for part in item.parts)
        found.append(text if item.stream is None else text + b"\nstream\n" + item.stream + b"\nendstream")
    return found
