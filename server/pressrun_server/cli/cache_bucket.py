"""What the commands `cache …` do with the bucket that outlives the nodes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click

from pressrun_server.cli.tier_table import size

if TYPE_CHECKING:
    from pressrun_server.cas.bucket import Bucket
    from pressrun_server.cas.config import S3Config
    from pressrun_server.model.digest import Digest

__all__ = ["delete_blobs", "held_blobs", "list_blobs", "tell_stats", "verify_blobs"]

T = TypeVar("T")


def with_bucket(config: S3Config, ask: Callable[[Bucket], Awaitable[T]]) -> T:
    """What the bucket answers.

    Raises:
        click.ClickException: it does not.
    """
    # Imported here: the help needs none of it.
    from pressrun_server.cas.bucket import Bucket, BucketError  # noqa: PLC0415 - as said
    from pressrun_server.errors import PressrunError  # noqa: PLC0415 - as said

    async def run() -> T:
        bucket = Bucket(config)
        try:
            return await ask(bucket)
        finally:
            await bucket.close()

    try:
        return asyncio.run(run())
    except (BucketError, PressrunError) as error:
        raise click.ClickException(str(error)) from error


def tell_stats(config: S3Config) -> None:
    """Count what is in it, by listing it."""

    async def count(bucket: Bucket) -> tuple[int, int]:
        blobs = held = 0
        async for stored in bucket.blobs():
            blobs += 1
            held += stored.size
        return blobs, held

    blobs, held = with_bucket(config, count)
    click.echo(f"bucket {config.bucket}")
    click.echo(f"  s3          {blobs:,} blobs, {size(held)}")


def list_blobs(config: S3Config, limit: int | None, purposes: Callable[[Digest], str]) -> None:
    """List what is in it, in the order of the digests."""

    async def tell(bucket: Bucket) -> None:
        count = 0
        async for stored in bucket.blobs():
            if count == limit:
                return
            count += 1
            written = stored.written.strftime("%Y-%m-%d %H:%M:%S")
            click.echo(f"{written} {stored.size:>12,} {stored.digest} {purposes(stored.digest) or '-'}")

    with_bucket(config, tell)


def held_blobs(config: S3Config, digests: list[Digest]) -> frozenset[Digest]:
    """Those of the blobs that are in it."""

    async def ask(bucket: Bucket) -> frozenset[Digest]:
        return frozenset([digest for digest in digests if await bucket.held(digest)])

    return with_bucket(config, ask)


def verify_blobs(config: S3Config, *, remove: bool) -> bool:
    """Read and hash everything in it; whether all is sound."""

    async def ask(bucket: Bucket) -> bool:
        read = damaged = total = 0
        async for stored in bucket.blobs():
            read += 1
            total += stored.size
            if not await bucket.is_sound(stored):
                damaged += 1
                click.echo(f"damaged: {stored.digest}")
                if remove:
                    await bucket.delete(stored.digest)
        done = " and removed" if remove and damaged else ""
        click.echo(f"{read:,} blobs, {size(total)} read from bucket {config.bucket}; {damaged} damaged{done}")
        return not damaged

    return with_bucket(config, ask)


def delete_blobs(config: S3Config, digests: list[Digest]) -> None:
    """Remove blobs from it, where they are there."""

    async def ask(bucket: Bucket) -> None:
        for digest in digests:
            await bucket.delete(digest)

    with_bucket(config, ask)
    click.echo(f"removed {len(digests)} blobs from bucket {config.bucket}, where they were there")
