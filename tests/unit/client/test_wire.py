from __future__ import annotations

import contextlib
import hashlib
import random

import pytest
from google.rpc import status_pb2
from hypothesis import given
from hypothesis import strategies as st

from pressrun.v1 import document_pb2, render_service_pb2
from pressrun_client.fingerprint import Fingerprints
from pressrun_client.wire import WireError, items_of

_ITEMS = st.lists(
    st.builds(
        render_service_pb2.RenderResponseItem,
        request_id=st.text(max_size=200),
        offset=st.integers(0, 2**62),
        data=st.binary(max_size=300),
        header=st.none() | st.builds(document_pb2.DocumentHeader, media_type=st.text(max_size=5)),
        completion=st.none()
        | st.builds(
            document_pb2.DocumentCompletion,
            manifest=st.builds(document_pb2.Manifest, pages=st.integers(0, 2**31 - 1), tenant=st.text(max_size=5)),
        ),
        failure=st.none() | st.builds(status_pb2.Status, code=st.integers(0, 16), message=st.text(max_size=5)),
    ),
    max_size=5,
)


@given(_ITEMS)
def test_items_are_those_that_the_library_reads(items: list[render_service_pb2.RenderResponseItem]) -> None:
    """Every item is read as protobuf reads it, absent messages included."""
    message = render_service_pb2.RenderResponse(items=items).SerializeToString()
    for ours, theirs in zip(items_of(message), items, strict=True):
        assert (ours.request_id, ours.offset, ours.data) == (theirs.request_id, theirs.offset, theirs.data)
        for name in ("header", "completion", "failure"):
            found = getattr(ours, name)
            assert (found is not None) == theirs.HasField(name)
            if found is not None:
                assert type(getattr(theirs, name)).FromString(found) == getattr(theirs, name)


def test_fields_of_a_newer_contract_are_passed_over() -> None:
    """Unknown fields of every wire type, in items and beside them, change nothing."""
    item = render_service_pb2.RenderResponseItem(request_id="a", data=b"%PDF").SerializeToString()
    unknown = b"\xa8\x06\x96\x01" + b"\xa9\x06" + b"x" * 8 + b"\xaa\x06\x03abc" + b"\xad\x06" + b"y" * 4
    both = unknown + item + unknown
    message = unknown + b"\x0a" + bytes([len(both)]) + both
    (found,) = items_of(message)
    assert (found.request_id, found.data) == ("a", b"%PDF")


@given(_ITEMS, st.data())
def test_damaged_messages_are_refused_or_read_never_worse(
    items: list[render_service_pb2.RenderResponseItem], data: st.DataObject
) -> None:
    """Bytes that were cut or changed raise WireError or give items; nothing else happens."""
    message = bytearray(render_service_pb2.RenderResponse(items=items).SerializeToString())
    if message:
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
        del message[data.draw(st.integers(0, len(message))) :]
    with contextlib.suppress(WireError):
        items_of(bytes(message))


def test_a_cut_message_is_no_message() -> None:
    """An item that ends before its length says so."""
    message = render_service_pb2.RenderResponse(items=[{"request_id": "a", "data": b"x" * 100}]).SerializeToString()
    with pytest.raises(WireError):
        items_of(message[:-1])


def test_fingerprints_are_the_hashes_whatever_documents_share() -> None:
    """Documents that share long beginnings, short ones or none: each hash is SHA-256 of the whole."""
    rng = random.Random(7)
    fonts, logos = rng.randbytes(60_000), [rng.randbytes(40_000) for _ in range(4)]
    fingerprints = Fingerprints()
    for number in range(300):
        kind = number % 7
        content = fonts + logos[kind % 4] + rng.randbytes(30_000) if kind < 5 else rng.randbytes(kind * 9_000)
        if number % 11 == 0:
            content = content[: len(content) // 2]
        assert fingerprints.sha256(content) == hashlib.sha256(content).hexdigest()
    assert {head.size // 10_000 for head in fingerprints._heads} >= {10}


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=30))
def test_fingerprints_never_confuse_heads(kinds: list[tuple[int, int]]) -> None:
    """Heads that are heads of each other, and documents that are nothing but a head, are told apart."""
    base = bytes(range(256)) * 400
    fingerprints = Fingerprints()
    for cut, tail in kinds:
        content = base[: 20_000 * (cut + 1)] + bytes([tail]) * (tail * 10_000)
        assert fingerprints.sha256(content) == hashlib.sha256(content).hexdigest()
