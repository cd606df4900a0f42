"""The commands `cache stats|ls|show|verify|evict`, which look into a node's data folder, its Redis and its bucket."""

from __future__ import annotations

import asyncio
import functools
import math
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from pressrun_server.cli.cache_bucket import delete_blobs, held_blobs, list_blobs, tell_stats, verify_blobs
from pressrun_server.cli.tier_table import age, print_tiers, size

if TYPE_CHECKING:
    from pressrun_server.app.cache_folder import CacheFolder
    from pressrun_server.cas.address import RedisAddress
    from pressrun_server.cas.config import S3Config
    from pressrun_server.cas.redis_tier import RedisTier
    from pressrun_server.cas.tier import TierStats
    from pressrun_server.model.digest import Digest

__all__ = ["evict", "ls", "show", "stats", "verify"]

_DAY = 86_400.0
_FOUND = 1


def _folder_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options that say which folder and which Redis.

    Gives the command a `folder`, an `address` and a `bucket`, which is that of PRESSRUN_CACHE_S3_*, as a node has it;
    None where there is none.
    """

    @functools.wraps(command)
    def wrapper(*, data_dir: str | None, cache_redis: str | None, **kwargs: Any) -> None:
        # Imported here: the help needs none of it.
        from pressrun_server.app.cache_folder import CacheFolder  # noqa: PLC0415 - as said
        from pressrun_server.app.config import bucket_of, default_data_dir  # noqa: PLC0415 - as said
        from pressrun_server.app.environment import NodeEnvironment  # noqa: PLC0415 - as said

        given = {"PRESSRUN_DATA_DIR": data_dir, "PRESSRUN_CACHE_REDIS": cache_redis}
        variables = {**os.environ, **{name: value for name, value in given.items() if value}}
        env = NodeEnvironment(variables)
        place, address = env.folder("PRESSRUN_DATA_DIR", default_data_dir(variables)), env.redis("PRESSRUN_CACHE_REDIS")
        bucket = bucket_of(env)
        if env.faults:
            raise click.UsageError("; ".join(env.faults))
        if not place.is_dir():
            raise click.UsageError(f"{place} is no folder; give the node's data folder by --data-dir")
        try:
            command(folder=CacheFolder(place, _skipped), address=address, bucket=bucket, **kwargs)
        except OSError as error:
            raise click.ClickException(f"{error.filename or place}: {error.strerror or error}") from error

    for option in (
        click.option("--cache-redis", metavar="URL", help="The cluster's cache Redis; PRESSRUN_CACHE_REDIS, or none."),
        click.option("--data-dir", metavar="FOLDER", help="The node's data folder; PRESSRUN_DATA_DIR, or the default."),
    ):
        wrapper = option(wrapper)
    return wrapper


@click.command(
    epilog="\b\nExample:\n  pressrun cache stats\n  pressrun cache stats --metrics http://127.0.0.1:9470/metrics"
)
@click.option("--metrics", metavar="URL", help="Ask a running node for all its tiers and its hits instead.")
@_folder_options
def stats(*, metrics: str | None, folder: CacheFolder, address: RedisAddress | None, bucket: S3Config | None) -> None:
    """Say how much the cache holds, and how it does."""
    if metrics is not None:
        print_tiers(metrics)
        return
    found = folder.stats()
    click.echo(f"{folder.data_dir}")
    idle = "" if found.idle is None else f", the oldest unused for {age(found.idle)}"
    click.echo(f"  disk        {found.blobs:,} blobs, {size(found.space)}{idle}")
    click.echo(f"  quarantine  {found.quarantined} damaged blobs, {size(found.quarantined_bytes)}")
    click.echo(f"  unfinished  {found.unfinished} files")
    click.echo(
        f"  known       {found.assets:,} renditions of assets, {found.prepared:,} prepared, {found.templates} templates"
    )
    if address is not None:
        shared = _with_redis(address, _stats_of)
        limit = f" of {size(shared.limit)}" if shared.limit else ", no maxmemory"
        click.echo(f"{address}")
        click.echo(f"  redis       {shared.entries:,} keys, {size(shared.size)}{limit}, {shared.evictions:,} evicted")
    if bucket is not None:
        tell_stats(bucket)


@click.command(epilog="\b\nExample:\n  pressrun cache ls --limit 20")
@click.option("--limit", type=click.IntRange(min=1), help="The most to list; all where it is not given.")
@click.option("--bucket", "from_bucket", is_flag=True, help="Those in the bucket, by digest, with the time of writing.")
@_folder_options
def ls(
    *,
    limit: int | None,
    from_bucket: bool,
    folder: CacheFolder,
    address: RedisAddress | None,  # noqa: ARG001 - shared options
    bucket: S3Config | None,
) -> None:
    """List the blobs on disk, used last first: time of use, bytes, digest, and what they are for."""
    if from_bucket:
        list_blobs(_needed(bucket), limit, folder.purpose)
        return
    for blob in folder.blobs()[:limit]:
        used = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(blob.used))
        click.echo(f"{used} {blob.digest.size:>12,} {blob.digest} {blob.purpose or '-'}")


@click.command(epilog="\b\nExample:\n  pressrun cache show cloudinary:statement/banner-premier")
@click.argument("ref")
@_folder_options
def show(*, ref: str, folder: CacheFolder, address: RedisAddress | None, bucket: S3Config | None) -> None:
    """Say what is known of the asset REF, and which tiers hold its blobs; exit with 1 where nothing is known.

    What a running node knows says `pressrun asset describe`.
    """
    entries = folder.entries(ref)
    if not entries:
        click.echo(
            f"{ref}: nothing is known here; a ref is written as in the template, e.g. library:logo.png", err=True
        )
        raise click.exceptions.Exit(_FOUND)
    digests = [
        digest for entry in entries for digest in (entry.descriptor.digest, entry.prepared) if digest is not None
    ]
    shared = (
        frozenset(digests) - _with_redis(address, lambda tier: tier.find_missing(digests)) if address else frozenset()
    )
    stored = held_blobs(bucket, digests) if bucket is not None else frozenset()
    for entry in entries:
        about = entry.descriptor
        pixels = f", {about.width} x {about.height}" if about.width else ""
        click.echo(f"{about.ref} ({about.rendition or 'original'})")
        click.echo(f"  version       {about.version or '-'}, {about.media_type or '-'}{pixels}")
        click.echo(f"  approval      {about.approval or '-'}")
        click.echo(f"  rights until  {about.rights_until or '-'}")
        click.echo(f"  asked         {about.fetched_at}, fresh until {about.fresh_until}")
        for what, digest in (("bytes", about.digest), ("prepared", entry.prepared)):
            if digest is not None and digest.sha256:
                tiers = (("disk", folder.holds(digest)), ("redis", digest in shared), ("s3", digest in stored))
                places = [name for name, held in tiers if held]
                click.echo(f"  {what:<13} {digest} in {' and '.join(places) or 'no tier'}")


@click.command(epilog="\b\nExample:\n  pressrun cache verify --quarantine")
@click.option("--quarantine", is_flag=True, help="Take damaged blobs out of use, so that nodes fetch them again.")
@click.option("--bucket", "in_bucket", is_flag=True, help="Those in the bucket instead; all of it is read.")
@_folder_options
def verify(
    *,
    quarantine: bool,
    in_bucket: bool,
    folder: CacheFolder,
    address: RedisAddress | None,  # noqa: ARG001 - shared options
    bucket: S3Config | None,
) -> None:
    """Read and hash all blobs on disk; exit with 1 where one is damaged.

    Nodes check each blob that they read from disk, Redis or bucket themselves, so a damaged one is never used.
    """
    if in_bucket:
        if not verify_blobs(_needed(bucket), remove=quarantine):
            raise click.exceptions.Exit(_FOUND)
        return
    read: list[Digest] = []
    damaged: list[Digest] = []
    for digest in folder.damaged(read.append):
        damaged.append(digest)
        click.echo(f"damaged: {digest}")
    if quarantine:
        folder.quarantine(damaged)
    done = " and taken out of use" if quarantine and damaged else ""
    click.echo(f"{len(read):,} blobs, {size(sum(digest.size for digest in read))} read; {len(damaged)} damaged{done}")
    if damaged:
        raise click.exceptions.Exit(_FOUND)


def _finite(_context: click.Context, _parameter: click.Parameter, days: float | None) -> float | None:
    """Not a number compares with nothing, so that a range lets it pass."""
    if days is not None and not math.isfinite(days):
        raise click.BadParameter(f"{days} is no number of days; say for example 30")
    return days


@click.command(epilog="\b\nExample:\n  pressrun cache evict library:logo.png\n  pressrun cache evict --unused-days 30")
@click.argument("what", nargs=-1, metavar="[REF|DIGEST]...")
@click.option(
    "--unused-days", type=click.FloatRange(min=0), callback=_finite, help="Blobs that nobody used for so many days."
)
@click.option("--all", "everything", is_flag=True, help="All blobs on disk.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@_folder_options
def evict(
    *,
    what: tuple[str, ...],
    unused_days: float | None,
    everything: bool,
    dry_run: bool,
    folder: CacheFolder,
    address: RedisAddress | None,
    bucket: S3Config | None,
) -> None:
    """Remove blobs from disk, and from Redis and the bucket those that are named.

    A node that needs one fetches or makes it again. A running node may still have it in memory.
    """
    if not what and unused_days is None and not everything:
        raise click.UsageError("say what to remove: a REF or a DIGEST, --unused-days N, or --all")
    named = _named(what, folder)
    before = time.time() - (unused_days or 0.0) * _DAY
    old = [blob.digest for blob in folder.blobs() if everything or (unused_days is not None and blob.used < before)]
    chosen = list(dict.fromkeys((*named, *old)))
    held = [digest for digest in chosen if folder.holds(digest)]
    much = size(sum(digest.size for digest in held))
    if dry_run:
        click.echo(f"would remove {len(held):,} blobs, {much}, from disk")
        elsewhere = [*([str(address)] if address is not None else []), *([f"bucket {bucket.bucket}"] if bucket else [])]
        for place in elsewhere if named else ():
            click.echo(f"would remove {len(named)} blobs from {place}, where they are there")
        return
    click.echo(f"removed {folder.evict(held):,} blobs, {much}, from disk")
    if address is not None and named:
        _with_redis(address, lambda tier: _delete(tier, named))
        click.echo(f"removed {len(named)} blobs from {address}, where they were there")
    if bucket is not None and named:
        delete_blobs(bucket, named)


def _needed(bucket: S3Config | None) -> S3Config:
    """The bucket.

    Raises:
        click.UsageError: there is none.
    """
    if bucket is None:
        raise click.UsageError("no bucket is set up; name the nodes' by PRESSRUN_CACHE_S3_BUCKET and its neighbours")
    return bucket


def _named(what: tuple[str, ...], folder: CacheFolder) -> list[Digest]:
    """The blobs of refs and digests.

    Raises:
        click.UsageError: nothing is known of one.
    """
    from pressrun_server.model.digest import Digest  # noqa: PLC0415 - as above

    found: list[Digest] = []
    for text in what:
        try:
            found.append(Digest.parse(text))
        except ValueError:
            entries = folder.entries(text)
            if not entries:
                raise click.UsageError(
                    f"{text} is neither a digest nor a ref of which something is known here"
                ) from None
            for entry in entries:
                found += [entry.descriptor.digest, *([] if entry.prepared is None else [entry.prepared])]
    return [digest for digest in found if digest.sha256]


def _with_redis(address: RedisAddress, ask: Callable[[RedisTier], Any]) -> Any:
    """What the Redis tier answers.

    Raises:
        click.ClickException: it does not, or not to all.
    """
    from pressrun_server.cas.config import RedisConfig  # noqa: PLC0415 - as above
    from pressrun_server.cas.redis_link import RedisLink  # noqa: PLC0415 - as above
    from pressrun_server.cas.redis_tier import RedisTier  # noqa: PLC0415 - as above

    async def run() -> Any:
        link = RedisLink(RedisConfig(address, timeout_seconds=2.0))
        tier = RedisTier(link)
        try:
            await tier.start()
            found = await ask(tier)
            if link.errors:  # a tier answers then as if it held nothing, which is no answer here
                raise click.ClickException(f"{address} does not answer, or refuses; see the line above")
            return found
        finally:
            await tier.close()
            await link.close()

    return asyncio.run(run())


async def _stats_of(tier: RedisTier) -> TierStats:
    return tier.stats()[0]


async def _delete(tier: RedisTier, digests: list[Digest]) -> None:
    for digest in digests:
        await tier.delete(digest)


def _skipped(name: str, fault: str) -> None:
    click.echo(f"note: {name}: {fault}", err=True)
