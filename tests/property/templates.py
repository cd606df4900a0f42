"""Random templates with records that fit them: nested as no author would, each text with a word of its own."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

__all__ = ["CSS", "Template", "template"]

CSS = """
@page { size: 90mm 110mm; margin: 10mm; @bottom-right { content: element(foot) } }
@page :first { margin-top: 18mm }
@page wide { size: 110mm 90mm; margin: 10mm }
.foot { position: running(foot); text-align: right; font-size: 6pt } .wide { page: wide }
.gen::before { content: attr(data-mark) ": "; font-weight: bold } .gen::after { content: " end" }
.own::before { content: attr(data-mark); display: block; border-top: 1pt solid #0a0 }
body { font-size: 8pt } .note { float: footnote; font-size: 6pt; text-indent: 0 } td, th { border: 0.3pt solid #999 }
"""
_WORDS = (
    "word",
    "Zoë",
    "1.234,56",
    "Ünïcode",
    "Ελλάς",
    "Wałęsa",
    "a\u00a0b",
    "co\u00adop",
    "long-hyphenated-word",
    "(x)",
    "“q”",
)
_DEEPEST = 3
_INNER = 0.1
"""The share of what stands in cells, items and columns that is a link or a picture."""
_GENERATED, _HIGH, _WRAPPING, _COLUMNED = 0.12, 0.03, 0.4, 0.15
"""The share of paragraphs with text that a style sheet generates, of those in a box of a height, of flexible rows with
more items than a line may hold, and of tables whose columns come of the record."""


@dataclass(slots=True)
class Template:
    """A template's body with a record."""

    body: str
    record: dict[str, Any]
    marks: list[str]
    """The words that it shows once each, in the order in which they stand in the HTML."""
    notes: list[str]
    """The same of its footnotes."""
    fills: bool
    """Whether it ends with what only paper has room for or not."""
    schema: dict[str, Any]
    """Of the record: how many columns a table may have."""


def template(seed: int) -> Template:
    """The template of a seed, always the same."""
    maker = _Maker(random.Random(seed), random.Random(f"more {seed}"), random.Random(f"inner {seed}"))
    body = "\n".join(maker.part() for _ in range(maker.chance.randint(1, 7)))
    foot = '<footer class="foot">Page {{ page.number }} of {{ page.count }}</footer>'
    end = maker.end()
    columns = {name: {"type": "array", "maxItems": 3} for name in maker.lists}
    schema = {"type": "object", "additionalProperties": True, "properties": columns}
    return Template(f"{foot}\n{body}\n{end}", maker.record, maker.marks, maker.notes, bool(end), schema)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a node stands, as far as that says what may stand there."""

    flow: bool = True
    """Whether it may break the page, call footnotes and have columns; a cell's would be cut with it at a page's end."""
    beside: int = 2
    """How often it may be parted into what stands side by side: a third time would leave less than a letter."""

    def inside(self) -> _Place:
        """In a cell, in an item, or in columns."""
        return _Place(flow=False, beside=self.beside - 1)


@dataclass(slots=True)
class _Maker:
    chance: random.Random
    more: random.Random
    """Of what the language learned later, so that templates which found something keep their shape."""
    inner: random.Random
    """The same of what stands in cells, items and columns alone."""
    record: dict[str, Any] = field(default_factory=dict)
    marks: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)
    """Of the record, whose items are columns."""

    def part(self) -> str:
        """Something of the whole document's flow, on pages of its own kind now and then."""
        wide = self._in(5)
        made = self.node(_DEEPEST, _Place())
        return f'<div class="wide">{made}</div>' if wide else made

    def node(self, depth: int, place: _Place) -> str:
        """Something of a flow."""
        if not place.flow and self.inner.random() < _INNER:
            return self._link() if self.inner.random() < 1 / 2 else self._picture()
        simple = [self._paragraph, self._paragraph, self._paragraph, self._list, self._loop, self._choice]
        nested = [self._box, self._box, self._within, self._drawing]
        if place.beside:
            nested += [self._table, self._table, self._flex, self._spread]
        if place.flow:
            nested.append(self._columns)
        return self.chance.choice(simple if depth <= 0 or self._in(45) else nested)(depth - 1, place)

    def end(self) -> str:
        """What ends the flow."""
        return f"<pr-fill><p>{self._fill()}</p></pr-fill>" if self._in(20) else ""

    def _in(self, percent: int) -> bool:
        return self.chance.random() * 100 < percent

    def _mark(self) -> str:
        self.marks.append(f"m{len(self.marks)}z")
        return self.marks[-1]

    def _note(self) -> str:
        self.notes.append(f"n{len(self.notes)}z")
        return self.notes[-1]

    def _fill(self) -> str:
        # It is shown where there is room, so it has no word of its own.
        return "fill " * self.chance.randint(1, 20)

    def _words(self, most: int) -> str:
        return "".join([f" {self.chance.choice(_WORDS)}" for _ in range(self.chance.randint(0, most))])

    def _known(self, value: Any) -> str:
        name = f"f{len(self.record)}"
        self.record[name] = value
        return name

    def _text(self) -> str:
        """A text with its word, of the template or of the record."""
        if self._in(50):
            return f"{self._mark()}{self.chance.choice(['', ' <b>bold</b>', ' <i>it</i><br>'])}{self._words(20)}"
        return f"{{{{ {self._known(self._mark() + self._words(30))} }}}}{self.chance.choice(['', ' <b>bold</b>'])}"

    def _style(self, place: _Place, *, least: bool = True, text: bool = False) -> str:
        choose = self.chance.choice
        found = [
            (30, f"margin: {choose([0, 1, 3, 6])}mm 0 {choose([0, 2, 5])}mm"),
            (20, f"padding: {choose([1, 3])}mm"),
            (20, f"border: {choose([1, 2])}pt solid #c00"),
            (10, "border-top: 1pt solid #00c"),
            (15, "background: #eef"),
            (12, "break-inside: avoid"),
            (8, "break-after: avoid"),
            (5 if place.flow else 0, "break-before: page"),
            (8 if least else 0, f"min-height: {choose([10, 30])}mm"),
            (8, f"text-align: {choose(['right', 'center', 'justify'])}"),
            (5, f"text-indent: {choose(['3mm', '-1mm'])}; padding-left: 2mm"),
            (4, f"orphans: {choose([1, 4])}; widows: {choose([1, 4])}"),
        ]
        rules = [rule for percent, rule in found if self._in(percent)]
        rules += [rule for percent, rule in self._later(text=text) if self.more.random() * 100 < percent]
        return f' style="{"; ".join(rules)}"' if rules else ""

    def _later(self, *, text: bool) -> list[tuple[int, str]]:
        """Rules that templates of earlier days lack, by how many of a hundred have them."""
        choose = self.more.choice
        return [
            (8 if text else 0, f"box-sizing: border-box; width: calc(50% * 2 - {choose([1, 2])} * 0.25mm)"),
            (5, f"opacity: {choose([0.3, 0.5])}"),
        ]

    def _paragraph(self, _depth: int, place: _Place) -> str:
        tag = self.chance.choice(["p", "p", "p", "h2", "div"])
        made = "own" if tag == "div" else "gen"  # blocks in a paragraph are paragraphs to the tags, but not in HTML
        generated = f" class='{made}' data-mark='{self._mark()}'" if self.more.random() < _GENERATED else ""
        text = self._text()
        note = f'<span class="note">{self._note()}{self._words(5)}</span>' if place.flow and self._in(8) else ""
        made = f"<{tag}{generated}{self._style(place, text=True)}>{text}{note}</{tag}>"
        if self.more.random() < _HIGH:
            made += f"<div style='height: 20mm'><p style='min-height: 50%'>{self._mark()}</p></div>"
        return made

    def _link(self) -> str:
        """A paragraph with a link of some lines."""
        text = " ".join(self.inner.choices(_WORDS, k=self.inner.randint(1, 25)))
        return f"<p>{self._mark()} <a href='https://bank.example/x'>{text}</a> behind it</p>"

    def _picture(self) -> str:
        width = self.inner.choice([8, 15, 22])
        return f'<pr-barcode value="{self.inner.getrandbits(64)}" alt="code" style="width: {width}mm"></pr-barcode>'

    def _list(self, _depth: int, _place: _Place) -> str:
        if self._in(20):
            terms = [f"<dt>{self._mark()}</dt><dd>{self._text()}</dd>" for _ in range(self.chance.randint(1, 4))]
            return f"<dl>{''.join(terms)}</dl>"
        if self._in(50):
            return f"<ul>{''.join([f'<li>{self._text()}</li>' for _ in range(self.chance.randint(1, 4))])}</ul>"
        return f"<ol><li pr-for='x in {self._rows(25, 1)}'>{{{{ x.text }}}}</li></ol>"

    def _loop(self, _depth: int, place: _Place) -> str:
        return f"<p pr-for='x in {self._rows(20)}'{self._style(place, least=False)}>{{{{ x.text }}}}</p>"

    def _choice(self, _depth: int, place: _Place) -> str:
        name = self._known(self._in(50))
        hidden = "<p>hidden {{ nothing }}</p>"
        shown = f"<p{self._style(place)}>{self._text()}</p>"
        first, second = (shown, hidden) if self.record[name] else (hidden, shown)
        first = first.replace("<p", f"<p pr-if='{name}'", 1)
        return first + second.replace("<p", "<p pr-else", 1)

    def _within(self, depth: int, place: _Place) -> str:
        name = f"w{len(self.record)}"
        return f"<div pr-with='{name} = {self._known(self._mark())}'><p>{{{{ {name} }}}}</p>{self.node(depth, place)}</div>"

    def _drawing(self, _depth: int, _place: _Place) -> str:
        if self._in(50):
            return f'<pr-barcode value="{{{{ {self._known("code" + self._words(9))} }}}}" alt="code" style="width: 15mm"></pr-barcode>'
        name = self._known(
            [{"n": f"L{n}", "v": self.chance.randint(-50, 900)} for n in range(self.chance.randint(1, 14))]
        )
        return (
            f'<pr-chart type="bar" items="x in {name}" value="x.v" label="{{{{ x.n }}}}" alt="chart" style="height: 25mm">'
            "</pr-chart>"
        )

    def _rows(self, most: int, least: int = 0) -> str:
        """Rows of the record, each with its word; the name of the field."""
        return self._known(
            [
                {"text": self._mark() + (self._words(25) if self._in(25) else ""), "flag": self.chance.randint(0, 1)}
                for _ in range(self.chance.randint(least, most))
            ]
        )

    def _table(self, depth: int, place: _Place) -> str:
        choose, count = self.chance.choice, self.chance.randint(1, 1 + place.beside)
        caption = f"<caption>{self._mark()} caption</caption>" if self._in(15) else ""
        head = f"<tr>{'<th>H</th>' * count}</tr>"
        more = f"<tr pr-on='continued'>{'<td>more</td>' * count}</tr>"
        head = choose(["", f"<thead>{head}</thead>", f"<thead>{head}{more}</thead>"])
        rows = self._rows(choose([1, 2, 3, 12, 40]), 1)
        first = choose(["{{ x.text }}"] * 3 + ["<p>{{ x.text }}</p><p>second</p>"])
        cells = [
            choose(["<td>c</td>", "<td style='text-align: right'>{{ x.flag }}</td>", "<td></td>"])
            for _ in range(count - 1)
        ]
        whole = choose([""] * 3 + [" style='break-inside: auto'"])
        body = f"<tr pr-for='x in {rows}'{whole}><td>{first}</td>{''.join(cells)}</tr>"
        rest = "<td>rest</td>" * (count - 1)
        if self._in(40):
            inner = place.inside()
            cell = "".join([self.node(depth, inner) for _ in range(self.chance.randint(1, 4))])
            body += f"<tr><td>{cell}</td>{rest}</tr>"
        if count > 1 and self._in(20):
            body += f"<tr><td rowspan='2'>{self._mark()}</td>{rest}</tr><tr>{rest}</tr>"
        if count > 1 and self._in(20):
            body += f"<tr><td colspan='{count}'>{self._text()}</td></tr>"
        foot = f"<tr pr-on='continued'>{'<td>to</td>' * count}</tr><tr pr-on='last'>{'<td>last</td>' * count}</tr>"
        foot = choose(["", "", f"<tfoot>{foot}</tfoot>"])
        made = f"<table{self._style(place, least=False)}>{caption}{head}<tbody>{body}</tbody>{foot}</table>"
        return made + self._columned() if self.more.random() < _COLUMNED else made

    def _columned(self) -> str:
        """A table of as many columns as a list has items, of which one may be left out."""
        shown, items = self.more.choice([True, False]), [self._mark() for _ in range(self.more.randint(0, 3))]
        listed, flag = self._known([{"text": item} for item in items]), self._known(shown)
        self.lists.append(listed)
        last = self._mark() if shown else "hidden {{ nothing }}"
        return (
            f"<table><tr><th>n</th><th pr-for='x in {listed}'>{{{{ loop.index }}}}</th><th pr-if='{flag}'>l</th></tr>"
            f"<tr><td>c</td><td pr-for='x in {listed}'>{{{{ x.text }}}}</td><td pr-if='{flag}'>{last}</td></tr></table>"
        )

    def _spread(self, _depth: int, _place: _Place) -> str:
        """A flexible row of items as wide as their contents."""
        where = self.chance.choice(["space-between", "flex-end", "center", "space-evenly", "normal"])
        items = [f"<div>{self._mark()}{self._words(2)}</div>" for _ in range(self.chance.randint(1, 3))]
        if self._in(40):
            items.append(f"<span pr-if='{self._known(1)}'>{{{{ {self._known(self._mark())} }}}}</span>")
        wrap = ""
        if self.more.random() < _WRAPPING:
            wrap = f" flex-wrap: wrap; row-gap: {self.more.choice([0, 2])}mm;"
            rows = self._known([{"text": self._mark()} for _ in range(self.more.randint(1, 5))])
            items.append(f"<div pr-for='x in {rows}' style='padding: 0 1mm; background: #fee'>{{{{ x.text }}}}</div>")
            items.append(f"{self._mark()} text")
        return f"<div style='display: flex;{wrap} gap: 1mm; justify-content: {where}'>{''.join(items)}</div>"

    def _flex(self, depth: int, place: _Place) -> str:
        items = []
        for _ in range(self.chance.randint(1, 1 + place.beside)):
            inside = "".join([self.node(depth, place.inside()) for _ in range(self.chance.randint(1, 3))])
            items.append(f"<div style='flex: 1'>{inside}</div>")
        return f"<div style='display: flex; gap: 2mm'>{''.join(items)}</div>"

    def _columns(self, depth: int, place: _Place) -> str:
        inside = "".join([self.node(depth, place.inside()) for _ in range(self.chance.randint(1, 5))])
        return f"<div style='columns: 2'>{inside}</div>"

    def _box(self, depth: int, place: _Place) -> str:
        inside = "".join([self.node(depth, place) for _ in range(self.chance.randint(1, 5))])
        return f"<div{self._style(place)}>{inside}</div>"
