"""What nodes share while the cluster's key is changed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis
from tests.integration.redis.test_template_list import template

from pressrun_server.cas.redis_link import RedisLink
from pressrun_server.render.sharing.rotation import RotatingShelf, RotatingTemplates
from pressrun_server.render.sharing.shelf import SharedShelf
from pressrun_server.render.sharing.template_list import DamagedRecordError, SharedTemplates
from pressrun_sources.model import Approval
from pressrun_sources.pushed.version import Version

OLD, NEW = b"the secret of last year", b"the secret of this year"


def version(number: int, data: bytes = b"files") -> Version:
    """A version of pushed content."""
    return Version(
        number=number,
        sha256=f"{len(data):064x}",
        size=len(data),
        media_type="text/html",
        approval=Approval.APPROVED,
        effective_from=None,
        effective_until=None,
        territories=(),
        locale=None,
        name="seal",
        attributes=(),
        pushed_at=datetime(2026, 11, number, tzinfo=UTC),
    )


async def test_templates_of_both_keys(link: RedisLink) -> None:
    """Nodes with the old key alone, with both, and with the new one alone have all; a version means one thing to all."""
    old, both, new = SharedTemplates(link, OLD), rotating(link), SharedTemplates(link, NEW)
    first, second, third = (template(b"a", version="1"), template(b"b", version="2"), template(b"c", version="3"))
    await old.claim(first, b"a")
    assert await both.records() == [first]
    assert (await new.records(), await new.files(first)) == ([first], b"a")
    before = await both.state()
    assert await both.claim(second, b"b") == second
    assert await both.state() != before
    for each in (old, both, new):
        assert await each.records() == [first, second]
    # Of the two that are published meanwhile the old key's is the one for all.
    other = template(b"another c", version="3")
    assert await old.claim(third, b"c") == third
    assert await both.claim(other, b"another c") == third
    assert await both.records() == await new.records() == [first, second, third]
    assert await both.files(third) == b"c"
    assert await both.now() < await old.now()
    assert await both.join() == 0
    assert await new.join() == 3


async def test_a_damaged_copy_holds_up_no_other(link: RedisLink, raw: Redis) -> None:
    """Records that can't be read under the new key are left, the others are copied."""
    old, both = SharedTemplates(link, OLD), rotating(link)
    await both.claim(template(b"a", version="1"), b"a")
    new = [name async for name in raw.scan_iter("pressrun:templates:*:records")]
    for records in new:
        if await raw.hget(records, "letter@1") is not None:
            await raw.hset(records, "letter@2", b"damaged")
    await old.claim(template(b"c", version="3"), b"c")
    with pytest.raises(DamagedRecordError):
        await both.claim(template(b"b", version="2"), b"b")
    assert [record.version for record in await both.records()] == ["1", "3"]


async def test_content_of_both_keys(link: RedisLink) -> None:
    """Pushes get numbers in one order whichever key a node has, and are there under the new one, with their bytes."""
    old, new = SharedShelf(link, OLD), SharedShelf(link, NEW)
    both = RotatingShelf(new, old)
    one, two, three = version(1, b"1"), version(2, b"22"), version(3, b"333")
    await old.keep(one.sha256, b"1")
    assert await old.extend("seal", 0, (one,))
    assert await both.record("seal") == (one,) == await new.record("seal")
    assert await both.data(one.sha256) == b"1" == await new.data(one.sha256)
    # Another node is quicker, at the same number.
    await old.keep(two.sha256, b"22")
    assert await old.extend("seal", 1, (one, two))
    assert not await both.extend("seal", 1, (one, three))
    assert await both.records({"seal": 1}) == {"seal": (one, two)} == await new.records({})
    await both.keep(three.sha256, b"333")
    assert await both.extend("seal", 2, (one, two, three))
    for each in (old, both, new):
        assert await each.record("seal") == (one, two, three)
        assert await each.data(three.sha256) == b"333"
    # Of a node that has the new key alone already.
    four = version(4, b"4444")
    await new.keep(four.sha256, b"4444")
    assert await new.extend("seal", 3, (one, two, three, four))
    assert await both.record("seal") == (one, two, three, four) == await old.record("seal")
    assert await old.data(four.sha256) == b"4444"


def rotating(link: RedisLink) -> RotatingTemplates:
    """The list as a node with both keys has it."""
    return RotatingTemplates(SharedTemplates(link, NEW), SharedTemplates(link, OLD))
