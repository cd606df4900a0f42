"""Python made from a program for the plain text of a message: block by block, as it is encoded for the mail.

What is text in the template is settled and encoded once. What a record brings stands in blocks of its own, each of
which is settled alone; tables are made of the columns that the HTML shows as well. As with pages, closures make what is
none of the common cases, and the text is the same.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, TypeAlias

from pressrun_server.model.webpage import Choice, Part, Picture, Repeat, Shown, Target
from pressrun_server.template.evaluation import Environment, Evaluator
from pressrun_server.template.filters import Formatter
from pressrun_server.template.loops import items_of
from pressrun_server.template.plaintext import (
    BLOCK,
    CELL,
    LINK,
    LIST,
    MARKS,
    PAD,
    ROW,
    TABLE,
    TARGET,
    Rows,
    linked,
    pair,
    settled,
    table_lines,
)
from pressrun_server.template.steps import SLICE, spend
from pressrun_server.template.sums import mentions
from pressrun_server.template.webcode import Dress, LoopSource, RunSource

__all__ = ["BlockCode", "Quoting", "block_code"]

BlockCode: TypeAlias = "Callable[[Environment], list[bytes]]"
"""An environment to a message's blocks, encoded; some may be empty."""
Quoting: TypeAlias = "Callable[[str], bytes]"
"""How a message's transfer encoding writes lines, each by itself; the last one has no end."""

_OPEN: Final = frozenset((TABLE[0], LIST[0], LINK))
_SHUT: Final = frozenset((TABLE[1], LIST[1], TARGET[1]))
_NESTING: Final = re.compile(f"[{BLOCK}{''.join(sorted(_OPEN | _SHUT))}]")
_CELLS: Final = re.compile(f"({ROW}[hd]|{CELL}[lr][0-9])")
_LINKING: Final = frozenset((LINK, *TARGET))
_EDGES: Final = " ·"
_BETWEEN: Final = "\n\n"
_BETWEEN_ENCODED: Final = b"\r\n\r\n"
"""What stands between blocks, and what becomes of it."""


class TextDress(Dress, Protocol):
    """How values stand in plain text, and what loops ask of it."""

    def items(self, part: Repeat) -> Evaluator:
        """The closure of a loop's list."""

    def shared(self, part: Repeat) -> Any:
        """Names the items of a loop for all texts of a document; None where they are others each time."""


def block_code(
    parts: tuple[Part, ...], formatter: Formatter, dress: TextDress, quoting: Quoting, kept: str
) -> BlockCode:
    """The code of a text.

    Args:
        parts: all of it.
        formatter: filters of the program's locale.
        dress: of plain text.
        quoting: encodes what is text.
        kept: where an environment holds the columns that are known already.
    """
    return _TextSource(formatter, dress, quoting, kept).text(parts)


def _blocks(parts: Sequence[Part]) -> list[list[Part]]:
    """Parts as the blocks that they stand in; a mark in a table, a list or a link ends none."""
    found: list[list[Part]] = [[]]
    depth = 0
    for part in parts:
        if not isinstance(part, str):
            found[-1].append(part)
            continue
        begin = 0
        for match in _NESTING.finditer(part):
            depth += (match[0] in _OPEN) - (match[0] in _SHUT)
            if match[0] == BLOCK and depth == 0:
                found[-1].append(part[begin : match.start()])
                found.append([])
                begin = match.end()
        found[-1].append(part[begin:])
    cleaned = ([part for part in block if part] for block in found)
    return [block for block in cleaned if any(not isinstance(part, str) or part.strip(" ") for part in block)]


def _simple(part: Part) -> bool:
    """Whether a part is text, or a value that has no lines of its own."""
    return isinstance(part, str) or (isinstance(part, Shown) and not part.preserve)


def _of_a_line(part: Part) -> bool:
    """Whether a part gives text without marks and lines of its own."""
    match part:
        case Target():
            return all(map(_simple, part.parts))
        case Picture():
            return all(map(_simple, part.alt))
        case _:
            return _simple(part)


def _has_blocks(part: Choice) -> bool:
    return any(
        (isinstance(inner, str) and BLOCK in inner) or (isinstance(inner, Choice) and _has_blocks(inner))
        for _, parts in part.branches
        for inner in parts
    )


class _TextSource(RunSource):
    """The code of a text."""

    def __init__(self, formatter: Formatter, dress: TextDress, quoting: Quoting, kept: str) -> None:
        super().__init__(formatter, dress)
        self._text_dress = dress
        self._quoting = quoting
        self._kept = kept
        self._given_name = self._known(self._given)
        self._linked_name = self._known(linked)

    def text(self, parts: tuple[Part, ...]) -> BlockCode:
        """The function."""
        lines = ("out = []", "append = out.append", *self._body(parts), f"return {self._given_name}(out)")
        made: BlockCode = self._made(("def bind(env):", *(f"    {line}" for line in lines)))
        return made

    def _given(self, blocks: Sequence[str | bytes]) -> list[bytes]:
        """The blocks of a text, encoded: paragraphs of the record are looked at, and encoded, together."""
        texts = [block for block in blocks if isinstance(block, str)]
        whole = _BETWEEN.join(texts)
        if "  " in whole or " \n" in whole or "\n " in whole or whole[:1] == " " or whole[-1:] == " ":
            texts = list(map(_single, texts))
            whole = _BETWEEN.join(texts)
        encoded = self._quoting(whole).split(_BETWEEN_ENCODED)
        if len(encoded) != len(texts):
            encoded = list(map(self._quoting, texts))
        rest = iter(encoded)
        return [next(rest) if isinstance(block, str) else block for block in blocks]

    def _body(self, parts: Sequence[Part]) -> list[str]:
        """Lines that add the blocks of parts, with those that look at values before."""
        outer = self._begin()
        lines: list[str] = []
        fixed: list[bytes] = []

        def flush() -> None:
            if fixed:
                lines.append(f"append({_BETWEEN_ENCODED.join(fixed)!r})")
                fixed.clear()

        for block in _blocks(parts):
            if all(isinstance(part, str) for part in block):
                text = settled("".join(map(str, block)))[:-1]
                if text:
                    fixed.append(self._quoting(text))
                continue
            flush()
            lines += self._block_lines(block)
        flush()
        return self._end(outer, lines)

    def _block_lines(self, block: list[Part]) -> list[str]:
        words = [part for part in block if not isinstance(part, str) or part.strip(" ")]
        if len(words) == 1 and isinstance(words[0], Choice) and _has_blocks(words[0]):
            return self._chosen(words[0])
        if isinstance(words[0], str) and words[0].startswith(TABLE[0]):
            found = self._table(block)
            if found is not None:
                return found
        marks = {mark for part in block if isinstance(part, str) for mark in MARKS.findall(part)}
        if marks <= _LINKING and all(map(_of_a_line, block)):
            lines, text = self._joined(tuple(block))
            return [*lines, f"append({self._linked_name}({text}))" if marks else f"append({text})"]
        return [self._settled(block)]

    def _settled(self, block: list[Part]) -> str:
        """The line of a block that is settled as a whole."""
        made = [part if isinstance(part, str) else self._dress.bound(part) for part in block]
        quote = self._quoting

        def text(env: Environment) -> bytes:
            return quote(settled("".join([part if isinstance(part, str) else part(env) for part in made]))[:-1])

        return f"append({self._known(text)}(env))"

    def _chosen(self, part: Choice) -> list[str]:
        lines: list[str] = []
        for index, (test, parts) in enumerate(part.branches):
            inner = self._body(parts) or ["pass"]
            if test is None and not index:
                return inner
            lines.append("else:" if test is None else f"{'elif' if index else 'if'} {self._test(test)}:")
            lines += [f"    {line}" for line in inner]
        return lines

    # Tables -----------------------------------------------------------------------------------------------------------

    def _table(self, block: list[Part]) -> list[str] | None:
        """Lines that add a table of plain rows; None where it is another one."""
        kind = str(block[0])[1]
        last = str(block[-1])
        if not isinstance(block[-1], str) or last.strip(" ")[-1:] != TABLE[1]:
            return None
        inside = [str(block[0])[2:], *block[1:-1], last.strip(" ")[:-1]]
        if len(block) == 1 or any(isinstance(part, str) and TABLE[0] in part for part in inside):
            return None
        groups: list[str] = []
        held: list[Part] = []
        before: list[str] = []
        for part in (*inside, None):
            if part is None or isinstance(part, Repeat):
                rows = self._rows(held, before)
                if rows is None:
                    return None
                groups += [
                    f"({shape!r}, {head}, (({''.join(f'{cell}, ' for cell in cells)}),))" for shape, head, cells in rows
                ]
                held = []
                if part is not None:
                    group = self._repeated(part) if kind == "t" else None
                    if group is None:
                        return None
                    groups.append(group)
            else:
                held.append(part)
        made = self._known(self._pairs if kind == "p" else self._aligned)
        return [
            *before,
            "try:",
            f"    append({made}(({', '.join(groups)},)))",
            "except Exception:",
            f"    {self._settled(block)}",
        ]

    def _rows(self, parts: Sequence[Part], before: list[str]) -> list[tuple[str, bool, list[str]]] | None:
        """Shape of each row, whether it is of headings, and the expressions of its cells; `before` takes lines."""
        cut = _cut(parts)
        if cut is None:
            return None
        rows: list[tuple[str, bool, list[str]]] = []
        for shape, head, cells in cut:
            if not all(map(_simple, itertools.chain.from_iterable(cells))):
                return None
            made = [self._joined(tuple(cell)) for cell in cells]
            for lines, _ in made:
                before += lines
            rows.append((shape, head, [text for _, text in made]))
        return rows

    def _repeated(self, part: Repeat) -> str | None:
        """The expression of the rows of a loop."""
        odd, even = _cut(part.odd), _cut(part.even)
        if odd is None or odd != even or len(odd) != 1 or mentions((part.odd,), ("loop",)):
            return None
        ((shape, head, cells),) = odd
        if not all(isinstance(one, str | Shown | Choice) for cell in cells for one in cell):
            return None
        shared = self._text_dress.shared(part)
        code = LoopSource(part.name, self._formatter, self._dress, shared).rows(cells)
        items, place, kept = self._text_dress.items(part), part.place, self._kept

        def rows(env: Environment) -> list[tuple[str, ...]]:
            found = items_of(items(env), place)
            for start in range(0, len(found), SLICE):
                spend(env, min(SLICE, len(found) - start), place)
            return code(found, dict(env), env[kept] if shared is not None else {})

        return f"({shape!r}, {head}, {self._known(rows)}(env))"

    def _pairs(self, groups: Rows) -> bytes:
        lines = [
            pair([text for cell in cells if (text := cell.strip(_EDGES))]) for _, _, rows in groups for cells in rows
        ]
        return self._quoting(_plainly("\n".join(filter(None, lines))))

    def _aligned(self, groups: Rows) -> bytes:
        whole = "\n".join(["\n".join(cells) for _, _, rows in groups for cells in rows])
        if "  " in whole or "\n " in whole or " \n" in whole or "·" in whole or whole[:1] == " " or whole[-1:] == " ":
            raise ValueError
        return self._quoting("\n".join(table_lines(groups, whole)).replace(PAD, " "))


def _plainly(text: str) -> str:
    """Text in which no spaces meet."""
    if "  " in text:
        raise ValueError
    return text


def _single(text: str) -> str:
    """A text in which no spaces meet, and none stand at an end."""
    while "  " in text:
        text = text.replace("  ", " ")
    return text.strip(" ")


def _cut(parts: Sequence[Part]) -> list[tuple[str, bool, list[list[Part]]]] | None:
    """Rows with the sides and columns of their cells, whether they are of headings, and the parts of each cell."""
    rows: list[tuple[str, bool, list[list[Part]]]] = []
    for part in parts:
        if not isinstance(part, str):
            if not rows or not rows[-1][2]:
                return None
            rows[-1][2][-1].append(part)
            continue
        before, *marks = _CELLS.split(part)
        texts = [before, *marks[1::2]]
        for mark, text in zip(("", *marks[::2]), texts, strict=True):
            if MARKS.search(text):
                return None
            if mark[:1] == ROW:
                rows.append(("", mark[1] == "h", []))
            elif mark:
                shape, head, cells = rows.pop()
                rows.append((shape + mark[1:], head, [*cells, []]))
            if text and rows and rows[-1][2]:
                rows[-1][2][-1].append(text)
            elif text.strip(" "):
                return None
    for _, _, cells in rows:
        for cell in cells:
            if cell and isinstance(cell[0], str):
                cell[0] = cell[0].lstrip(_EDGES)
            if cell and isinstance(cell[-1], str):
                cell[-1] = cell[-1].rstrip(_EDGES)
            cell[:] = [part for part in cell if part]
    return rows
