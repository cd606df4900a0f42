from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun_sources.errors import NotFoundError, RateLimitedError, SourceError, UnavailableError
from pressrun_sources.model import AssetQuery, AssetRef, Rendition

NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40)


@given(
    st.from_regex(r"[a-z][a-z0-9-]{0,31}", fullmatch=True),
    NAMES,
    st.dictionaries(NAMES, NAMES, max_size=4).map(lambda pairs: tuple(pairs.items())),
)
def test_text_of_a_ref_reads_back(source: str, identifier: str, qualifiers: tuple[tuple[str, str], ...]) -> None:
    """Whatever a ref holds, its text reads back as the same ref, and is one line of plain ASCII."""
    ref = AssetRef(source, identifier, qualifiers)
    text = str(ref)
    assert AssetRef.parse(text) == ref
    assert text.isascii()
    assert text.isprintable()
    assert str(AssetRef.parse(text)) == text


@given(st.text(max_size=60))
def test_parse_never_fails_otherwise(text: str) -> None:
    """Any text is a ref or a ValueError with a valid example."""
    try:
        refused = ""
        AssetRef.parse(text)
    except ValueError as error:
        refused = str(error)
    assert not refused or refused.startswith("asset ref")


def test_text_of_a_ref() -> None:
    """The text is what people write: slashes and colons plain, qualifiers sorted."""
    ref = AssetRef("cloudinary", "statement/banner premier", (("type", "authenticated"), ("resource_type", "raw")))
    assert str(ref) == "cloudinary:statement/banner%20premier?resource_type=raw&type=authenticated"
    assert ref.qualifier("type", "upload") == "authenticated"
    assert ref.qualifier("absent", "upload") == "upload"
    assert AssetRef.parse("library:logos/größe.png").id == "logos/größe.png"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "source is missing"),
        ("banner", "source is missing"),
        (":banner", "is no source name"),
        ("Core-DAM:x", "is no source name"),
        ("library:", "the id is empty"),
        ("library:a?b", "has no value"),
        ("library:a?", "has no value"),
        ("library:a?b=", "is empty"),
        ("library:a?b=1&b=2", "given twice"),
        ("library:100%", "percent sign"),
        ("library:%zz", "percent sign"),
        ("library:%ff", "not UTF-8"),
        ("library:a%00b", "control character"),
        ("library:" + "x" * 1025, "longer than 1024"),
    ],
)
def test_bad_refs(text: str, what: str) -> None:
    """A text that is no ref is refused with what is wrong."""
    with pytest.raises(ValueError, match=what):
        AssetRef.parse(text)


def test_half_characters() -> None:
    """A lone surrogate, which no encoding can carry, is refused."""
    with pytest.raises(ValueError, match="half a character"):
        AssetRef("library", "\ud800")


def test_rendition_keys() -> None:
    """Keys are canonical, differ for all that differs, and are stable from release to release."""
    assert Rendition().key() == "original"
    full = Rendition(600, 400, "fill", "jpg", 80, 300, "cmyk")
    assert full.key() == "w=600,h=400,fit=fill,f=jpg,q=80,dpi=300,cs=cmyk"
    assert Rendition(width=1).key() != Rendition(height=1).key()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("width", 0),
        ("height", -1),
        ("width", 1.5),
        ("quality", 101),
        ("dpi", 0),
        ("fit", "crop"),
        ("format", "gif"),
        ("color_space", "lab"),
    ],
)
def test_bad_renditions(field: str, value: object) -> None:
    """A field out of its range is named, with what would be valid."""
    with pytest.raises(ValueError, match=f"rendition.{field}: .* is not (one of|a whole number from 1)"):
        Rendition(**{field: value})  # type: ignore[arg-type]


def test_queries() -> None:
    """Criteria in any order are the same query; none, or one twice, is refused."""
    assert AssetQuery("x", (("b", "2"), ("a", "1"))) == AssetQuery("x", (("a", "1"), ("b", "2")))
    assert str(AssetQuery("x", (("b", "2"), ("a", "1")), "de")) == "a=1 and b=2 in de"
    with pytest.raises(ValueError, match="no criterion"):
        AssetQuery("x", ())
    with pytest.raises(ValueError, match="twice"):
        AssetQuery("x", (("a", "1"), ("a", "2")))


@pytest.mark.parametrize("error", [NotFoundError, RateLimitedError, UnavailableError])
def test_errors_travel(error: type[SourceError]) -> None:
    """An error survives the way between processes with all it says; its text is the safe message alone."""
    made = error("library", AssetRef("library", "a"), "no such thing", "detail", 2.5, transient=False)
    again = pickle.loads(pickle.dumps(made))
    assert type(again) is error
    assert (again.source, again.ref, again.message, again.detail) == ("library", made.ref, "no such thing", "detail")
    assert (again.retry_after, again.transient) == (2.5, False)
    assert str(again) == "no such thing"


def test_kinds() -> None:
    """Every error has a kind of its own, and says by itself whether it may pass."""
    kinds = [error.kind for error in SourceError.__subclasses__()]
    assert len(set(kinds)) == len(kinds) == 10
    passing = {error.kind for error in SourceError.__subclasses__() if error("s", None, "m").transient}
    assert passing == {"rate_limited", "unavailable", "timed_out"}
