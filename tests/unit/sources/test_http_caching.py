from __future__ import annotations

import hashlib

import pytest
from multidict import CIMultiDict

from pressrun_sources.http.caching import Freshness, freshness
from pressrun_sources.transport.call import Expectation
from pressrun_sources.transport.digest import announced_digests

NOW = 1_767_225_600.0
DATE = "Thu, 01 Jan 2026 00:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, Freshness(None, None)),
        ({"Cache-Control": "max-age=60"}, Freshness(60.0, None)),
        ({"Cache-Control": "max-age=60, s-maxage=10"}, Freshness(10.0, 0.0)),
        ({"Cache-Control": "max-age=60, max-age=30"}, Freshness(30.0, None)),
        ({"Cache-Control": 'Max-Age="60", stale-if-error=9'}, Freshness(60.0, 9.0)),
        ({"Cache-Control": "max-age=60, must-revalidate, stale-if-error=9"}, Freshness(60.0, 0.0)),
        ({"Cache-Control": "max-age=soon"}, Freshness(0.0, None)),
        ({"Cache-Control": "no-cache, max-age=60"}, Freshness(0.0, 0.0)),
        ({"Cache-Control": "no-store"}, Freshness(0.0, 0.0)),
        ({"Cache-Control": "private, max-age=60"}, Freshness(0.0, 0.0)),
        ({"Cache-Control": "max-age=60", "Vary": "*"}, Freshness(0.0, 0.0)),
        ({"Cache-Control": "max-age=60", "Age": "45"}, Freshness(15.0, None)),
        ({"Cache-Control": "max-age=60", "Age": "90"}, Freshness(0.0, None)),
        ({"Expires": "Thu, 01 Jan 2026 00:02:00 GMT", "Date": DATE}, Freshness(120.0, None)),
        ({"Expires": "0", "Date": DATE}, Freshness(0.0, None)),
        ({"Cache-Control": "max-age=60", "Date": "Thu, 01 Jan 2026 01:00:00 GMT"}, Freshness(60.0, None)),
        ({"Cache-Control": "max-age=60", "Date": "Wed, 31 Dec 2025 23:59:40 GMT"}, Freshness(40.0, None)),
        ({"Cache-Control": "max-age=99999999999999999999"}, Freshness(2.0**31, None)),
    ],
)
def test_freshness(headers: dict[str, str], expected: Freshness) -> None:
    """Lifetimes, ages and directives as RFC 9111 and RFC 5861 have them."""
    assert freshness(CIMultiDict(headers), now=NOW, delay=0.0, credentials=False) == expected


def test_answers_to_credentials() -> None:
    """Such an answer is for a shared cache only where it says so (RFC 9111 section 3.5); its delay is its age."""
    plain, public = CIMultiDict({"Cache-Control": "max-age=60"}), CIMultiDict({"Cache-Control": "max-age=60, public"})
    assert freshness(plain, now=NOW, delay=0.0, credentials=True) == Freshness(0.0, 0.0)
    assert freshness(public, now=NOW, delay=2.0, credentials=True) == Freshness(58.0, None)


def test_digest_vector() -> None:
    """The digest of the fact sheet's sample is read; deprecated algorithms and malformed members say nothing."""
    field = "md5=:abcd:, sha-256=:baUCOmwYELTSkwZo1Os4Zh/9xpEeQbUulZ+8GOjZ/Xg=:"
    expected = (Expectation(hashlib.sha256(b"hello, statement\n").hexdigest(), "sha256"),)
    assert announced_digests({"Repr-Digest": field, "Content-Digest": field}) == expected
    assert announced_digests({"Repr-Digest": "sha-256=abc", "Content-Digest": "sha-256=:!!:"}) == ()
