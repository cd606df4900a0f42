from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from obstore.store import S3Store
from tests.integration.s3.conftest import settings
from tests.servers.redis_server import RedisServer
from tests.servers.s3_server import S3Server
from tests.unit.cas.conformance import LIMIT, blob

from pressrun_server.app.config import ConfigError, NodeConfig
from pressrun_server.cas.address import RedisAddress
from pressrun_server.cas.config import DiskConfig, RedisConfig, S3Config, StoreConfig
from pressrun_server.cas.redis_link import RedisLink
from pressrun_server.cas.s3_tier import S3Tier
from pressrun_server.cas.store import open_store
from pressrun_server.cas.verifying import Verifying

pytestmark = pytest.mark.xdist_group("s3")

ENVIRONMENT = {
    "PRESSRUN_CACHE_S3_BUCKET": "pressrun",
    "PRESSRUN_CACHE_S3_ENDPOINT": "https://minio.example:9000",
    "PRESSRUN_CACHE_S3_ACCESS_KEY_ID": "node",
    "PRESSRUN_CACHE_S3_SECRET_ACCESS_KEY": "swordfish",
}


async def test_objects_are_what_their_names_say(bucket: S3Config) -> None:
    """A blob is one object below the prefix, its own bytes; one with other bytes is not given out and goes."""
    tier = Verifying(S3Tier(bucket))
    digest, data = blob("object", 3000)
    await tier.put(digest, data)
    other = S3Store(
        bucket.bucket,
        endpoint=bucket.endpoint,
        client_options={"allow_http": True},
        access_key_id="other",
        secret_access_key="other",
    )
    path = f"blobs/{digest.sha256[:2]}/{digest}"
    assert bytes((await other.get_async(path)).bytes()) == data
    for damaged in (data.swapcase(), data[:-1], b"", data + b"x"):
        await other.put_async(path, damaged)
        assert await tier.get(digest) is None
        await tier.put(digest, data)
        assert await tier.get(digest) == data
    assert tier.stats()[0].corrupt == 4
    await tier.close()


async def test_too_large_is_not_kept(bucket: S3Config) -> None:
    """A blob above the limit is refused and counted."""
    tier = S3Tier(S3Config(**{**{name: getattr(bucket, name) for name in S3Config.__slots__}, "largest_bytes": 1000}))
    digest, data = blob("too large", 1001)
    await tier.put(digest, data)
    assert (await tier.get(digest), tier.stats()[0].refused) == (None, 1)
    await tier.close()


async def test_a_store_that_hangs_or_is_gone_costs_little(tmp_path: Path) -> None:
    """A store that hangs is waited for twice, one that is gone not at all; when it is back it is used again."""
    server = S3Server(tmp_path)
    server.start()
    try:
        tier = S3Tier(settings(server, server.make("faults"), seconds=0.5))
        digest, data = blob("held")
        async with asyncio.timeout(30):
            while await tier.get(digest) != data:
                await tier.put(digest, data)
        server.pause()
        async with asyncio.timeout(30):  # 500 time limits are 250 s
            for _ in range(500):
                assert await tier.get(digest) is None
        assert not tier.stats()[0].available
        server.resume()
        async with asyncio.timeout(30):
            while await tier.get(digest) != data:
                await asyncio.sleep(0.02)
        server.stop()
        for _ in range(50):
            await tier.put(digest, data)
            assert await tier.find_missing([digest]) == {digest}
        assert tier.stats()[0].dropped == 50
        server.start()
        server.make("faults")
        async with asyncio.timeout(30):
            while await tier.get(digest) != data:
                await tier.put(digest, data)
                await asyncio.sleep(0.02)
        await tier.close()
    finally:
        server.stop()


async def test_a_bucket_that_is_not_there_is_told(s3_server: S3Server, caplog: pytest.LogCaptureFixture) -> None:
    """A bucket that does not exist keeps nothing, fails nobody, and is told in the log without the key."""
    tier = S3Tier(settings(s3_server, "missing"))
    digest, data = blob("nowhere")
    await tier.put(digest, data)
    assert await tier.get(digest) is None
    assert tier.stats()[0].dropped == 1
    assert "bucket missing is not there" in caplog.text
    await tier.close()


async def test_four_tiers_in_one_store(bucket: S3Config, redis_server: RedisServer, tmp_path: Path) -> None:
    """A blob that only the bucket still has is found, and then in all tiers before it."""
    link = RedisLink(RedisConfig(RedisAddress(redis_server.url), timeout_seconds=20.0))
    digest, data = blob("deep", 50_000)
    first = await open_store(StoreConfig(LIMIT, s3=bucket))
    await first.put(digest, data)
    await first.close()
    store = await open_store(StoreConfig(LIMIT, DiskConfig(tmp_path), s3=bucket), redis=link)
    assert [stats.name for stats in store.stats()] == ["memory", "disk", "redis", "s3"]
    assert await store.locate(digest) == "s3"
    assert await store.get(digest) == data
    assert await store.locate(digest) == "memory"
    await store.close()
    again = await open_store(StoreConfig(LIMIT), redis=link)
    assert await again.get(digest) == data, "from Redis"
    await again.close()
    await link.close()


def test_settings_arrive_and_hide_the_key() -> None:
    """The bucket is set by environment; the key is printed nowhere; half of a pair and a wrong address are refused."""
    config = NodeConfig.from_env(ENVIRONMENT)
    assert config.store.s3 is not None
    assert (config.store.s3.bucket, config.store.s3.secret_access_key) == ("pressrun", "swordfish")
    assert "swordfish" not in repr(config) + str(config.redacted())
    assert config.redacted()["store.s3.secret_access_key"] == "(set)"
    with pytest.raises(ConfigError, match="set both, or neither"):
        NodeConfig.from_env({**ENVIRONMENT, "PRESSRUN_CACHE_S3_SECRET_ACCESS_KEY": ""})
    with pytest.raises(ConfigError, match="PRESSRUN_CACHE_S3_ENDPOINT: is not a URL"):
        NodeConfig.from_env({**ENVIRONMENT, "PRESSRUN_CACHE_S3_ENDPOINT": "minio:9000"})


def test_a_missing_library_is_told_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra a bucket is a fault of the settings, not of the first document."""
    monkeypatch.setattr("pressrun_server.app.config.find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"pip install 'pressrun\[s3\]'"):
        NodeConfig.from_env(ENVIRONMENT)
