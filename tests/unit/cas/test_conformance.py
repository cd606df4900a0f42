from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.cas.conformance import LIMIT, Bounded
from tests.unit.cas.observer import Counting

from pressrun_server.cas.config import DiskConfig, StoreConfig
from pressrun_server.cas.disk import DiskTier
from pressrun_server.cas.layered import Layered
from pressrun_server.cas.memory import MemoryTier
from pressrun_server.cas.metered import Metered
from pressrun_server.cas.store import open_store
from pressrun_server.cas.tier import Tier
from pressrun_server.cas.verifying import Verifying


@pytest.fixture(autouse=True)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Give each test a folder for its disk tier."""
    if request.instance is not None:
        request.instance.path = tmp_path


class WithFolder(Bounded):
    """Makes disk tiers."""

    path: Path

    async def disk(self, *, fsync: bool = False) -> DiskTier:
        """A disk tier with a gap between its limits."""
        tier = DiskTier(DiskConfig(self.path, hard_bytes=LIMIT, soft_bytes=LIMIT * 9 // 10, fsync=fsync))
        await tier.start()
        return tier


class TestMemory(Bounded):
    """The memory tier."""

    async def make(self) -> Tier:
        """A new one."""
        return MemoryTier(LIMIT)


class TestDisk(WithFolder):
    """The disk tier."""

    async def make(self) -> Tier:
        """A new one."""
        return await self.disk()


class TestDiskWithFsync(WithFolder):
    """The disk tier that waits for the disk itself."""

    async def make(self) -> Tier:
        """A new one."""
        return await self.disk(fsync=True)


class TestVerifyingMemory(Bounded):
    """A verifying tier."""

    async def make(self) -> Tier:
        """A new one."""
        return Verifying(MemoryTier(LIMIT))


class TestMeteredMemory(Bounded):
    """A metered tier."""

    async def make(self) -> Tier:
        """A new one."""
        return Metered(MemoryTier(LIMIT), Counting())


class TestMemoryOverDisk(WithFolder):
    """Memory in front of a verified disk."""

    async def make(self) -> Tier:
        """A new one."""
        return Layered(MemoryTier(LIMIT), Verifying(await self.disk()))


class TestThreeTiers(WithFolder):
    """A chain of layers."""

    async def make(self) -> Tier:
        """A new one."""
        return Layered(MemoryTier(LIMIT), Layered(MemoryTier(LIMIT), await self.disk()))


class TestStore(WithFolder):
    """The node's own stack."""

    async def make(self) -> Tier:
        """A new one."""
        disk = DiskConfig(self.path / "deeper" / "still", hard_bytes=LIMIT, soft_bytes=LIMIT * 9 // 10)
        return await open_store(StoreConfig(memory_bytes=LIMIT, disk=disk), Counting())


class TestStoreWithoutDisk(Bounded):
    """The node's stack without a disk."""

    async def make(self) -> Tier:
        """A new one."""
        return await open_store(StoreConfig(memory_bytes=LIMIT))
