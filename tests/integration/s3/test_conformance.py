from __future__ import annotations

import pytest
from tests.unit.cas.conformance import LIMIT, Conformance
from tests.unit.cas.observer import Counting

from pressrun_server.cas.config import S3Config, StoreConfig
from pressrun_server.cas.deferred import Deferred
from pressrun_server.cas.layered import Layered
from pressrun_server.cas.memory import MemoryTier
from pressrun_server.cas.metered import Metered
from pressrun_server.cas.s3_tier import S3Tier
from pressrun_server.cas.store import open_store
from pressrun_server.cas.tier import Tier
from pressrun_server.cas.verifying import Verifying

pytestmark = pytest.mark.xdist_group("s3")


class WithBucket(Conformance):
    """Makes tiers on a bucket."""

    bucket: S3Config

    @pytest.fixture(autouse=True)
    def place(self, bucket: S3Config) -> None:
        """Give each test a bucket."""
        self.bucket = bucket


class TestS3(WithBucket):
    """The bucket tier."""

    async def make(self) -> Tier:
        """A new one."""
        return S3Tier(self.bucket)


class TestMeteredVerifyingDeferredS3(WithBucket):
    """The stack around a node's bucket tier."""

    async def make(self) -> Tier:
        """A new one."""
        return Metered(Verifying(Deferred(S3Tier(self.bucket), LIMIT * 4)), Counting())


class TestMemoryAndS3(WithBucket):
    """Memory in front of a bucket."""

    async def make(self) -> Tier:
        """A new one."""
        return Layered(fast=MemoryTier(LIMIT), slow=Verifying(S3Tier(self.bucket)))


class TestStore(WithBucket):
    """A node's store in memory and a bucket."""

    async def make(self) -> Tier:
        """A new one."""
        return await open_store(StoreConfig(LIMIT, s3=self.bucket), Counting())
