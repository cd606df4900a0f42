from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from obstore.store import S3Store
from tests.unit.assets.fakes import AS_OF, LOGO, Node, Pick
from tests.unit.cas.conformance import blob

from pressrun_client.cli import main
from pressrun_server.assets.config import AssetConfig
from pressrun_server.cas.config import DiskConfig, S3Config, StoreConfig
from pressrun_server.cas.store import open_store

pytestmark = pytest.mark.xdist_group("s3")


async def cache(*arguments: str, data: Path, bucket: S3Config | None) -> Result:
    """Run `pressrun cache`, in a thread: it has a loop of its own."""
    environ = {"PRESSRUN_DATA_DIR": str(data), "PRESSRUN_CACHE_REDIS": ""}
    if bucket is not None:
        environ |= {
            "PRESSRUN_CACHE_S3_BUCKET": bucket.bucket,
            "PRESSRUN_CACHE_S3_ENDPOINT": bucket.endpoint,
            "PRESSRUN_CACHE_S3_PREFIX": bucket.prefix,
            "PRESSRUN_CACHE_S3_ACCESS_KEY_ID": bucket.access_key_id,
            "PRESSRUN_CACHE_S3_SECRET_ACCESS_KEY": str.__str__(bucket.secret_access_key),
        }
    return await asyncio.to_thread(CliRunner().invoke, main, ["cache", *arguments], env=environ)


async def test_the_bucket_is_counted_listed_verified_and_emptied(bucket: S3Config, tmp_path: Path) -> None:
    """What nodes keep in a bucket is seen by the commands, damage is found and taken away, what is named is removed."""
    store = await open_store(StoreConfig(disk=DiskConfig(tmp_path / "blobs"), s3=bucket))
    node = Node(config=AssetConfig(ledger_path=tmp_path / "assets"), store=store)
    await node.resolver.start()
    (use,), _ = await node.resolver.resolve((Pick(),), as_of=AS_OF, channel="print")
    other, data = blob("other", 5000)
    await store.put(other, data)
    await node.resolver.close()
    await store.settle()
    await store.close()

    stats = (await cache("stats", data=tmp_path, bucket=bucket)).output
    assert re.search(rf"^bucket {bucket.bucket}\n  s3 +3 blobs, \d+\.\d KiB$", stats, re.MULTILINE), stats
    listed = (await cache("ls", "--bucket", data=tmp_path, bucket=bucket)).output.splitlines()
    assert len(listed) == 3
    assert any(line.endswith(f"{use.prepared} prepared {LOGO} (original)") for line in listed)
    assert any(line.endswith(f"{other} -") for line in listed)
    assert len((await cache("ls", "--bucket", "--limit", "1", data=tmp_path, bucket=bucket)).output.splitlines()) == 1
    assert (await cache("show", LOGO, data=tmp_path, bucket=bucket)).output.count(" in disk and s3\n") == 2

    whole = await cache("verify", "--bucket", data=tmp_path, bucket=bucket)
    assert (whole.exit_code, whole.output.endswith(f"read from bucket {bucket.bucket}; 0 damaged\n")) == (0, True)
    raw = S3Store(
        bucket.bucket,
        prefix=bucket.prefix,
        endpoint=bucket.endpoint,
        access_key_id="testing",
        secret_access_key="testing",
        client_options={"allow_http": True},
    )
    await raw.put_async(f"{other.sha256[:2]}/{other}", b"x" * 5005)
    await raw.put_async(f"{use.prepared.sha256[:2]}/{use.prepared}", b"short")
    await raw.put_async("notes.txt", b"somebody's own")
    found = await cache("verify", "--bucket", "--quarantine", data=tmp_path, bucket=bucket)
    assert found.exit_code == 1
    assert {f"damaged: {other}", f"damaged: {use.prepared}"} <= set(found.output.splitlines())
    assert "2 damaged and removed" in found.output
    assert (await cache("verify", "--bucket", data=tmp_path, bucket=bucket)).exit_code == 0

    evicted = await cache("evict", LOGO, data=tmp_path, bucket=bucket)
    assert f"removed 2 blobs from bucket {bucket.bucket}, where they were there" in evicted.output
    assert re.search(r"s3 +0 blobs", (await cache("stats", data=tmp_path, bucket=bucket)).output)


async def test_no_bucket_and_one_that_is_away(bucket: S3Config, tmp_path: Path) -> None:
    """Without one, and where it does not answer, the commands say so; its secret is in none of what they say."""
    none = await cache("ls", "--bucket", data=tmp_path, bucket=None)
    assert (none.exit_code, "PRESSRUN_CACHE_S3_BUCKET" in none.stderr) == (2, True)
    assert (await cache("verify", "--bucket", data=tmp_path, bucket=None)).exit_code == 2
    missing = S3Config(
        "never-made",
        endpoint=bucket.endpoint,
        access_key_id=bucket.access_key_id,
        secret_access_key=bucket.secret_access_key,
    )
    away = S3Config("any", endpoint="http://127.0.0.1:9", access_key_id="a", secret_access_key=bucket.secret_access_key)
    for wrong in (missing, away):
        told = await cache("stats", data=tmp_path, bucket=wrong)
        assert told.exit_code == 1, told.output
        assert f"Error: bucket {wrong.bucket}: " in told.stderr
        assert "testing" not in told.stderr
        assert "Traceback" not in told.stderr
