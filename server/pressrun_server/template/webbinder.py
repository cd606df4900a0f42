"""Binds a record into the program of a page for browsers: closures over its parts, made once, that give text.

Everything that a record or an asset's metadata brings is escaped here, in one place, whatever its type.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeAlias

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.expression import Expression
from pressrun_server.model.locale import LocaleData
from pressrun_server.model.program import RowTemplate
from pressrun_server.model.sums import Sums, add_sums
from pressrun_server.model.webpage import (
    Adding,
    Called,
    Choice,
    Code,
    First,
    Graph,
    Named,
    Notes,
    Part,
    Picture,
    Repeat,
    Shown,
    Summing,
    Target,
)
from pressrun_server.template.ahead import shows_totals
from pressrun_server.template.arriving import ArrivingRows
from pressrun_server.template.barchart import Bars, bars_of
from pressrun_server.template.barcode import matrix
from pressrun_server.template.evaluation import Environment, Evaluator, evaluator, texter
from pressrun_server.template.filters import Formatter
from pressrun_server.template.knowing import Known
from pressrun_server.template.links import target
from pressrun_server.template.loops import each, items_of, one_by_one
from pressrun_server.template.markers import numeral
from pressrun_server.template.naming import naming
from pressrun_server.template.steps import SLICE, spend
from pressrun_server.template.sums import Adder, known, mentions, running
from pressrun_server.template.webcode import LoopCode, RunCode, bars_code, loop_code, run_code
from pressrun_server.template.webfigures import code_picture, graph_drawing
from pressrun_server.template.weblinks import FILMS, RESPONSIVE

__all__ = ["COLUMNS", "CONTROLS", "NOTES", "PICTURES", "FootNotes", "WebBinder"]

PICTURES: Final = " pictures"
"""Where an environment holds, by slot, the attributes of an `img`: a name that no expression can say."""

COLUMNS: Final = " columns"
"""Where it holds the columns of loops that several of a document's texts show, for documents that are made whole."""

_Text: TypeAlias = "Callable[[Environment], str]"
_Flow: TypeAlias = "Callable[[Environment], Iterable[Any]]"
"""Gives text, and bytes where that is encoded already."""
_TOTALS: Final = " totals"
NOTES: Final = " notes"
_MOSTNOTES: Final = 10_000
"""Of one page: they are kept until its end."""
_ROWS: Final = 64
"""Turns of a loop that are given at once."""
_SPECIAL: Final = re.compile("[&<>\"'\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
"""Characters that HTML cannot hold, and those that would turn around the text behind them."""


class WebBinder:
    """A loaded program's closures.

    Args:
        parts: the program's.
        locale: how it writes numbers and dates.
        known: what its document's texts have in common; of these parts alone without it.
    """

    _encoded = True
    """Whether long text of the template is given as bytes, once there is code."""
    special = staticmethod(_SPECIAL.search)
    """Finds what can't stand in the text as it is."""

    def __init__(self, parts: tuple[Part, ...], locale: LocaleData, known: Known | None = None) -> None:
        self._known = known or Known(parts)
        self._parts = parts
        self._formatter = Formatter(locale)
        self._loops: list[_Loop] = []
        self._runs: list[_Run] = []
        self._charts: list[_Chart] = []
        self._flow = self._flowing(parts)

    @staticmethod
    def escaped(text: str) -> str:
        """A value as it can stand in the text."""
        return html.escape(CONTROLS.sub("", text))

    @staticmethod
    def marked(text: str) -> str:
        """A value without controls as it can stand in the text."""
        return html.escape(text)

    @staticmethod
    def sign(text: str) -> str:
        """A sign of an amount as it can stand in the text."""
        return text

    def text(self, env: Environment) -> Iterator[Any]:
        """The document in parts, in order; some of them may be bytes, of text that is encoded already.

        Raises:
            PressrunError: INVALID_RECORD, a value does not fit its expression; LIMIT_EXCEEDED.
        """
        self._known.begin(env)
        yield from self._flow({**env, NOTES: FootNotes([])})

    def quicken(self) -> None:
        """Make code for the text and its loops; takes some milliseconds, and what is shown stays the same."""
        for run in self._runs:
            run.code = run_code(run.parts, self._formatter, self, run.code, encoded=self._encoded)
        for loop in self._loops:
            loop.code = loop_code(loop.part, self._formatter, self, loop.shared)
        for chart in self._charts:
            items = evaluator(chart.part.items, self._formatter, chart.part.place)
            chart.code = bars_code(chart.part, self._formatter, self, items)
        self._loops, self._runs, self._charts = [], [], []

    def bound(self, part: Part) -> _Text:
        """The closure of a part."""
        return self._part(part, escape=True)

    def tested(self, test: Expression | None) -> Evaluator:
        """The closure of a condition."""
        return (lambda _env: True) if test is None else evaluator(test, self._formatter, "pr-if")

    def shared(self, part: Repeat) -> tuple[str, str] | None:
        """Names a loop's items for all texts of a document; None where they are others each time."""
        return (repr(part.items), part.name) if self._known.lasting(part.items) else None

    def kept(self, part: Shown) -> int | None:
        """Where a document keeps a value's text as its filter gives it, if it does."""
        return self._known.place(part, "")

    # What is given at once, and what in parts -------------------------------------------------------------------------

    def _flowing(self, parts: tuple[Part, ...]) -> _Flow:
        flows: list[_Flow] = []
        plain: list[Part] = []

        def gather() -> None:
            if plain:
                text = self._joined(tuple(plain))
                run = _Run(tuple(plain), lambda env: (text(env),))
                self._runs.append(run)
                flows.append(run.given)
                plain.clear()

        for part in parts:
            if _repeats(part):
                gather()
                flows.append(self._flow_of(part))
            else:
                plain.append(part)
        gather()
        if len(flows) == 1:
            return flows[0]

        def flow(env: Environment) -> Iterator[str]:
            for make in flows:
                yield from make(env)

        return flow

    def _flow_of(self, part: Part) -> _Flow:
        match part:
            case Repeat():
                return self._repeat(part)
            case Choice():
                branches = [(self.tested(test), self._flowing(parts)) for test, parts in part.branches]
                return lambda env: next((make(env) for test, make in branches if test(env)), ())
            case Named():
                named, inner = naming(part, self._formatter), self._flowing(part.parts)
                return lambda env: inner(named(env))
            case Summing():
                return self._summing(part)
            case _:
                text = self._part(part, escape=True)
                return lambda env: (text(env),)

    def _repeat(self, part: Repeat) -> _Flow:
        items = evaluator(part.items, self._formatter, part.place)
        odd, even = self._joined(part.odd), self._joined(part.even)
        name, place = part.name, part.place

        if mentions((part.odd, part.even), ("loop",)):

            def with_turns(env: Environment) -> Iterator[str]:
                found: list[str] = []
                for index, inner in each(items(env), env, name, place):
                    found.append((even if index & 1 else odd)(inner))
                    if len(found) == _ROWS:
                        yield "".join(found)
                        found.clear()
                yield "".join(found)

            return with_turns

        loop = _Loop(part, self.shared(part))
        self._loops.append(loop)

        def repeat(env: Environment) -> Iterator[str]:
            inner = dict(env)
            found: list[str] = []
            make, other = odd, even
            if loop.code is not None:
                listed = items(env)
                if not isinstance(listed, ArrivingRows):
                    yield from _coded(loop, loop.code, items_of(listed, place), inner, env, (odd, even))
                    return
            for inner[name] in one_by_one(items(env), env, place):
                found.append(make(inner))
                make, other = other, make
                if len(found) == _ROWS:
                    yield "".join(found)
                    found.clear()
            yield "".join(found)

        return repeat

    def _summing(self, part: Summing) -> _Flow:
        """A table with sums: where its total is shown before its last row, its rows are made twice."""
        before, rows, behind = self._flowing(part.before), self._flowing(part.rows), self._flowing(part.behind)
        names = part.names
        early = shows_totals((part.before, part.rows), names)

        def summing(env: Environment) -> Iterator[str]:
            totals: Sums | None = None
            if early:
                totals = {}
                # The rows are made for what they add up to, and again for what they show.
                for _ in rows({**env, **running(names, {}), _TOTALS: totals}):
                    yield ""
            found: Sums = {}
            yield from before({**env, **known(names, {}, {}, totals)})
            yield from rows({**env, **running(names, totals), _TOTALS: found})
            yield from behind({**env, **known(names, found, {}, found)})

        return summing

    # Parts ------------------------------------------------------------------------------------------------------------

    def _joined(self, parts: tuple[Part, ...], *, escape: bool = True) -> _Text:
        made = [part if isinstance(part, str) else self._part(part, escape=escape) for part in parts]
        if all(isinstance(part, str) for part in made):
            fixed = "".join(part for part in made if isinstance(part, str))
            return lambda _env: fixed
        if len(made) == 1 and not isinstance(made[0], str):
            return made[0]
        return lambda env: "".join([part if part.__class__ is str else part(env) for part in made])  # type: ignore[operator]

    def _part(self, part: Part, *, escape: bool) -> _Text:
        match part:
            case str():
                return lambda _env: part
            case Shown():
                return self._shown(part, escape=escape)
            case Target():
                leads = self._joined(part.parts, escape=False)
                return lambda env: self.escaped(target(leads(env)))
            case Choice():
                branches = [(self.tested(test), self._joined(parts, escape=escape)) for test, parts in part.branches]
                return lambda env: next((make(env) for test, make in branches if test(env)), "")
            case Repeat() | Summing():
                flow = self._flow_of(part)
                return lambda env: "".join(flow(env))
            case Named():
                named, inner = naming(part, self._formatter), self._joined(part.parts, escape=escape)
                return lambda env: inner(named(env))
            case First():
                candidates = [self._joined(parts) for parts in part.candidates]
                return lambda env: next((text for make in candidates if (text := make(env))), "")
            case Picture():
                return self._picture(part)
            case Code():
                return self._code(part)
            case Graph():
                return self._graph(part)
            case Adding():
                return self._adding(part)
            case Called():
                return self._called(part)
            case Notes():
                return lambda env: self.noted(part, env[NOTES])

    def _shown(self, part: Shown, *, escape: bool) -> _Text:
        text = texter(part.expression, self._formatter, part.place, fold=not part.preserve)
        text = self._known.once(part, "", text)
        if not escape:
            return text
        special, escaped = self.special, self.escaped

        def shown(env: Environment) -> str:
            found = text(env)
            return found if special(found) is None else escaped(found)

        return self._known.once(part, self.__class__.__name__, shown)

    def _adding(self, part: Adding) -> _Text:
        row = RowTemplate(cells=(), sums=part.sums, place=part.place)
        adder, inner = Adder(row, self._formatter), self._joined(part.parts)

        def adding(env: Environment) -> str:
            add_sums(env[_TOTALS], adder.add(env))
            return inner(env)

        return adding

    def _called(self, part: Called) -> _Text:
        """A footnote's call; the two lead to each other."""
        text = self._joined(part.parts)

        def called(env: Environment) -> str:
            notes: FootNotes = env[NOTES]
            notes.count += 1
            number = notes.count
            if len(notes.waiting) >= _MOSTNOTES:
                raise PressrunError(
                    Reason.LIMIT_EXCEEDED, f"the page has more than {_MOSTNOTES:,} footnotes; write them into the text"
                )
            call, marker = (
                html.escape(f"{before}{numeral(kind, number)}{behind}")
                for before, kind, behind in (part.call, part.marker)
            )
            said, noted = self.called(part, number, call, marker, text(env))
            notes.waiting.append(noted)
            return said

        return called

    def called(self, part: Called, number: int, call: str, marker: str, text: str) -> tuple[str, str]:
        """A footnote's call, and its text; what they say is escaped."""
        back = f'<a href="#pr-call-{number}" role="doc-backlink">{marker.rstrip()}</a>'
        return (
            f'{part.before}<a id="pr-call-{number}" href="#pr-note-{number}" role="doc-noteref">{call}</a></sup>',
            f'{part.item} id="pr-note-{number}">{part.marker_before}{back}</span> {text}</li>',
        )

    def noted(self, part: Notes, notes: FootNotes) -> str:
        """The list of the footnotes that were called since the last list."""
        found = f"{part.before}{''.join(notes.waiting)}</ol>" if notes.waiting else ""
        notes.waiting.clear()
        return found

    def _picture(self, part: Picture) -> _Text:
        slot, before, alt = part.slot, part.before, self._joined(part.alt)
        told = ' alt="' if part.alt or " alt=" not in before else ""
        sizes = f' sizes="{part.sizes or "100vw"}"'

        def picture(env: Environment) -> str:
            attributes = env[PICTURES].get(slot)
            if attributes is None:
                return ""
            if told and slot in env[FILMS]:
                return f'<video{before.removeprefix("<img")} aria-label="{alt(env)}"{env[FILMS][slot]}'
            if slot in env[RESPONSIVE]:
                attributes += sizes
            return f'{before}{told}{alt(env)}"{attributes}>' if told else f"{before}{attributes}>"

        return picture

    def _code(self, part: Code) -> _Text:
        value, alt = self._joined(part.value, escape=False), self._joined(part.alt)

        def code(env: Environment) -> str:
            side, modules = matrix(part.kind, value(env), part.level, part.place)
            return self.coded(part, side, modules, alt(env), env)

        return code

    def coded(self, part: Code, side: int, modules: bytes, alt: str, env: Environment) -> str:  # noqa: ARG002 - for others
        """A barcode."""
        return code_picture(part, side, modules, alt)

    def _graph(self, part: Graph) -> _Text:
        alt = self._joined(part.alt)
        chart = _Chart(part, bars_of(part, self._formatter, self._joined(part.label), self._joined(part.tick)))
        self._charts.append(chart)
        return lambda env: self.drawn(part, *chart.bars(env), alt(env), env)

    def drawn(
        self,
        part: Graph,
        bars: Sequence[tuple[str, Decimal]],
        ticks: Sequence[tuple[Decimal, str]],
        alt: str,
        env: Environment,  # noqa: ARG002 - for others
    ) -> str:
        """A chart; labels are escaped."""
        return graph_drawing(part, bars, ticks, alt)


@dataclass(slots=True, eq=False)
class _Loop:
    """A loop that does not ask which turn it is."""

    part: Repeat
    shared: Any
    """Names its items for all texts of a document; None where they are others each time."""
    code: LoopCode | None = None


@dataclass(slots=True, eq=False)
class _Run:
    """What stands between loops."""

    parts: tuple[Part, ...]
    code: RunCode

    def given(self, env: Environment) -> Iterable[str | bytes]:
        """Its text."""
        return self.code(env)


@dataclass(slots=True, eq=False)
class _Chart:
    """A bar chart."""

    part: Graph
    closure: Callable[[Environment], Bars]
    code: Callable[[Environment], Bars] | None = None

    def bars(self, env: Environment) -> Bars:
        """Its bars and ticks."""
        if self.code is not None:
            try:
                return self.code(env)
            except Exception:  # noqa: BLE001, S110 - whatever it is, the closure says it
                pass
        return self.closure(env)


@dataclass(slots=True, eq=False)
class FootNotes:
    """The footnotes of a page."""

    waiting: list[str]
    """The texts of those whose list comes yet."""
    count: int = 0


def _coded(
    loop: _Loop, code: LoopCode, items: list[Any], inner: Environment, env: Environment, closures: tuple[_Text, _Text]
) -> Iterator[str]:
    """The turns of a loop, by its code; all at once where columns are kept for other texts of the document."""
    kept: dict[Any, list[str]] | None = env.get(COLUMNS) if loop.shared is not None else None
    if kept is not None:
        for start in range(0, len(items), SLICE):
            spend(env, min(SLICE, len(items) - start), loop.part.place)
        yield "".join(_turned(loop, code, items, inner, kept, closures))
        return
    for start in range(0, len(items), _ROWS):
        if not start % SLICE:
            spend(env, min(SLICE, len(items) - start), loop.part.place)
        yield "".join(_turned(loop, code, items[start : start + _ROWS], inner, {}, closures))


def _turned(
    loop: _Loop,
    code: LoopCode,
    items: list[Any],
    inner: Environment,
    kept: dict[Any, list[str]],
    closures: tuple[_Text, _Text],
) -> list[str]:
    """The texts of turns, of which the first is an odd one; by closures where a value is none of the common ones."""
    try:
        return code(items, inner, kept)
    except Exception:  # noqa: BLE001 - whatever it is, closures say it as they say it of any turn
        make, other = closures
        found: list[str] = []
        for inner[loop.part.name] in items:
            found.append(make(inner))
            make, other = other, make
        return found


def _repeats(part: Part) -> bool:
    """Whether a loop over rows of the record is in it, so that it may be large."""
    match part:
        case Repeat() | Summing():
            return True
        case Choice():
            return any(_repeats(inner) for _, parts in part.branches for inner in parts)
        case Named():
            return any(map(_repeats, part.parts))
        case _:
            return False
