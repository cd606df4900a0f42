"""The node's commands; each joins `pressrun` by an entry point."""

from __future__ import annotations

from pressrun_server.cli.cache import evict, ls, show, stats, verify
from pressrun_server.cli.serve import render_local, serve
from pressrun_server.cli.top import top

__all__ = ["evict", "ls", "render_local", "serve", "show", "stats", "top", "verify"]
