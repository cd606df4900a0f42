from __future__ import annotations

from tests.architecture.facts import faults


def test_every_fact_has_a_test() -> None:
    """Each documented fact that the sandbox implements is named by a test, and tests name nothing else."""
    assert faults() == []
