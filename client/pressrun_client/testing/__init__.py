"""Helpers for the tests of code that calls this client: a node in the same process, with scripted answers.

Needs nothing beside the base install.
"""

from __future__ import annotations

from pressrun_client.testing.answers import Answer, BreakStream, FakeDocument, FakeFailure, Silence
from pressrun_client.testing.cluster import FakeCluster
from pressrun_client.testing.node import FakeNode

__all__ = ["Answer", "BreakStream", "FakeCluster", "FakeDocument", "FakeFailure", "FakeNode", "Silence"]
