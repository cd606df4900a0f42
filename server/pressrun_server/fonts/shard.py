"""Cuts a font file into shards ready for embedding, once per face and process, at compile time.

A shard is a symbolic TrueType font (PDF 32000-1, 9.6.6.4): its single (3, 0) cmap maps 0xF000 + code to the glyph, so
no Encoding entry is needed, and its ToUnicode CMap is ours (9.10.3), which has every code: fonts that share a glyph
between two characters still extract the character that was written.
"""

from __future__ import annotations

import functools
import hashlib
import io
from typing import Any

import deflate

from pressrun_server.fonts.catalog import font_file
from pressrun_server.fonts.repertoire import SOFT_HYPHEN, SUBSTITUTES, shards
from pressrun_server.model.program import FaceData, ShardData

__all__ = ["load_face"]

_SYMBOL_BASE = 0xF000
_CODES = 256
_BLOCK = 100  # entries a block of a CMap may have
_LEVEL = 12
"""Of deflate: done once, and part of every document."""
_LAYOUT = ("GSUB", "GPOS", "GDEF")
_DROP = ("name", "OS/2", "gasp", "DSIG", "kern", "fpgm", "prep", "cvt ")


@functools.lru_cache(maxsize=32)
def load_face(family: str, *, bold: bool, italic: bool, tabular: bool) -> FaceData:
    """A face with all its shards.

    Args:
        family: a name of the catalogue.
        bold: the bold face.
        italic: the italic face.
        tabular: digits of one width (`font-variant-numeric: tabular-nums`), where the font offers them.

    Raises:
        UnknownFontError: the catalogue has no such face.
    """
    from fontTools.ttLib import TTFont  # noqa: PLC0415 - heavy; only preparers cut fonts

    data = font_file(family, bold=bold, italic=italic)
    with TTFont(io.BytesIO(data), recalcTimestamp=False, lazy=True) as opened:
        font: Any = opened  # fontTools' tables get their fields at run time
        characters = {chr(code): glyph for code, glyph in font.getBestCmap().items()}
        if tabular:
            characters |= _tabular(font, characters)
        for character, substitute in SUBSTITUTES.items():
            if character not in characters and substitute in characters:
                characters[character] = "space" if character == "\u2007" else characters[substitute]
        if "-" in characters:
            characters[SOFT_HYPHEN] = characters["-"]  # some fonts have an empty glyph for it
        em = font["head"].unitsPerEm
        advances = {glyph: round(advance * 1000 / em) for glyph, (advance, _) in font["hmtx"].metrics.items()}
        head, hhea, os2 = font["head"], font["hhea"], font["OS/2"]
        name = font["name"]
        postscript = str(name.getDebugName(6) or family).replace(" ", "")
        style = str(name.getDebugName(2) or "Regular")

        def scale(value: int) -> int:
            return int(round(value * 1000 / em))  # noqa: RUF046 - the font gives untyped numbers

        wanted = {name: _present(codes, characters) for name, codes in shards().items()}
        wanted = {name: present for name, present in wanted.items() if set(present) - {" "}}
        # One pass over the big file first: what is left is a tenth, and each shard is cut out of that.
        glyphs = {characters[character] for present in wanted.values() for character in present}
        small = _subset(data, glyphs, {})
        cut = [_cut(small, name, present, characters, advances) for name, present in wanted.items()]
        return FaceData(
            name=f"{family} {style}{' tabular' if tabular else ''}",
            postscript_name=postscript,
            sha256=hashlib.sha256(data).hexdigest(),
            ascent=scale(hhea.ascent),
            descent=scale(hhea.descent),
            cap_height=scale(getattr(os2, "sCapHeight", hhea.ascent)),
            underline=(scale(font["post"].underlinePosition), max(scale(font["post"].underlineThickness), 1)),
            strikeout=(scale(os2.yStrikeoutPosition), max(scale(os2.yStrikeoutSize), 1)),
            bbox=(scale(head.xMin), scale(head.yMin), scale(head.xMax), scale(head.yMax)),
            italic_angle=round(font["post"].italicAngle),
            bold=bold,
            shards=tuple(cut),
        )


def _tabular(font: object, characters: dict[str, str]) -> dict[str, str]:
    """The digits' glyphs of equal width, from the font's `tnum` feature."""
    table = font["GSUB"].table if "GSUB" in font else None  # type: ignore[index,operator]
    if table is None:
        return {}
    lookups = {
        index
        for record in table.FeatureList.FeatureRecord
        if record.FeatureTag == "tnum"
        for index in record.Feature.LookupListIndex
    }
    found: dict[str, str] = {}
    for index in sorted(lookups):
        for subtable in table.LookupList.Lookup[index].SubTable:
            mapping = getattr(getattr(subtable, "ExtSubTable", subtable), "mapping", {})
            for digit in "0123456789":
                if digit in characters and characters[digit] in mapping:
                    found[digit] = mapping[characters[digit]]
    return found


def _present(codes: dict[str, int], characters: dict[str, str]) -> dict[str, int]:
    return {character: code for character, code in codes.items() if character in characters}


def _subset(data: bytes, glyphs: set[str], cmap: dict[int, str]) -> bytes:
    """A font with the given glyphs, without hints and layout tables.

    Args:
        data: the font file.
        glyphs: names of the glyphs.
        cmap: the (3, 0) mapping it gets; where there is none, it keeps its glyphs' names instead, to be cut again.
    """
    from fontTools import subset  # noqa: PLC0415 - heavy; only preparers cut fonts
    from fontTools.ttLib import TTFont, newTable  # noqa: PLC0415
    from fontTools.ttLib.tables._c_m_a_p import cmap_format_4  # noqa: PLC0415

    # What is cut again has no hints any more, and its bounds need not be found once more: its glyphs stay as they are.
    again = bool(cmap)
    with TTFont(io.BytesIO(data), recalcTimestamp=False, recalcBBoxes=not again, lazy=True) as font:
        for tag in _LAYOUT:
            if tag in font:
                del font[tag]  # before saving looks into all of it
        options = subset.Options()
        options.hinting = again
        options.notdef_outline = True
        options.layout_features = []
        options.drop_tables += [*_DROP, *(["post"] if cmap else [])]
        options.glyph_names = not cmap
        subsetter = subset.Subsetter(options)
        subsetter.populate(glyphs=sorted(glyphs))
        subsetter.subset(font)
        if cmap:
            table: Any = cmap_format_4(4)
            table.platformID, table.platEncID, table.language, table.cmap = 3, 0, 0, cmap
            font["cmap"] = newTable("cmap")
            font["cmap"].tableVersion = 0
            font["cmap"].tables = [table]
        out = io.BytesIO()
        font.save(out, reorderTables=True)
    return out.getvalue()


def _cut(
    data: bytes, name: str, present: dict[str, int], characters: dict[str, str], advances: dict[str, int]
) -> ShardData:
    """The shard of the given characters."""
    cmap = {_SYMBOL_BASE + code: characters[character] for character, code in present.items()}
    file = _subset(data, set(cmap.values()), cmap)
    widths = [0] * _CODES
    for character, code in present.items():
        widths[code] = advances[characters[character]]
    if "\u2007" in present and "0" in characters:
        widths[present["\u2007"]] = advances[characters["0"]]
    ordered = sorted(present, key=present.__getitem__)
    return ShardData(
        name=name,
        characters="".join(ordered),
        codes=bytes(present[character] for character in ordered),
        widths=tuple(widths),
        file=bytes(deflate.zlib_compress(file, _LEVEL)),
        file_size=len(file),
        to_unicode=bytes(deflate.zlib_compress(_to_unicode({code: char for char, code in present.items()}), _LEVEL)),
    )


def _to_unicode(characters: dict[int, str]) -> bytes:
    """The ToUnicode CMap of a one-byte font (PDF 32000-1, 9.10.3; Adobe Technical Note 5411)."""
    singles: list[str] = []
    ranges: list[str] = []
    for first, last in _runs(characters):
        meant = f"<{characters[first].encode('utf-16-be').hex().upper()}>"
        if first == last:
            singles.append(f"<{first:02X}> {meant}")
        else:
            ranges.append(f"<{first:02X}> <{last:02X}> {meant}")
    blocks: list[str] = []
    for kind, entries in (("bfchar", singles), ("bfrange", ranges)):
        for start in range(0, len(entries), _BLOCK):
            block = entries[start : start + _BLOCK]
            blocks.append(f"{len(block)} begin{kind}\n" + "\n".join(block) + f"\nend{kind}\n")
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<00> <FF>\nendcodespacerange\n"
        f"{''.join(blocks)}endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode("ascii")


def _runs(characters: dict[int, str]) -> list[tuple[int, int]]:
    """First and last of the codes that count up together with what they stand for, whose upper byte stays the same."""
    found: list[tuple[int, int]] = []
    for code, character in sorted(characters.items()):
        point = ord(character)
        if found and found[-1][1] == code - 1 and ord(characters[code - 1]) == point - 1 and point & 0xFF:
            found[-1] = found[-1][0], code
        else:
            found.append((code, code))
    return found
