"""The recording rules and alerts that the chart ships."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml
from tests.chart.conftest import Render, run, tool
from tests.chart.readme import CHART
from tests.chart.test_dashboards import chapters

from pressrun_server.errors import Reason
from pressrun_server.metrics.objectives import AVAILABILITY, FIRST_BYTE_SECONDS, LATENCY, OUR_FAULTS

RULES = CHART / "files" / "rules" / "pressrun.yaml"
CASES = [Path(__file__).with_name(name) for name in ("rules.yaml", "rules-slow.yaml")]


def _rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def _alerts() -> dict[str, dict[str, Any]]:
    return {rule["alert"]: rule for rule in _rules() if "alert" in rule}


def test_promtool_reads_them() -> None:
    """Prometheus accepts every rule, and the templates in its annotations."""
    result = run(tool("promtool"), "check", "rules", str(RULES))
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_alert_fires_and_clears() -> None:
    """Each alert has a case in which it fires, and is silent before and after; promtool finds it so."""
    cases: dict[str, list[dict[str, Any]]] = {}
    for case in (case for path in CASES for case in yaml.safe_load(path.read_text())["tests"]):
        cases.setdefault(case["name"].split(" ")[0], []).append(case)
    assert cases.keys() == _alerts().keys()
    for name, each in cases.items():
        asked = [ask for case in each for ask in case["promql_expr_test"]]
        assert all(f'ALERTS{{alertname="{name}", alertstate="firing"}}' in ask["expr"] for ask in asked)
        told = [bool(ask["exp_samples"]) for case in each[:1] for ask in case["promql_expr_test"]]
        assert told[0], f"{name} never fires"
        assert told.count(False) >= 2, f"{name} is not silent before and after"
    result = run(tool("promtool"), "test", "rules", *map(str, CASES))
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_case_can_fail(tmp_path: Path) -> None:
    """An alert whose limit is moved is found by its case."""
    rules = RULES.read_text().replace("[15m]) > 3", "[15m]) > 300")
    (tmp_path / "rules.yaml").write_text(rules)
    cases = yaml.safe_load(CASES[0].read_text())
    cases["rule_files"] = ["rules.yaml"]
    cases["tests"] = [case for case in cases["tests"] if case["name"] == "PressrunComposersReplaced"]
    (tmp_path / "cases.yaml").write_text(yaml.safe_dump(cases))
    result = run(tool("promtool"), "test", "rules", str(tmp_path / "cases.yaml"))
    assert result.returncode != 0
    assert "PressrunComposersReplaced" in result.stdout + result.stderr


def test_annotations() -> None:
    """Each alert says what is wrong, what that means, how bad it is, and which chapter of the runbook to open."""
    known = chapters()
    for name, rule in _alerts().items():
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}, name
        assert rule["annotations"]["runbook_url"].removeprefix("https://pressrun.dev/runbook#") in known, name
        assert rule["annotations"]["description"].endswith("."), name


def test_objectives() -> None:
    """The rules hold the nodes to what is promised, and count as faults what the promise counts."""
    assert set(OUR_FAULTS) <= {reason.value for reason in Reason}
    text = RULES.read_text()
    assert set(re.findall(r'reason=~"(?:NONE\|)?(.+?)"', text)) == {"|".join(OUR_FAULTS)}
    assert set(re.findall(r'le="(.+?)"', text)) == {str(FIRST_BYTE_SECONDS)}
    budgets = {"unmade_documents": f"{1 - AVAILABILITY:.3g}", "late_documents": f"{1 - LATENCY:.3g}"}
    for record, budget in budgets.items():
        found = re.findall(rf"pressrun:{record}:ratio_rate(\w+) > \(([\d.]+) \* ([\d.]+)\)", text)
        assert found == [
            ("1h", "14.4", budget), ("5m", "14.4", budget), ("6h", "6", budget), ("30m", "6", budget),
            ("1d", "3", budget), ("2h", "3", budget), ("3d", "1", budget), ("6h", "1", budget),
        ]  # fmt: skip


def test_prometheus_rule(render: Render) -> None:
    """The chart gives the operator the same rules, with the site's runbook."""
    assert ("PrometheusRule", "r-pressrun") not in render()
    rule = render("prometheusRule.enabled=true", "prometheusRule.labels.release=p", "runbookUrl=https://wiki.example/b")
    found = rule["PrometheusRule", "r-pressrun"]
    assert found["metadata"]["labels"]["release"] == "p"
    text = RULES.read_text().replace("https://pressrun.dev/runbook", "https://wiki.example/b")
    assert json.dumps(found["spec"]) == json.dumps(yaml.safe_load(text))
