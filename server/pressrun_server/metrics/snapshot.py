"""Metrics that are read from their owners at each scrape: helper processes, cache tiers and what is known of assets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

__all__ = ["Assets", "CacheTier", "Composers", "Feed", "Preparers", "Snapshot", "SnapshotCollector", "SourceState"]


@dataclass(frozen=True, slots=True)
class Composers:
    """The composer processes, now and since the start."""

    active: Sequence[int]
    """Documents held, by process."""
    resident: Sequence[int]
    """Resident bytes, by process."""
    waiting: int
    documents: int
    rehearsed: int
    cpu_seconds: float
    replaced: int
    lost: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class Preparers:
    """The preparer processes, now and since the start."""

    busy: int
    resident: Sequence[int]
    """Resident bytes, by process."""
    waiting: int
    tasks: int
    cpu_seconds: float
    replaced: int
    crashed: int
    timed_out: int


@dataclass(frozen=True, slots=True)
class CacheTier:
    """One tier, now and since the start."""

    name: str
    entries: int
    size: int
    limit: int
    evictions: int
    refused: int
    errors: int
    corrupt: int
    dropped: int
    waiting: int
    idle_seconds: float | None
    available: bool


@dataclass(frozen=True, slots=True)
class Assets:
    """What is known of assets, now and since the start."""

    entries: int
    evictions: int
    in_flight: int
    joined: int
    """Waits for what another document of this node had asked for; each saved the source a request."""
    waits: int
    """Waits for another process that was asking."""
    shared: int
    """Renditions that another process had brought; each saved the source a request."""
    refreshed: int
    lenient: int
    doubts: int
    feed: Feed | None


@dataclass(frozen=True, slots=True)
class Feed:
    """How the feed of changes does, now and since the start."""

    connected: bool
    told: int
    heard: int
    waiting: int


@dataclass(frozen=True, slots=True)
class SourceState:
    """The way to one outside system, now."""

    name: str
    breaker_open: bool
    paused_seconds: float
    remaining: int | None
    """Requests that the system still allows; None where it does not say."""
    limit: int | None
    certificate_ends: float | None
    """In seconds since 1970; None where none was seen."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A node at one moment."""

    composers: Composers
    preparers: Preparers
    tiers: Sequence[CacheTier]
    assets: Assets | None = None
    """None while the node starts."""
    sources: Sequence[SourceState] = ()


class SnapshotCollector(Collector):
    """Asks for a snapshot at each scrape and gives its metrics.

    Args:
        take: gives the snapshot; quick, and None while the node starts.
    """

    def __init__(self, take: Callable[[], Snapshot | None]) -> None:
        self._take = take

    def describe(self) -> Iterable[Metric]:
        """Nothing, so that registering asks for no snapshot."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """The metrics of this moment."""
        snapshot = self._take()
        if snapshot is None:
            return
        yield from _composers(snapshot.composers)
        yield from _preparers(snapshot.preparers)
        yield from _tiers(snapshot.tiers)
        yield from _sources(snapshot.sources)
        if snapshot.assets is not None:
            yield from _assets(snapshot.assets)


def _composers(composers: Composers) -> Iterable[Metric]:
    # Processes are numbered from 0: their ids would make a new series with each replacement.
    yield _by_number("pressrun_composer_documents", "Documents that a composer holds.", "composer", composers.active)
    yield _by_number("pressrun_composer_resident_bytes", "Memory of a composer.", "composer", composers.resident)
    yield _gauge("pressrun_composers", "Composer processes alive.", len(composers.active))
    yield _gauge("pressrun_composer_waiting_documents", "Documents that wait for a composer.", composers.waiting)
    yield _counter("pressrun_composer_documents_composed", "Documents composed.", composers.documents)
    yield _counter("pressrun_composer_rehearsals", "Samples composed ahead of documents.", composers.rehearsed)
    yield _counter("pressrun_composer_cpu_seconds", "CPU time of all composers.", composers.cpu_seconds)
    yield _counter("pressrun_composer_replacements", "Composers started in place of another.", composers.replaced)
    yield _counter("pressrun_composer_deaths", "Composers that died.", composers.lost)
    yield _counter("pressrun_quarantined_documents", "Documents given up after deaths.", composers.quarantined)


def _preparers(preparers: Preparers) -> Iterable[Metric]:
    yield _by_number("pressrun_preparer_resident_bytes", "Memory of a preparer.", "preparer", preparers.resident)
    yield _gauge("pressrun_preparers", "Preparer processes alive.", len(preparers.resident))
    yield _gauge("pressrun_preparers_busy", "Preparer processes that work.", preparers.busy)
    yield _gauge("pressrun_preparer_waiting_tasks", "Tasks that wait for a preparer.", preparers.waiting)
    yield _counter("pressrun_preparer_tasks", "Tasks that preparers finished.", preparers.tasks)
    yield _counter("pressrun_preparer_cpu_seconds", "CPU time of all preparers.", preparers.cpu_seconds)
    yield _counter("pressrun_preparer_replacements", "Preparers started in place of another.", preparers.replaced)
    yield _counter("pressrun_preparer_crashes", "Preparers that died over a task.", preparers.crashed)
    yield _counter("pressrun_preparer_timeouts", "Tasks that ran longer than they may.", preparers.timed_out)


def _tiers(tiers: Sequence[CacheTier]) -> Iterable[Metric]:
    for name, help_text, field in (
        ("pressrun_cache_blobs", "Blobs that a tier holds.", "entries"),
        ("pressrun_cache_bytes", "Bytes that a tier holds.", "size"),
        ("pressrun_cache_limit_bytes", "The most that a tier may hold; 0: it has no limit of its own.", "limit"),
        ("pressrun_cache_waiting_bytes", "Bytes of blobs that wait to be written in the background.", "waiting"),
        ("pressrun_cache_idle_seconds", "Time since the last use of the blob used longest ago.", "idle_seconds"),
        ("pressrun_cache_available", "1 while a tier is used, 0 while it steps aside.", "available"),
    ):
        gauge = GaugeMetricFamily(name, help_text, labels=("tier",))
        for tier in tiers:
            value = getattr(tier, field)
            if value is not None:
                gauge.add_metric((tier.name,), value)
        yield gauge
    for name, help_text, field in (
        ("pressrun_cache_evictions", "Blobs dropped to make room.", "evictions"),
        ("pressrun_cache_refusals", "Blobs too large to be kept.", "refused"),
        ("pressrun_cache_errors", "Calls in which the machine failed and the tier stepped aside.", "errors"),
        ("pressrun_cache_corrupt_blobs", "Blobs found damaged and taken out of use.", "corrupt"),
        ("pressrun_cache_dropped_writes", "Blobs not written: too much waited, or the tier was away.", "dropped"),
    ):
        counter = CounterMetricFamily(name, help_text, labels=("tier",))
        for tier in tiers:
            counter.add_metric((tier.name,), getattr(tier, field))
        yield counter


def _sources(sources: Sequence[SourceState]) -> Iterable[Metric]:
    for name, help_text, field in (
        ("pressrun_source_breaker_open", "1 while a source failed on end and is left alone, else 0.", "breaker_open"),
        ("pressrun_source_paused_seconds", "Time for which a source asked to be left alone.", "paused_seconds"),
        ("pressrun_source_rate_remaining", "Requests that a source still allows, by its own word.", "remaining"),
        ("pressrun_source_rate_limit", "Requests that a source allows, by its own word.", "limit"),
        (
            "pressrun_source_certificate_expiry_timestamp_seconds",
            "When the first certificate of a source ends.",
            "certificate_ends",
        ),
    ):
        gauge = GaugeMetricFamily(name, help_text, labels=("source",))
        for source in sources:
            value = getattr(source, field)
            if value is not None:
                gauge.add_metric((source.name,), value)
        yield gauge


def _assets(assets: Assets) -> Iterable[Metric]:
    yield _gauge("pressrun_asset_entries", "Renditions of assets of which something is known.", assets.entries)
    yield _counter("pressrun_asset_entry_evictions", "Entries forgotten to make room.", assets.evictions)
    yield _gauge("pressrun_assets_in_flight", "Renditions that are being brought.", assets.in_flight)
    yield _counter("pressrun_asset_refreshes", "Revalidations beside a document, ahead of time.", assets.refreshed)
    yield _counter("pressrun_asset_lenient_uses", "Uses of stale entries whose source was away.", assets.lenient)
    yield _counter(
        "pressrun_asset_doubts", "Times that news may have been missed, so all is asked again.", assets.doubts
    )
    yield _by_scope(
        "pressrun_single_flight_waits",
        "Waits for somebody who was asking for the same, in this process or in another.",
        {"process": assets.joined, "cluster": assets.waits},
    )
    yield _by_scope(
        "pressrun_source_requests_saved",
        "Requests that no source got, because this process was asking already, or another had the answer.",
        {"process": assets.joined, "cluster": assets.shared},
    )
    if assets.feed is not None:
        yield _gauge("pressrun_feed_connected", "1 while the feed of changes is heard, else 0.", assets.feed.connected)
        yield _gauge("pressrun_feed_waiting_changes", "Changes that could not be told yet.", assets.feed.waiting)
        yield _counter("pressrun_feed_changes_told", "Changes that this node told the others.", assets.feed.told)
        yield _counter("pressrun_feed_changes_heard", "Changes that others told this node.", assets.feed.heard)


def _by_scope(name: str, help_text: str, values: Mapping[str, int]) -> Metric:
    counter = CounterMetricFamily(name, help_text, labels=("scope",))
    for scope, value in values.items():
        counter.add_metric((scope,), value)
    return counter


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help_text, value=value)


def _counter(name: str, help_text: str, value: float) -> Metric:
    return CounterMetricFamily(name, help_text, value=value)


def _by_number(name: str, help_text: str, label: str, values: Sequence[int]) -> Metric:
    gauge = GaugeMetricFamily(name, help_text, labels=(label,))
    for number, value in enumerate(values):
        gauge.add_metric((str(number),), value)
    return gauge
