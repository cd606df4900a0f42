"""The shipped dashboards and rules, held to a real Prometheus that scrapes a real node under load."""

from __future__ import annotations

import io
import math
import re
from functools import partial

import pytest
import yaml
from rich.console import Console
from tests.integration.observe.conftest import FILES

from pressrun_loadtest.observe.boards import Seen
from pressrun_loadtest.observe.run import Observation
from pressrun_loadtest.observe.terminal import print_observation

RULES = FILES / "rules" / "pressrun.yaml"

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("observe")]


def _values(observation: Observation, panel: str, legend: str) -> dict[str, float]:
    """The values of one query, by the names of its series."""
    [seen] = [one for one in observation.seen if (one.ask.panel, one.ask.legend) == (panel, legend)]
    return {seen.ask.named(series): series.value for series in seen.series}


def _empty(seen: Seen) -> bool:
    return all(math.isnan(series.value) for series in seen.series)


def test_no_panel_is_empty(observation: Observation) -> None:
    """Every query of every dashboard gives a number, and every rule can be evaluated."""
    assert len(observation.seen) > 80
    assert [f"{seen.ask.panel}: {seen.ask.legend}" for seen in observation.seen if _empty(seen)] == []
    assert observation.faults == []


def test_figures_agree(observation: Observation) -> None:
    """What panels show of the same thing agrees with what was rendered, and with each other."""
    assert observation.documents == 300
    made = _values(observation, "Documents", "documents")["documents"]
    assert 10 < made < 40
    assert _values(observation, "Documents by template", "{{template}}")["statement"] == pytest.approx(made, rel=0.2)
    channels = _values(observation, "Documents by output channel", "{{channel}}")
    assert sum(channels.values()) == pytest.approx(made, rel=0.01)
    assert {channel for channel, rate in channels.items() if rate > 0} == {"print", "web", "email", "mobile"}
    # A counter with labels begins with its first document, one without them at 0 before it; a run is composed as one.
    in_runs = _values(observation, "Documents of runs", "{{result}}")["ok"]
    composed = sum(_values(observation, "Documents composed", "{{instance}}").values())
    assert composed == pytest.approx(made - in_runs, rel=0.3)
    failed = _values(observation, "Documents not made, by reason", "{{result}} {{reason}}")
    assert failed["failed INVALID_RECORD"] > 0
    assert failed["failed TEMPLATE_NOT_FOUND"] > 0
    assert _values(observation, "Availability", "made") == {"made": 1.0}
    outcomes = _values(observation, "Answers by outcome", "{{source}}: {{outcome}}")
    assert outcomes["cloudinary: ok"] == pytest.approx(1.0)
    assert _values(observation, "News of changes", "webhook {{source}}: {{result}}")["webhook cloudinary: taken"] > 0
    assert _values(observation, "Feed of changes", "heard") == {"heard": 1.0}


def test_bulk_work_shows(observation: Observation) -> None:
    """A run of seven documents, of which one fails, in two files for both sides of sheets; and all the other bulk work."""
    values = partial(_values, observation)
    documents = values("Documents of runs", "{{result}}")
    assert documents["ok"] > 0
    # A scrape may fall into a run, and windows into the middle of one.
    assert documents["ok"] == pytest.approx(6 * documents["failed"], rel=0.3)
    failed = values("Documents failed in runs, by reason", "{{reason}}")
    assert failed["INVALID_RECORD"] == pytest.approx(documents["failed"], rel=0.1)
    assert values("Share of documents failed", "failed") == {"failed": pytest.approx(1 / 7, rel=0.3)}
    pages, sheets = values("Pages and sheets", "pages")["pages"], values("Pages and sheets", "sheets")["sheets"]
    assert sheets == pytest.approx(pages / 2)  # each statement has two pages
    assert values("Documents and files of a run", "files") == {"files": pytest.approx(2, rel=0.2)}
    assert values("Documents and files of a run", "documents") == {"documents": pytest.approx(7, rel=0.2)}
    assert values("Runs ended, by outcome", "{{result}} {{reason}}")["ok NONE"] > 0
    assert values("Bytes of runs", "{{instance}}") != {}
    assert sum(values("Rows that arrive", "{{instance}}").values()) > 0
    assert sum(values("Bytes of rows", "{{instance}}").values()) > 0
    resumed = values("Documents resumed", "{{result}}")
    assert (resumed["ok"] > 0, resumed["failed"]) == (True, 0)
    not_sent = values("Bytes not sent again", "not sent again")["not sent again"]
    assert not_sent == pytest.approx(20_000 * resumed["ok"])
    verified = values("Verifications", "{{result}}")
    assert verified.pop("same_bytes") > 0
    assert set(verified.values()) == {0}
    calls = values("Bulk calls ended", "{{method}}: {{code}}")
    for method in ("RenderRun", "RenderRows", "Verify"):
        assert calls[f"RenderService/{method}: OK"] > 0
    assert values("Phases of a document", "{{phase}}")["raster"] > 0


def test_it_is_printed(observation: Observation) -> None:
    """`make observe` prints each dashboard with the values, in the units of the panels."""
    console = Console(width=140, record=True, file=io.StringIO())
    assert print_observation(console, observation) == 0
    text = console.export_text()
    for words in ("Pressrun / Throughput", "documents/s", "MiB", "Pressrun / Latency and SLO", " ms", " %"):
        assert words in text
    assert f"{len(observation.seen)} queries, 0 without a value" in text


def test_rules_use_what_a_node_has(observation: Observation) -> None:
    """Every metric in a rule or a dashboard is one that the node exports; a misspelt alert would never fire."""
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    # On a machine that has no room documents are late indeed.
    late = {"PressrunDocumentsLateFast", "PressrunDocumentsLateSlowly"}
    assert {alert.name for alert in observation.alerts if alert.state == "firing"} <= late
    recorded = {rule["record"] for rule in rules if "record" in rule}
    for rule in rules:
        names = set(re.findall(r"pressrun[_:][\w:]+", rule["expr"])) - recorded
        assert names <= observation.exported, rule
    for seen in observation.seen:
        assert set(re.findall(r"\b(?:pressrun|process)_\w+", seen.ask.expression)) <= observation.exported
