from __future__ import annotations

from pathlib import Path

import pytest

from pressrun_loadtest.observe.run import Observation, observe

FILES = Path(__file__).parents[3] / "helm" / "pressrun" / "files"


@pytest.fixture(scope="module")
def observation() -> Observation:
    """A node under load, seen through a real Prometheus with the shipped rules and dashboards."""
    found = observe(FILES / "dashboards", FILES / "rules", rate=25, seconds=12)
    assert found.shared, "there is no redis-server; run: make tools"
    return found
