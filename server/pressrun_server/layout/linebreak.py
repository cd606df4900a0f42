"""Where a line of text may end: the Unicode line breaking algorithm (UAX 14, Unicode 17) for Latin, Greek, Cyrillic.

Most breaks are at plain spaces, so only a word with a character that can break or bind inside it is looked at character
by character, and a whole text only where such a character stands beside a space. Ideographs break anywhere; scripts
that need a dictionary or conjoining rules are taken for letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

__all__ = ["AWKWARD_AFTER", "AWKWARD_BEFORE", "inner", "opportunities"]

# What is neither letter, digit, mark nor ideograph, by class; quotation marks are parted by which way they point.
_CLASSES = {
    "SP": " ", "ZW": "\u200b", "WJ": "\u2060\ufeff", "ZWJ": "\u200d",
    "GL": "\u00a0\u034f\u2007\u2011\u202f\u035c\u035d\u035e\u035f\u0360\u0361\u0362",
    "BA": "\t|\u00ad\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a\u2012\u2013\u2027\u205f",
    "HY": "-", "HH": "\u2010", "BB": "\u00b4\u02c8\u02cc\u1ffd", "B2": "\u2014", "CB": "\ufffc",
    "IN": "\u2024\u2025\u2026",
    "OP": "([{\u00a1\u00bf\u201a\u201e\u2045\u207d\u208d", "CL": "}\u2046\u207e\u208e", "CP": ")]",
    "EX": "!?", "IS": ",.:;\u037e\u0589\u2044", "SY": "/", "NS": "\u203c\u203d\u2047\u2048\u2049",
    "QU": "\"'", "QI": "\u00ab\u2018\u201b\u201c\u201f\u2039", "QF": "\u00bb\u2019\u201d\u203a",
    "PR": "$\\+\u00a3\u00a4\u00a5\u00b1\u20ac\u2116\u2212\u2213\u20a1\u20a3\u20a4\u20a6\u20a8\u20a9\u20aa\u20ab\u20ad"
          "\u20ae\u20b1\u20b4\u20b8\u20b9\u20ba\u20bc\u20bd\u20be\u20bf",
    "PO": "%\u00a2\u00b0\u2030\u2031\u2032\u2033\u2034\u2035\u2036\u2037\u2103\u2109\u20a7\u20b6\u20bb",
}  # fmt: skip
_CLASS = {character: name for name, characters in _CLASSES.items() for character in characters}
_WIDE = range(0x2E80, 0x10000)
_WORD = re.compile(r"[^ ]+ *| +")

_PARTING = (
    "-|/!?(){}[]\u00ad\u2010\u2012\u2013\u2014\u2024\u2025\u2026\u2027\u00a1\u00b4\u00bf\u201a\u201e\u200b\ufffc\t"
)
_FREE = (
    _PARTING + "".join(map(chr, range(0x2000, 0x200B))) + "".join(_CLASSES[name] for name in ("BB", "OP", "CL", "NS"))
)


def inner(characters: Callable[[str], str]) -> re.Pattern[str]:
    """What finds that a word may part inside, or that its characters must be looked at to know.

    Args:
        characters: gives those of some characters that there are, as they are written where is looked.
    """
    before, after = ("".join(map(_CLASSES.__getitem__, names)) for names in (("IS", "PR", "PO"), ("PR", "PO")))
    alone, before, after = (re.escape(characters(found)) for found in (_FREE, before, after))
    return re.compile(f"[{alone}]|[{before}][{after}]")


_INNER = inner(lambda characters: characters)
_FOREIGN = re.compile("[\u0300-\u036f\u200d\u2060\u2e80-\uffff]")
AWKWARD_BEFORE = frozenset("([{\u00a1\u00bf\u201a\u201e\u00ab\u2018\u201b\u201c\u201f\u2039\u2014\u2060\u200b")
"""Before a space: a line may not end behind it, or not always."""
AWKWARD_AFTER = frozenset(")]}!?/.,:;\u2026\u00bb\u2019\u201d\u203a\u2014\u2060\u200b\u2044\u037e\u203c\u203d")
"""Behind a space: the same."""

_QUOTES = frozenset({"QU", "QI", "QF"})
_LETTERS = frozenset({"AL", "NU"})
_NEVER_BEFORE = frozenset({"CL", "CP", "EX", "SY", "WJ", "ZW", "SP"})
_QUOTE_OPENS_AFTER = frozenset({"", "OP", "QU", "QI", "QF", "GL", "SP", "ZW"})
_QUOTE_CLOSES_BEFORE = frozenset({"", "SP", "GL", "WJ", "CL", "QU", "QI", "QF", "CP", "EX", "IS", "SY", "ZW"})
_STARTS = frozenset({"", "SP", "ZW", "CB", "GL"})


def opportunities(text: str) -> list[int]:
    """Offsets in a text without forced breaks at which a line may end; its beginning and end are left out."""
    found: list[int] = []
    start = 0
    for match in _WORD.finditer(text):
        word, begin, end = match.group(), match.start(), match.end()
        last = text[start:begin].rstrip(" ")[-1:]
        if begin and (word[0] in AWKWARD_AFTER or last in AWKWARD_BEFORE or _FOREIGN.match(last)):
            return _exact(text)
        if begin:
            found.append(begin)
        if _INNER.search(word) or _FOREIGN.search(word):
            found += [begin + offset for offset in _exact(word) if offset < len(word.rstrip(" "))]
        start = begin
        if end == len(text):
            break
    return found


def _class(character: str) -> str:
    found = _CLASS.get(character)
    if found is None:
        category = unicodedata.category(character)
        if character.isdecimal():
            found = "NU"
        elif category[0] == "M":
            found = "CM"
        elif category == "Lo" and ord(character) in _WIDE:
            found = "ID"
        else:
            found = "AL"
        _CLASS[character] = found  # of the characters of the world there are few
    return found


def _exact(text: str) -> list[int]:
    """The same by the rules LB 7 to LB 31."""
    classes = _resolved(text)
    found: list[int] = []
    before_that, before, spaced = "", "", False  # classes without the spaces, and whether spaces came last
    number = closed = False  # LB 25: in a number, and whether a bracket closed behind it
    for index, (now, at) in enumerate(classes):
        if now == "SP":
            if before:
                spaced = before != "SP"
            else:
                before = "SP"
            continue
        following = classes[index + 1][0] if index + 1 < len(classes) else ""
        if at and _breaks(before_that, before, now, following, classes, index, number, closed, spaced=spaced):
            found.append(at)
        if now == "NU":
            number, closed = True, False
        elif number and now in {"CL", "CP"} and not spaced and not closed:
            closed = True
        elif not (number and now in {"SY", "IS"} and not spaced and not closed):
            number = closed = False
        before_that = "SP" if spaced else before
        before, spaced = now, False
    return found


def _resolved(text: str) -> list[tuple[str, int]]:
    """Class and offset of each character; marks join what they stand on (LB 9, LB 10)."""
    found: list[tuple[str, int]] = []
    joined = False
    for at, character in enumerate(text):
        name = _class(character)
        if name in {"CM", "ZWJ"}:
            if found and found[-1][0] not in {"SP", "ZW"}:
                joined = name == "ZWJ"
                continue
            found.append(("AL", at))
            joined = name == "ZWJ"
            continue
        # What follows a joiner is bound to it (LB 8a); a space still ends a word.
        found.append(("WJ" if joined and name != "SP" else name, at))
        joined = False
    return found


def _breaks(  # noqa: PLR0913 - the standard's list of rules, in its order
    before_that: str,
    before: str,
    now: str,
    following: str,
    classes: list[tuple[str, int]],
    index: int,
    number: bool,  # noqa: FBT001
    closed: bool,  # noqa: FBT001
    *,
    spaced: bool,
) -> bool:
    """Whether a line may end between two classes with or without spaces between them."""
    after_space = spaced or before == "SP"
    if now == "ZW":
        return False
    if before == "ZW":
        return True
    if now == "WJ" or (before == "WJ" and not spaced):
        return False
    if before == "GL" and not spaced:
        return False
    if now == "GL" and not after_space and before not in {"BA", "HY", "HH"}:
        return False
    if now in _NEVER_BEFORE or before == "OP":
        return False
    if before == "QI" and before_that in _QUOTE_OPENS_AFTER:
        return False
    if now == "QF" and following in _QUOTE_CLOSES_BEFORE:
        return False
    if now == "IS":
        return after_space and following == "NU"
    if (now == "NS" and before in {"CL", "CP"}) or (now == "B2" and before == "B2"):
        return False
    if after_space:
        return True
    if now in _QUOTES:
        wide = before == "ID" and following == "ID"
        return now == "QI" and wide
    if before in _QUOTES:
        wide = now == "ID" and before_that == "ID"
        return before == "QF" and wide
    if "CB" in {before, now}:
        return True
    if now == "AL" and before in {"HY", "HH"} and before_that in _STARTS:
        return False
    if now in {"BA", "HY", "HH", "NS", "IN"} or before == "BB":
        return False
    if before in _LETTERS and now in _LETTERS:
        return False
    if (before == "PR" and now == "ID") or (before == "ID" and now == "PO"):
        return False
    if (before in {"PR", "PO"} and now == "AL") or (before == "AL" and now in {"PR", "PO"}):
        return False
    if now in {"PR", "PO"} and number:
        return False
    if now == "OP" and before in {"PR", "PO"}:
        rest = [name for name, _ in classes[index + 1 : index + 3]]
        if rest[:1] == ["NU"] or rest[:2] == ["IS", "NU"]:
            return False
    if now == "NU" and (before in {"PO", "PR", "HY", "IS"} or (number and not closed)):
        return False
    if before == "IS" and now == "AL":
        return False
    if now == "OP" and before in _LETTERS:
        return False
    return not (before == "CP" and now in _LETTERS)
