"""The dashboards that the chart ships."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from tests.chart.conftest import Render
from tests.chart.readme import CHART

from pressrun_server.dashboards.__main__ import DASHBOARDS, main
from pressrun_server.dashboards.grafana import RUNBOOK, document
from pressrun_server.metrics.catalogue import SECONDS
from pressrun_server.metrics.objectives import FIRST_BYTE_SECONDS

FOLDER = CHART / "files" / "dashboards"
NAMES = [dashboard.name for dashboard in DASHBOARDS]


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def chapters() -> set[str]:
    """The anchors of the runbook's headings, as GitHub makes them."""
    headings = re.findall(r"^##+ (.+)$", (CHART / "RUNBOOK.md").read_text(), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_files_are_generated(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The files are what the code says; one that differs, is missing or is too much is named."""
    assert main([str(FOLDER), "--check"]) == 0
    assert main([str(tmp_path)]) == 0
    (tmp_path / "latency.json").write_text("{}")
    (tmp_path / "assets.json").unlink()
    (tmp_path / "jobs.json").write_text("{}")
    assert main([str(tmp_path), "--check"]) == 1
    assert "assets.json, jobs.json, latency.json differ" in capsys.readouterr().err
    assert main([str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}.json" for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_grafana_knows_every_field(name: str) -> None:
    """Grafana's own types read a dashboard without losing a field; a misspelt one would be lost."""
    register_default_plugins()

    def through(model: dict[str, Any]) -> Any:
        return json.loads(JSONEncoder().encode(Dashboard.from_json(model)))

    def lost(model: Any, read: Any, path: str = "") -> list[str]:
        if isinstance(model, dict):
            missing = [f"{path}.{key}" for key in model if key not in read]
            return missing + [
                name for key in model.keys() & read.keys() for name in lost(model[key], read[key], f"{path}.{key}")
            ]
        if isinstance(model, list):
            pairs = itertools.zip_longest(model, read)
            return [name for number, (one, other) in enumerate(pairs) for name in lost(one, other, f"{path}[{number}]")]
        return [] if model == read else [path]

    model = _read(name)
    assert lost(model, through(model)) == []
    model["panels"][1]["fieldConfig"]["defaults"]["units"] = "s"
    assert lost(model, through(model)) == [".panels[1].fieldConfig.defaults.units"]


@pytest.mark.parametrize("name", NAMES)
def test_panels_are_complete(name: str) -> None:
    """Each panel has a unit, a description, a chapter of the runbook that exists, and a place of its own."""
    model, known, taken = _read(name), chapters(), set()
    panels = [panel for panel in model["panels"] if panel["type"] != "row"]
    assert len({panel["id"] for panel in model["panels"]}) == len(model["panels"])
    assert len({panel["title"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert len(panel["description"]) > 20
        assert panel["description"].endswith(".")
        [link] = panel["links"]
        assert link["url"].removeprefix("${runbook}#") in known
        assert panel["targets"]
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(place["x"] + across, place["y"] + down) for across in range(place["w"]) for down in range(place["h"])}
        assert not cells & taken
        taken |= cells
        for target in panel["targets"]:
            # Otherwise a node that the reader did not choose would be counted.
            metrics = re.findall(r"\b(?:pressrun|process)_\w+", target["expr"])
            assert metrics
            assert target["expr"].count('{job=~"$job",instance=~"$node"') == len(metrics)


def test_the_objective_stands_at_an_edge() -> None:
    """The share of documents in time is exact: its limit is an edge of the buckets."""
    assert FIRST_BYTE_SECONDS in SECONDS


def test_config_map(render: Render) -> None:
    """The chart gives Grafana's sidecar every dashboard, with the site's runbook in its links."""
    assert ("ConfigMap", "r-pressrun-dashboards") not in render()
    config = render("dashboards.enabled=true", "runbookUrl=https://wiki.example/book")[
        "ConfigMap", "r-pressrun-dashboards"
    ]
    assert config["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert set(config["data"]) == {f"pressrun-{name}.json" for name in NAMES}
    for dashboard in DASHBOARDS:
        text = document(dashboard)
        assert RUNBOOK in text
        data = config["data"][f"pressrun-{dashboard.name}.json"]
        assert json.loads(data) == json.loads(text.replace(RUNBOOK, "https://wiki.example/book"))
    assert sum(map(len, config["data"].values())) < 900_000, "a ConfigMap holds 1 MiB"
