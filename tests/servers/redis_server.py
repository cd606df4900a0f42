"""A real redis-server of a test's own, which the test may stop, pause and start again."""

from __future__ import annotations

from pressrun_loadtest.redis_server import RedisServer

__all__ = ["RedisServer"]
