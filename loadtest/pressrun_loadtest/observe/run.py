"""Brings up sandbox, node and Prometheus, puts the node under load, and asks what the dashboards would ask."""

from __future__ import annotations

import contextlib
import tempfile
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pressrun_loadtest.demo.stage import Stage
from pressrun_loadtest.load.run import Place, run_scenario
from pressrun_loadtest.load.scenario import Arrival, Part, Rows, Scenario
from pressrun_loadtest.observe.boards import Seen, look
from pressrun_loadtest.observe.bustle import Bustle
from pressrun_loadtest.observe.collector import Collector
from pressrun_loadtest.observe.prometheus import Alert, Prometheus

__all__ = ["Observation", "observe"]

_SCRAPED_S = 20.0
_SETTINGS = {"PRESSRUN_SOURCES_POLL_SECONDS": "2", "PRESSRUN_TRACE_RATIO": "0.1"}
"""An observation is shorter than the usual minute between two looks at what has changed, 1 % of it few traces."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What there was to see."""

    seen: list[Seen]
    alerts: list[Alert]
    faults: list[str]
    """Rules that can't be evaluated."""
    exported: frozenset[str]
    """Names of the series that the node has, whether or not they have a value."""
    documents: int
    shared: bool
    """Whether the node had its two Redis; without them what is shared in a cluster shows nothing."""


def observe(
    dashboards: Path,
    rules: Path,
    *,
    rate: float = 40.0,
    seconds: float = 20.0,
    said: Callable[[str], None] = lambda _: None,
    serving: Callable[[str], None] = lambda _: None,
) -> Observation:
    """Observe a node of our own.

    Args:
        dashboards: folder of Grafana's JSON.
        rules: folder of rule files.
        rate: documents a second, in a steady stream.
        seconds: how long.
        said: told what begins.
        serving: told the address of Prometheus when all is asked; it goes on until this returns.

    Raises:
        DemoError: sandbox, node or Prometheus don't start.
        LoadError: the node can't be put under load.
    """
    scenario = Scenario(
        "Statements of two sizes at a steady rate.",
        Arrival("constant", rate=rate, seconds=seconds),
        name="observe",
        mix=[Part(9, rows=[Rows(1, 5, 60)]), Part(1, rows=[Rows(1, 100, 400)])],
        warm=20,
        verify=10,
    )
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pressrun-observe-")))
        said("starting sandbox and node")
        settings = _SETTINGS | {"PRESSRUN_OTLP_ENDPOINT": stack.enter_context(Collector()).url}
        stage = stack.enter_context(Stage(folder / "stage", cache=folder / "cache", shared=True, settings=settings))
        target = stage.node.metrics_url.removeprefix("http://").removesuffix("/metrics")
        said("starting Prometheus")
        prometheus = stack.enter_context(
            Prometheus(folder / "prometheus", [target], rules=sorted(rules.glob("*.yaml")))
        )
        prometheus.wait_for("pressrun_build_info", _SCRAPED_S)
        said(f"rendering {rate:g} documents a second for {seconds:g} s")
        where = Place(stage.node.target, stage.node.metrics_url, stage.node.pid, stage.sandbox_urls)
        cloudinary = stage.environment["PRESSRUN_CLOUDINARY_API_BASE_URL"]
        with Bustle(stage.node.target, cloudinary, f"http://{target}/hooks/cloudinary"):
            report = run_scenario(scenario, where)
        said("asking what the dashboards ask")
        prometheus.catch_up()
        seen = look(prometheus, dashboards, f"{max(5, round(seconds))}s")
        observation = Observation(
            seen, prometheus.alerts(), prometheus.faults(), _names(where.metrics_url), report.done, stage.shared
        )
        serving(prometheus.url)
    return observation


def _names(url: str) -> frozenset[str]:
    with urllib.request.urlopen(url, timeout=_SCRAPED_S) as answer:  # noqa: S310 - the node's http address
        text = answer.read().decode()
    names: set[str] = set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            names |= {f"{name}_{part}" for part in ("bucket", "count", "sum")} if kind == "histogram" else {name}
    return frozenset(names)
