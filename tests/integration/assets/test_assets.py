from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.unit.assets.fakes import Pick
from tests.unit.prepare.pictures import KINDS, jpeg, placed, png, raw_png, rgb

from pressrun_loadtest.sandbox import Sandbox
from pressrun_server.assets.config import AssetConfig
from pressrun_server.assets.resolver import AssetResolver
from pressrun_server.cas.config import DiskConfig, StoreConfig
from pressrun_server.cas.store import open_store
from pressrun_server.cas.tier import Tier
from pressrun_server.clock import SystemClock
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.asset import AssetUse
from pressrun_server.model.template import RenditionSpec
from pressrun_server.prepare.pool import PreparerPool
from pressrun_server.prepare.raster import check_pdf
from pressrun_server.prepare.tasks import IMAGE
from pressrun_sources.build import build_registry
from pressrun_sources.config import from_env
from pressrun_sources.registry import Registry

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
MAPPING = """
fields:
  approval: {field: ACME.FIELD.APPROVAL, approved: [APPROVED], pending: [PENDING], rejected: [NOT_APPROVED]}
"""
LOGO = "core-dam:7f20c1d4a9b84e5f93d2a6b1c8e0f4d7a1b2c3d4"
BANNER = "cloudinary:statement/banner-premier"


class Resolving:
    """A resolver with its store, over real processes and files."""

    def __init__(self, resolver: AssetResolver, store: Tier, pool: PreparerPool) -> None:
        self.resolver = resolver
        self.store = store
        self.pool = pool

    async def use(self, *picks: Pick) -> list[AssetUse]:
        """The uses of a document."""
        warm = self.resolver.resolve_warm(picks, as_of=AS_OF, channel="print")
        if warm is not None:
            return warm[0]
        return (await self.resolver.resolve(picks, as_of=AS_OF, channel="print"))[0]

    async def failure(self, ref: str) -> PressrunError:
        """Why an asset cannot be had."""
        with pytest.raises(PressrunError) as caught:
            await self.use(Pick(ref))
        return caught.value


Start = Callable[..., AbstractAsyncContextManager[Resolving]]


@pytest.fixture
async def pool() -> AsyncIterator[PreparerPool]:
    """One real preparer process."""
    pool = PreparerPool(1)
    await pool.start()
    yield pool
    await pool.close()


@pytest.fixture
def start(tmp_path: Path, pool: PreparerPool) -> Start:
    """Starts resolvers over one data folder, as a node does again and again."""

    @contextlib.asynccontextmanager
    async def resolving(registry: Registry, **settings: float) -> AsyncIterator[Resolving]:
        store = await open_store(StoreConfig(64 * 1024 * 1024, DiskConfig(tmp_path / "data" / "cas")))
        resolver = AssetResolver(
            registry=registry,
            store=store,
            preparers=pool,
            config=AssetConfig(ledger_path=tmp_path / "data" / "ledger", **settings),  # type: ignore[arg-type]
            clock=SystemClock(),
        )
        await resolver.start()
        try:
            yield Resolving(resolver, store, pool)
        finally:
            await resolver.close()
            await store.close()

    return resolving


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the source `library`."""
    folder = tmp_path / "library"
    folder.mkdir()
    return folder


@pytest.fixture
async def library(folder: Path) -> AsyncIterator[Registry]:
    """The source `library` alone."""
    config = from_env({"PRESSRUN_LIBRARY_PATH": str(folder)})
    registry = build_registry(config)
    yield registry
    await registry.close_all()


def put(folder: Path, name: str, data: bytes) -> str:
    """An approved file; gives its ref."""
    (folder / name).write_bytes(data)
    (folder / f"{name}.yaml").write_text("approval: approved\n")
    return f"library:{name}"


async def test_every_kind_of_image(start: Start, library: Registry, folder: Path) -> None:
    """Files of every kind come out of a preparer process as objects that stand in a sound PDF."""
    async with start(library) as node:
        refs = [put(folder, f"{number}.{kind.split()[0]}", data) for number, (kind, data) in enumerate(KINDS.items())]
        uses = await node.use(*(Pick(ref, f"slot{number}") for number, ref in enumerate(refs)))
        for use in uses:
            blob = await node.store.get(use.prepared)
            assert blob is not None
            facts = check_pdf(placed(IMAGE.decode(blob)))
            assert (facts["is_repaired"], facts["warnings"], facts["images"]) == (False, [], 1)
        assert {use.found_in for use in uses} == {"source"}


async def test_bad_files_harm_nobody(start: Start, library: Registry, folder: Path) -> None:
    """What is no image, is damaged, or is a bomb, has a clear error; the preparer and the next image are unharmed."""
    bad = {
        "page.png": (b"<!doctype html><title>Sign in</title>", Reason.ASSET_INVALID, "the file is HTML, not an image"),
        "cut.png": (png(rgb(300, 300))[:900], Reason.ASSET_INVALID, "cut off"),
        "cut.jpg": (jpeg(rgb(300, 300))[:900], Reason.ASSET_INVALID, "cut off"),
        "bomb.png": (raw_png(50_000, 50_000, 1, 0, bytes(1000)), Reason.ASSET_TOO_LARGE, "50000 x 50000 pixels"),
        "lie.png": (raw_png(8000, 8000, 8, 6, bytes(50_000_000)), Reason.ASSET_INVALID, "cut off"),
        "empty.png": (b"", Reason.ASSET_INVALID, "empty"),
        "drawing.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", Reason.ASSET_INVALID, "<script>"),
    }
    async with start(library) as node:
        for name, (data, reason, words) in bad.items():
            error = await node.failure(put(folder, name, data))
            assert error.reason is reason, name
            assert words in error.message
            assert f"library:{name}" in error.message
        (use,) = await node.use(Pick(put(folder, "good.png", png(rgb()))))
        assert use.found_in == "source"
        assert node.pool.stats().crashed == 0


async def test_warm_after_a_restart(start: Start, library: Registry, folder: Path) -> None:
    """A node that starts over its old data folder has its assets without its source and without a preparer."""
    ref = put(folder, "logo.png", KINDS["png rgba"])
    async with start(library) as node:
        (cold,) = await node.use(Pick(ref))
        assert (await node.use(Pick(ref)))[0].found_in == "memory"
    (folder / "logo.png").unlink()
    tasks = node.pool.stats().tasks
    async with start(library) as node:
        (again,) = await node.use(Pick(ref))
        assert (again.found_in, again.prepared) == ("disk", cold.prepared)
        assert node.pool.stats().tasks == tasks


async def test_two_nodes_on_one_machine(start: Start, library: Registry, folder: Path) -> None:
    """A second node over the same data folder finds what the first prepared, and both say the same digests."""
    refs = [put(folder, f"{number}.png", png(rgb(20 + number, 20))) for number in range(5)]
    picks = [Pick(ref, f"slot{number}") for number, ref in enumerate(refs)]
    async with start(library) as one, start(library) as two:
        first = await one.use(*picks)
        tasks = one.pool.stats().tasks
        second = await two.use(*picks)
        assert [use.prepared for use in first] == [use.prepared for use in second]
        assert {use.found_in for use in second} == {"disk"}
        assert two.pool.stats().tasks == tasks


async def _kill_at_work(pool: PreparerPool) -> None:
    """Kill the preparer that works on something, when one does."""
    while not (busy := [preparer.pid for preparer in pool.stats().preparers if preparer.busy]):
        await asyncio.sleep(0.002)
    os.kill(busy[0], signal.SIGKILL)
    while busy[0] in [preparer.pid for preparer in pool.stats().preparers]:
        await asyncio.sleep(0.002)


async def test_a_preparer_that_dies_once_costs_nothing(start: Start, folder: Path, library: Registry) -> None:
    """A preparer that is killed over one image is replaced, and another one prepares it."""
    async with start(library) as node:
        task = asyncio.create_task(node.use(Pick(put(folder, "large.png", png(rgb(3000, 2000))))))
        await _kill_at_work(node.pool)
        (use,) = await task
        assert use.found_in == "source"


async def test_an_asset_that_costs_two_preparers_is_refused(start: Start, folder: Path, library: Registry) -> None:
    """The second preparer that dies over it is the last: the document fails with a reason, and the next one is served."""
    async with start(library) as node:
        task = asyncio.create_task(node.failure(put(folder, "large.png", png(rgb(3000, 2000)))))
        await _kill_at_work(node.pool)
        await _kill_at_work(node.pool)
        error = await task
        assert error.reason is Reason.ASSET_INVALID
        assert "died over it" in error.message
        (use,) = await node.use(Pick(put(folder, "small.png", png(rgb()))))
        assert use.found_in == "source"


async def test_assets_of_the_statement(start: Start, tmp_path: Path) -> None:
    """The logo from Core DAM and the banner from Cloudinary, in the rendition for print, are fetched once and prepared."""
    mapping = tmp_path / "core-dam.yaml"
    mapping.write_text(MAPPING)
    async with Sandbox() as sandbox:
        environ = {
            **sandbox.settings.environment(),
            "PRESSRUN_SOURCES_ALLOW_LOOPBACK": "true",
            "PRESSRUN_CORE_DAM_MAPPING_FILE": str(mapping),
        }
        registry = build_registry(from_env(environ))
        picks = (
            Pick(LOGO),
            Pick(BANNER, "banner", RenditionSpec(width=600, fit="limit", format="jpg", quality=80)),
        )
        async with start(registry) as node:
            found = await asyncio.gather(*(node.use(*picks) for _ in range(20)))
            assert len({tuple(use.prepared for use in uses) for uses in found}) == 1
            logo, banner = found[0]
            assert banner.descriptor.media_type == "image/jpeg"
            assert banner.descriptor.width <= 600
            assert banner.descriptor.rendition == "w=600,fit=limit,f=jpg,q=80"
            assert {logo.descriptor.approval, banner.descriptor.approval} == {"approved"}
            assert node.pool.stats().tasks == 2
            error = await node.failure("cloudinary:statement/no-such-banner")
            assert error.reason is Reason.ASSET_NOT_FOUND
        await registry.close_all()
