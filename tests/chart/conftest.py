from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml
from tests.chart.readme import CHART

Manifest: TypeAlias = "dict[str, Any]"
Render: TypeAlias = "Callable[..., dict[tuple[str, str], Manifest]]"

APIS = ("-a", "monitoring.coreos.com/v1", "-a", "keda.sh/v1alpha1")


def tool(name: str) -> str:
    """A program of the tools folder; a machine without it is told how to get it."""
    found = shutil.which(name)
    assert found, f"{name} is missing; run: make tools"
    return found


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a program, whatever it says."""
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def render() -> Render:
    """Renders the chart: `render("a.b=c", file=PATH)` gives manifests by kind and name."""

    def rendered(*settings: str, file: Path | None = None, helm: str = "helm") -> dict[tuple[str, str], Manifest]:
        command = [tool(helm), "template", "r", str(CHART), "--namespace", "letters", "--kube-version", "1.33", *APIS]
        for setting in settings:
            command += ["--set", setting]
        if file is not None:
            command += ["-f", str(file)]
        result = run(*command)
        if result.returncode:
            raise ValueError(result.stderr)
        documents = [item for item in yaml.safe_load_all(result.stdout) if item]
        return {(item["kind"], item["metadata"]["name"]): item for item in documents}

    return rendered
