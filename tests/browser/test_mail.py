"""E-mails as clients with Chromium's engine show them: wide and narrow, light and dark, with pictures and without."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest
from tests.browser.chromium import Chromium, Page
from tests.browser.likeness import WIDTHS
from tests.browser.pages import AS_OF, SAMPLES, SamplePage
from tests.browser.samples import CASES, FEW, strings
from tests.browser.test_injection import MARK, PAYLOADS

from pressrun_loadtest.samples import load_bundle
from pressrun_server.authoring.forms import body_of, mail_form, message_of
from pressrun_server.errors import PressrunError
from pressrun_server.model.template import program_key
from pressrun_server.render.programs import begin, load
from pressrun_server.template.compile import compile_bundle

_NARROWEST: Final = 320
_LEAST: Final = 4.5
"""Of contrast: WCAG 2.2, 1.4.3."""
_LARGE_LEAST: Final = 3.0
_CONTRASTS: Final = """
(() => {
  const parts = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.getClientRects().length || element.closest('style,title')) continue;
    let ground = [255, 255, 255];
    for (let around = element; around; around = around.parentElement) {
      const color = parts(getComputedStyle(around).backgroundColor);
      if (color.length < 4 || color[3] > 0) { ground = color; break; }
    }
    const style = getComputedStyle(element);
    const [a, b] = [light(parts(style.color)), light(ground)].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize), bold = style.fontWeight >= 700;
    found.push([(a + .05) / (b + .05), size >= 24 || (bold && size >= 18.66), walker.currentNode.data.trim().slice(0, 30)]);
  }
  return found;
})()
"""


@pytest.fixture(params=[pytest.param(case, marks=() if case in FEW else pytest.mark.long) for case in CASES], ids=str)
def page(request: pytest.FixtureRequest, pages: list[SamplePage]) -> SamplePage:
    """Each sample."""
    return next(page for page in pages if (page.template, page.name) == request.param)


def _text(opened: Page) -> str:
    """What is shown, without spaces."""
    return re.sub(r"\s", "", str(opened.evaluate("document.body.innerText")))


def test_wide_and_narrow(browser: Chromium, page: SamplePage) -> None:
    """A message is no wider than its window, fetches nothing, and each picture says what it shows or is decoration."""
    with browser.page(page.mail, _NARROWEST) as opened:
        opened.load()
        for width in (_NARROWEST, *WIDTHS):
            opened.resize(width)
            assert opened.evaluate("document.scrollingElement.scrollWidth") == width
        assert opened.requests() == []
        assert opened.evaluate("[...document.images].every(each => each.hasAttribute('alt') && each.complete)")
        assert opened.evaluate("[...document.images].some(each => each.naturalWidth > 0)")


def test_without_pictures(browser: Chromium, page: SamplePage) -> None:
    """With pictures off everything is said still, as wide as before."""
    without = re.sub(rb'src="data:[^"]*"', b'src="data:,"', page.mail)
    assert without != page.mail
    with browser.page(page.mail, 768) as opened:
        opened.load()
        said = _text(opened)
    with browser.page(without, 768) as opened:
        opened.load()
        assert _text(opened) == said
        assert opened.evaluate("document.scrollingElement.scrollWidth") == 768
        assert opened.evaluate("[...document.images].every(each => !each.naturalWidth)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read(browser: Chromium, page: SamplePage, scheme: str) -> None:
    """All text has the contrast that WCAG asks for, on light screens and on dark ones, whose ground is dark."""
    with browser.page(page.mail, 768) as opened:
        opened.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        opened.load()
        found: list[tuple[float, bool, str]] = opened.evaluate(_CONTRASTS)
        ground = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    assert len(found) > 30
    faint = [(round(ratio, 2), text) for ratio, large, text in found if ratio < (_LARGE_LEAST if large else _LEAST)]
    assert faint == []
    assert (ground == "rgb(14, 17, 19)") == (scheme == "dark")


@pytest.mark.parametrize("template", [template for template, _ in FEW])
@pytest.mark.parametrize("kind", PAYLOADS)
def test_nothing_of_a_record_runs(browser: Chromium, template: str, kind: str) -> None:
    """Hostile text in every place that takes text is shown as text: no script runs, no header and no element is new."""
    name = dict(FEW)[template]
    locale = {"en": "en-GB", "de": "de-DE"}[name.rpartition("-")[2]]
    compiled = compile_bundle(load_bundle(SAMPLES / template))
    program = load(compiled.programs[program_key(locale, "email")])
    record = json.loads((SAMPLES / template / "samples" / f"{name}.json").read_bytes())
    plain = mail_form(_made(program, record))
    held = 0
    for path in strings(record):
        changed = json.loads(json.dumps(record))
        around = changed
        for step in path[:-1]:
            around = around[step]
        around[path[-1]] = PAYLOADS[kind]
        try:
            data = _made(program, changed)
        except PressrunError:
            continue  # a date or an amount, which no such text is
        record, held = changed, held + 1
    assert held > 5
    data = _made(program, record)
    message = message_of(data)
    assert list(message.keys()) == list(message_of(plain.document).keys())
    form = mail_form(data)
    assert MARK in body_of(message, "plain")
    assert not re.search(
        "[\u202a-\u202e\u2066-\u2069]", form.page + body_of(message, "plain") + str(message["Subject"])
    )
    with browser.page(form.page.encode(), 768) as opened:
        opened.watch_scripts(obey_policy=False)
        opened.load()
        assert opened.told("Runtime.bindingCalled") == []
        assert opened.requests() == []
        assert (
            opened.evaluate("document.querySelectorAll('script,iframe,base,form,link,svg,[onload],[onerror]').length")
            == 0
        )


def _made(program: Any, record: Any) -> bytes:
    data = json.dumps(record).encode()
    return b"".join(begin(program, data, assets={}, attributes={}, as_of=AS_OF, engine="e"))
