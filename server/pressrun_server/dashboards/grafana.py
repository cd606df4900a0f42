"""Writes a dashboard in Grafana's JSON (schema version 39, Grafana 11 and later)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pressrun_server.dashboards.panel import Dashboard, Panel

__all__ = ["RUNBOOK", "document"]

RUNBOOK = "https://pressrun.dev/runbook"
"""Where links to the runbook lead; the Helm chart puts its `runbookUrl` in its place."""

_SCHEMA = 39
_COLUMNS = 24
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def document(dashboard: Dashboard) -> str:
    """The JSON text of a dashboard, the same for the same dashboard."""
    model = {
        "uid": f"pressrun-{dashboard.name}",
        "title": dashboard.title,
        "description": dashboard.description,
        "tags": ["pressrun"],
        "schemaVersion": _SCHEMA,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "links": [
            {
                "title": "Pressrun",
                "type": "dashboards",
                "tags": ["pressrun"],
                "asDropdown": False,
                "includeVars": True,
                "keepTime": True,
            },
            {"title": "Runbook", "type": "link", "icon": "doc", "url": "${runbook}", "targetBlank": True},
        ],
        "templating": {"list": _variables()},
        "panels": list(_panels(dashboard)),
    }
    return json.dumps(model, indent=1, ensure_ascii=False) + "\n"


def _variables() -> list[dict[str, Any]]:
    """What the reader chooses: data source, job and nodes; and where the runbook is."""
    return [
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
        _choice("job", "Job", "label_values(pressrun_build_info, job)"),
        _choice("node", "Node", 'label_values(pressrun_build_info{job=~"$job"}, instance)'),
        {"name": "runbook", "label": "Runbook", "type": "constant", "query": RUNBOOK, "hide": 2},
    ]


def _choice(name: str, label: str, query: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": _SOURCE,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def _panels(dashboard: Dashboard) -> Iterator[dict[str, Any]]:
    number, top = 1, 0
    for row in dashboard.rows:
        yield {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "gridPos": {"x": 0, "y": top, "w": _COLUMNS, "h": 1},
            "panels": [],
        }
        number, top = number + 1, top + 1
        left = line = 0
        for panel in row.panels:
            if left + panel.width > _COLUMNS:
                left, top, line = 0, top + line, 0
            yield _panel(panel, number, left, top)
            number, left, line = number + 1, left + panel.width, max(line, panel.height)
        top += line


def _panel(panel: Panel, number: int, left: int, top: int) -> dict[str, Any]:
    table = panel.kind == "table"
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": _SOURCE,
        "gridPos": {"x": left, "y": top, "w": panel.width, "h": panel.height},
        "links": [{"title": "Runbook", "url": f"${{runbook}}#{panel.chapter}", "targetBlank": True}],
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": _SOURCE,
                "expr": query.expression,
                "legendFormat": query.legend,
                "editorMode": "code",
                "range": not table,
                "instant": table,
                "format": "table" if table else "time_series",
            }
            for place, query in enumerate(panel.queries)
        ],
        "fieldConfig": {"defaults": _field(panel), "overrides": []},
        "options": _options(panel),
    }


def _field(panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.limit is not None:
        steps.append({"color": "red", "value": panel.limit})
    field: dict[str, Any] = {
        "unit": panel.unit,
        "min": 0,
        "color": {"mode": "thresholds" if panel.kind == "stat" else "palette-classic"},
        "thresholds": {"mode": "absolute", "steps": steps},
    }
    if panel.most is not None:
        field["max"] = panel.most
    if panel.decimals is not None:
        field["decimals"] = panel.decimals
    if panel.kind == "timeseries":
        field["custom"] = {
            "drawStyle": "line",
            "lineWidth": 1,
            "fillOpacity": 30 if panel.stacked else 0,
            "showPoints": "never",
            "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
            "thresholdsStyle": {"mode": "off" if panel.limit is None else "line"},
        }
    return field


def _options(panel: Panel) -> dict[str, Any]:
    if panel.kind == "timeseries":
        return {
            "legend": {
                "displayMode": "table",
                "placement": "bottom",
                "showLegend": True,
                "calcs": ["lastNotNull", "max"],
            },
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    if panel.kind == "stat":
        return {
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "colorMode": "value",
            "graphMode": "area",
            "textMode": "auto",
        }
    return {"showHeader": True}
