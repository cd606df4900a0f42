"""Reads answers of a Render stream without copying documents more than once.

The protobuf library copies a document of 200 KB twice to give it to Python and parses a header that few callers look
at. Here the fields of each item are found in the message (https://protobuf.dev/programming-guides/encoding/), the
document is cut out once, and what is small is parsed by the library when it is needed.
"""

from __future__ import annotations

from typing import Final

from pressrun.v1 import render_service_pb2

__all__ = ["Item", "WireError", "is_draining", "read"]

_FIELDS: Final = render_service_pb2.RenderResponseItem.DESCRIPTOR.fields_by_name
_BYTES: Final = 2
_REQUEST_ID, _HEADER, _DATA, _COMPLETION, _FAILURE = (
    _FIELDS[name].number << 3 | _BYTES for name in ("request_id", "header", "data", "completion", "failure")
)
_OFFSET, _HEAD = (_FIELDS[name].number << 3 for name in ("offset", "head"))
_SHARED: Final = render_service_pb2.SharedHead.DESCRIPTOR.fields_by_name
_HEAD_NUMBER: Final = _SHARED["number"].number << 3
_HEAD_DATA: Final = _SHARED["data"].number << 3 | _BYTES
_ITEMS: Final = render_service_pb2.RenderResponse.DESCRIPTOR.fields_by_name["items"].number << 3 | _BYTES
_HEADS: Final = render_service_pb2.RenderResponse.DESCRIPTOR.fields_by_name["heads"].number << 3 | _BYTES
_DRAINING: Final = bytes(
    (render_service_pb2.RenderResponse.DESCRIPTOR.fields_by_name["draining"].number << 3 | _BYTES,)
)
_FIXED: Final = {1: 8, 5: 4}
"""Bytes of the wire types of fixed length."""


class WireError(ValueError):
    """The bytes are no RenderResponse."""


class Item:
    """One part of one document; messages in it are still serialised, None where they are absent."""

    __slots__ = ("completion", "data", "failure", "head", "header", "offset", "request_id")

    def __init__(self) -> None:
        self.request_id = ""
        self.offset = 0
        self.head = 0
        """The number of the shared head before `data`; 0 for none."""
        self.data = b""
        self.header: bytes | None = None
        self.completion: bytes | None = None
        self.failure: bytes | None = None


def is_draining(message: bytes) -> bool:
    """Whether a serialised RenderResponse is the one that says that the node goes away; it says nothing else.

    Example:
        >>> is_draining(render_service_pb2.RenderResponse(draining={}).SerializeToString())
        True
    """
    return message.startswith(_DRAINING)


def read(message: bytes) -> tuple[list[Item], list[tuple[int, bytes]]]:
    """The items of a serialised RenderResponse, and the shared heads that are new, by number.

    Raises:
        WireError: it is none.

    Example:
        >>> message = render_service_pb2.RenderResponse(items=[{"request_id": "a", "data": b"%PDF"}])
        >>> items, heads = read(message.SerializeToString())
        >>> [(item.request_id, item.data) for item in items], heads
        ([('a', b'%PDF')], [])
    """
    found: list[Item] = []
    heads: list[tuple[int, bytes]] = []
    position, end = 0, len(message)
    try:
        while position < end:
            tag, position = _varint(message, position)
            if tag not in (_ITEMS, _HEADS):
                position = _skipped(message, position, tag)
                continue
            size, position = _varint(message, position)
            position += size
            if position > end:
                raise WireError("an item is cut off")
            if tag == _ITEMS:
                found.append(_item(message, position - size, position))
            else:
                heads.append(_head(message, position - size, position))
    except (IndexError, UnicodeDecodeError) as error:
        raise WireError("the message is cut off or damaged") from error
    return found, heads


def _item(message: bytes, position: int, end: int) -> Item:
    item = Item()
    while position < end:
        tag, position = _varint(message, position)
        if tag & 7 != _BYTES:
            if tag == _OFFSET:
                item.offset, position = _varint(message, position)
            elif tag == _HEAD:
                item.head, position = _varint(message, position)
            else:
                position = _skipped(message, position, tag)
            continue
        size, position = _varint(message, position)
        value = message[position : position + size]
        position += size
        if tag == _DATA:
            item.data = value
        elif tag == _REQUEST_ID:
            item.request_id = value.decode()
        elif tag == _COMPLETION:
            item.completion = value if item.completion is None else item.completion + value
        elif tag == _HEADER:
            item.header = value if item.header is None else item.header + value
        elif tag == _FAILURE:
            item.failure = value if item.failure is None else item.failure + value
    if position != end:
        raise WireError("a field is cut off")
    return item


def _head(message: bytes, position: int, end: int) -> tuple[int, bytes]:
    number, data = 0, b""
    while position < end:
        tag, position = _varint(message, position)
        if tag == _HEAD_NUMBER:
            number, position = _varint(message, position)
        elif tag == _HEAD_DATA:
            size, position = _varint(message, position)
            data = message[position : position + size]
            position += size
        else:
            position = _skipped(message, position, tag)
    if position != end:
        raise WireError("a shared head is cut off")
    return number, data


def _varint(message: bytes, position: int) -> tuple[int, int]:
    """A number and where the next byte is."""
    byte = message[position]
    position += 1
    if byte < 0x80:  # noqa: PLR2004 - seven bits a byte
        return byte, position
    value, shift = byte & 0x7F, 7
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - as above
            return value, position
        shift += 7


def _skipped(message: bytes, position: int, tag: int) -> int:
    """Where the field after one of no interest begins."""
    kind = tag & 7
    if kind == 0:
        return _varint(message, position)[1]
    if kind == _BYTES:
        size, position = _varint(message, position)
        return position + size
    if kind in _FIXED:
        return position + _FIXED[kind]
    raise WireError(f"wire type {kind} is none")
