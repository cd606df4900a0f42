from __future__ import annotations

import asyncio
from collections import OrderedDict

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pressrun_server.cas.accounting import Accounting
from pressrun_server.cas.memory import OVERHEAD, MemoryTier
from pressrun_server.model.digest import Digest

SOFT, HARD = 700, 1000
digests = st.integers(0, 11).map(lambda number: Digest(f"{number:064x}", number))
sizes = st.integers(0, 800)


class AccountingMachine(RuleBasedStateMachine):
    """Holds the bookkeeping to a plain model: a list in order of use."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.accounting = Accounting(soft=SOFT, hard=HARD, now=lambda: self.now)
        self.model: OrderedDict[Digest, int] = OrderedDict()
        self.used: dict[Digest, float] = {}
        self.evicted = 0

    @rule(digest=digests, size=sizes)
    def put(self, digest: Digest, size: int) -> None:
        """A blob is admitted, then added, as tiers do; victims are the least recently used, no more than needed."""
        victims = self.accounting.admit(digest, size)
        if size > SOFT:
            assert victims is None
            return
        assert victims is not None
        self.model.pop(digest, None)
        assert list(victims) == list(self.model)[: len(victims)]
        if sum(self.model.values()) + size <= HARD:
            assert not victims
        else:
            last = self.model[victims[-1]]
            for victim in victims:
                del self.model[victim]
            held = sum(self.model.values()) + size
            assert held <= SOFT < held + last
        self.evicted += len(victims)
        self.accounting.add(digest, size)
        self.model[digest] = size
        self.used[digest] = self.now

    @rule(seconds=st.floats(0, 1000))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    @rule(digest=digests)
    def touch(self, digest: Digest) -> None:
        """Use moves a known blob to the end."""
        assert self.accounting.touch(digest) == (digest in self.model)
        if digest in self.model:
            self.model.move_to_end(digest)
            self.used[digest] = self.now

    @rule(digest=digests)
    def remove(self, digest: Digest) -> None:
        """A removed blob is forgotten."""
        assert self.accounting.remove(digest) == (self.model.pop(digest, None) is not None)

    @rule(found=st.lists(st.tuples(digests, sizes), max_size=12, unique_by=lambda pair: pair[0]))
    def rebuild(self, found: list[tuple[Digest, int]]) -> None:
        """A rebuild counts what was found, and lets go the oldest where that is too much."""
        files = {digest: self.now - 100 + place for place, (digest, _) in enumerate(found)}
        # What was used here meanwhile was used later than its file says.
        self.used = {
            digest: max(used, self.used[digest]) if digest in self.model else used for digest, used in files.items()
        }
        victims = self.accounting.rebuild((digest, size, files[digest]) for digest, size in found)
        self.model = OrderedDict(sorted(found, key=lambda item: self.used[item[0]]))
        assert list(victims) == list(self.model)[: len(victims)]
        assert bool(victims) == (sum(self.model.values()) > HARD)
        for victim in victims:
            del self.model[victim]
        self.evicted += len(victims)

    @invariant()
    def agrees(self) -> None:
        """Order, sum and limits are those of the model."""
        assert self.accounting.order() == tuple(self.model)
        assert self.accounting.total == sum(self.model.values()) <= HARD
        assert self.accounting.evictions == self.evicted
        oldest = next(iter(self.model), None)
        assert self.accounting.idle == (None if oldest is None else self.now - self.used[oldest])


class MemoryMachine(RuleBasedStateMachine):
    """Holds the memory tier to the same: bytes and bookkeeping never part."""

    LIMIT = 8 * OVERHEAD

    def __init__(self) -> None:
        super().__init__()
        self.tier = MemoryTier(self.LIMIT)
        self.model: OrderedDict[Digest, bytes] = OrderedDict()

    @rule(number=st.integers(0, 15), size=st.integers(0, 2 * OVERHEAD))
    def put(self, number: int, size: int) -> None:
        """A blob that fits is kept, and the least recently used go."""
        data = bytes([number]) * size
        digest = Digest.of(data)
        asyncio.run(self.tier.put(digest, data))
        if size + OVERHEAD > self.LIMIT // 4:
            return
        self.model.pop(digest, None)
        self.model[digest] = data
        while sum(len(held) + OVERHEAD for held in self.model.values()) > self.LIMIT:
            self.model.popitem(last=False)

    @rule(data=st.data())
    def use(self, data: st.DataObject) -> None:
        """A held blob is given, and used last."""
        if self.model:
            digest = data.draw(st.sampled_from(list(self.model)))
            assert self.tier.peek(digest) == self.model[digest]
            self.model.move_to_end(digest)

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """A deleted blob is gone."""
        if self.model:
            digest = data.draw(st.sampled_from(list(self.model)))
            asyncio.run(self.tier.delete(digest))
            del self.model[digest]
            assert self.tier.peek(digest) is None

    @invariant()
    def agrees(self) -> None:
        """The tier holds what the model holds, and counts it truly."""
        (stats,) = self.tier.stats()
        assert stats.entries == len(self.model) == len(self.tier._blobs)
        assert stats.size == sum(len(held) + OVERHEAD for held in self.model.values()) <= stats.limit
        assert self.tier._accounting.order() == tuple(self.model)


QUICK = settings(max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TestAccounting = AccountingMachine.TestCase
TestAccounting.settings = QUICK
TestMemoryTier = MemoryMachine.TestCase
TestMemoryTier.settings = settings(QUICK, max_examples=25)
