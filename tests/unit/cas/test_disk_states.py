from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.unit.cas.conformance import blob

from pressrun_server.cas.blobfiles import BlobFiles, space_of
from pressrun_server.cas.config import DiskConfig
from pressrun_server.cas.disk import DiskTier
from pressrun_server.cas.tier import Tier
from pressrun_server.cas.verifying import Verifying
from pressrun_server.model.digest import Digest

HARD, SOFT = 20 * 4096, 15 * 4096
BLOBS = [blob(f"state{number}", 4096 * (number % 5)) for number in range(12)]
chosen = st.integers(0, len(BLOBS) - 1)


class DiskMachine(RuleBasedStateMachine):
    """Holds the disk tier, two processes on one folder, to what is in the folder."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp())
        self.files = BlobFiles(self.folder, fsync=False)
        self.damaged: set[Digest] = set()
        self.disk, self.tier = self.opened()

    def opened(self) -> tuple[DiskTier, Tier]:
        """A tier as a starting process has it."""
        disk = DiskTier(DiskConfig(self.folder, hard_bytes=HARD, soft_bytes=SOFT))
        self.do(disk.start())
        return disk, Verifying(disk)

    def do(self, call: Coroutine[Any, Any, Any]) -> Any:
        """The result of a call."""
        return self.loop.run_until_complete(call)

    def path(self, digest: Digest) -> Path:
        """The file of a blob."""
        return self.folder / "blobs" / digest.sha256[:2] / str(digest)

    @rule(number=chosen)
    def put(self, number: int) -> None:
        """A blob is put; then it is there, unless a file of its name and size is damaged and nobody noticed yet."""
        digest, data = BLOBS[number]
        file = self.path(digest)
        if not file.exists() or file.stat().st_size != digest.size:
            self.damaged.discard(digest)
        self.do(self.tier.put(digest, data))
        assert self.path(digest).exists()

    @rule(number=chosen)
    def get(self, number: int) -> None:
        """A blob is given as it was put, if its file is there and undamaged; a damaged one is gone afterwards."""
        digest, data = BLOBS[number]
        there = self.path(digest).exists()
        found = self.do(self.tier.get(digest))
        if there and digest not in self.damaged:
            assert found == data
        else:
            assert found is None
            assert not self.path(digest).exists()
        self.damaged.discard(digest)

    @rule(number=chosen)
    def delete(self, number: int) -> None:
        """A deleted blob has no file."""
        digest, _ = BLOBS[number]
        self.do(self.tier.delete(digest))
        self.damaged.discard(digest)
        assert not self.path(digest).exists()

    @rule(number=chosen, cut=st.booleans())
    def damage(self, number: int, cut: bool) -> None:  # noqa: FBT001 - hypothesis names it
        """Somebody damages a file."""
        digest, data = BLOBS[number]
        if self.path(digest).exists():
            self.path(digest).write_bytes(data[:-1] if cut else data.swapcase())
            self.damaged.add(digest)

    @rule()
    def restart(self) -> None:
        """The process ends, and another one counts what is there."""
        self.do(self.tier.close())
        self.disk, self.tier = self.opened()
        assert self.disk.stats()[0].entries == len(self.files.scan())

    @invariant()
    def agrees(self) -> None:
        """What is counted is what is there, and never more than the limit."""
        found = {digest: size for digest, size, _ in self.files.scan()}
        self.damaged &= set(found)
        [stats] = self.disk.stats()
        assert set(self.disk._accounting.order()) == set(found)
        whole = sum(space_of(digest.size) for digest in found)
        assert stats.size <= HARD
        assert sum(found.values()) <= stats.size <= whole
        assert (stats.idle_seconds is None) == (not found)
        assert list((self.folder / "tmp").iterdir()) == []

    def teardown(self) -> None:
        """Close and remove everything."""
        self.do(self.tier.close())
        self.do(self.loop.shutdown_default_executor())
        self.loop.close()
        shutil.rmtree(self.folder)


TestDisk = DiskMachine.TestCase
TestDisk.settings = settings(
    max_examples=30, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
