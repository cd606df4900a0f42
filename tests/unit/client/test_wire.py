from __future__ import annotations

import contextlib

import pytest
from google.rpc import status_pb2
from hypothesis import given
from hypothesis import strategies as st

from pressrun.v1 import document_pb2, render_service_pb2
from pressrun_client.wire import WireError, read

_ITEMS = st.lists(
    st.builds(
        render_service_pb2.RenderResponseItem,
        request_id=st.text(max_size=200),
        offset=st.integers(0, 2**62),
        head=st.integers(0, 2**31 - 1),
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


_HEADS = st.lists(
    st.builds(render_service_pb2.SharedHead, number=st.integers(0, 2**31 - 1), data=st.binary(max_size=300)), max_size=3
)


@given(_HEADS, _ITEMS)
def test_shared_heads_are_those_that_the_library_reads(
    heads: list[render_service_pb2.SharedHead], items: list[render_service_pb2.RenderResponseItem]
) -> None:
    """Shared heads are read as protobuf reads them, wherever in the message they stand."""
    before = render_service_pb2.RenderResponse(heads=heads).SerializeToString()
    after = render_service_pb2.RenderResponse(items=items).SerializeToString()
    for message in (before + after, after + before):
        found_items, found = read(message)
        assert found == [(head.number, head.data) for head in heads]
        assert len(found_items) == len(items)


@given(_ITEMS)
def test_items_are_those_that_the_library_reads(items: list[render_service_pb2.RenderResponseItem]) -> None:
    """Every item is read as protobuf reads it, absent messages included."""
    message = render_service_pb2.RenderResponse(items=items).SerializeToString()
    for ours, theirs in zip(read(message)[0], items, strict=True):
        assert (ours.request_id, ours.offset, ours.data, ours.head) == (
            theirs.request_id,
            theirs.offset,
            theirs.data,
            theirs.head,
        )
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
    (found,) = read(message)[0]
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
        read(bytes(message))


def test_a_cut_message_is_no_message() -> None:
    """An item that ends before its length says so."""
    message = render_service_pb2.RenderResponse(items=[{"request_id": "a", "data": b"x" * 100}]).SerializeToString()
    with pytest.raises(WireError):
        read(message[:-1])
