"""Evaluates the conditions of a request (RFC 9110 section 13) for GET and HEAD."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pressrun_loadtest.sandbox.clock import parse_http_date

__all__ = ["is_unchanged"]


def is_unchanged(headers: Mapping[str, str], etag: str | None, modified: datetime | None) -> bool:
    """Whether the answer is 304: by entity tag (weak comparison), else by date, which a tag condition overrides."""
    wanted = headers.get("If-None-Match")
    if wanted is not None:
        tags = {tag.strip().removeprefix("W/") for tag in wanted.split(",")}
        return "*" in tags or (etag is not None and etag.removeprefix("W/") in tags)
    since = parse_http_date(headers.get("If-Modified-Since", ""))
    return since is not None and modified is not None and modified.replace(microsecond=0) <= since
