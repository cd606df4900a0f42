"""All settings of a node, read and checked together before anything is built."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from pressrun_server.app.environment import NodeEnvironment
from pressrun_server.app.loops import ASYNCIO, AUTO, CHOICES, UVLOOP, has_uvloop
from pressrun_server.app.traces import TraceConfig, traces_of
from pressrun_server.assets.config import AssetConfig
from pressrun_server.cas.address import RedisAddress
from pressrun_server.cas.config import ClusterKey, DiskConfig, RedisConfig, S3Config, Secret, StoreConfig
from pressrun_server.http.config import HttpConfig
from pressrun_server.logs import LogConfig
from pressrun_server.prepare.config import PreparerConfig
from pressrun_server.render.admission import AdmissionConfig
from pressrun_server.render.composer_config import ComposerConfig
from pressrun_server.render.config import CompileConfig, PipelineConfig, ReadingConfig
from pressrun_server.render.profiles import OutputProfiles, ProfileError, read_profiles
from pressrun_server.rpc.config import RpcConfig
from pressrun_sources.config import PREFIXES, SourcesConfig
from pressrun_sources.config import from_env as sources_from_env
from pressrun_sources.errors import MisconfiguredError

__all__ = ["ONE_REDIS", "ConfigError", "NodeConfig", "bucket_of", "default_data_dir"]

_FOREIGN = (
    *PREFIXES,
    "PRESSRUN_TARGET",
    "PRESSRUN_CLIENT_",
    "PRESSRUN_GATEWAY_",
    "PRESSRUN_SANDBOX_",
    "PRESSRUN_LOADTEST_",
)
_SHORTEST_KEY = 16
_HIGHEST_PORT = 65535
_DISK_SHARE = 7 / 8
"""Eviction frees the disk tier down to this share of its limit."""


ONE_REDIS: Final = (
    "names the server of PRESSRUN_CACHE_REDIS; a Redis that evicts blobs would evict events and leases, whatever the "
    "database, and an invalidation would be lost: give it a server of its own with maxmemory-policy noeviction"
)


class ConfigError(Exception):
    """The settings have faults; the message has a line for each of them and never a secret's value."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        lines = "\n".join(f"  {fault}" for fault in faults)
        super().__init__(f"the configuration has {len(faults)} fault{'s' if len(faults) > 1 else ''}:\n{lines}")
        self.faults = faults


def default_data_dir(environ: Mapping[str, str]) -> Path:
    """Where a node keeps its cache and its templates unless it is told."""
    base = environ.get("XDG_CACHE_HOME", "")
    # The XDG specification: a path that is not absolute is to be ignored.
    root = Path(base) if base.startswith("/") else Path(environ.get("HOME", "/tmp")) / ".cache"  # noqa: S108 - no home
    return root / "pressrun"


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """Everything that can be set, by part."""

    data_dir: Path
    """The folder of the disk cache and of the published templates."""
    fronts: int = 1
    """Front processes, each on a port of its own: that of `rpc.listen` and the next ones. One keeps about three
    composers busy."""
    front: int = 0
    """Which of them this is; 0 leads, and has the HTTP port."""
    composers: int = 1
    """Composer processes, of all fronts together; by default one for each processor that is no front's."""
    preparers: int = 2
    """Preparer processes, which decode images and compile templates; of several, one is kept free for images."""
    event_loop: str = ASYNCIO
    """What a front runs on: uvloop, unless it is not installed or asyncio was asked for."""
    drain_seconds: float = 30.0
    """How long admitted documents may take to finish when the node stops."""
    rpc: RpcConfig = field(default_factory=RpcConfig)
    """The gRPC surface."""
    http: HttpConfig = field(default_factory=HttpConfig)
    """Metrics and probes."""
    admission: AdmissionConfig = field(default_factory=AdmissionConfig)
    """How many documents are taken on."""
    pipeline: PipelineConfig = field(default_factory=PipelineConfig)
    """Limits of a document."""
    compile: CompileConfig = field(default_factory=CompileConfig)
    """Limits of a bundle."""
    rehearse: bool = True
    """Whether composers make a template's samples before its first documents."""
    reading: ReadingConfig = field(default_factory=ReadingConfig)
    """How records are read."""
    composer: ComposerConfig = field(default_factory=ComposerConfig)
    """How composers are fed and watched."""
    preparer: PreparerConfig = field(default_factory=PreparerConfig)
    """What preparers may use."""
    store: StoreConfig = field(default_factory=StoreConfig)
    """The content-addressed store."""
    assets: AssetConfig = field(default_factory=AssetConfig)
    """How long answers of sources are believed."""
    sources: SourcesConfig = field(default_factory=SourcesConfig)
    """Where assets come from."""
    log: LogConfig = field(default_factory=LogConfig)
    """How the node logs."""
    traces: TraceConfig = field(default_factory=TraceConfig)
    """Where spans of documents go."""
    notes: tuple[str, ...] = ()
    """Variables that look like settings and are none."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str], overrides: Mapping[str, str] | None = None) -> NodeConfig:
        """Read the settings.

        Args:
            environ: the environment.
            overrides: variables by name that win over the environment, e.g. from command-line options.

        Raises:
            ConfigError: something is wrong; all faults of all parts are in it.
        """
        variables = {**environ, **(overrides or {})}
        env = NodeEnvironment(variables)
        data_dir = env.folder("PRESSRUN_DATA_DIR", default_data_dir(variables))
        rpc, http, admission, pipeline = RpcConfig(), HttpConfig(), AdmissionConfig(), PipelineConfig()
        composer, compiling, store, assets = ComposerConfig(), CompileConfig(), StoreConfig(), AssetConfig()
        disk = env.size("PRESSRUN_CACHE_DISK", DiskConfig(data_dir).hard_bytes)
        fronts = env.integer("PRESSRUN_FRONTS", 1, 1, 64)
        composers = env.integer("PRESSRUN_COMPOSERS", max(fronts, len(os.sched_getaffinity(0)) - fronts), 1, 256)
        if composers < fronts:
            env.fault("PRESSRUN_FRONTS", f"is {fronts}, with {composers} composers; each front needs one at least")
        message = env.size("PRESSRUN_MAX_MESSAGE_BYTES", rpc.max_receive_bytes)
        drain = env.seconds("PRESSRUN_DRAIN_SECONDS", 30.0)
        longest = env.seconds("PRESSRUN_MAX_TIME_LIMIT", pipeline.max_time_limit, 86400.0)
        cache_redis, events_redis = env.redis("PRESSRUN_CACHE_REDIS"), env.redis("PRESSRUN_EVENTS_REDIS")
        if one_server(cache_redis, events_redis):
            env.fault("PRESSRUN_EVENTS_REDIS", ONE_REDIS)
        cluster_key, previous_key = keys_of(env)
        try:
            sources = sources_from_env(variables)
        except MisconfiguredError as error:
            sources = SourcesConfig()
            for line in str(error.message).splitlines()[1:] or [str(error.message)]:
                name, _, what = line.strip().partition(": ")
                env.fault(name, what)
        config = cls(
            data_dir=data_dir,
            fronts=fronts,
            composers=composers,
            preparers=env.integer("PRESSRUN_PREPARERS", 2, 1, 64),
            event_loop=event_loop_of(env),
            drain_seconds=drain,
            rehearse=env.flag("PRESSRUN_REHEARSE", default=True),
            rpc=RpcConfig(
                listen=env.address("PRESSRUN_LISTEN", rpc.listen),
                max_receive_bytes=message,
                max_send_bytes=message,
                drain_seconds=drain,
                stream_documents=env.integer("PRESSRUN_STREAM_DOCUMENTS", rpc.stream_documents, 1, 10_000),
                max_rpcs=env.integer("PRESSRUN_MAX_RPCS", rpc.max_rpcs, 1, 1_000_000),
                reflection=env.flag("PRESSRUN_REFLECTION", default=rpc.reflection),
                channelz=env.flag("PRESSRUN_CHANNELZ", default=rpc.channelz),
                keepalive_seconds=env.seconds("PRESSRUN_KEEPALIVE_SECONDS", rpc.keepalive_seconds),
                max_connection_age_seconds=env.seconds(
                    "PRESSRUN_MAX_CONNECTION_AGE_SECONDS", rpc.max_connection_age_seconds, 86400.0
                ),
                max_connection_age_grace_seconds=env.seconds(
                    "PRESSRUN_MAX_CONNECTION_AGE_GRACE_SECONDS", rpc.max_connection_age_grace_seconds, 86400.0
                ),
            ),
            http=HttpConfig(listen=env.address("PRESSRUN_HTTP_LISTEN", http.listen)),
            admission=AdmissionConfig(
                slots=env.integer("PRESSRUN_SLOTS", admission.slots, 1, 100_000),
                queue=env.integer("PRESSRUN_QUEUE", admission.queue, 0, 1_000_000),
                queue_bytes=env.size("PRESSRUN_QUEUE_BYTES", admission.queue_bytes),
            ),
            pipeline=PipelineConfig(
                time_limit=env.seconds("PRESSRUN_TIME_LIMIT", min(pipeline.time_limit, longest), longest),
                max_time_limit=longest,
                max_record_bytes=env.size("PRESSRUN_MAX_RECORD_BYTES", pipeline.max_record_bytes),
                profiles=profiles_of(env),
            ),
            compile=CompileConfig(
                max_files=env.integer("PRESSRUN_MAX_BUNDLE_FILES", compiling.max_files, 1, 100_000),
                max_bytes=env.size("PRESSRUN_MAX_BUNDLE_BYTES", compiling.max_bytes),
                time_limit=env.seconds("PRESSRUN_COMPILE_SECONDS", compiling.time_limit),
            ),
            composer=ComposerConfig(
                held_bytes=env.size("PRESSRUN_COMPOSER_CACHE", composer.held_bytes),
                max_rss=env.size("PRESSRUN_COMPOSER_MAX_MEMORY", composer.max_rss),
            ),
            store=StoreConfig(
                memory_bytes=env.size("PRESSRUN_CACHE_MEMORY", store.memory_bytes),
                disk=DiskConfig(data_dir / "blobs", hard_bytes=disk, soft_bytes=max(1, int(disk * _DISK_SHARE))),
                redis=None if cache_redis is None else RedisConfig(cache_redis),
                s3=bucket_of(env),
                cluster_key=cluster_key,
                previous_key=previous_key,
                tenant=env.text("PRESSRUN_CLUSTER_TENANT"),
            ),
            assets=AssetConfig(
                fresh_seconds=env.seconds("PRESSRUN_ASSET_FRESH_SECONDS", assets.fresh_seconds, 86400.0),
                stale_if_error_seconds=env.seconds(
                    "PRESSRUN_ASSET_STALE_IF_ERROR_SECONDS", assets.stale_if_error_seconds, 86400.0
                ),
                not_found_seconds=env.seconds("PRESSRUN_ASSET_NOT_FOUND_SECONDS", assets.not_found_seconds, 3600.0),
                lease_seconds=env.seconds("PRESSRUN_ASSET_LEASE_SECONDS", assets.lease_seconds, 3600.0),
                resolve_seconds=env.seconds("PRESSRUN_ASSET_RESOLVE_SECONDS", assets.resolve_seconds),
                max_bytes=min(assets.max_bytes, sources.transport.max_bytes),
                ledger_path=data_dir / "assets",
                events=events_redis,
            ),
            sources=sources,
            log=LogConfig(
                format=env.choice("PRESSRUN_LOG_FORMAT", ("json", "console"), "console"),
                level=env.choice("PRESSRUN_LOG_LEVEL", ("debug", "info", "warning", "error"), "info"),
            ),
            traces=traces_of(env),
            notes=env.unknown("PRESSRUN_", _FOREIGN),
        )
        if int(config.rpc.listen.rpartition(":")[2]) + fronts - 1 > _HIGHEST_PORT:
            env.fault("PRESSRUN_LISTEN", f"leaves no room for {fronts} fronts on ports one after the other")
        if env.faults:
            raise ConfigError(env.faults)
        return config

    def of_front(self, number: int) -> NodeConfig:
        """The settings of one front: its port, and its share of what the node has.

        Args:
            number: which, from 0.
        """
        if self.fronts == 1:
            return self
        host, _, port = self.rpc.listen.rpartition(":")
        admission = self.admission
        return replace(
            self,
            front=number,
            composers=_part(self.composers, self.fronts, number),
            preparers=max(1, _part(self.preparers, self.fronts, number)),
            rpc=replace(self.rpc, listen=f"{host}:{int(port) + number if int(port) else 0}"),
            admission=replace(
                admission,
                slots=max(1, _part(admission.slots, self.fronts, number)),
                queue=_part(admission.queue, self.fronts, number),
                queue_bytes=max(1, admission.queue_bytes // self.fronts),
            ),
            store=replace(self.store, memory_bytes=max(1, self.store.memory_bytes // self.fronts)),
        )

    def redacted(self) -> dict[str, str]:
        """Every setting as text by its dotted name, for printing; secrets only as set or not set."""
        flat: dict[str, str] = {}
        for part in fields(self):
            value = getattr(self, part.name)
            if part.name == "sources":
                flat |= {f"sources.{name}": text for name, text in self.sources.redacted().items()}
            elif is_dataclass(value):
                flat |= _flat(part.name, value)
            elif part.name != "notes":
                flat[part.name] = str(value)
        return flat


def _part(whole: int, parts: int, number: int) -> int:
    """One of so many parts that are as equal as can be; the first ones are the larger ones."""
    return whole // parts + (number < whole % parts)


def event_loop_of(env: NodeEnvironment) -> str:
    """The event loop, by name."""
    name = "PRESSRUN_EVENT_LOOP"
    choice = env.choice(name, CHOICES, AUTO)
    if choice == AUTO:
        return UVLOOP if has_uvloop() else ASYNCIO
    if choice == UVLOOP and not has_uvloop():
        env.fault(name, "needs a package that is not installed: pip install uvloop; or leave it out")
    return choice


def profiles_of(env: NodeEnvironment) -> OutputProfiles:
    """The profiles of printing conditions, where a folder is named."""
    name = "PRESSRUN_OUTPUT_PROFILES"
    if not env.text(name):
        return OutputProfiles()
    try:
        return read_profiles(env.folder(name, Path()))
    except (ProfileError, OSError) as error:
        env.fault(name, str(error))
        return OutputProfiles()


def bucket_of(env: NodeEnvironment) -> S3Config | None:
    """The bucket tier, where one is named."""
    bucket = env.text("PRESSRUN_CACHE_S3_BUCKET")
    default = S3Config(bucket)
    endpoint = env.text("PRESSRUN_CACHE_S3_ENDPOINT")
    key, secret = env.text("PRESSRUN_CACHE_S3_ACCESS_KEY_ID"), env.secret("PRESSRUN_CACHE_S3_SECRET_ACCESS_KEY")
    region = env.text("PRESSRUN_CACHE_S3_REGION", default.region)
    prefix = env.text("PRESSRUN_CACHE_S3_PREFIX", default.prefix)
    if endpoint and not endpoint.startswith(("https://", "http://")):
        env.fault("PRESSRUN_CACHE_S3_ENDPOINT", "is not a URL such as https://minio.example:9000")
    if bool(key) != bool(secret):
        env.fault(
            "PRESSRUN_CACHE_S3_ACCESS_KEY_ID", "comes with PRESSRUN_CACHE_S3_SECRET_ACCESS_KEY: set both, or neither"
        )
    if not bucket:
        return None
    if find_spec("obstore") is None:
        env.fault("PRESSRUN_CACHE_S3_BUCKET", "needs a package that is not installed: pip install 'pressrun[s3]'")
    return S3Config(bucket, prefix, region, endpoint, key, Secret(secret))


def keys_of(env: NodeEnvironment) -> tuple[ClusterKey, ClusterKey]:
    """The cluster's key, and the one before it while it is changed."""
    names = "PRESSRUN_CLUSTER_KEY", "PRESSRUN_CLUSTER_KEY_PREVIOUS"
    key, previous = (ClusterKey(env.secret(name).encode()) for name in names)
    for name, value in zip(names, (key, previous), strict=True):
        if value and len(value) < _SHORTEST_KEY:
            env.fault(name, f"is shorter than {_SHORTEST_KEY} bytes; make one by: openssl rand -hex 32")
    if previous and not key:
        env.fault(names[1], f"comes with {names[0]}, the new key")
    elif previous and previous == key:
        env.fault(names[1], f"is the key of {names[0]}; set it to the old one, or leave it out")
    return key, previous


def one_server(cache: RedisAddress | None, events: RedisAddress | None) -> bool:
    """Whether both are set and name one server."""
    return cache is not None and events is not None and cache.server == events.server


def _flat(place: str, value: object) -> dict[str, str]:
    flat: dict[str, str] = {}
    assert is_dataclass(value)
    for part in fields(value):
        inner = getattr(value, part.name)
        name = f"{place}.{part.name}"
        if is_dataclass(inner) and not isinstance(inner, type):
            flat |= _flat(name, inner)
        elif isinstance(inner, tuple):
            flat[name] = " ".join(map(str, inner))
        else:
            flat[name] = repr(inner) if isinstance(inner, Secret) else str(inner)
    return flat
