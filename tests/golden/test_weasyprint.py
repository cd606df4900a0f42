"""Small pages laid out by us and by WeasyPrint: lines, edges and page breaks agree within 1 pt.

Both have the same fonts and no kerning and ligatures; line heights are given, since `normal` is each engine's own.
Compared are each line's text, left and right edge and baseline, page by page, and where each colour is painted.
"""

from __future__ import annotations

import functools
import importlib
import io
import json
import warnings
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import TypeAlias

import pikepdf
import pymupdf
import pytest
from PIL import Image, ImageChops, ImageFile
from tests.golden.outline import outline, spoken, tagged

from pressrun_server.fonts.catalog import FAMILIES, font_file
from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.template.compile import compile_bundle

Line: TypeAlias = "tuple[str, float, float, float]"
"""Text, left edge, right edge, baseline."""
Painted: TypeAlias = "dict[str, tuple[float, ...]]"
"""By colour, the box around all that it covers."""

_INSTALL = "apt-get install -y libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
_NEAR = 1.0
_SCALE = 4
_SAME = 8
_COLORS = ("red", "green", "blue", "yellow")
_BASE = (
    "@page { size: 240pt 180pt; margin: 20pt } body { margin: 0; font-kerning: none; font-family: FiraGO; font-size: 10pt;"
    " line-height: 14pt } p { margin: 0 0 6pt } h1, h2 { font-size: 14pt; line-height: 18pt; margin: 0 0 6pt }"
    " table { width: 100%; border-collapse: collapse; table-layout: fixed } td, th { padding: 2pt 3pt }"
)
_THEIRS = (
    "* { font-variant-ligatures: none; hyphenate-character: '-'; overflow-wrap: anywhere }"
    " td, th { overflow-wrap: inherit } th { text-align: left } td { vertical-align: top }"
    " * { footnote-policy: line } ::footnote-call { font-size: 7pt; line-height: 0 }"
)
_LOREM = (
    "It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in want of a"
    " wife. However little known the feelings or views of such a man may be on his first entering a neighbourhood,"
    " this truth is so well fixed in the minds of the surrounding families, that he is considered the rightful"
    " property of some one or other of their daughters."
)
_GERMAN = (
    "Der Versicherungsnehmer bestätigt unwiderruflich die Kenntnisnahme der Allgemeinen Versicherungsbedingungen"
    " sowie der Datenschutzgrundverordnung einschließlich aller Zusatzvereinbarungen."
)
_SHY = "Donau\u00addampf\u00adschiff\u00adfahrts\u00adgesell\u00adschafts\u00adkapitän"
_AUTO = (
    "table { table-layout: auto } .s { width: auto } td, th, p, div { overflow-wrap: break-word }"
    " .g { background: green } .r { background: red } .y { background: yellow }"
)


_NOTES = (
    ".n { float: footnote; font-size: 7pt; line-height: 9pt } .n::footnote-call { font-size: 7pt; line-height: 0 }"
    " @page { @footnote { margin-top: 8pt; padding-top: 4pt; border-top: 1pt solid red } }"
)
_PARTED = {"rows are parted between pages"}


_ENDS = (
    "p { margin: 0 } .b { border: 2pt solid red; padding: 8pt 4pt; background: yellow } .c { border-bottom: 4pt solid blue }"
    " .d { padding-bottom: 6pt; background: green } .m { margin-bottom: 5pt } .k { break-after: avoid }"
)
_BREAKS = "1<br>2<br>3<br>4"


def _lines_of(count: int) -> str:
    return "".join(f"<p>line {n}</p>" for n in range(1, count + 1))


def _rows(count: int) -> str:
    return "".join(f"<tr><td>{n}</td><td>Row number {n}</td></tr>" for n in range(1, count + 1))


CASES: dict[str, tuple[str, str]] = {
    "a paragraph wraps": (f"<p>{_LOREM}</p>", ""),
    "a paragraph goes on over pages": (f"<p>{_LOREM}</p><p>{_LOREM}</p>", ""),
    "justified": (f"<p>{_LOREM}</p>", "p { text-align: justify }"),
    "right": (f"<p>{_LOREM}</p>", "p { text-align: right }"),
    "centred": (f"<p>{_LOREM}</p>", "p { text-align: center }"),
    "justified with a centred last line": (f"<p>{_LOREM}</p>", "p { text-align: justify; text-align-last: center }"),
    "hyphenated German": (f"<p lang=de>{_GERMAN}</p>", "p { hyphens: auto; width: 120pt }"),
    "hyphenated and justified": (f"<p lang=de>{_GERMAN}</p>", "p { hyphens: auto; text-align: justify; width: 150pt }"),
    "hyphenated English": (f"<p lang=en-GB>{_LOREM}</p>", "p { hyphens: auto; width: 90pt }"),
    "soft hyphens": (f"<p>{_SHY} {_SHY}</p>", "p { width: 100pt }"),
    "no hyphens": (f"<p>{_SHY} und noch mehr</p>", "p { hyphens: none; width: 80pt }"),
    "styles meet inside words": (f"<p>un<b>break</b>able and <i>slanted</i>ly {_LOREM}</p>", ""),
    "hyphens, slashes and dashes": (
        "<p>state-of-the-art and/or half-baked/underdone 2020-2024 pages 10–20 well — done (or not) to-day!</p>",  # noqa: RUF001
        "p { width: 75pt }",
    ),
    "amounts stay whole": ("<p>paid £1,234.56 of €10.000,00 (50% at 12:30), i.e. 3.5 × 10, -12.50</p>", "p { width: 60pt }"),  # noqa: RUF001
    "brackets and quotes": (
        "<p>(one) [two] “three four” ‘five’ «six seven» „acht neun“ (ten eleven) twelve? thirteen!</p>",  # noqa: RUF001
        "p { width: 66pt }",
    ),
    "no-break spaces bind": (
        "<p>10\u00a0000\u00a0EUR and 20\u00a0000\u00a0EUR and Dr.\u00a0Watson and Mr\u00a0Holmes</p>", "p { width: 80pt }"
    ),
    "Greek and Cyrillic": ("<p>Η ταχεία καφετιά αλεπού πηδά πάνω. Съешь же ещё этих мягких булок.</p>", "p { width: 110pt }"),  # noqa: RUF001
    "a word is broken anywhere": ("<p>Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bb</p>", "p { width: 100pt }"),
    "pre-line": ("<p>one  two\n   three\n\nfour five six seven eight nine ten eleven</p>", "p { white-space: pre-line; width: 90pt }"),
    "pre-wrap": ("<p>one  two\n   three\n\nfour five six seven eight nine ten eleven</p>", "p { white-space: pre-wrap; width: 90pt }"),
    "pre": ("<p>one  two\n   three\n\nfour five six</p>", "p { white-space: pre }"),
    "nowrap": ("<p>one two three four five</p>", "p { white-space: nowrap; width: 50pt }"),
    "line breaks": ("<p>one<br>two<br><br>three<br></p><p>four</p>", ""),
    "word and letter spacing": (f"<p class=w>{_LOREM}</p><p class=l>{_LOREM}</p>", ".w { word-spacing: 4pt } .l { letter-spacing: 1pt }"),
    "sizes on one line": ("<p>small <span class=b>big</span> small again and on to the next line of it</p>", ".b { font-size: 18pt; line-height: 14pt }"),
    "margins collapse": (
        "<div class=a>one</div><div class=b>two</div><div class=c><div class=a>three</div></div>",
        ".a { margin: 10pt 0 } .b { margin: 16pt 0 } .c { margin: 4pt 0 }",
    ),
    "padding, borders and background": (
        "<div class=a>one</div><div class=b>two</div>",
        ".a { padding: 5pt 10pt; border: 3pt solid red; background: yellow } .b { margin: 8pt 20pt; border-left: 4pt solid blue; padding-left: 6pt }",
    ),
    "widths in percent and centred by auto margins": (
        "<div class=a>one</div><div class=b>two</div>",
        ".a { width: 50%; background: yellow } .b { width: 80pt; margin: 5pt auto; background: red }",
    ),
    "border boxes, least and greatest widths": (
        "<div class=a>one</div><div class=b>two</div><div class=c>three</div><div class=d>four</div>",
        "div { padding: 3pt 8pt; margin: 2pt auto } .a { box-sizing: border-box; width: 50%; background: yellow }"
        " .b { max-width: 70pt; background: red } .c { width: 10pt; min-width: 25%; background: green }"
        " .d { box-sizing: border-box; width: 90%; max-width: 60pt; border: 4pt solid blue }",
    ),
    "border boxes, least and greatest heights": (
        "<div class=a>one</div><div class=b>two</div><div class=c>three</div>",
        ".a { box-sizing: border-box; height: 30pt; padding: 5pt; background: yellow }"
        " .b { height: 50pt; max-height: 20pt; background: red } .c { box-sizing: border-box; min-height: 40pt;"
        " border: 4pt solid blue }",
    ),
    "rounded corners": (
        "<div class=a>one</div><div class=b>two</div>",
        ".a { background: yellow; border-radius: 8pt; padding: 6pt } .b { border: 3pt solid blue; border-radius: 6pt;"
        " margin: 6pt; padding: 4pt }",
    ),
    "a flexible row shares its width": (
        "<div class=f><div class=a>one</div><div class=b>two words that wrap in here</div><div class=c>three</div></div>",
        ".f { display: flex; gap: 10pt } .a { flex: 1; background: yellow } .b { flex: 2; padding: 4pt; background: red }"
        " .c { width: 40pt; flex: none; background: green }",
    ),
    "a flexible row shrinks, and is centred": (
        "<div class=f><div class=a>one</div><div class=b>two</div></div><div class=g><div class=a>one</div>"
        "<div class=b>two<br>lines</div></div>",
        ".f .a, .f .b { width: 160pt } .f, .g { display: flex } .a { background: yellow } .b { background: red }"
        " .g { justify-content: space-around; align-items: center } .g .a, .g .b { width: 50pt }",
    ),
    "a flexible column has gaps and no collapsed margins": (
        "<div class=f><div class=a>one</div><div class=b>two</div></div><p>end</p>",
        ".f { display: flex; flex-direction: column; gap: 6pt; align-items: center } .a { margin-bottom: 5pt;"
        " width: 60pt; background: yellow } .b { margin-top: 4pt; width: 50%; background: red }",
    ),
    "items of a flexible row are as wide as their text": (
        "<div class=f><div class=g>Bank name</div><div class=r>28 November 2026</div></div>"
        "<div class=e><div class=y>one</div><div class=b><b>two</b> words</div><div>three</div></div>"
        "<div class=m><div class=k>left</div><div>first</div><div>second</div></div>",
        ".f, .e, .m { display: flex; margin-bottom: 4pt } .f { justify-content: space-between } .g { background: green }"
        " .r { background: red } .y { background: yellow } .b { background: blue } .e { justify-content: space-evenly }"
        " .m { gap: 10pt; justify-content: flex-end } .k { margin-right: auto; padding: 2pt 5pt; border: 1pt solid red }",
    ),
    "text of a flexible row wraps where the row is too narrow": (
        f"<div class=f><div class=g>{_LOREM[:60]}</div><div class=r>{_LOREM[:90]}</div><div class=y>short</div></div>"
        f"<div class=f><div class=b>{_LOREM[:120]}</div><div class=n>does not shrink</div></div>",
        ".f { display: flex; gap: 8pt; margin-bottom: 4pt } .g { background: green } .r { background: red }"
        " .y { background: yellow } .b { background: blue } .n { flex: none } div { overflow-wrap: break-word }",
    ),
    "an item of a flexible row grows beside one of its text's width": (
        f"<div class=f><div class=g><b>Subject</b></div><div class=r>{_LOREM[:80]}</div></div>"
        "<div class=f><div class=y>one</div><div class=b>two words</div></div>",
        ".f { display: flex; column-gap: 6pt; margin-bottom: 4pt } .g { background: green; padding-right: 4pt }"
        " .r { flex: 1; background: red } .y { background: yellow; flex: 1 1 auto } .b { background: blue; flex: 2 1 auto }",
    ),
    "flexible rows stand in items of flexible rows": (
        "<div class=f><div class=i><div class=g>a</div><div class=r>bcd</div></div><div><p class=y>lines of<br>an address</p>"
        "<p class=b>and more</p></div></div>",
        ".f { display: flex; justify-content: space-between; align-items: center } .i { display: flex }"
        " .g { background: green; padding-right: 7pt } .r { background: red } .y { background: yellow } .b { background: blue }",
    ),
    "boxes at places of a block": (
        "<p>before</p><div class=f><div class=a>tag</div><p>inside the block</p><div class=b>end</div></div>",
        ".f { position: relative; border: 3pt solid blue; padding: 4pt 8pt; background: yellow; margin: 0 10pt }"
        " .a { position: absolute; top: 2pt; right: 4pt; width: 30pt; background: red }"
        " .b { position: absolute; top: 20pt; left: 50%; background: green; width: 20% }",
    ),
    "a flexible row wraps": (
        "<div class=f><div class=r>one</div><div class=g>two</div><div class=b>three<br>lines</div><div class=y>four</div></div>"
        "<div class=c>Alpha <b>Bravo</b> Charlie <i>Delta</i> Echo <b>Foxtrot</b> Golf <i>Hotel</i> India</div><p>end</p>",
        ".f { display: flex; flex-wrap: wrap; gap: 4pt 10pt; margin-bottom: 5pt } .f div { width: calc((100% - 20pt) / 3) }"
        " .r { background: red } .g { background: green } .b { background: blue } .y { background: yellow }"
        " .c { display: flex; flex-flow: row wrap; column-gap: 8pt; row-gap: 3pt; justify-content: center }",
    ),
    "heights in percent": (
        "<div class=a><div class=b>one</div><div class=c>two</div></div><div class=d><div class=e>three</div>four</div>",
        ".a { height: 60pt; padding: 5pt; box-sizing: border-box; background: yellow } .b { height: 50%; background: red }"
        " .c { min-height: calc(50% - 10pt); background: green } .d { position: relative; height: 40pt; padding: 4pt }"
        " .e { position: absolute; top: 0; right: 0; width: 40pt; height: 100%; background: blue }",
    ),
    "calculated lengths": (
        "<div class=a>one</div><div class=b>two words of it</div><div class=c>three</div><table class=t><colgroup><col class=k><col>"
        "</colgroup><tr><td>1</td><td class=g>2</td></tr></table>",
        ".a { width: calc(100% - 2 * 10pt); background: yellow } .b { padding: calc(1em / 2)"
        " calc(10% + 4pt); background: green } .c { margin-left: calc(50% - 20pt); width: calc((100% - 40pt) / 2);"
        " background: red } .k { width: calc(20pt + 10pt) } td.g { background: blue; padding-left: calc(1em - 4pt) }",
    ),
    "generated text": (
        f"<h2 class=h>Chapter</h2><p class=a data-n=7>{_LOREM[:60]} <b class=b>bold</b> {_LOREM[:40]}</p><div class=c>boxed</div>",
        ".h::before { content: 'Part'; display: block; font-size: 8pt; line-height: 10pt } .h::after { content: ''; display: block;"
        " height: 3pt; width: 40%; background: red } .a::before { content: 'No. ' attr(data-n) ': '; font-weight: bold }"
        " .b::before { content: '(' } .b::after { content: ')' } .c { position: relative; padding-left: 20pt }"
        " .c::before { content: '!'; position: absolute; left: 0; top: 0; width: 12pt; background: yellow }",
    ),
    "nested boxes": (
        f"<div class=a><div class=b><p>{_LOREM[:90]}</p></div></div>", ".a { padding: 6pt; background: yellow } .b { padding: 0 20pt; background: red }"
    ),
    "heights": ("<div class=a>one</div><p>two</p>", ".a { height: 40pt; background: yellow; margin-bottom: 10pt }"),
    "a least height": ("<div class=a>one</div><p>two</p>", ".a { min-height: 40pt; padding: 4pt; background: yellow }"),
    "lists": ("<ul><li>one</li><li>two<ul><li>inner</li></ul></li></ul><p>end</p>", "ul { list-style-type: none; padding-left: 16pt; margin: 0 }"),
    "captions of tables": (
        f"<table class=m><caption class=g>Rows of the first table</caption><tr><td>1<td>two</table><table class=l><caption>{_LOREM[:60]}</caption>"
        f"<tr><td>left<td>b</table><p>text</p><table class=k><caption><b>Moves</b> with its header</caption><thead><tr><th>No<th>What</thead>{_rows(8)}</table>",
        ".m { margin: 5pt 0 9pt; background: yellow } .g { background: green; padding: 2pt } .l { width: 60% }"
        " .l caption { text-align: left } caption { text-align: center }",
    ),
    "the caption of a table as wide as its columns": (
        "<table class=s><caption class=y>a caption of two lines or so</caption><tr><td class=g>one<td class=r>two words and more</table><p>end</p>",
        _AUTO + " caption { text-align: center }",
    ),
    "terms and what they mean": (
        f"<dl><dt>First term<dd>{_LOREM[:90]}<dt>Second<dt>Third<dd>one<dd><p>two</p><p>three</p></dl><p>end</p>"
        f"<dl><div><dt>In a group<dd class=g>said</div><div><dt>Other<dd>{_LOREM[:200]}</div></dl><dl><dt>Goes with<dd>{_LOREM}</dl>",
        "dt { font-weight: bold; break-after: avoid } .g { background: green }",
    ),
    "first lines further in, and further out": (
        f"<p>{_LOREM[:150]}</p><p class=h>{_LOREM[:120]}</p><p class=j lang=de>{_GERMAN}</p><p class=c>centred {_LOREM[:60]}</p>"
        "<p class=r>right</p><div><p class=w>one  two\nthree four five</p></div><table><tr><td>cell<td>cell</table>",
        "body { text-indent: 15pt } .h { text-indent: -12pt; padding-left: 12pt } .j { text-align: justify; hyphens: auto; width: 150pt }"
        " .c { text-align: center } .r { text-align: right } .w { white-space: pre-wrap; text-indent: 2em }",
    ),
    "a table's columns": (
        "<table><tr><th>A</th><th>B</th><th>C</th></tr><tr><td class=g>1</td><td class=r>two words here to wrap</td><td>3</td></tr></table>",
        "th:first-child { width: 30pt } .g { background: green } .r { background: red; text-align: right }",
    ),
    "columns of col, and a span": (
        "<table><colgroup><col style='width:40pt'><col><col style='width:25%'></colgroup>"
        "<tr><td class=g>1</td><td>2</td><td class=r>3</td></tr><tr><td colspan=2 class=y>wide</td><td>4</td></tr></table>",
        ".g { background: green } .r { background: red } .y { background: yellow }",
    ),
    "a row's border goes below all of its cells": (
        "<table><tr class=a><td>1</td><td>2</td><td>3</td></tr><tr><td>4</td><td>5</td><td>6</td></tr></table>",
        ".a { border-bottom: .5pt solid red } td:first-child { width: 30pt }",
    ),
    "cells up and down": (
        "<table><tr><td>one two three four five six seven eight</td><td class=m>mid</td><td class=b>low</td></tr></table>",
        ".m { vertical-align: middle } .b { vertical-align: bottom }",
    ),
    "cells down and across": (
        "<table><tr><td rowspan=2 class=g>one</td><td class=r>two</td><td>three</td></tr>"
        "<tr><td colspan=2 rowspan=2 class=y>four and more words that wrap in here</td></tr><tr><td>five</td></tr>"
        "<tr><td>six</td><td class=b>seven</td><td>eight</td></tr></table>",
        ".g { background: green } .r { background: red } .y { background: yellow } .b { background: blue }",
    ),
    "the last row of a cell grows with it": (
        "<table><tr><td>a</td><td rowspan=3 class=y>one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen</td></tr>"
        "<tr><td>b</td></tr><tr><td class=g>c</td></tr></table><p>end</p>",
        ".y { background: yellow } .g { background: green }",
    ),
    "a header of two rows": (
        "<table><thead><tr><th rowspan=2 class=m>No</th><th colspan=2>Sales</th></tr><tr><th>in</th><th>out</th></tr></thead>"
        "<tbody><tr><td>1</td><td>2</td><td>3</td></tr></tbody></table>",
        ".m { vertical-align: middle }",
    ),
    "automatic columns fit their contents": (
        "<table class=s><tr><th>No</th><th>What it is for</th><th>Amount</th></tr><tr><td>1</td><td class=g>Rent</td><td class=r>1,250.00</td></tr>"
        "<tr><td>22</td><td>A longer text</td><td>3.00</td></tr></table><p>end</p>",
        _AUTO,
    ),
    "automatic columns share what is left": (
        f"<table><tr><td class=g>a</td><td>{_LOREM[:90]}</td><td class=r>1,234.56</td></tr><tr><td>bbb</td><td>c</td><td>d</td></tr></table>",
        _AUTO,
    ),
    "automatic columns grow with the table": (
        "<table><tr><td class=g>a</td><td class=r>two words</td><td class=y>three more words</td></tr></table>", _AUTO
    ),
    "automatic columns of which some have a width": (
        f"<table><colgroup><col style='width:50pt'><col><col></colgroup><tr><td class=g>a</td><td>{_LOREM[:60]}</td>"
        "<td class=r style='width:40pt'>b</td><td class=y>c</td></tr></table>",
        _AUTO,
    ),
    "automatic columns of which some have a share": (
        f"<table><tr><td class=g style='width:25%'>a</td><td>{_LOREM[:50]}</td><td class=r style='width:10%'>word</td></tr></table>",
        _AUTO,
    ),
    "automatic columns below a cell that spans them": (
        "<table class=s><tr><td colspan=2 class=y>a heading over two of them</td><td class=g>x</td></tr><tr><td class=r>one</td><td>b</td><td>c</td></tr></table>",
        _AUTO,
    ),
    "automatic columns with boxes in their cells": (
        "<table class=s><tr><td><p class=g style='margin: 2pt 6pt; padding: 0 4pt'>in a box</p></td><td><div class=r style='width: 45pt'>given</div></td>"
        "<td><div class=y style='max-width: 30pt'>no more than</div></td></tr></table>",
        _AUTO,
    ),
    "automatic columns of a table in a table": (
        "<table class=s><tr><td class=g>outer</td><td><table class=s><tr><td class=r>in</td><td class=y>the inner one</td></tr></table></td></tr></table>",
        _AUTO,
    ),
    "fixed columns of a table in automatic ones": (
        f"<table><tr><td class=g>outer {_LOREM[:50]}</td><td><table style='table-layout: fixed; width: 80pt'><tr><td class=r style='width: 20pt'>i</td>"
        "<td class=y>n</td></tr></table></td></tr></table>",
        _AUTO,
    ),
    "a table as wide as its automatic columns is centred": (
        "<table class=s style='margin: 0 auto'><tr><td class=g>one</td><td class=r>two</td></tr></table>", _AUTO
    ),
    "automatic columns with forced breaks and unbroken lines": (
        f"<table><tr><td class=g>one<br>and two three</td><td class=r style='white-space: nowrap'>not to be broken</td><td>{_LOREM[:80]}</td></tr></table>",
        _AUTO,
    ),
    "automatic columns with styles in a line": (
        "<table class=s><tr><td class=g>a <b>bold one</b> and <i>more</i></td><td class=r>un<b>break</b>able</td></tr></table>", _AUTO
    ),
    "automatic columns go on over pages under their header": (
        f"<table class=s><thead><tr><th>No</th><th>What</th></tr></thead><tbody>{_rows(14)}</tbody></table>", _AUTO
    ),
    "automatic columns of rows that a cell joins": (
        "<table class=s><tr><td rowspan=2 class=g>joined cell</td><td class=r>b</td></tr><tr><td>a longer one</td></tr></table>", _AUTO
    ),
    "rows are parted between pages": (
        f"<table><tr><td>{_LOREM}</td><td>one</td></tr><tr><td>two</td><td>{_LOREM}</td></tr></table>",
        "tr { break-inside: auto } td { padding: 0 3pt }",
    ),
    "rows go on over pages under their header": (f"<table><thead><tr><th>No</th><th>What</th></tr></thead><tbody>{_rows(14)}</tbody></table>", ""),
    "a heading stays with its text": (f"<p>{_LOREM}</p><h2>Heading</h2><p>{_LOREM}</p>", "h2 { break-after: avoid }"),
    "the margin of a heading that goes along with its text is cut off": (
        f"{_lines_of(8)}<h2>Heading</h2><p>{_BREAKS}</p>", "p { margin: 0 } h2 { margin: 12pt 0 6pt; break-after: avoid }"
    ),
    "the margin of a box that is kept whole, too": (
        f"{_lines_of(6)}<div class=k><p>one</p><p>two</p><p>three</p><p>four</p></div>",
        "p { margin: 0 } .k { break-inside: avoid; margin-top: 9pt; background: yellow }",
    ),
    "a box is kept whole": (f"<p>{_LOREM[:200]}</p><div class=k><p>one</p><p>two</p><p>three</p><p>four</p></div>", ".k { break-inside: avoid }"),
    "a box's end goes with its last lines": (f"{_lines_of(5)}<div class=b><p>{_BREAKS}</p></div><p>end</p>", _ENDS),
    "a box's end goes with all of a text that orphans and widows keep whole": (
        f"{_lines_of(6)}<div class=b><p>1<br>2<br>3</p></div><p>end</p>", _ENDS
    ),
    "a box's end goes with its last paragraph": (f"{_lines_of(5)}<div class=b>{_lines_of(4)}</div><p>end</p>", _ENDS),
    "the ends of boxes in boxes go with the last line": (
        f"{_lines_of(4)}<div class=b><div class=c>{_lines_of(4)}</div></div><p>end</p>", _ENDS
    ),
    "the end of a box around a box that has ended": (
        f"{_lines_of(3)}<div class=b><p>a</p><div class=d>{_lines_of(4)}</div></div><p>end</p>", _ENDS
    ),
    "a margin before a box's end": (f"{_lines_of(5)}<div class=b>{_lines_of(3)}<p class=m>last</p></div><p>end</p>", _ENDS),
    "a box's end goes with the last row of a table": (
        f"{_lines_of(3)}<div class=b><table><thead><tr><th>No</th><th>What</th></tr></thead><tbody>{_rows(4)}</tbody></table></div>"
        "<p>end</p>", _ENDS
    ),
    "a box's end goes with what is kept with it": (
        f"{_lines_of(5)}<div class=b><p>a</p><p>b</p><p class=k>c</p><p>d</p></div><p>end</p>", _ENDS
    ),
    "a box's end that fits": (f"{_lines_of(5)}<div class=b>{_lines_of(3)}</div><p>end</p>", _ENDS),
    "a heading that takes the beginning of its box along": (
        f"{_lines_of(6)}<div class=b><h2>Heading</h2><p>{_BREAKS}</p></div>", _ENDS + " h2 { break-after: avoid }"
    ),
    "a break is forced": ("<p>one</p><p class=b>two</p><p>three</p>", ".b { break-before: page; break-after: page }"),
    "named pages of another size": (
        f"<p>{_LOREM}</p><div class=w><p>{_LOREM}</p><table><tr><td class=g>1</td><td class=r>two words</td></tr></table><p>{_LOREM}</p></div>"
        f"<p>{_LOREM[:90]}</p><div class=s><p>{_LOREM}</p></div>",
        "@page w { size: 340pt 120pt; margin: 15pt 40pt 15pt 30pt } @page s { size: 150pt 200pt } .w { page: w } .s { page: s }"
        " .g { background: green } .r { background: red }",
    ),
    "orphans and widows": (f"<p>{_LOREM[:110]}</p><p>{_LOREM}</p>", "p { orphans: 4; widows: 4 }"),
    "footnotes": (f"<p>one<span class=n>first note</span> two<span class=n>{_LOREM}</span> three</p><p>{_LOREM[:80]}</p>", _NOTES),
    "footnotes on pages": ("".join(f"<p>{_LOREM[:70]}<span class=n>Note {n}, {_LOREM[:60]}</span>{_LOREM[70:200]}</p>" for n in range(7)), _NOTES),
    "a line goes with its footnote": (
        f"<p>{_LOREM}</p><p>{_LOREM[:60]}</p><p>called<span class=n>one two three<br>four five<br>six</span></p><p>{_LOREM[:60]}</p>", _NOTES
    ),
    "what footnotes say of themselves": (
        "<p>one<span class=n>first</span> two<span class=n>second</span></p>",
        _NOTES + " .n::footnote-call { content: '[' counter(footnote, lower-alpha) ']' } .n::footnote-marker"
        " { content: counter(footnote, lower-alpha) ') '; font-weight: bold }",
    ),
    "footnotes of cells and lists": (
        "<table><tr><td>one<span class=n>of a cell</span></td><td>two</td></tr></table>"
        "<ul><li>item<span class=n>of an item</span></li></ul>", _NOTES + " ul { list-style-type: none; padding-left: 16pt; margin: 0 }"
    ),
    # What is behind balanced columns is not compared: how low they are is each engine's own (Multi-column 1, 7.1).
    "columns": (f"<div class=c><p>{_LOREM}</p><p>{_LOREM[:120]}</p></div>", ".c { columns: 2; column-gap: 12pt }"),
    "columns over pages": (
        f"<p>{_LOREM[:90]}</p><div class=c><p>{_LOREM}</p><p>{_LOREM}</p><p>{_LOREM}</p><p>{_LOREM}</p></div>",
        ".c { columns: 2; column-gap: 12pt } p { orphans: 1; widows: 1 }",
    ),
    "columns that are filled one after the other": (
        f"<div class=c><p>{_LOREM[:130]}</p></div><p>end</p>",
        ".c { column-count: 3; column-fill: auto; height: 84pt; column-gap: 12pt }",
    ),
    "as many columns as there is room for": (f"<div class=c><p>{_LOREM[:200]}</p></div>", ".c { columns: 50pt; column-gap: 10pt }"),
    "lines under and through text": (
        f"<p>one <u>two and three</u> four <s>five</s></p><p class=b>{_LOREM[:60]} <b>bold</b> x<sup>2</sup></p>",
        "u { text-decoration-color: red } s { text-decoration-color: green } .b { text-decoration: underline blue; font-size: 16pt;"
        " line-height: 22pt } sup { line-height: 0; font-size: 9pt }",
    ),
    "kerning": ("<h1>AVATAR To Wave, LT. Yes</h1><p>Ty Wo. AT (To) «Ta» r. Wäre</p>", "h1, p { font-kerning: normal }"),
    "kerning of lines at the right and in the middle": (
        f"<p class=r>AVATAR To Wave<br>Yes, Tall</p><p class=c>Tower, AV.</p><p class=j>{_LOREM}</p>",
        "p { font-kerning: normal } .r { text-align: right } .c { text-align: center } .j { text-align: justify }",
    ),
    # How far text is lowered is each engine's own: CSS 2.2, 10.8.1, gives no figure.
    "raised text": ("<p>one<sup>2</sup> and two<sup>34</sup> end</p>", "sup { line-height: 0; font-size: 7pt }"),
}  # fmt: skip


_WRITTEN = {
    "a flexible row wraps": (
        "<p>one</p><p>two</p><p>three<br>lines</p><p>four</p><p>Alpha</p><p>Bravo</p><p>Charlie</p><p>Delta</p><p>Echo</p>"
        "<p>Foxtrot</p><p>Golf</p><p>Hotel</p><p>India</p><p>end</p>"
    ),
    "generated text": f"<p>Part</p><h2>Chapter</h2><p>No. 7: {_LOREM[:60]} (bold) {_LOREM[:40]}</p><div><p>!</p>boxed</div>",
}
"""The HTML that says what a style sheet adds to a case."""


@pytest.fixture
def weasyprint() -> ModuleType:
    """The module; its libraries come from the system."""
    strict = ImageFile.LOAD_TRUNCATED_IMAGES
    try:
        warnings.simplefilter("ignore", DeprecationWarning)  # it would rather cut fonts with HarfBuzz
        return importlib.import_module("weasyprint")
    except OSError as error:
        pytest.fail(f"WeasyPrint lacks a library ({error}); install: {_INSTALL}")
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = strict  # it lets Pillow take files that are cut off, for the whole process


@pytest.fixture(scope="session")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same fonts for both, as rules of CSS."""
    folder = tmp_path_factory.mktemp("fonts")
    rules = []
    for family in ("FiraGO", "Fira Mono"):
        for (bold, italic), key in FAMILIES[family].items():
            path: Path = folder / f"{key}.ttf"
            path.write_bytes(font_file(family, bold=bold, italic=italic))
            rules.append(
                f"@font-face {{ font-family: '{family}'; src: url('{path.as_uri()}'); font-weight:"
                f" {'bold' if bold else 'normal'}; font-style: {'italic' if italic else 'normal'} }}"
            )
    return "\n".join(rules)


def _ours(body: str, css: str) -> bytes:
    manifest = {"name": "w", "version": "1", "html": "w.html", "schema": {"type": "object"}}
    files = {
        "template.yaml": json.dumps(manifest).encode(),
        "w.html": f"<!doctype html><style>{_BASE} {css}</style><body>{body}</body>".encode(),
    }
    compiled = compile_bundle(files)
    assert compiled.info is not None, [str(item) for item in compiled.diagnostics]
    program = LoadedProgram.load(compiled.programs["en-GB"])
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return b"".join(Composition(program, b"{}", assets={}, attributes={}, as_of=moment, engine="0"))


def _lines(page: pymupdf.Page) -> list[Line]:
    """Lines from the top, runs of one baseline joined from the left; the hyphen of a break is a plain one."""
    runs: dict[int, list[tuple[float, float, float, str]]] = {}
    for block in page.get_text("rawdict", flags=0)["blocks"]:
        for line in block["lines"]:
            for span in line["spans"]:
                for char in span["chars"]:
                    if char["c"] not in {" ", "\u00a0"}:
                        x, base = char["origin"]
                        key = next((near for near in runs if abs(near / 10 - base) < _NEAR), round(base * 10))
                        runs.setdefault(key, []).append((x, char["bbox"][2], base, char["c"]))
    found = []
    for _, chars in sorted(runs.items()):
        chars.sort()
        text = "".join(char for _, _, _, char in chars).replace("\u00ad", "-")
        found.append((text, chars[0][0], max(right for _, right, _, _ in chars), chars[0][2]))
    return found


def _painted(page: pymupdf.Page) -> Painted:
    """Boxes in points, seen on the picture: how a border is drawn is each engine's own."""
    pixmap = page.get_pixmap(matrix=pymupdf.Matrix(_SCALE, _SCALE))
    picture = Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples)
    found: Painted = {}
    for name in _COLORS:
        distance = ImageChops.difference(picture, Image.new("RGB", picture.size, name))
        lightest = functools.reduce(ImageChops.lighter, distance.split())
        box = lightest.point(lambda value: 255 * (value < _SAME)).getbbox()
        if box is not None:
            found[name] = tuple(edge / _SCALE for edge in box)
    return found


@pytest.mark.parametrize("name", CASES)
def test_weasyprint_agrees(weasyprint: ModuleType, fonts: str, name: str) -> None:
    """As many pages, the same lines at the same places, colours over the same boxes; and tags are the HTML's outline."""
    body, css = CASES[name]
    theirs = f"<!doctype html><html lang=en><style>{fonts} {_THEIRS} {_BASE} {css}</style><body>{body}</body></html>"
    wanted = pymupdf.open(stream=weasyprint.HTML(string=theirs).write_pdf(), filetype="pdf")
    document = _ours(body, css)
    found = pymupdf.open(stream=document, filetype="pdf")
    ours, other = ([_lines(page) for page in pdf] for pdf in (found, wanted))
    assert [[line[0] for line in page] for page in ours] == [[line[0] for line in page] for page in other]
    for page, (mine, yours) in enumerate(zip(ours, other, strict=True)):
        for line, expected in zip(mine, yours, strict=True):
            assert line[1:] == pytest.approx(expected[1:], abs=_NEAR), (page, line, expected)
        painted, wanted_paint = _painted(found[page]), _painted(wanted[page])
        assert set(painted) == set(wanted_paint)
        for color, box in painted.items():
            # A box that goes on fills its page here; there it ends above the room that its end would have taken.
            edges = 3 if css.startswith(_ENDS) and page < len(ours) - 1 else 4
            assert box[:edges] == pytest.approx(wanted_paint[color][:edges], abs=_NEAR), (page, color)
    if css.startswith(_NOTES):
        return  # tests/unit/engine/test_footnotes.py holds their tags
    tags, wanted_tags = tagged(pikepdf.open(io.BytesIO(document))), outline(_WRITTEN.get(name, body))
    if name in _PARTED:  # a row that goes on is a row of both pages, so that each part of the table is regular
        assert sorted(spoken(tags)) == sorted(spoken(wanted_tags))
    else:
        assert tags == wanted_tags
