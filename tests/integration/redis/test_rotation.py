"""What nodes share while the cluster's key is changed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
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


async def test_who_has_the_new_key_alone_is_heard(link: RedisLink) -> None:
    """Of a push that a node with both keys has not seen nothing is lost: that node is told to read again."""
    old, new = SharedShelf(link, OLD), SharedShelf(link, NEW)
    both = RotatingShelf(new, old)
    one, approved, withdrawn = version(1, b"1"), version(2, b"22"), version(3, b"333")
    assert await both.extend("seal", 0, (one,))
    assert await new.extend("seal", 1, (one, approved))
    assert await new.extend("seal", 2, (one, approved, withdrawn))
    assert not await both.extend("seal", 1, (one, version(2, b"4444")))
    assert (
        await both.record("seal") == (one, approved, withdrawn) == await new.record("seal") == await old.record("seal")
    )


async def test_pushes_between_two_steps(link: RedisLink, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another node pushes when the old key's list has a version and the new one's has not: neither takes from the other."""
    old, new = SharedShelf(link, OLD), SharedShelf(link, NEW)
    slow, quick = RotatingShelf(new, SharedShelf(link, OLD)), RotatingShelf(new, old)
    one, two, three, four = (version(number, b"." * number) for number in range(1, 5))
    other = version(4, b"another")
    assert await slow.extend("seal", 0, (one,))
    steps = iter(((quick, 2, (one, two, three)), (new, 3, (one, two, three, other))))
    decide = slow._previous.extend

    async def interrupted(identifier: str, expected: int, versions: tuple[Version, ...]) -> bool:
        decided = await decide(identifier, expected, versions)
        shelf, there, more = next(steps)
        if shelf is quick:
            assert await quick.record("seal") == versions
        assert await shelf.extend("seal", there, more)
        return decided

    monkeypatch.setattr(slow._previous, "extend", interrupted)
    # The other one has both keys: it saw the version, and came after it.
    assert await slow.extend("seal", 1, (one, two))
    assert await new.record("seal") == (one, two, three) == await old.record("seal")
    # It has the new key alone, and could not see it.
    assert not await slow.extend("seal", 3, (one, two, three, four))
    assert await quick.record("seal") == (one, two, three, other) == await new.record("seal")
    assert await quick.extend("seal", 4, (one, two, three, other, version(5, b"4444")))
    assert await new.record("seal") == await old.record("seal")
    assert (await new.record("seal"))[3] == other


async def test_a_count_that_is_no_number(link: RedisLink, raw: Redis, caplog: pytest.LogCaptureFixture) -> None:
    """The other contents are there all the same, and the log says once what to do."""
    shelf, one = SharedShelf(link, NEW), version(1, b"1")
    for name in ("seal", "terms"):
        assert await shelf.extend(name, 0, (one,))
    (counts,) = [name async for name in raw.scan_iter("pressrun:pushed:*:counts")]
    await raw.hset(counts, mapping={b"terms": b"many", b"\xff": b"1"})
    for _ in range(2):
        assert await shelf.records({}) == {"seal": (one,)}
    assert caplog.text.count("'terms' in PRESSRUN_EVENTS_REDIS is no number") == 1
    assert f"HSET {counts.decode()}" in caplog.text


@pytest.mark.parametrize("alone", [OLD, NEW], ids=["first half", "second half"])
async def test_no_push_is_lost_while_the_key_is_changed(link: RedisLink, alone: bytes) -> None:
    """What nodes push at the same moment stands in both lists in the end, each once, in the order of its numbers."""
    old, new = SharedShelf(link, OLD), SharedShelf(link, NEW)
    nodes = (
        SharedShelf(link, alone),
        RotatingShelf(SharedShelf(link, NEW), SharedShelf(link, OLD)),
        RotatingShelf(new, old),
    )
    taken = []

    async def push(node: SharedShelf | RotatingShelf, mine: int) -> None:
        for number in range(6):
            while True:
                there = await node.record("seal")
                added = replace(version(1), number=len(there) + 1, name=f"{mine} {number}")
                if await node.extend("seal", len(there), (*there, added)):
                    taken.append(added)
                    break

    await asyncio.gather(*(push(node, mine) for mine, node in enumerate(nodes)))
    found = await nodes[1].record("seal")
    assert found == await new.record("seal") == await old.record("seal")
    assert sorted(taken, key=lambda added: added.number) == list(found)


def rotating(link: RedisLink) -> RotatingTemplates:
    """The list as a node with both keys has it."""
    return RotatingTemplates(SharedTemplates(link, NEW), SharedTemplates(link, OLD))
