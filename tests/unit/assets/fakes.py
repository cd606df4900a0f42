"""A clock that is moved, a source that is scripted, preparers without processes: what the resolver stands on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from tests.unit.prepare.pictures import png, rgb

from pressrun_server.assets.cluster import Cluster
from pressrun_server.assets.config import AssetConfig
from pressrun_server.assets.resolver import AssetResolver
from pressrun_server.cas.memory import MemoryTier
from pressrun_server.cas.tier import Tier
from pressrun_server.errors import PressrunError
from pressrun_server.model.choice import Choice
from pressrun_server.model.prepared import PdfObject, PreparedImage, PreparedPicture
from pressrun_server.model.template import RenditionSpec, Requirement
from pressrun_server.prepare.errors import PreparerCrashedError, PreparerTimeoutError
from pressrun_server.prepare.media import inspect_image
from pressrun_server.prepare.tasks import RENDITION
from pressrun_sources.errors import NotFoundError
from pressrun_sources.model import Approval, AssetDescription, AssetQuery, AssetRef, Rendition
from pressrun_sources.registry import Registry

__all__ = ["AS_OF", "LOGO", "LOGO_BYTES", "FakeClock", "FakePreparers", "FakeSource", "Node", "Pick"]

AS_OF = datetime(2026, 11, 1, 12, tzinfo=UTC)
LOGO = "library:brand/logo.png"
LOGO_BYTES = png(rgb())
ORIGINAL = RenditionSpec()
STRICT = Requirement()


class FakeClock:
    """Shows the time that a test sets."""

    def __init__(self) -> None:
        self.time = AS_OF

    def now(self) -> datetime:
        """The moment."""
        return self.time

    def monotonic(self) -> float:
        """The same in seconds."""
        return self.time.timestamp()

    def pass_by(self, seconds: float) -> None:
        """Let time go by."""
        self.time += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Body:
    """Bytes as a source gives them."""

    data: bytes
    chunk: int = 10_000
    media_type: str = "image/whatever"
    etag: str | None = None

    @property
    def size(self) -> int | None:
        """Not announced."""
        return None

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes in pieces."""
        for at in range(0, len(self.data), self.chunk):
            await asyncio.sleep(0)
            yield self.data[at : at + self.chunk]


class FakeSource:
    """Holds assets by id; can be made to fail, to be slow, and counts what is asked of it."""

    def __init__(self, name: str = "library") -> None:
        self.name = name
        self.assets: dict[str, tuple[AssetDescription, bytes]] = {}
        self.failure: Exception | None = None
        self.failure_on_open: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.described = 0
        self.opened = 0
        self.open_now = 0
        self.renditions: list[Rendition] = []

    def put(self, identifier: str, data: bytes, version: str = "1", **changes: object) -> None:
        """Hold an asset."""
        description = AssetDescription(
            ref=AssetRef(self.name, identifier),
            asset_id=f"id-{identifier}",
            version=version,
            etag=None,
            media_type=None,
            size=len(data),
            width=None,
            height=None,
            approval=Approval.APPROVED,
            rights_from=None,
            rights_until=None,
            territories=(),
            locale=None,
            deleted=False,
            name=identifier,
        )
        self.assets[identifier] = (replace(description, **changes), data)  # type: ignore[arg-type]

    async def select(self, query: AssetQuery) -> AssetRef:
        """Not used by the resolver."""
        raise NotImplementedError

    async def describe(self, ref: AssetRef) -> AssetDescription:
        """What is held, or the scripted failure."""
        self.described += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        if ref.id not in self.assets:
            raise NotFoundError(self.name, ref, f"{self.name} has no asset {ref.id!r}")
        return self.assets[ref.id][0]

    @asynccontextmanager
    async def open(self, description: AssetDescription, rendition: Rendition) -> AsyncGenerator[Body, None]:
        """The bytes."""
        self.opened += 1
        self.renditions.append(rendition)
        if self.failure_on_open is not None:
            raise self.failure_on_open
        self.open_now += 1
        try:
            yield Body(self.assets[description.ref.id][1])
        finally:
            self.open_now -= 1

    async def check(self) -> None:
        """Always reachable."""

    async def close(self) -> None:
        """Nothing to close."""


class FakePreparers:
    """Makes a prepared image of the header alone; counts, and can be made to fail."""

    def __init__(self) -> None:
        self.calls = 0
        self.failure: PressrunError | None = None
        self.answer: bytes | None = None

    async def run(
        self,
        task: str,
        payload: bytes,
        *,
        timeout: float,  # noqa: ASYNC109 - as the pool has it
        lost: Callable[[PressrunError], None] | None = None,
    ) -> bytes:
        """Do the task `image`, or `rendition` and `picture` without making them."""
        if task in {"rendition", "picture"}:
            payload = RENDITION.decode(payload).data
        else:
            assert task == "image"
        assert timeout > 0
        self.calls += 1
        await asyncio.sleep(0)
        if self.failure is not None:
            if lost is not None and isinstance(self.failure, PreparerTimeoutError | PreparerCrashedError):
                lost(self.failure)
            raise self.failure
        if self.answer is not None:
            return self.answer
        header = inspect_image(payload)
        if task == "picture":
            return msgspec.msgpack.encode(PreparedPicture(header.media_type, payload, header.width, header.height))
        image = PreparedImage(header.width, header.height, 72, 72, (PdfObject((b"<<>>",), payload),))
        return msgspec.msgpack.encode(image)


@dataclass(frozen=True)
class Pick:
    """What a slot's rules chose."""

    ref: str = LOGO
    slot: str = "logo"
    rendition: RenditionSpec = ORIGINAL
    require: Requirement = STRICT
    otherwise: str = "fail"
    territory: str = ""
    choices: tuple[Choice, ...] = ()


@dataclass
class Node:
    """A resolver and what it stands on."""

    config: AssetConfig = field(default_factory=AssetConfig)
    clock: FakeClock = field(default_factory=FakeClock)
    source: FakeSource = field(default_factory=FakeSource)
    preparers: FakePreparers = field(default_factory=FakePreparers)
    store: Tier = field(default_factory=lambda: MemoryTier(64 * 1024 * 1024))
    cluster: Cluster | None = None
    resolver: AssetResolver = field(init=False)

    def __post_init__(self) -> None:
        self.source.put("brand/logo.png", LOGO_BYTES)
        self.restart()

    def restart(self, ledger: Path | None = None) -> None:
        """A new resolver over the same store and source."""
        if ledger is not None:
            self.config = replace(self.config, ledger_path=ledger)
        self.resolver = AssetResolver(
            registry=Registry({self.source.name: self.source}),
            store=self.store,
            preparers=self.preparers,
            config=self.config,
            clock=self.clock,
            chance=lambda: 0.0,
            cluster=self.cluster,
        )
