from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.approved import PreparedText
from pressrun_server.model.tokens import PreparedTokens
from pressrun_server.prepare.tasks import TEXT
from pressrun_server.prepare.text import text_task
from pressrun_server.prepare.tokens import prepare_tokens


def tokens(tree: Any) -> dict[str, str]:
    """The tokens of a tree, by name."""
    return dict(prepare_tokens(json.dumps(tree).encode()).values)


def test_both_forms_are_read() -> None:
    """Tokens with types, descriptions, aliases and composite values; and plain groups of texts and numbers."""
    tree = {
        "$description": "House brand",
        "color": {
            "$type": "color",
            "Primary": {"$value": "#0b6b66", "$description": "of headings"},
            "accent dark": {"$value": "{color.Primary}"},
            "soft": {"$value": {"colorSpace": "srgb", "components": [1, 0.5, 0], "alpha": 1, "hex": "#ff8000"}},
            "hard": {"$value": {"colorSpace": "srgb", "components": [0, 0.2, 1]}},
        },
        "font": {"body": {"$type": "fontFamily", "$value": ["Fira Mono", "FiraGO"]}, "weight": {"$value": 700}},
        "space": {"gap": {"$value": {"value": 1.5, "unit": "mm"}}, "thin": "0.25pt"},
    }
    assert tokens(tree) == {
        "color-primary": "#0b6b66", "color-accent-dark": "#0b6b66", "color-soft": "#ff8000", "color-hard": "#0033ff",
        "font-body": '"Fira Mono", "FiraGO"', "font-weight": "700", "space-gap": "1.5mm", "space-thin": "0.25pt",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        ([], "no JSON object"), ({}, "there are no tokens"), ({"a": None}, "'a' has a value"), ({"a": True}, "has a value"),
        ({"a": "red; background: url(x)"}, "has a value"), ({"a": "url(http://x)"}, "has a value"), ({"a": "x" * 300}, "has a value"),
        ({"a": "\\64"}, "has a value"), ({"a": "{b.c}"}, "not there"), ({"a": "{b}", "b": "{a}"}, "stands for itself"),
        ({"a.b": "1"}, "no name"), ({"a-b": "1", "a": {"b": "2"}}, "two tokens"), ({"a": {"value": 1, "unit": "}"}}, "'a-unit' has a value"),
        ({f"t{n}": "1" for n in range(1001)}, "over 1000"),
    ],
)  # fmt: skip
def test_what_style_sheets_have_no_place_for_is_refused(tree: Any, says: str) -> None:
    """With the name of the token, and what would be valid."""
    with pytest.raises(PressrunError, match=says) as caught:
        tokens(tree)
    assert caught.value.reason is Reason.ASSET_INVALID


def test_an_object_is_tokens_and_anything_else_a_text() -> None:
    """What a preparer makes of bytes follows from them alone: a text may begin with a brace."""
    assert isinstance(TEXT.decode(text_task(b'{"color": "#fff"}')), PreparedTokens)
    assert isinstance(TEXT.decode(text_task(b"{sic} is what it says")), PreparedText)
    assert isinstance(TEXT.decode(text_task(b"[1] is a note")), PreparedText)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.just("$value"), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(_JSON)
def test_any_json_gives_tokens_or_an_error_of_ours(tree: Any) -> None:
    """Whatever a source sends."""
    try:
        found = prepare_tokens(msgspec.json.encode(tree))
    except PressrunError as error:
        assert error.reason is Reason.ASSET_INVALID
    else:
        assert not any(set(value) & set(";{}<>") for _, value in found.values)
