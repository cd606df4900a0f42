"""Tiny pages as pictures in letters: one letter a square of 10 pt, drawn by MuPDF from what the engine wrote.

`.` is white, `R` `G` `B` `Y` `K` are the colours; a letter stands where its colour covers the square's middle.
"""

from __future__ import annotations

import hashlib
import io
import json
from datetime import UTC, datetime

import pymupdf
import pytest
from PIL import Image

from pressrun_server.model.digest import Digest
from pressrun_server.model.prepared import PreparedImage
from pressrun_server.prepare.image import prepare_image
from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.template.compile import compile_bundle

_SQUARE = 10
_COLORS = {
    (255, 255, 255): ".", (255, 0, 0): "R", (0, 128, 0): "G", (0, 0, 255): "B", (255, 255, 0): "Y", (0, 0, 0): "K",
}  # fmt: skip
_RESET = "p, h1, div { margin: 0; font-size: 10pt; line-height: 10pt } td, th { padding: 0; font-size: 1pt; line-height: 1pt }"


def _flag() -> tuple[Digest, PreparedImage]:
    """A picture of 30 by 15 pt, its left third red and the rest blue."""
    pixels = Image.new("RGB", (240, 120), "blue")
    pixels.paste("red", (0, 0, 80, 120))
    buffer = io.BytesIO()
    pixels.resize((40, 20), Image.Resampling.NEAREST).save(buffer, "PNG")
    data = buffer.getvalue()
    return Digest(hashlib.sha256(data).hexdigest(), len(data)), prepare_image(data)


def _picture(body: str, css: str) -> list[list[str]]:
    slots = {"flag": {"rules": [{"use": "library:flag"}]}}
    manifest = {"name": "g", "version": "1", "html": "g.html", "schema": {"type": "object"}, "slots": slots}
    files = {
        "template.yaml": json.dumps(manifest).encode(),
        "g.html": f"<style>{_RESET} {css}</style><body>{body}</body>".encode(),
    }
    compiled = compile_bundle(files)
    assert compiled.info is not None, [str(item) for item in compiled.diagnostics]
    program = LoadedProgram.load(compiled.programs["en-GB"])
    record = json.dumps({"rows": list(range(8))}).encode()
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assets = {"flag": _flag()}
    data, *others = (
        b"".join(Composition(program, record, assets=assets, attributes={}, as_of=moment, engine="0")) for _ in range(4)
    )
    assert all(other == data for other in others)
    pages = []
    for page in pymupdf.open(stream=data, filetype="pdf"):
        pixmap = page.get_pixmap()
        middle = _SQUARE // 2
        pages.append(
            [
                "".join(_COLORS.get(pixmap.pixel(x, y), "?") for x in range(middle, pixmap.width, _SQUARE))
                for y in range(middle, pixmap.height, _SQUARE)
            ]
        )
    return pages


_FILL = (
    "<div class='y'>{}<pr-fill><div class='r'></div><div class='g'></div><div class='b'></div></pr-fill></div>"
    "<div style='position: absolute; top: 0; left: 0; width: 10pt; height: 10pt; background: black'></div>"
)
_FILL_CSS = (
    "@page { size: 50pt 80pt; margin: 10pt } .y { background: yellow; padding-bottom: 10pt } .k { background: black;"
    " height: 10pt; margin-bottom: 10pt } .r { background: red; height: 60pt } .g { background: green; height: 20pt;"
    " margin-top: 10pt } .b { background: blue; height: 10pt }"
)
CASES = {
    "automatic columns share what a cell over them needs more, and a table without a width is as wide as they are": (
        "<table><tr><td><div style='width: 10pt'></div></td><td><div style='width: 30pt'></div></td></tr>"
        "<tr><td colspan=2><div style='width: 80pt'></div></td></tr></table>",
        "@page { size: 120pt 40pt; margin: 10pt } table { table-layout: auto; margin: 0 auto; background: yellow }"
        " div { background: red; height: 10pt }",
        ["""
        ............
        ..RYRRRYYY..
        ..RRRRRRRR..
        ............
        """],
    ),
    "the first message that fits fills what is left, margins collapse, and a box around it keeps its padding": (
        _FILL.format("<div class='k'></div>"),
        _FILL_CSS,
        ["""
        K....
        .KKK.
        .YYY.
        .GGG.
        .GGG.
        .YYY.
        .....
        .....
        """],
    ),
    "a smaller message where there is less room": (
        _FILL.format("<div class='k'></div>" * 2),
        _FILL_CSS,
        ["""
        K....
        .KKK.
        .YYY.
        .KKK.
        .YYY.
        .BBB.
        .YYY.
        .....
        """],
    ),
    "no message, and no further page for one, where there is no room": (
        _FILL.format("<div class='k'></div>" * 2 + "<div class='k' style='margin: 0'></div>"),
        _FILL_CSS,
        ["""
        K....
        .KKK.
        .YYY.
        .KKK.
        .YYY.
        .KKK.
        .YYY.
        .....
        """],
    ),
    "columns are as low as they can be, margins are cut where one ends, and a box goes on in the next one": (
        "<div class='c'><div class='r'></div><div class='b'></div><div class='y'><div class='g'></div><div class='g'></div>"
        "<div class='g'></div></div></div><div class='k'></div>",
        "@page { size: 90pt 110pt; margin: 10pt } .c { columns: 2; column-gap: 10pt; column-rule: 10pt solid black }"
        " .r { background: red; height: 10pt; margin-bottom: 10pt } .b { background: blue; height: 10pt; margin-bottom: 10pt }"
        " .y { background: yellow; padding-right: 10pt } .g { background: green; height: 10pt } .k { height: 10pt; background: red }",
        ["""
        .........
        .RRRKGGY.
        ....KGGY.
        .BBBKGGY.
        .RRRRRRR.
        .........
        .........
        .........
        .........
        .........
        .........
        """],
    ),
    "columns go on over pages, those of the last one are low, and a footnote stands below them": (
        "<div class='c'><div class='r'></div><div class='r'></div><div class='b'></div><div class='b'></div><div class='g'></div>"
        "<div class='g'></div></div><p>.<span class='n'>.</span></p>",
        "@page { size: 70pt 80pt; margin: 10pt; @footnote { border-top: 10pt solid black; margin: 0 0 0 0; } }"
        " .c { columns: 2; column-gap: 10pt } .r, .b, .g { height: 30pt } .r { background: red } .b { background: blue }"
        " .g { background: green } .n { float: footnote; line-height: 10pt } p { color: white } .n { color: white }".replace(
            "margin: 0 0 0 0;", "margin-top: 0; padding-top: 0"
        ),
        ["""
        .......
        .RR.BB.
        .RR.BB.
        .RR.BB.
        .RR.BB.
        .RR.BB.
        .RR.BB.
        .......
        """, """
        .......
        .GG.GG.
        .GG.GG.
        .GG.GG.
        .......
        .KKKKK.
        .......
        .......
        """],
    ),
    "margins of siblings collapse to the larger": (
        "<div class='r'></div><div class='b'></div>",
        "@page { size: 60pt 80pt; margin: 10pt }"
        ".r { background: red; height: 10pt; margin-bottom: 20pt } .b { background: blue; height: 10pt; margin-top: 10pt }",
        ["""
        ......
        .RRRR.
        ......
        ......
        .BBBB.
        ......
        ......
        ......
        """],
    ),
    "a child's margin leaves a parent without edge, and stays in one with padding": (
        "<div class='g'><div class='r'></div></div><div class='y'><div class='r'></div></div>",
        "@page { size: 60pt 100pt; margin: 10pt } .r { background: red; height: 10pt; margin-top: 10pt }"
        ".g { background: green } .y { background: yellow; padding: 10pt }",
        ["""
        ......
        ......
        .RRRR.
        .YYYY.
        .YYYY.
        .YRRY.
        .YYYY.
        ......
        ......
        ......
        """],
    ),
    "borders stand around padding": (
        "<div class='a'></div>",
        "@page { size: 70pt 70pt; margin: 10pt }"
        ".a { border: 10pt solid black; padding: 10pt; height: 10pt; background: yellow; border-right-color: red }",
        ["""
        .......
        .KKKKR.
        .KYYYR.
        .KYYYR.
        .KYYYR.
        .KKKKR.
        .......
        """],
    ),
    "a box goes on over the page": (
        "<div class='r'></div><div class='y'><div class='b'></div><div class='b'></div><div class='b'></div></div>",
        "@page { size: 50pt 60pt; margin: 10pt } .r { background: red; height: 10pt }"
        ".y { background: yellow; padding: 0 10pt } .b { background: blue; height: 10pt; margin-bottom: 10pt;"
        " break-inside: avoid }",
        ["""
        .....
        .RRR.
        .YBY.
        .YYY.
        .YBY.
        .....
        """, """
        .....
        .YBY.
        .....
        .....
        .....
        .....
        """],
    ),
    "what may not be parted moves to the next page as a whole": (
        "<div class='r'></div><div class='k'><table><tr><td></td></tr><tr><td></td></tr><tr><td></td></tr></table></div>",
        "@page { size: 40pt 60pt; margin: 10pt } .r { background: red; height: 20pt }"
        ".k { break-inside: avoid; background: yellow } td { background: green } tr { height: 10pt }",
        ["""
        ....
        .RR.
        .RR.
        ....
        ....
        ....
        """, """
        ....
        .GG.
        .GG.
        .GG.
        ....
        ....
        """],
    ),
    "the footer of a table stands below its rows on each page": (
        "<div class='y'></div><table><thead><tr><th></th></tr></thead><tbody><tr pr-for='r in rows'><td></td></tr></tbody>"
        "<tfoot><tr><td class='f'></td></tr></tfoot></table><div class='y'></div>",
        "@page { size: 40pt 80pt; margin: 10pt } th { background: black } tr { height: 10pt; background: red }"
        ".f { background: green } .y { background: yellow; height: 10pt } tr:nth-child(even) { background: blue }",
        ["""
        ....
        .YY.
        .KK.
        .RR.
        .BB.
        .RR.
        .GG.
        ....
        """, """
        ....
        .KK.
        .BB.
        .RR.
        .BB.
        .RR.
        .GG.
        ....
        """, """
        ....
        .KK.
        .BB.
        .GG.
        .YY.
        ....
        ....
        ....
        """],
    ),
    "a table that is moved as a whole leaves no footer behind": (
        "<div class='y'></div><div class='k'><table><tbody><tr><td></td></tr><tr><td></td></tr></tbody>"
        "<tfoot><tr><td class='f'></td></tr></tfoot></table></div>",
        "@page { size: 40pt 60pt; margin: 10pt } .y { background: yellow; height: 20pt } .k { break-inside: avoid }"
        "tr { height: 10pt; background: red } .f { background: green }",
        ["""
        ....
        .YY.
        .YY.
        ....
        ....
        ....
        """, """
        ....
        .RR.
        .RR.
        .GG.
        ....
        ....
        """],
    ),
    "a row kept with the next goes below no footer": (
        "<table><tbody><tr><td></td></tr><tr><td></td></tr><tr class='k'><td></td></tr><tr><td></td></tr></tbody>"
        "<tfoot><tr><td class='f'></td></tr></tfoot></table>",
        "@page { size: 40pt 60pt; margin: 10pt } tr { height: 10pt; background: red }"
        ".k { background: blue; break-after: avoid } .f { background: green }",
        ["""
        ....
        .RR.
        .RR.
        .GG.
        ....
        ....
        """, """
        ....
        .BB.
        .RR.
        .GG.
        ....
        ....
        """],
    ),
    "a header and a footer that leave no room for rows are not repeated": (
        "<table><tbody><tr><td></td></tr><tr><td></td></tr></tbody><tfoot><tr class='f'><td></td></tr></tfoot></table>",
        "@page { size: 40pt 60pt; margin: 10pt } tr { height: 10pt; background: red }"
        ".f { height: 30pt; background: green }",
        ["""
        ....
        .RR.
        .RR.
        ....
        ....
        ....
        """, """
        ....
        .GG.
        .GG.
        .GG.
        ....
        ....
        """],
    ),
    "a row kept with the next stands below the repeated header": (
        "<table><thead><tr><th></th></tr></thead><tbody><tr><td></td></tr><tr><td></td></tr><tr class='k'><td></td></tr>"
        "<tr><td></td></tr><tr><td></td></tr></tbody></table>",
        "@page { size: 40pt 60pt; margin: 10pt } tr { height: 10pt; background: red } th { background: black }"
        ".k { background: blue; break-after: avoid }",
        ["""
        ....
        .KK.
        .RR.
        .RR.
        ....
        ....
        """, """
        ....
        .KK.
        .BB.
        .RR.
        .RR.
        ....
        """],
    ),
    "the header of further pages and the footers of all but the last may be others": (
        "<div class='y'></div><table><thead><tr pr-on='first'><th></th></tr><tr pr-on='continued'><th class='f'></th></tr></thead>"
        "<tbody><tr pr-for='r in rows'><td></td></tr></tbody>"
        "<tfoot><tr pr-on='continued'><td class='b'></td></tr><tr pr-on='last'><td class='y'></td></tr></tfoot></table>",
        "@page { size: 40pt 80pt; margin: 10pt } th { background: black } tr { height: 10pt; background: red }"
        ".f { background: green } .b { background: blue } .y { background: yellow; height: 10pt }",
        ["""
        ....
        .YY.
        .KK.
        .RR.
        .RR.
        .RR.
        .BB.
        ....
        """, """
        ....
        .GG.
        .RR.
        .RR.
        .RR.
        .RR.
        .BB.
        ....
        """, """
        ....
        .GG.
        .RR.
        .YY.
        ....
        ....
        ....
        ....
        """],
    ),
    "rows that a cell joins stay together, and alternate": (
        "<table><thead><tr><th colspan='2'></th></tr></thead><tbody pr-for='r in rows'><tr><td rowspan='2'></td><td></td></tr>"
        "<tr><td></td></tr></tbody></table>",
        "@page { size: 60pt 80pt; margin: 10pt } th { background: black } tr { height: 10pt; background: red }"
        "tr:nth-child(even) { background: blue }",
        ["""
        ......
        .KKKK.
        .RRRR.
        .RRBB.
        .RRRR.
        .RRBB.
        ......
        ......
        """] * 4,
    ),
    "a cell to the end of its rows goes on over pages": (
        "<table><tbody><tr><td rowspan='0' class='g'></td><td></td></tr><tr pr-for='r in rows'><td></td></tr></tbody>"
        "<tbody><tr><td></td><td></td></tr></tbody></table>",
        "@page { size: 60pt 80pt; margin: 10pt } .g { background: green } tr { height: 10pt; background: red }"
        "tr:nth-child(even) { background: blue }",
        ["""
        ......
        .GGRR.
        .GGBB.
        .GGRR.
        .GGBB.
        .GGRR.
        .GGBB.
        ......
        """, """
        ......
        .GGRR.
        .GGBB.
        .GGRR.
        .RRRR.
        ......
        ......
        ......
        """],
    ),
    "rows alternate, are kept whole, and the header is repeated": (
        "<table><thead><tr><th></th></tr></thead><tbody><tr pr-for='r in rows'><td></td></tr></tbody></table>",
        "@page { size: 40pt 80pt; margin: 10pt } th { background: black } tr { height: 10pt; background: red }"
        "tr:nth-child(even) { background: blue }",
        ["""
        ....
        .KK.
        .RR.
        .BB.
        .RR.
        .BB.
        .RR.
        ....
        """, """
        ....
        .KK.
        .BB.
        .RR.
        .BB.
        ....
        ....
        ....
        """],
    ),
    "columns have the widths of col, and share what is left": (
        "<table><colgroup><col style='width: 20pt'><col><col></colgroup>"
        "<tr><td class='r'></td><td class='g'></td><td class='b'></td></tr>"
        "<tr><td class='y' colspan='2'></td><td class='r'></td></tr></table>",
        "@page { size: 80pt 40pt; margin: 10pt } tr { height: 10pt } .r { background: red } .g { background: green }"
        ".b { background: blue } .y { background: yellow }",
        ["""
        ........
        .RRGGBB.
        .YYYYRR.
        ........
        """],
    ),
    "absolute boxes stand where the page says": (
        "<div class='a'></div><div class='b'></div><div class='r'></div>",
        "@page { size: 60pt 60pt; margin: 10pt } .r { background: red; height: 10pt }"
        ".a { position: absolute; left: 40pt; top: 0; width: 20pt; height: 10pt; background: blue }"
        ".b { position: absolute; right: 10pt; bottom: 0; width: 10pt; height: 20pt; background: green }",
        ["""
        ....BB
        .RRRR.
        ......
        ......
        ....G.
        ....G.
        """],
    ),
    "the first page has its own margin and header": (
        "<div class='h'></div><div class='r'></div><div class='r'></div><div class='r'></div>",
        "@page { size: 40pt 50pt; margin: 10pt; @top-left { content: element(h) } }"
        "@page :first { margin-top: 20pt; @top-left { content: none } }"
        ".h { position: running(h); background: yellow; height: 10pt } .r { background: red; height: 10pt;"
        " border-bottom: 0 } ",
        ["""
        ....
        ....
        .RR.
        .RR.
        ....
        """, """
        .YY.
        .RR.
        ....
        ....
        ....
        """],
    ),
    "the end of a box that does not fit takes the last line along": (
        "<div class='y'></div><div class='b'><p>1<br>2<br>3<br>4</p></div><div class='y'></div>",
        "@page { size: 60pt 80pt; margin: 10pt } p { orphans: 1; widows: 1; color: blue } .y { background: yellow; height: 10pt }"
        " .b { border: 10pt solid black; background: blue }",
        ["""
        ......
        .YYYY.
        .KKKK.
        .KBBK.
        .KBBK.
        .KBBK.
        .KBBK.
        ......
        """, """
        ......
        .KBBK.
        .KKKK.
        .YYYY.
        ......
        ......
        ......
        ......
        """],
    ),
    "boxes that have ended go on, too, where the end of one around them does not fit": (
        "<div class='y'></div><div class='o'><div class='b'><div class='r'></div><div class='r'></div></div></div>",
        "@page { size: 60pt 60pt; margin: 10pt } .y { background: yellow; height: 10pt } .r { background: red; height: 10pt }"
        " .b { background: blue; padding: 0 10pt 10pt } .o { border-bottom: 10pt solid black }",
        ["""
        ......
        .YYYY.
        .BRRB.
        .BBBB.
        .BBBB.
        ......
        """, """
        ......
        .BRRB.
        .BBBB.
        .KKKK.
        ......
        ......
        """],
    ),
    "the last row of a table goes with the ends of the table and of a box, below its header and above its footer": (
        "<div class='y'></div><div class='o'><table><thead><tr><th></th></tr></thead><tbody><tr><td></td></tr><tr><td></td></tr>"
        "</tbody><tfoot><tr><td class='f'></td></tr></tfoot></table></div>",
        "@page { size: 60pt 80pt; margin: 10pt } .y { background: yellow; height: 10pt } tr { height: 10pt; background: red }"
        " th { background: black } .f { background: green } table { border-bottom: 10pt solid blue } .o { padding-bottom: 10pt;"
        " background: yellow }",
        ["""
        ......
        .YYYY.
        .KKKK.
        .RRRR.
        .GGGG.
        .YYYY.
        .YYYY.
        ......
        """, """
        ......
        .KKKK.
        .RRRR.
        .GGGG.
        .BBBB.
        .YYYY.
        ......
        ......
        """],
    ),
    "what is as high as a page is parted from the end of its box": (
        "<div class='b'><div class='r'></div></div><div class='y'></div>",
        "@page { size: 50pt 60pt; margin: 10pt } .r { background: red; height: 30pt } .b { border-bottom: 10pt solid black;"
        " padding: 10pt 10pt 0; background: blue } .y { background: yellow; height: 10pt }",
        ["""
        .....
        .BBB.
        .BRB.
        .BRB.
        .BRB.
        .....
        """, """
        .....
        .KKK.
        .YYY.
        .....
        .....
        .....
        """],
    ),
    "what is kept with what follows begins below the top of its box on the next page": (
        "<div class='y'></div><div class='b'><h1><div class='r'></div></h1><div class='g'></div></div>",
        "@page { size: 50pt 70pt; margin: 10pt } h1 { break-after: avoid } .y { height: 20pt; background: yellow } .b {"
        " border-top: 10pt solid black; background: blue } .r { height: 10pt; background: red } .g { height: 30pt;"
        " background: green; width: 20pt }",
        ["""
        .....
        .YYY.
        .YYY.
        .....
        .....
        .....
        .....
        """, """
        .....
        .KKK.
        .RRR.
        .GGB.
        .GGB.
        .GGB.
        .....
        """],
    ),
    "a break is forced before and after": (
        "<div class='r'></div><div class='b'></div><div class='g'></div>",
        "@page { size: 30pt 30pt; margin: 10pt } div { height: 10pt } .r { background: red }"
        ".b { background: blue; break-before: page; break-after: page } .g { background: green }",
        ["...\n.R.\n...", "...\n.B.\n...", "...\n.G.\n..."],
    ),
    "named pages, and the same name goes on": (
        "<div class='h'></div><div class='r'></div><section><div class='b'></div></section>"
        "<section><div class='b'></div></section><div class='g'></div>",
        "@page { size: 30pt 50pt; margin: 10pt } @page wide { margin-top: 20pt; @top-left { content: element(h);"
        " vertical-align: top } } .h { position: running(h); background: yellow; height: 10pt } .r, .b, .g { height: 10pt }"
        " .r { background: red } .b { background: blue } .g { background: green } section { page: wide }",
        ["...\n.R.\n...\n...\n...", ".Y.\n...\n.B.\n.B.\n...", "...\n.G.\n...\n...\n..."],
    ),
    "pages of a name have a ground of their own, over all of the page": (
        "<div class='r'></div><section><div class='r'></div></section>",
        "@page { size: 40pt 30pt; margin: 10pt } @page w { background: yellow; margin-left: 20pt; margin-right: 0 } @page w:blank {"
        " background: green } section { page: w; break-before: right } .r { background: red; height: 10pt }",
        ["....\n.RR.\n....", "GGGG\nGGGG\nGGGG", "YYYY\nYYRR\nYYYY"],
    ),
    "named pages of another size are as wide as they say, and what stands on them is": (
        "<div class='h'></div><div class='y'></div><section><div class='r'></div><div class='r'></div><div class='g'></div></section>"
        "<div class='y'></div>",
        "@page { size: 50pt 60pt; margin: 10pt; @top-left { content: element(h) } } @page w { size: 100pt 50pt; margin: 10pt 20pt;"
        " @top-left { content: none } @bottom-right { content: element(h) } } section { page: w } .h { position: running(h);"
        " background: black; height: 10pt } .y { background: yellow; height: 10pt } .r { background: red; height: 20pt }"
        " .g { background: green; height: 10pt; width: 50% }",
        ["""
        .KKK.
        .YYY.
        .....
        .....
        .....
        .....
        """, """
        ..........
        ..RRRRRR..
        ..RRRRRR..
        ..........
        ..KKKKKK..
        """, """
        ..........
        ..RRRRRR..
        ..RRRRRR..
        ..GGG.....
        ..KKKKKK..
        """, """
        .KKK.
        .YYY.
        .....
        .....
        .....
        .....
        """],
    ),
    "sides have margins and headers of their own, and a blank page makes up for one": (
        "<div class='h'></div><div class='r'></div><div class='b'></div>",
        "@page { size: 40pt 30pt; margin: 10pt 20pt 10pt 10pt; @top-left { content: element(h) } }"
        "@page :left { margin-left: 20pt; margin-right: 10pt } @page :right { @top-left { content: none } }"
        " .h { position: running(h); background: yellow; height: 10pt } .r, .b { height: 10pt; background: red }"
        " .b { background: blue; break-before: right }",
        ["....\n.R..\n....", "..Y.\n....\n....", "....\n.B..\n...."],
    ),
    "the last page and a blank one have their own headers": (
        "<div class='h'></div><div class='k'></div><div class='r'></div><div class='b'></div>",
        "@page { size: 30pt 30pt; margin: 10pt } @page :last { @top-left { content: element(h) } }"
        "@page :blank { @bottom-left { content: element(k) } } .h { position: running(h); background: yellow; height: 10pt }"
        " .k { position: running(k); background: black; height: 10pt } .r, .b { height: 10pt; background: red;"
        " break-after: recto } .b { background: blue }",
        ["...\n.R.\n...", "...\n...\n.K.", ".Y.\n.B.\n..."],
    ),
    "corners are round, and so is the inside of a border": (
        "<div class='a'></div><div class='b'></div>",
        "@page { size: 60pt 110pt; margin: 10pt } .a { background: red; height: 40pt; border-radius: 20pt }"
        ".b { border: 10pt solid black; background: yellow; height: 20pt; margin-top: 10pt; border-radius: 20pt 0 }",
        ["""
        ......
        .?RR..
        .RRRR.
        .RRRR.
        ..RR..
        ......
        .?KKK.
        .KYYK.
        .KYYK.
        .KKK..
        ......
        """],
    ),
    "borders are dashed and dotted": (
        "<div class='a'></div><div class='b'></div>",
        "@page { size: 130pt 70pt; margin: 10pt } .a { border-top: 10pt dashed red; margin-bottom: 10pt }"
        ".b { border-left: 10pt dotted blue; height: 30pt }",
        ["""
        .............
        .RRR.RRR.RRR.
        .............
        .B...........
        .............
        .B...........
        .............
        """],
    ),
    "a background picture is repeated, or stands once where it is put": (
        "<div class='a'></div><div class='b'></div><div class='c'></div><div class='d'></div>",
        "@page { size: 80pt 170pt; margin: 10pt } div { height: 30pt; margin-bottom: 10pt; background: yellow;"
        " background-image: url(asset:flag); background-repeat: no-repeat; background-size: 30pt 10pt }"
        ".a { background-repeat: repeat } .b { background-position: right bottom }"
        ".c { background-size: contain } .d { background-size: cover }",
        ["""
        ........
        .RBBRBB.
        .RBBRBB.
        .RBBRBB.
        ........
        .YYYYYY.
        .YYYYYY.
        .YYYRBB.
        ........
        .RRBBBB.
        .RRBBBB.
        .RRBBBB.
        ........
        .RRBBBB.
        .RRBBBB.
        .RRBBBB.
        ........
        """],
    ),
    "a picture keeps its proportion in its place": (
        "<img class='a' src='asset:flag' alt=''><img class='b' src='asset:flag' alt=''>"
        "<img class='c' src='asset:flag' alt=''><img class='d' src='asset:flag' alt=''>",
        "@page { size: 80pt 170pt; margin: 10pt } img { width: 60pt; height: 30pt; margin-bottom: 10pt }"
        ".a { width: 30pt; object-fit: contain; object-position: left bottom } .b { width: 30pt; object-fit: cover }"
        ".c { object-fit: none } .d { height: auto; max-width: 30pt }",
        ["""
        ........
        ........
        .RBB....
        .RBB....
        ........
        .BBB....
        .BBB....
        .BBB....
        ........
        ........
        ..RBB...
        ........
        ........
        .RBB....
        ........
        ........
        ........
        """],
    ),
    "pictures, tables and flexible rows stand at fixed places of the page": (
        "<img class='a' src='asset:flag' alt=''><img class='b' src='asset:flag' alt=''>"
        "<table class='c'><tr><td><div class='g'></div></td><td><div class='k'></div></td></tr></table>"
        "<div class='d'><div class='g'></div><div class='k'></div></div>",
        "@page { size: 80pt 70pt; margin: 10pt } .a, .b, .c, .d { position: absolute } .a { top: 0; left: 0; width: 30pt }"
        " .b { bottom: 0; right: 10pt } .c { top: 20pt; left: 20pt; width: 40pt } .d { display: flex; top: 40pt; left: 20pt;"
        " width: 40pt } .d div { flex: 1 } .g { background: green; height: 10pt } .k { background: black; height: 10pt }",
        ["""
        RBB.....
        ........
        ..GGKK..
        ........
        ..GGKK..
        ....RBB.
        ....RBB.
        """],
    ),
    "boxes at fixed places of a flexible row are none of its items": (
        "<div class='d'><div class='i'></div><div class='p'></div><div class='i'></div></div>",
        "@page { size: 80pt 50pt; margin: 10pt } .d { display: flex; position: relative; background: yellow; height: 30pt }"
        " .i { width: 20pt; background: red } .p { position: absolute; top: 10pt; right: 0; width: 10pt; height: 10pt;"
        " background: blue }",
        ["""
        ........
        .RRRRYY.
        .RRRRYB.
        .RRRRYY.
        ........
        """],
    ),
    "a caption stands over its table, or below it, once and outside of its ground": (
        "<table><caption><div class='r'></div></caption><thead><tr><td><div class='b'></div></td></tr></thead>"
        "<tr pr-for='n in [1, 2, 3]'><td><div class='g'></div></td></tr></table>"
        "<table class='l'><caption><div class='r'></div></caption><tr><td><div class='g'></div></td></tr></table>",
        "@page { size: 50pt 60pt; margin: 10pt } table { background: yellow; padding: 0 10pt } td div { height: 10pt } .r { height:"
        " 10pt; background: red } .g { background: green } .b { background: blue } .l caption { caption-side: bottom }",
        ["""
        .....
        .RRR.
        .YBY.
        .YGY.
        .YGY.
        .....
        """, """
        .....
        .YBY.
        .YGY.
        .YGY.
        .RRR.
        .....
        """],
    ),
    "items of a flexible row are as wide as what is in them, repeated and chosen": (
        "<div class='d'><div class='r' pr-for='n in [1, 2]'><div></div></div><div class='g' pr-if='rows'><div></div>"
        "</div><div class='b' pr-else>no</div></div>",
        "@page { size: 110pt 30pt; margin: 10pt } .d { display: flex; justify-content: space-between; background: yellow }"
        " .d div div { width: 10pt; height: 10pt } .g div { margin: 0 10pt } .r { background: red } .g { background: green }"
        " .b { background: blue }",
        ["""
        ...........
        .RYYRYYGGG.
        ...........
        """],
    ),
    "a margin of a flexible row's item takes what is left, and pictures keep their size": (
        "<div class='d'><img src='asset:flag' alt='' style='width: 20pt'><div class='g'><div></div></div></div>"
        "<div class='d'><div class='r' pr-if='rows'><div></div></div><div class='g'><div></div></div></div>"
        "<div class='d e'><div class='r' pr-if='not rows'><div></div></div><div class='g'><div></div></div></div>",
        "@page { size: 100pt 50pt; margin: 10pt } .d { display: flex; gap: 10pt; height: 10pt } .d div div { width: 10pt;"
        " height: 10pt } .g { background: green; margin-left: auto } .r { background: red } .e { justify-content: center }"
        " .e .g { margin: 0 }",
        ["""
        ..........
        .RB.....G.
        .R......G.
        ....G.....
        ..........
        """],
    ),
    "running elements are pictures and flexible rows, too": (
        "<img class='a' src='asset:flag' alt=''><div class='d'><div class='g'></div><div class='k'></div></div>",
        "@page { size: 80pt 60pt; margin: 20pt 10pt; @top-left { content: element(a) } @bottom-left { content: element(d) } }"
        " .a { position: running(a); height: 10pt } .d { position: running(d); display: flex } .d div { flex: 1 }"
        " .g { background: green; height: 10pt } .k { background: black; height: 10pt }",
        ["""
        .RB.....
        ........
        ........
        ........
        .GGGKKK.
        ........
        """],
    ),
    "a box around a heading goes along with it to what follows": (
        "<div class='y'></div><div class='b'><h1><div class='r'></div></h1></div><div class='g'></div>",
        "@page { size: 50pt 70pt; margin: 10pt } h1 { break-after: avoid } .y { height: 20pt; background: yellow } .b {"
        " background: blue; border-top: 10pt solid black } .r { height: 10pt; width: 10pt; background: red }"
        " .g { height: 30pt; background: green }",
        ["""
        .....
        .YYY.
        .YYY.
        .....
        .....
        .....
        .....
        """, """
        .....
        .KKK.
        .RBB.
        .GGG.
        .GGG.
        .GGG.
        .....
        """],
    ),
    "cells are placed at top, middle and bottom": (
        "<table><tr><td class='t'><div class='r'></div></td><td class='m'><div class='r'></div></td>"
        "<td class='b'><div class='r'></div></td></tr></table>",
        "@page { size: 50pt 50pt; margin: 10pt } tr { height: 30pt } .r { background: red; height: 10pt }"
        ".m { vertical-align: middle } .b { vertical-align: bottom }",
        ["""
        .....
        .R...
        ..R..
        ...R.
        .....
        """],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_page_looks_like(name: str) -> None:
    """The page is the picture in the case."""
    body, css, expected = CASES[name]
    wanted = [[line.strip() for line in page.strip().splitlines()] for page in expected]
    found = _picture(body, css)
    assert ["\n".join(page) for page in found] == ["\n".join(page) for page in wanted], "\n\n".join(
        "\n".join(page) for page in found
    )
