"""Seeded statement records for the demo and the benches: the same seed gives the same bytes on every Python."""

from __future__ import annotations

from pressrun_loadtest.records.generator import SMALL_ROWS, generate, generate_small
from pressrun_loadtest.records.ndjson import encode, write_ndjson

__all__ = ["SMALL_ROWS", "encode", "generate", "generate_small", "write_ndjson"]
