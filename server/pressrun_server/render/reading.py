"""Large records are decoded, validated and selected for in a process of their own, so that they hold up nobody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from pressrun_server.model.spec import RenderSpec
from pressrun_server.model.template import TemplateInfo
from pressrun_server.prepare.messages import Spent
from pressrun_server.prepare.pool import PreparerPool, PreparerPoolStats
from pressrun_server.prepare.tasks import TaskName
from pressrun_server.render.config import ReadingConfig
from pressrun_server.render.registry import Published
from pressrun_server.template.selection import Selection, Selector

__all__ = ["RecordReader", "read_record"]


class _Order(msgspec.Struct, frozen=True, array_like=True):
    """What the process needs to read one record, but the record itself, which comes behind it."""

    template: str
    info: bytes
    """The encoded TemplateInfo."""
    attributes: dict[str, str]
    locale: str
    as_of: datetime
    channel: str
    requested: str
    slots: bool = True
    """Whether assets are chosen."""


class _Read(msgspec.Struct, frozen=True, array_like=True):
    """What it found."""

    selections: tuple[Selection, ...]


_ORDER = msgspec.msgpack.Decoder(_Order)
_READ = msgspec.msgpack.Decoder(_Read)
_encode = msgspec.msgpack.encode
_MOST_SELECTORS: Final = 16
_SIZE: Final = 4
"""Bytes of the order's length, which stands before it."""
_selectors: dict[str, Selector] = {}
"""Of the reading process, by template; validators are made of the template alone and hold nothing of a record."""


class RecordReader:
    """Reads large records in one limited process.

    Decoding and validating hold Python's lock from the first byte to the last, so a thread would not help. Small
    records are quicker to read than to send.

    Args:
        config: sizes and times.
    """

    def __init__(self, config: ReadingConfig) -> None:
        self._config = config
        self._pool = PreparerPool(1, config=config.process)

    async def start(self) -> None:
        """Start the process.

        Raises:
            HelperStartError: it did not become ready.
        """
        await self._pool.start()

    async def close(self) -> None:
        """End the process; what it reads fails with DRAINING."""
        await self._pool.close()

    def stats(self) -> PreparerPoolStats:
        """How the process does."""
        return self._pool.stats()

    def wants(self, record: bytes) -> bool:
        """Whether a record is so large that reading it here would hold up others."""
        return len(record) > self._config.inline_bytes

    async def select(
        self, published: Published, spec: RenderSpec, *, locale: str, as_of: datetime, slots: bool = True
    ) -> Sequence[Selection]:
        """What `Selector.decode` and `Selector.select` find.

        Args:
            published: the template.
            spec: the request.
            locale: the template's.
            as_of: the moment that the document speaks of.
            slots: whether the document has assets.

        Raises:
            PressrunError: INVALID_RECORD, ASSET_NOT_FOUND; LIMIT_EXCEEDED, it needs too much time or memory;
                QUEUE_FULL, DRAINING, INTERNAL.
        """
        info = published.info
        order = _encode(
            _Order(info.digest, _encode(info), spec.attributes, locale, as_of, spec.channel, spec.locale, slots)
        )
        size = len(order).to_bytes(_SIZE, "little")
        answer = await self._pool.run(TaskName.RECORD, size, order, spec.record, timeout=self._config.time_limit)
        return _READ.decode(answer).selections


def read_record(payload: bytes) -> Spent:
    """The task of the reading process.

    Raises:
        PressrunError: INVALID_RECORD, ASSET_NOT_FOUND.
    """
    begin = _SIZE + int.from_bytes(payload[:_SIZE], "little")
    order = _ORDER.decode(payload[_SIZE:begin])
    selector = _selectors.get(order.template)
    if selector is None:
        if len(_selectors) >= _MOST_SELECTORS:
            _selectors.pop(next(iter(_selectors)))
        selector = Selector(msgspec.msgpack.decode(order.info, type=TemplateInfo))
        _selectors[order.template] = selector
    record = selector.decode(payload[begin:])
    if not order.slots:
        return Spent(_encode(_Read(())), record)
    selections = selector.select(
        record,
        attributes=order.attributes,
        locale=order.locale,
        as_of=order.as_of,
        channel=order.channel,
        requested=order.requested,
    )
    return Spent(_encode(_Read(selections)), record)
