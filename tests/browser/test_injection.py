"""Nothing that a record says gets out of its place: in no field of any sample, read by a parser and by a browser."""

from __future__ import annotations

import re
from typing import Any, Final
from xml.etree.ElementTree import Element

import pytest
import tinyhtml5
from tests.browser.chromium import Chromium
from tests.browser.samples import CASES, FEW, Sample, changed, sample, strings, with_words

from pressrun_server.errors import PressrunError, Reason

MARK: Final = "Marker"
PAYLOADS: Final = {
    "script": f"{MARK}\"'></p></td></a><script>probe(String())</script><img src=x onerror=probe(String())><svg/onload=probe(String())>",
    "style": f"{MARK}</style></title><style>*{{display:none}}</style><link rel=stylesheet href=//a.example/x><!-- ]]> {{{{",
    "attribute": f'{MARK}" onmouseover="probe(String())" style="position:fixed" \' onfocus=\'probe(String())\' autofocus x=`',
    "entity": f"{MARK}&lt;script&gt;probe(String())&lt;/script&gt;&#60;img src=x onerror=probe(String())&#62;&\\u003cscript>",
    "frame": f"{MARK}<iframe srcdoc='<script>parent.probe(String())</script>'></iframe><base href=//a.example/><form action=//b>",
    "bidi": f"{MARK}\u202eoff\u2066\u2067\u202d\u202c\u2069\u200f\ufeff\x00\x08\x1b[31m\x7f\r\nX-Header: yes\u2028",
}
TARGETS: Final = (
    "javascript:probe(String())",
    "JaVa\tScRiPt:probe(String())",
    "data:text/html,<script>probe(String())</script>",
    "vbscript:probe(String())",
    "//a.example/x",
    "\x01javascript:probe(String())",
)
_TEXT: Final = frozenset({"alt", "aria-label", "title"})
"""Attributes whose values are texts of the record."""
_CONTROLS: Final = re.compile("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SAFE: Final = re.compile(r"(https?|mailto|tel):|#", re.IGNORECASE)


def skeleton(page: str) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Elements with their attributes in order; of attributes that may show text, their names alone."""
    # How many labels a chart shows depends on how long they are.
    elements = (element for element in _tree(page).iter() if not str(element.tag).endswith("}text"))
    return tuple((str(element.tag), _attributes(element)) for element in elements)


def _tree(page: str) -> Element:
    found: Element = tinyhtml5.parse(page, namespace_html_elements=False)
    return found


def _attributes(element: Element) -> tuple[tuple[str, str], ...]:
    kept = {name: "" if name in _TEXT else value for name, value in element.attrib.items()}
    if element.tag == "img":  # codes hold what the record says
        kept = {name: re.sub("[,].*", "", value) if name == "src" else value for name, value in kept.items()}
        kept |= {name: "" for name in ("width", "height") if name in kept}
    if element.tag == "a" and "href" in kept:
        assert _SAFE.match(kept["href"]), kept
        kept["href"] = ""
    return tuple(sorted(kept.items()))


@pytest.fixture(params=[pytest.param(case, marks=() if case in FEW else pytest.mark.long) for case in CASES], ids=str)
def given(request: pytest.FixtureRequest) -> Sample:
    """Each sample."""
    return sample(*request.param)


@pytest.mark.parametrize("kind", PAYLOADS)
def test_every_field_holds_what_it_is_given(given: Sample, kind: str) -> None:
    """With hostile text in all fields a page has the elements and attributes that it has with a harmless word."""
    harmless, places = with_words(given, MARK)
    assert len(places) > 10
    hostile, same = with_words(given, PAYLOADS[kind])
    assert same == places
    plain, page = given.page(harmless), given.page(hostile)
    assert skeleton(page) == skeleton(plain)
    assert not _CONTROLS.search(page.replace("\n", " "))
    assert page.count(MARK) > 10, "what is hostile is shown as text"
    policy, own = (re.search('Content-Security-Policy" content="([^"]*)"', text) for text in (page, plain))
    assert policy
    assert own
    assert policy[1] == own[1]


def test_fields_that_are_no_text(given: Sample) -> None:
    """Behind a date or an amount hostile text is refused as a harmless word is, or shown as text."""
    _, places = with_words(given, MARK)
    seen: set[tuple[Any, ...]] = set()
    for path in strings(given.record):
        kind = tuple("*" if isinstance(step, int) else step for step in path)
        if path in places or kind in seen:
            continue
        seen.add(kind)
        before = str(_value(given.record, path))
        texts = (MARK, *PAYLOADS.values())
        plain, *hostile = (_page(given, changed(given.record, path, before + text)) for text in texts)
        assert {page and skeleton(page) for page in hostile} == {plain and skeleton(plain)}, path
    assert seen


def test_links_lead_nowhere_harmful(given: Sample) -> None:
    """A target that runs or leads elsewhere is refused as a link, and is text elsewhere."""
    kinds = {tuple("*" if isinstance(step, int) else step for step in path): path for path in strings(given.record)}
    for target in TARGETS:
        for path in kinds.values():
            page = _page(given, changed(given.record, path, target)) or ""
            leads = re.findall('href="([^"]*)"', page)
            assert all(_SAFE.match(lead) for lead in leads), (path, leads)


def _page(given: Sample, record: Any) -> str | None:
    """The page, or None where its record is refused."""
    try:
        return given.page(record)
    except PressrunError as error:
        assert error.reason is Reason.INVALID_RECORD
        return None


def _value(record: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        record = record[step]
    return record


def test_a_browser_runs_nothing(browser: Chromium) -> None:
    """No script runs, no event is bound and nothing is fetched, even where the page's own policy is switched off."""
    shown = 0
    for template, name in CASES:
        given = sample(template, name)
        hostile, _ = with_words(given, "".join(PAYLOADS.values()))
        with browser.page(given.page(hostile).encode()) as page:
            page.watch_scripts(obey_policy=False)
            page.load()
            page.evaluate("for (const one of document.querySelectorAll('*')) one.dispatchEvent(new Event('mouseover'))")
            assert page.told("Runtime.bindingCalled") == []
            assert page.requests() == []
            assert page.evaluate("document.querySelectorAll('script,iframe,base,form,link').length") == 0
            shown += MARK in page.evaluate("document.body.innerText")
    assert shown == len(CASES)


@pytest.mark.parametrize("obey_policy", [False, True])
def test_the_probe_works(browser: Chromium, obey_policy: bool) -> None:  # noqa: FBT001 - a parameter of pytest's
    """A page that were not escaped is found out; and its policy stops even then what would run."""
    given = sample("claim", "paid-en")
    harmless, _ = with_words(given, MARK)
    html = given.page(harmless).replace(f">{MARK}", "><img src=x onerror=probe(String())>")
    with browser.page(html.encode()) as page:
        page.watch_scripts(obey_policy=obey_policy)
        page.load()
        assert bool(page.told("Runtime.bindingCalled")) is not obey_policy
        assert page.requests()
