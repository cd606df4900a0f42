from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.servers.redis_server import RedisServer
from tests.unit.cas.conformance import LIMIT, Conformance
from tests.unit.cas.observer import Counting

from pressrun_server.cas.address import RedisAddress
from pressrun_server.cas.config import DiskConfig, RedisConfig, StoreConfig
from pressrun_server.cas.deferred import Deferred
from pressrun_server.cas.layered import Layered
from pressrun_server.cas.memory import MemoryTier
from pressrun_server.cas.metered import Metered
from pressrun_server.cas.redis_link import RedisLink
from pressrun_server.cas.redis_tier import RedisTier
from pressrun_server.cas.store import open_store
from pressrun_server.cas.tier import Tier
from pressrun_server.cas.verifying import Verifying


@pytest.fixture(autouse=True)
def server(request: pytest.FixtureRequest, redis_server: RedisServer, tmp_path: Path) -> None:
    """Give each test a server, and a folder for its disk tier."""
    request.instance.server = redis_server
    request.instance.path = tmp_path


class WithRedis(Conformance):
    """Makes Redis tiers."""

    server: RedisServer
    path: Path
    links: list[RedisLink]

    @pytest.fixture(autouse=True)
    async def ways(self) -> AsyncIterator[None]:
        """Close what was opened."""
        self.links = []
        yield
        for link in self.links:
            await link.close()

    def config(self, *, chunk_bytes: int = 512 * 1024) -> RedisConfig:
        """The settings; the time limit is long, because this machine may be busy."""
        return RedisConfig(RedisAddress(self.server.url), chunk_bytes=chunk_bytes, timeout_seconds=20.0)

    def link(self, *, chunk_bytes: int = 512 * 1024) -> RedisLink:
        """The way to the server; closed after the test."""
        self.links.append(RedisLink(self.config(chunk_bytes=chunk_bytes)))
        return self.links[-1]

    async def redis(self, *, chunk_bytes: int = 512 * 1024) -> RedisTier:
        """A Redis tier."""
        tier = RedisTier(self.link(chunk_bytes=chunk_bytes))
        await tier.start()
        return tier


class TestRedis(WithRedis):
    """The Redis tier."""

    async def make(self) -> Tier:
        """A new one."""
        return await self.redis()


class TestRedisInPieces(WithRedis):
    """The Redis tier, where most blobs are cut."""

    async def make(self) -> Tier:
        """A new one."""
        return await self.redis(chunk_bytes=1024)


class TestDeferredRedis(WithRedis):
    """A Redis tier that is written in the background."""

    async def make(self) -> Tier:
        """A new one."""
        return Deferred(await self.redis(chunk_bytes=16 * 1024), LIMIT * 4)


class TestVerifyingDeferredRedis(WithRedis):
    """The stack around a node's Redis tier."""

    async def make(self) -> Tier:
        """A new one."""
        return Metered(Verifying(Deferred(await self.redis(), LIMIT * 4)), Counting())


class TestMemoryAndRedis(WithRedis):
    """Memory in front of Redis."""

    async def make(self) -> Tier:
        """A new one."""
        return Layered(fast=MemoryTier(LIMIT), slow=Verifying(await self.redis()))


class TestStore(WithRedis):
    """A node's store with all its tiers."""

    async def make(self) -> Tier:
        """A new one."""
        disk = DiskConfig(self.path, hard_bytes=LIMIT, soft_bytes=LIMIT * 9 // 10)
        return await open_store(StoreConfig(LIMIT, disk), Counting(), redis=self.link())


class TestStoreWithoutDisk(WithRedis):
    """A node's store in memory and Redis."""

    async def make(self) -> Tier:
        """A new one."""
        return await open_store(StoreConfig(LIMIT), redis=self.link())
