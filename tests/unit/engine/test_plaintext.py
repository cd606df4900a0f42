"""Plain text out of text with marks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pressrun_server.template.plaintext import (
    BLOCK,
    CELL,
    HEADING,
    ITEM,
    LINE,
    LINK,
    LIST,
    NUMBER,
    ROW,
    TABLE,
    TARGET,
    TITLE,
    settled,
)

WORD = st.text(st.characters(categories=("L", "N"), max_codepoint=0x24F), min_size=1, max_size=9)


def table(*rows: str, kind: str = "t") -> str:
    """A table; a row begins with `h` or `d`, its cells with their side."""
    marked = (f"{ROW}{row[0]}" + "".join(f"{CELL}{cell[0]}1{cell[1:]}" for cell in row[1:].split("|")) for row in rows)
    return f"{TABLE[0]}{kind}{''.join(marked)}{TABLE[1]}"


def test_paragraphs_and_headings() -> None:
    """A paragraph is a line; headings have a line of marks below, as long as they are."""
    text = f"{BLOCK}Straße 1{TITLE}{BLOCK} {BLOCK} two  lines{LINE} here {BLOCK}Next{HEADING}{BLOCK}end"
    assert settled(text) == "Straße 1\n========\n\ntwo lines\nhere\n\nNext\n----\n\nend\n"


def test_lists() -> None:
    """Items are marked, those of an ordered list by their number, also in a list in a list."""
    text = f"{BLOCK}{ITEM}a{ITEM}b{BLOCK}{LIST[0]}{NUMBER}one{NUMBER}two {LIST[0]}{NUMBER}deep{LIST[1]}{LIST[1]}"
    assert settled(text) == "- a\n- b\n\n1. one\n2. two\n1. deep\n"


def test_links_say_where_they_lead() -> None:
    """Unless their text does already."""

    def link(text: str, target: str) -> str:
        return settled(f"{LINK}{text}{TARGET[0]}{target}{TARGET[1]}")

    assert link("Pay now", "https://a.example/1") == "Pay now <https://a.example/1>\n"
    assert link("a.example", "https://a.example/") == "a.example\n"
    assert link("zoe@x.de", "mailto:zoe@x.de") == "zoe@x.de\n"
    assert link("+44 20 1", "tel:+44201") == "+44 20 1\n"


def test_tables() -> None:
    """Columns are aligned, amounts at the right; pairs have a colon, and what is too wide stands one after the other."""
    aligned = settled(table("hlItem|rPaid", "dlLamp|r1.00", "dlDesk, oak|r1,200.00"))
    assert aligned == (
        "Item           Paid\n---------  --------\nLamp           1.00\nDesk, oak  1,200.00\n"
    )  # fmt: skip
    assert settled(table("dlName|lZoë", "dlOpen?|lno", kind="p")) == "Name: Zoë\nOpen? no\n"
    assert settled(table(f"dl{'a' * 50}|l{'b' * 40}|l")) == f"{'a' * 50} | {'b' * 40}\n"
    assert settled(table("dl漢字|lx", "dla|ly")) == "漢字  x\na     y\n"


@given(st.lists(st.tuples(WORD, WORD, WORD), min_size=1, max_size=12))
def test_columns_stand_below_each_other(rows: list[tuple[str, str, str]]) -> None:
    """Each row's second cell begins, and its third ends, where those of the others do; no word is lost."""
    text = settled(table(*(f"dl{one}|l{two}|r{three}" for one, two, three in rows)))
    lines = text.splitlines()
    assert [line.split() for line in lines] == [list(row) for row in rows]
    assert len({len(line) for line in lines}) == 1
    assert len({line.index(two, len(one)) for line, (one, two, _) in zip(lines, rows, strict=True)}) == 1
