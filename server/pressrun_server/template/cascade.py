"""The cascade: which declaration wins on each element, inheritance, and computed lengths (CSS Cascading 4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

import cssselect2

from pressrun_server.template.approved import CONTENT, LITERAL
from pressrun_server.template.calculation import Terms
from pressrun_server.template.diagnostics import Diagnostics, Place
from pressrun_server.template.flextexts import wrap_texts
from pressrun_server.template.footnotes import CALL, CALL_LABEL, MARKER, MARKER_LABEL, is_footnote
from pressrun_server.template.generated import AFTER, BEFORE, Generated, check_place, element_of, put_beside
from pressrun_server.template.markup import Markup
from pressrun_server.template.properties import PROPERTIES, SIDES
from pressrun_server.template.stylesheet import Declaration, Rule, StyleSheet, read_declarations
from pressrun_server.template.values import LONGEST, Relative
from pressrun_server.template.variables import Variables

__all__ = ["BLOCKS", "HIDDEN", "SVG", "TABLE_PARTS", "Style", "anonymous", "cascade"]

REPEATED = "pr-repeated"
"""Marks the copies that the compiler makes of an element with pr-for."""

SVG = "{http://www.w3.org/2000/svg}svg"
"""The element of a drawing, as the parser names it."""

Style = dict[str, Any]
"""Computed values by longhand. Lengths are millipoints or `Relative` percentages of the containing block's width."""

BLOCKS = {
    "html", "body", "header", "footer", "main", "section", "article", "aside", "nav", "div", "address", "p", "h1", "h2",
    "h3", "h4", "h5", "h6", "hr", "img", "figure", "figcaption", "blockquote", "pre", "pr-barcode", "pr-chart",
    "pr-content", "pr-fill", "ul", "ol", "li", "dl", "dt", "dd", "caption", SVG,
}  # fmt: skip
TABLE_PARTS = {
    "table": "table", "thead": "table-header-group", "tfoot": "table-footer-group",
    "tbody": "table-row-group", "tr": "table-row",
    "td": "table-cell", "th": "table-cell", "colgroup": "table-column-group", "col": "table-column",
}  # fmt: skip
HIDDEN = {"head", "title", "style", "link", "meta"}
_EM = Relative
_USER_AGENT: dict[str, dict[str, Any]] = {
    "strong": {"font-weight": True}, "b": {"font-weight": True}, "th": {"font-weight": True, "text-align": "left"},
    "em": {"font-style": "italic"}, "i": {"font-style": "italic"}, "small": {"font-size": _EM(0.83, "em")},
    "h1": {"font-size": _EM(2, "em"), "margin-top": _EM(0.67, "em"), "margin-bottom": _EM(0.67, "em")},
    "h2": {"font-size": _EM(1.5, "em"), "margin-top": _EM(0.83, "em"), "margin-bottom": _EM(0.83, "em")},
    "h3": {"font-size": _EM(1.17, "em"), "margin-top": _EM(1, "em"), "margin-bottom": _EM(1, "em")},
    "h4": {"margin-top": _EM(1.33, "em"), "margin-bottom": _EM(1.33, "em")},
    "h5": {"font-size": _EM(0.83, "em"), "margin-top": _EM(1.67, "em"), "margin-bottom": _EM(1.67, "em")},
    "h6": {"font-size": _EM(0.67, "em"), "margin-top": _EM(2.33, "em"), "margin-bottom": _EM(2.33, "em")},
    "p": {"margin-top": _EM(1, "em"), "margin-bottom": _EM(1, "em")},
    "address": {"font-style": "italic"},
    "hr": {"border-top-width": 750, "border-top-style": "solid", "margin-top": 6000, "margin-bottom": 6000},
    "u": {"text-decoration-line": ("underline",)}, "ins": {"text-decoration-line": ("underline",)},
    "s": {"text-decoration-line": ("line-through",)}, "del": {"text-decoration-line": ("line-through",)},
    "code": {"font-family": "Fira Mono"}, "kbd": {"font-family": "Fira Mono"}, "samp": {"font-family": "Fira Mono"},
    "pre": {"font-family": "Fira Mono", "white-space": "pre", "margin-top": _EM(1, "em"),
            "margin-bottom": _EM(1, "em")},
    "cite": {"font-style": "italic"}, "dfn": {"font-style": "italic"}, "mark": {"background-color": 0xFFFF00},
    "table": {"text-indent": 0},
    "td": {"vertical-align": "top"},
    "caption": {"text-align": "center", "break-after": "avoid"},
    "tr": {"break-inside": "avoid"},
    "sub": {"font-size": _EM(0.7, "em"), "vertical-align": "sub"},
    "sup": {"font-size": _EM(0.7, "em"), "vertical-align": "super"},
    "dl": {"margin-top": _EM(1, "em"), "margin-bottom": _EM(1, "em")},
    "dt": {"font-weight": True, "break-after": "avoid"},
    "dd": {"margin-left": 30_000},
    "ul": {"margin-top": _EM(1, "em"), "margin-bottom": _EM(1, "em"), "padding-left": _EM(1.6, "em"),
           "list-style-type": "disc"},
    "ol": {"margin-top": _EM(1, "em"), "margin-bottom": _EM(1, "em"), "padding-left": _EM(2, "em"),
           "list-style-type": "decimal"},
}  # fmt: skip
_PSEUDO: dict[str, dict[str, Any]] = {
    CALL: {"font-size": _EM(0.7, "em"), "vertical-align": "super", "line-height": 0, "content": CALL_LABEL},
    MARKER: {"content": MARKER_LABEL},
    BEFORE: {"display": "inline"},
    AFTER: {"display": "inline"},
}
for _heading in ("h1", "h2", "h3", "h4", "h5", "h6"):
    _USER_AGENT[_heading] |= {"font-weight": True, "break-after": "avoid"}


def cascade(
    markup: Markup,
    sheets: list[StyleSheet],
    diagnostics: Diagnostics,
    media: Iterable[str] = ("print",),
    variables: Variables | None = None,
) -> dict[Element, Style]:
    """The computed style of every element in one or several of `stylesheet.MEDIA`."""
    shown = {"", *media}
    matcher = cssselect2.Matcher()
    for sheet in sheets:
        for rule in sheet.rules:
            if rule.medium not in shown:
                continue
            matcher.add_selector(rule.selector, rule)
    styles: dict[Element, Style] = {}
    generated: list[_Generated] = []
    root = cssselect2.ElementWrapper.from_html_root(markup.root)
    for wrapper in root.iter_subtree():
        element = wrapper.etree_element
        parent = styles.get(wrapper.parent.etree_element) if wrapper.parent is not None else None
        matches = matcher.match(wrapper)
        declared = _declared(element, matches, markup, diagnostics, variables)
        styles[element] = computed = _computed(declared, parent, styles.get(markup.root))
        # What <html> says is the source's language; a document's is its locale's, and one file serves them all.
        computed["lang"] = element.get("lang", parent["lang"]) if parent is not None else ""
        computed["decorations"] = _decorations(computed, parent)
        if is_footnote(computed):
            # A call looks like the text that it stands in, what is before the footnote like the footnote.
            for name, like in ((CALL, parent), (MARKER, computed)):
                declared = _declared(element, matches, markup, diagnostics, variables, name)
                computed[name] = _computed(declared, like, styles.get(markup.root)) | {
                    "lang": computed["lang"], "decorations": like["decorations"] if like is not None else ()
                }  # fmt: skip
        for name in (BEFORE, AFTER):
            if any(pseudo == name for _, _, pseudo, _ in matches) and computed["display"] != "none":
                declared = _declared(element, matches, markup, diagnostics, variables, name)
                if isinstance(declared.get("content"), Generated):
                    style = _computed(declared, computed, styles.get(markup.root)) | {"lang": computed["lang"]}
                    style["decorations"] = _decorations(style, computed)
                    place = next(
                        decl.place
                        for _, _, pseudo, rule in reversed(matches)
                        for decl in reversed(rule.declarations)
                        if pseudo == name and decl.name == "content"
                    )
                    generated.append(_Generated(element, name, style, place))
    _put_in(generated, markup, styles, diagnostics)

    def made(item: Element, box: Element) -> None:
        styles[item] = anonymous(styles[box], styles.get(markup.root), "inline")

    boxes = [item for item in markup.root.iter() if item in styles and styles[item]["display"] == "flex"]
    wrap_texts(markup, boxes, made)
    return styles


def anonymous(around: Style, root: Style | None, display: str = "block") -> Style:
    """The style of a box that no element of the template makes."""
    return _computed({"display": display}, around, root) | {
        "lang": around["lang"], "decorations": around["decorations"]
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Generated:
    """A pseudo-element that is to become an element."""

    host: Element
    pseudo: str
    style: Style
    place: Place
    """Where a style sheet says what it holds."""


def _put_in(
    generated: list[_Generated],
    markup: Markup,
    styles: dict[Element, Style],
    diagnostics: Diagnostics,
) -> None:
    """Make elements of what style sheets generate."""
    for item in generated:
        host, style = item.host, item.style
        if host.tag == CONTENT and LITERAL not in host.attrib:
            continue  # there is no approved text to stand beside
        if style["display"] == "none" or not check_place(host, item.pseudo, style, item.place, diagnostics):
            continue
        made = element_of(host, item.pseudo, style["content"], LITERAL)
        put_beside(host, item.pseudo, made, markup)
        for each in made.iter():
            styles[each] = style
        for part in made:
            styles[part] = anonymous(style, styles.get(markup.root), "inline")


def _declared(
    element: Element,
    matches: Any,
    markup: Markup,
    diagnostics: Diagnostics,
    variables: Variables | None,
    pseudo: str | None = None,
) -> dict[str, Any]:
    """What is declared of an element, or of a pseudo-element of it, by longhand."""
    values: dict[str, Any] = {"display": _display(element.tag)} | _USER_AGENT.get(element.tag, {})
    if pseudo is not None:
        values = dict(_PSEUDO[pseudo])
    ordered: list[tuple[tuple[Any, ...], Declaration]] = []
    for specificity, order, of, payload in matches:
        rule: Rule = payload
        if of != pseudo:
            continue
        if rule.positional and element.get(REPEATED):
            diagnostics.error(
                "selector",
                rule.place,
                "a repeated element does not know this position among its siblings",
                "on elements with pr-for use :nth-child(odd), :nth-child(even), or pr-if with loop.first or loop.last",
            )
        ordered += [((decl.important, 0, specificity, order), decl) for decl in rule.declarations]
    inline = element.get("style") if pseudo is None else None
    if inline:
        place = markup.place(element)
        ordered += [
            ((decl.important, 1, (), 0), decl) for decl in read_declarations(inline, place, diagnostics, variables)
        ]
    ordered.sort(key=lambda item: (*item[0][:2], item[0][2] or (0, 0, 0), item[0][3]))
    for _, declaration in ordered:
        values[declaration.name] = declaration.value
    return values


def _display(tag: str) -> str:
    if tag in HIDDEN:
        return "none"
    return TABLE_PARTS.get(tag, "block" if tag in BLOCKS else "inline")


def _computed(declared: dict[str, Any], parent: Style | None, root: Style | None) -> Style:
    style: Style = {}
    for name, prop in PROPERTIES.items():
        value = declared.get(name, "inherit" if prop.inherited else "initial")
        if value == "inherit":
            value = parent[name] if parent is not None else prop.initial
        elif value == "initial":
            value = prop.initial
        style[name] = value
    base = parent["font-size"] if parent is not None else PROPERTIES["font-size"].initial
    style["font-size"] = size = _absolute(style["font-size"], base, base, root)
    for name, value in style.items():
        if isinstance(value, Terms):
            style[name] = _folded(value, size, root, size if name == "line-height" else None)
        elif isinstance(value, Relative) and (value.unit != "%" or name == "line-height"):
            style[name] = _absolute(value, size, size, root)
    for side in SIDES:
        if style[f"border-{side}-style"] == "none":
            style[f"border-{side}-width"] = 0
        if style[f"border-{side}-color"] == "currentcolor":
            style[f"border-{side}-color"] = style["color"]
    if style["column-rule-style"] == "none":
        style["column-rule-width"] = 0
    if style["column-rule-color"] == "currentcolor":
        style["column-rule-color"] = style["color"]
    for name in ("text-align", "text-align-last"):
        style[name] = {"start": "left", "end": "right"}.get(style[name], style[name])
    return style


def _decorations(style: Style, parent: Style | None) -> tuple[tuple[str, int, int], ...]:
    """What is painted behind an element's text, under and through it: kind, colour, size of the text that says so.

    It is not inherited, but goes through all that is in the flow (CSS Text Decoration 3, 2.1).
    """
    inflow = style["position"] in {"static", "relative"} and not is_footnote(style)
    found = parent["decorations"] if parent is not None and inflow else ()
    color = style["text-decoration-color"]
    color = style["color"] if color == "currentcolor" else color
    own = [] if color is None else [(kind, color, style["font-size"]) for kind in style["text-decoration-line"]]
    if style["display"] == "inline" and style["background-color"] is not None:
        own.append(("background", style["background-color"], style["font-size"]))
    return tuple(sorted((*found, *own), key=lambda item: item[0] != "background"))


def _folded(value: Terms, em: int, root: Style | None, percent: int | None) -> int | Relative:
    """What `calc()` comes to where the sizes of text are known; a percentage waits where nothing is known of it."""
    rem: int = root["font-size"] if root else PROPERTIES["font-size"].initial
    fixed = value.fixed + value.em * em + value.rem * rem
    if value.percent and percent is None:
        return Relative(value.percent, "%", round(fixed))
    whole = round(fixed + value.percent * (percent or 0) / 100)
    return max(min(whole, LONGEST), -LONGEST if value.negative else 0)


def _absolute(value: Any, em: int, percent: int, root: Style | None) -> Any:
    if isinstance(value, Terms):
        return _folded(value, em, root, percent)
    if not isinstance(value, Relative):
        return value
    if value.unit == "rem":
        return min(round(value.number * (root["font-size"] if root else PROPERTIES["font-size"].initial)), LONGEST)
    if value.unit == "em":
        return min(round(value.number * em), LONGEST)
    return max(min(round(value.number * percent / 100) + value.plus, LONGEST), 0)
