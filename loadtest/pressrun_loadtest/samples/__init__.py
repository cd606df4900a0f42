"""Sample templates, their pictures and a few records, all of the invented Meridian Bank."""

from __future__ import annotations

from pressrun_loadtest.samples.bundle import load_bundle, records_path, statement_path

__all__ = ["load_bundle", "records_path", "statement_path"]
