"""Kerning of pairs of characters, from a font's GPOS table (OpenType 1.9, GPOS, lookup type 2).

Only what a template shows is asked for, when it is compiled: a font has tens of thousands of pairs.
"""

from __future__ import annotations

import functools
import io
import unicodedata
from collections.abc import Iterable
from typing import Any

from pressrun_server.fonts.catalog import font_file

__all__ = ["kerning"]

_SCRIPTS = {"GREEK": "grek", "CYRILLIC": "cyrl"}
_LATIN = "latn"
_FIRST = 1
"""The format of a subtable that lists pairs; the other one has classes of glyphs."""


def kerning(family: str, pairs: Iterable[str], *, bold: bool, italic: bool) -> dict[str, int]:
    """How much further apart the characters of pairs are, in 1/1000 em; pairs that are as they were are left out.

    Args:
        family: a name of the catalogue.
        pairs: two characters each.
        bold: of the bold face.
        italic: of the italic face.
    """
    glyphs, lookups, em = _tables(family, bold=bold, italic=italic)
    found: dict[str, int] = {}
    for pair in sorted(pairs):
        first, second = glyphs.get(pair[0]), glyphs.get(pair[1])
        if first is None or second is None:
            continue
        total = sum(_advance(lookup, first, second) for lookup in lookups.get(_script(pair[0]), ()))
        if round(total * 1000 / em):
            found[pair] = round(total * 1000 / em)
    return found


def _script(character: str) -> str:
    return _SCRIPTS.get(unicodedata.name(character, "").partition(" ")[0], _LATIN)


@functools.lru_cache(maxsize=32)
def _tables(family: str, *, bold: bool, italic: bool) -> tuple[dict[str, str], dict[str, list[list[Any]]], int]:
    """Glyphs by character, the subtables of each lookup by script, and the units of an em."""
    from fontTools.ttLib import TTFont  # noqa: PLC0415 - heavy; only preparers look into fonts

    opened: Any = TTFont(io.BytesIO(font_file(family, bold=bold, italic=italic)), recalcTimestamp=False, lazy=True)
    glyphs = {chr(code): glyph for code, glyph in opened.getBestCmap().items()}
    em = opened["head"].unitsPerEm
    if "GPOS" not in opened:
        return glyphs, {}, em
    table = opened["GPOS"].table
    scripts = {record.ScriptTag: record.Script for record in table.ScriptList.ScriptRecord}
    found: dict[str, list[list[Any]]] = {}
    for name in (_LATIN, *_SCRIPTS.values()):
        script = scripts.get(name, scripts.get("DFLT"))
        system = script.DefaultLangSys if script is not None else None
        indexes = {
            index
            for feature in (system.FeatureIndex if system is not None else ())
            if table.FeatureList.FeatureRecord[feature].FeatureTag == "kern"
            for index in table.FeatureList.FeatureRecord[feature].Feature.LookupListIndex
        }
        found[name] = [_pairs_of(table.LookupList.Lookup[index]) for index in sorted(indexes)]
    return glyphs, found, em


def _pairs_of(lookup: Any) -> list[Any]:
    """The subtables of a lookup that position pairs."""
    subtables = [getattr(subtable, "ExtSubTable", subtable) for subtable in lookup.SubTable]
    return [subtable for subtable in subtables if type(subtable).__name__ == "PairPos"]


def _advance(subtables: list[Any], first: str, second: str) -> int:
    """What a lookup adds to the advance of the first glyph; the first subtable that knows the pair says it."""
    for subtable in subtables:
        if first not in subtable.Coverage.glyphs:
            continue
        if subtable.Format == _FIRST:
            pairs = subtable.PairSet[subtable.Coverage.glyphs.index(first)].PairValueRecord
            record = next((pair for pair in pairs if pair.SecondGlyph == second), None)
            if record is None:
                continue
        else:
            of_first = subtable.ClassDef1.classDefs.get(first, 0)
            record = subtable.Class1Record[of_first].Class2Record[subtable.ClassDef2.classDefs.get(second, 0)]
        return int(getattr(record.Value1, "XAdvance", 0) or 0)
    return 0
