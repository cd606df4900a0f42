"""The composition root: everything that a node consists of is built here, in the order in which it depends."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from importlib import metadata

import structlog
from prometheus_client import ProcessCollector

from pressrun_server.app.blobs import BlobLoader
from pressrun_server.app.config import ONE_REDIS, ConfigError, NodeConfig
from pressrun_server.app.fellows import Fellows
from pressrun_server.app.kin_link import News
from pressrun_server.app.lead import Lead
from pressrun_server.app.snapshots import snapshot_of
from pressrun_server.app.traces import open_tracing
from pressrun_server.assets.cluster import Cluster
from pressrun_server.assets.cluster_flight import ClusterFlight
from pressrun_server.assets.feed import ChangeFeed
from pressrun_server.assets.licence import Counting, SharedCounts
from pressrun_server.assets.resolver import AssetResolver
from pressrun_server.assets.rota import Rota
from pressrun_server.assets.shared_pauses import SharedPauses
from pressrun_server.cas.config import RedisConfig
from pressrun_server.cas.locks import FileLocks, Locks, RedisLocks
from pressrun_server.cas.redis_client import same_server
from pressrun_server.cas.redis_link import RedisLink
from pressrun_server.cas.shared_map import SharedMap
from pressrun_server.cas.store import open_store
from pressrun_server.cas.tier import Tier
from pressrun_server.clock import Clock, SystemClock
from pressrun_server.errors import PressrunError
from pressrun_server.http.hooks import Hooks
from pressrun_server.http.server import HttpServer
from pressrun_server.metrics.bulk import BulkMeter
from pressrun_server.metrics.catalogue import Catalogue
from pressrun_server.metrics.gathering import Gathered, Shown, show
from pressrun_server.metrics.labels import DocumentMeters
from pressrun_server.metrics.lateness import watch_lateness
from pressrun_server.metrics.observers import SourceMeter, TierMeter
from pressrun_server.metrics.snapshot import SnapshotCollector
from pressrun_server.prepare.pool import PreparerPool
from pressrun_server.render.admission import Admission
from pressrun_server.render.compile import Compiler
from pressrun_server.render.compiled import SharedCompilations
from pressrun_server.render.composers import ComposerPool
from pressrun_server.render.contents import ContentDesk
from pressrun_server.render.editions import Editions
from pressrun_server.render.engine import engine
from pressrun_server.render.explaining import Explainer
from pressrun_server.render.pictures import Pictures
from pressrun_server.render.pipeline import Pipeline
from pressrun_server.render.prefetch import AssetDesk
from pressrun_server.render.print_run import PrintRuns
from pressrun_server.render.reading import RecordReader
from pressrun_server.render.registry import Published, Registry
from pressrun_server.render.rehearsal import Rehearsal
from pressrun_server.render.sharing.claims import TemplateClaims
from pressrun_server.render.sharing.rotation import RotatingShelf, RotatingTemplates
from pressrun_server.render.sharing.shelf import SharedShelf
from pressrun_server.render.sharing.template_exchange import TemplateExchange
from pressrun_server.render.sharing.template_list import SharedTemplates, TemplateList
from pressrun_server.render.template_files import Entry, TemplateFiles
from pressrun_server.render.verification import Verifier
from pressrun_server.render.warming import Warming
from pressrun_server.rpc.asset_service import AssetService
from pressrun_server.rpc.render_service import RenderService
from pressrun_server.rpc.server import RpcServer
from pressrun_server.rpc.template_service import TemplateService
from pressrun_server.tracing.span import Tracing
from pressrun_sources.build import build_registry
from pressrun_sources.changes.polling import Poller, always
from pressrun_sources.changes.receiver import HookReceiver
from pressrun_sources.pushed.folder import FolderPeers
from pressrun_sources.pushed.peers import Peers
from pressrun_sources.pushed.shelf import Shelf
from pressrun_sources.pushed.source import NAME, PushedSource
from pressrun_sources.registry import Registry as SourceRegistry

__all__ = ["Node"]

log = structlog.get_logger("pressrun.node")

_WATCH_SECONDS = 1.0
_COUNT_SECONDS = 0.25
"""For a round trip of counts and turns, for which documents may wait."""
_CONTENT_SECONDS = 2.0
"""For a round trip with pushed content, which may be 16 MiB."""
_STOP_GRACE = 1.0
"""What is left when the documents are done: answers on their way out, watchers of health."""


_WARMED_AT_START = 8
"""Stored templates; each asks its sources for some assets, and a cluster may start many nodes at once."""


class Node:
    """One render node; `start`, then `drain` and `stop`, or `stop` at once.

    Guarantee: after `stop`, or a `start` that raised, no process, port or task of it is left.

    Args:
        config: all settings.
        clock: the time.
        kin: the leading front, where this is a further one; its settings are for that front then.
    """

    def __init__(self, config: NodeConfig, *, clock: Clock | None = None, kin: Lead | None = None) -> None:
        self._whole = config
        self.config = config.of_front(config.front) if kin is None else config
        self._fronts = config.fronts
        self._kin: Lead | Fellows | None = kin
        self._fellows: Fellows | None = None
        self._registry: Registry | None = None
        self._meters: DocumentMeters | None = None
        self._warming: Warming | None = None
        self.engine = engine()
        self.metrics = Catalogue()
        self._clock = clock or SystemClock()
        self._stack = AsyncExitStack()
        self._admission = Admission(config.admission, self._clock)
        self.store: Tier | None = None
        """The content-addressed store, once the node has begun to start."""
        self._composers: ComposerPool | None = None
        self._resolver: AssetResolver | None = None
        self._sources: SourceRegistry | None = None
        self._drain_began: float | None = None
        self._pipeline: Pipeline | None = None
        self._rpc: RpcServer | None = None
        self._http: HttpServer | None = None
        self._serving = False

    @property
    def address(self) -> str:
        """Where gRPC is served, once started."""
        return _address(self.config.rpc.listen, self._rpc.port if self._rpc else 0)

    @property
    def http_address(self) -> str:
        """Where metrics and probes are served, once started."""
        return _address(self.config.http.listen, self._http.port if self._http else 0)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where gRPC is served by each of its fronts, once started."""
        return (self.address, *(self._fellows.addresses if self._fellows is not None else ()))

    @property
    def engine_digest(self) -> str:
        """The engine's digest."""
        return self.engine.digest

    def unready(self) -> str:
        """Why no front of the node is ready; an empty text where one is."""
        problem = self.problem()
        if not problem or self._fellows is None or not self._serving or self._admission.closed:
            return problem
        others = self._fellows.problems()
        if not all(others.values()):
            return ""
        return "; ".join([problem, *(f"front {number}: {why}" for number, why in others.items())])

    def problem(self) -> str:
        """Why this front is not ready; an empty text where it is."""
        if self._admission.closed:
            return "draining"
        if not self._serving:
            return "starting"
        composers = self._composers
        if composers is not None and not composers.alive and composers.foreign:
            return (
                f"no composer process is left of engine {self.engine.digest[:12]}: the installed code changed to "
                f"engine {composers.foreign[:12]} under this node; restart it"
            )
        if composers is None or not composers.alive:
            return "no composer process is alive"
        return ""

    async def start(self) -> None:
        """Build and start everything.

        Raises:
            ConfigError: the Redis of blobs and that of events are one server.
            ListenError, HttpListenError: an address can't be had.
            PressrunError: a helper process does not start.
            OSError: the data folder can't be made or written.
        """
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise

    async def _start(self) -> None:
        config, metrics, digest = self.config, self.metrics, self.engine.digest
        push = self._stack.push_async_callback
        config.data_dir.mkdir(parents=True, exist_ok=True)
        tracing = self._tracing()

        link = await self._link()
        made = self._names(link, "made")
        store = await open_store(config.store, TierMeter(metrics), redis=link)
        push(store.close)
        self.store = store
        flight = self._flight(link, store)
        registry = self._registry = Registry(TemplateFiles(config.data_dir / "templates"), digest)
        stale = await registry.load(_report)

        # Processes come before any gRPC object, whose threads a child must not inherit.
        preparers, composers, reader = await self._launch(store, registry)
        self._measure(
            registry,
            SnapshotCollector(
                lambda: snapshot_of(
                    composers,
                    (preparers, reader),
                    store,
                    self._resolver,
                    {} if self._sources is None else self._sources.vitals(),
                )
            ),
        )

        # From here on probes are answered, "starting" at first: compiling stored templates again may take a while.
        if not config.front:
            self._http = HttpServer(config.http, metrics, self.unready)
            if self._fellows is not None:
                self._http.gather = self._gather
            push(self._http.stop)
            await self._http.start()

        pushed = await self._pushed()
        sources = self._connect(pushed)
        push(sources.close_all)
        resolver = AssetResolver(
            registry=sources,
            store=store,
            preparers=preparers,
            config=config.assets,
            clock=self._clock,
            cluster=Cluster(
                engine=digest,
                made=made,
                names=self._names(link, "assets"),
                flight=flight,
                feed=_feed(config, sources.names(), self._clock),
                kin=self._kin,
            ),
            counts=self._counts(),
        )
        push(resolver.close)
        await resolver.start()
        self._resolver = resolver
        if self._http is not None:
            self._listen(self._http, sources, resolver)

        templates = self._templates()
        compiler = self._compiler(preparers, registry, SharedCompilations(store, made, digest, flight), templates)
        await _recompile(compiler, stale)
        meters = self._meters = _meters(metrics, registry)
        editions = Editions(
            registry=registry,
            preparers=preparers,
            store=store,
            engine=digest,
            config=config.compile,
            metrics=metrics,
            names=made,
            cluster_flight=flight,
        )
        push(editions.close)
        desk, self._warming = self._desks(registry, resolver, composers, editions)
        pipeline = self._pipeline = Pipeline(
            admission=self._admission,
            registry=registry,
            resolver=resolver,
            composers=composers,
            engine=digest,
            clock=self._clock,
            config=config.pipeline,
            meters=meters,
            editions=editions,
            reader=reader,
            warming=self._warming,
            pictures=Pictures(preparers, config.pipeline.pictures),
            tracing=tracing,
        )
        if templates is not None:
            await self._share(templates, registry, compiler)
        bulk = BulkMeter(metrics)
        self._rpc = RpcServer(
            config.rpc,
            metrics,
            render=RenderService(
                pipeline,
                config.rpc,
                config.pipeline,
                Verifier(pipeline, preparers, digest),
                Explainer(pipeline, resolver),
                self._runs(pipeline, composers, BlobLoader(store, registry), meters, bulk),
                bulk,
            ),
            templates=TemplateService(compiler, registry, self._published),
            assets=AssetService(desk, registry, ContentDesk(pushed, resolver, self._clock)),
        )
        push(self._rpc.stop, _STOP_GRACE)
        await self._rpc.start()
        if self._fellows is not None:
            await self._fellows.serve()
        self._serving = True
        self._warm(_newest(registry))
        push(_ended, asyncio.create_task(self._watch(self._rpc), name="node-health"))
        push(_ended, asyncio.create_task(watch_lateness(metrics.front_late_seconds), name="lateness"))
        self._rpc.serve()

    def _kindred(self) -> Fellows | None:
        """The further fronts, where this one leads any."""
        if self._fronts == 1 or self._kin is not None:
            return None
        # Shares are of the whole, which is what `of_front` was asked of.
        configs = [self._whole.of_front(number) for number in range(1, self._fronts)]
        fellows = self._kin = Fellows(configs, self.engine.digest, self.hear)
        self._stack.push_async_callback(fellows.close)
        return fellows

    async def hear(self, news: News) -> None:
        """Know what another front of this node has found out."""
        if news.templates and self._registry is not None:
            self._learned(await self._registry.refresh(_report))
        if news.assets and self._resolver is not None:
            await self._resolver.hear(news.assets)

    def _learned(self, templates: Sequence[Published]) -> None:
        """Templates are new here."""
        if self._meters is not None:
            self._meters.admit(published.info.name for published in templates)
        self._warm(templates)

    def _warm(self, templates: Iterable[Published]) -> None:
        """Have the first documents of these find what they need."""
        if self._warming is not None:
            for published in templates:
                self._warming.published(published)

    def shown(self) -> list[Shown]:
        """What this front's registry holds at this moment."""
        return show(self.metrics.registry)

    async def _gather(self) -> Gathered:
        """The metrics of all fronts."""
        assert self._fellows is not None
        others = await self._fellows.scrape()
        return Gathered({0: self.shown(), **others})

    async def _published(self, published: Published) -> None:
        """A template was published; its caller hears so when all fronts have it."""
        self._learned((published,))
        if self._kin is not None:
            await self._kin.published()

    async def _launch(self, store: Tier, registry: Registry) -> tuple[PreparerPool, ComposerPool, RecordReader]:
        """Start all processes, further fronts included."""
        config, push = self.config, self._stack.push_async_callback
        preparers = PreparerPool(config.preparers, config=config.preparer)
        push(preparers.close)
        composers = self._composers = ComposerPool(
            config.composers, blob=BlobLoader(store, registry), engine=self.engine.digest, config=config.composer
        )
        push(composers.close)
        reader = RecordReader(config.reading)
        push(reader.close)
        fellows = self._fellows = self._kindred()
        further = () if fellows is None else (fellows.start(),)
        await asyncio.gather(preparers.start(), reader.start(), composers.start(), *further)
        return preparers, composers, reader

    def _connect(self, pushed: PushedSource) -> SourceRegistry:
        """The configured sources; their counts are there from the start."""
        meter = SourceMeter(self.metrics)
        sources = build_registry(self.config.sources, meter, more=(pushed,), pauses=self._pauses())
        for name in sources.vitals():
            meter.expect(name)
        self._sources = sources
        return sources

    def _tracing(self) -> Tracing:
        """What traces documents; built first, so that it is closed last, when no document can add a span any more."""
        tracing, sending = open_tracing(self.config.traces, self.metrics)
        if sending is not None:
            self._stack.push_async_callback(sending.close)
        return tracing

    def _runs(
        self, pipeline: Pipeline, composers: ComposerPool, blobs: BlobLoader, meters: DocumentMeters, bulk: BulkMeter
    ) -> PrintRuns:
        return PrintRuns(
            pipeline,
            composers,
            blobs,
            admission=self._admission,
            clock=self._clock,
            meters=meters,
            bulk=bulk,
            engine=self.engine.digest,
            config=self.config.pipeline.runs,
            profiles=self.config.pipeline.profiles,
        )

    def _names(self, link: RedisLink | None, space: str) -> SharedMap | None:
        store = self.config.store
        if link is None:
            return None
        return SharedMap(link, store.cluster_key, space, tenant=store.tenant, previous=store.previous_key)

    def _flight(self, link: RedisLink | None, store: Tier) -> ClusterFlight:
        flight = ClusterFlight(_locks(self.config, link), store.settle)
        self._stack.push_async_callback(flight.close)
        return flight

    def _desks(
        self, registry: Registry, resolver: AssetResolver, composers: ComposerPool, editions: Editions
    ) -> tuple[AssetDesk, Warming]:
        """What answers for assets beside documents, and what warms them and has composers rehearse with them."""
        rehearsal = Rehearsal(
            bundle=registry.blob,
            resolver=resolver,
            editions=editions,
            stage=composers,
            count=self.config.composers,
            engine=self.engine.digest,
            clock=self._clock,
        )
        # A quarter of what one source is asked at once: documents come first.
        desk = AssetDesk(resolver, self._clock, concurrency=2)
        warming = Warming(desk, self._clock, rehearsal.rehearse if self.config.rehearse else None)
        self._stack.push_async_callback(warming.close)
        return AssetDesk(resolver, self._clock), warming

    async def _link(self) -> RedisLink | None:
        """The way to the cluster's cache Redis, where one is set."""
        cache, events = self.config.store.redis, self.config.assets.events
        if not self.config.store.cluster_key and (cache is not None or events is not None):
            log.warning(
                "no_cluster_key",
                hint="set PRESSRUN_CLUSTER_KEY: whoever can write to Redis can change assets and templates",
            )
        if cache is None:
            return None
        if events is not None and await same_server(cache.address, events):
            raise ConfigError((f"PRESSRUN_EVENTS_REDIS: {ONE_REDIS}",))
        link = RedisLink(cache)
        self._stack.push_async_callback(link.close)
        return link

    def _listen(self, http: HttpServer, sources: SourceRegistry, resolver: AssetResolver) -> None:
        """Hear of changed assets: by webhooks, and by asking where a system sends none."""
        config, metrics = self.config.sources, self.metrics
        poller = Poller(
            sources.changing(),
            config.poll,
            resolver.changed,
            lambda name, result: metrics.polls.labels(name, result).inc(),
            turn=self._turn(),
        )
        self._stack.push_async_callback(poller.close)
        poller.start()
        for name in sources.changing():
            metrics.polls.labels(name, "ok")
        for name in filter(config.hooks.covers, sources.vitals()):
            metrics.hooks.labels(name, "taken")
        receiver = HookReceiver(config.hooks, sources.names())
        http.hooks = Hooks(receiver, resolver.changed, lambda name, result: metrics.hooks.labels(name, result).inc())

    async def _pushed(self) -> PushedSource:
        """What was pushed to this node before, and to the others of its cluster."""
        shelf = Shelf(self.config.data_dir / "pushed")
        source = PushedSource(shelf, peers=self._peers(shelf))
        for fault in await source.start():
            log.error("content_skipped", fault=fault)
        return source

    def _compiler(
        self,
        preparers: PreparerPool,
        registry: Registry,
        shared: SharedCompilations,
        templates: TemplateList | None,
    ) -> Compiler:
        assert self.store is not None
        return Compiler(
            preparers=preparers,
            registry=registry,
            store=self.store,
            engine=self.engine.digest,
            clock=self._clock,
            config=self.config.compile,
            metrics=self.metrics,
            shared=shared,
            claims=None if templates is None else TemplateClaims(templates),
        )

    def _templates(self) -> TemplateList | None:
        """The list of templates that this node shares with the others of its cluster."""
        store, link = self.config.store, self._events_link(_CONTENT_SECONDS)
        if link is None:
            return None
        current = SharedTemplates(link, store.cluster_key, tenant=store.tenant)
        if not store.previous_key:
            return current
        return RotatingTemplates(current, SharedTemplates(link, store.previous_key, tenant=store.tenant))

    async def _share(
        self,
        templates: TemplateList,
        registry: Registry,
        compiler: Compiler,
    ) -> None:
        """Have what is published at other nodes, from now on."""
        exchange = TemplateExchange(templates, registry, compiler, self._published)
        self._stack.push_async_callback(exchange.close)
        self.metrics.templates_pending.set_function(lambda: exchange.pending)
        await exchange.start()
        registry.elsewhere = exchange.fetch

    def _peers(self, shelf: Shelf) -> Peers | None:
        """What pushed content is shared with: the cluster, or the other fronts of this node."""
        store, link = self.config.store, self._events_link(_CONTENT_SECONDS)
        if link is None:
            return FolderPeers(shelf) if self._fronts > 1 else None
        current = SharedShelf(link, store.cluster_key, tenant=store.tenant)
        if not store.previous_key:
            return current
        return RotatingShelf(current, SharedShelf(link, store.previous_key, tenant=store.tenant))

    def _events_link(self, seconds: float = _COUNT_SECONDS) -> RedisLink | None:
        """A way to the Redis of events, where one is set; it is hung up at the end."""
        events = self.config.assets.events
        if events is None:
            return None
        link = RedisLink(RedisConfig(events, lasting=True, timeout_seconds=seconds))
        self._stack.push_async_callback(link.close)
        return link

    def _pauses(self) -> SharedPauses | None:
        """The rate limits that all nodes keep; None: each its own."""
        link = self._events_link()
        return None if link is None else SharedPauses(link)

    def _counts(self) -> Counting | None:
        """What counts uses for the cluster; None: the node counts for itself."""
        link = self._events_link()
        return None if link is None else SharedCounts(link)

    def _turn(self) -> Callable[[str], Awaitable[bool]]:
        """Which node asks a source what has changed."""
        link = self._events_link()
        return always if link is None else Rota(link, self.config.sources.poll.seconds)

    async def drain(self) -> bool:
        """Take no new documents and finish those that were admitted; says whether all were finished in time."""
        if self._rpc is None:
            return True
        others = None if self._fellows is None else asyncio.ensure_future(self._fellows.drain())
        try:
            mine = await self._drain(self._rpc)
            return (others is None or await others) and mine
        finally:
            if others is not None:
                others.cancel()

    async def _drain(self, rpc: RpcServer) -> bool:
        """Drain this front."""
        log.info("draining", documents=self._admission.active + self._admission.waiting)
        self._drain_began = self._clock.monotonic()
        self.metrics.draining.set(1)
        self._admission.close()
        rpc.drain()
        try:
            async with asyncio.timeout(self.config.drain_seconds):
                await self._admission.idle()
                await rpc.idle()
        except TimeoutError:
            left = self._admission.active + self._admission.waiting
            log.warning("drain_overdue", documents=left, seconds=self.config.drain_seconds)
            return False
        return True

    async def stop(self) -> None:
        """Stop everything, in the reverse order; may be called again."""
        self._admission.close()
        await self._stack.aclose()

    def _measure(self, registry: Registry, collector: SnapshotCollector) -> None:
        metrics = self.metrics
        ProcessCollector(registry=metrics.registry)
        metrics.registry.register(collector)
        metrics.in_flight.set_function(lambda: self._admission.active)
        metrics.queue_length.set_function(lambda: self._admission.waiting)
        metrics.admitted_bytes.set_function(lambda: self._admission.admitted_bytes)
        metrics.ready.set_function(lambda: not self.problem())
        metrics.slots.set(self.config.admission.slots)
        metrics.queue_limit.set(self.config.admission.queue)
        metrics.admitted_bytes_limit.set(self.config.admission.queue_bytes)
        metrics.drain_limit.set(self.config.drain_seconds)
        metrics.drain_seconds.set_function(self._drained)
        metrics.templates.set_function(lambda: len(registry))
        version = sys.version_info
        metrics.build.info(
            {
                "version": metadata.version("pressrun"),
                "engine": self.engine.digest,
                "python": f"{version.major}.{version.minor}.{version.micro}",
                "pymupdf": self.engine.parts["pymupdf"],
            }
        )

    def _drained(self) -> float:
        """Seconds since the drain began; 0 before."""
        return 0.0 if self._drain_began is None else self._clock.monotonic() - self._drain_began

    async def _watch(self, rpc: RpcServer) -> None:
        """Health follows readiness: a node whose composers all died is taken out of balancing until one is back."""
        said = ""
        while not self._admission.closed:
            await asyncio.sleep(_WATCH_SECONDS)
            problem = self.problem()
            if problem != said and not self._admission.closed:
                said = problem
                if problem:
                    log.warning("not_ready", problem=problem)
                else:
                    log.info("ready_again")
                rpc.serve(serving=not problem)


def _meters(metrics: Catalogue, registry: Registry) -> DocumentMeters:
    """What counts documents, by the templates that are known."""
    meters = DocumentMeters(metrics)
    meters.admit(published.info.name for published in registry)
    return meters


def _newest(registry: Registry) -> list[Published]:
    """The stored templates that are warmed when a node starts: those that its next documents most likely want."""
    return sorted(registry, key=lambda published: published.entry.published_at)[-_WARMED_AT_START:]


async def _recompile(compiler: Compiler, stale: Iterable[Entry]) -> None:
    """Compile stored templates for this engine; one that can't be is left out."""
    for entry in stale:
        try:
            await compiler.again(entry)
        except PressrunError as error:
            _report(f"{entry.info.name}@{entry.info.version}", error.message)


def _locks(config: NodeConfig, link: RedisLink | None) -> list[Locks]:
    """Those of the processes that share this node's data folder, and those of its cluster."""
    found: list[Locks] = [FileLocks(config.data_dir / "assets" / "locks")]
    if link is not None:
        key = config.store.cluster_key + b"\n" + config.store.tenant.encode()
        found.append(RedisLocks(link, key, lease_seconds=config.assets.claim_seconds))
    return found


def _feed(config: NodeConfig, sources: tuple[str, ...], clock: Clock) -> ChangeFeed | None:
    """What tells the nodes of a cluster of changes; None: this node is told by webhooks of its own only."""
    events = config.assets.events
    if events is None:
        if config.store.redis is not None:
            log.warning(
                "no_events_redis", hint="set PRESSRUN_EVENTS_REDIS: a webhook reaches only the node that takes it"
            )
        return None
    heard = frozenset(filter(config.sources.hooks.covers, sources)) | {NAME}
    return ChangeFeed(events, clock, heard, tenant=config.store.tenant)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _report(name: str, fault: str) -> None:
    """A stored template can't be used; the node starts without it."""
    log.error("template_skipped", file=name, fault=fault)


def _address(listen: str, port: int) -> str:
    return f"{listen.rpartition(':')[0]}:{port}"
