"""Settings of the transport, the same for every source."""

from __future__ import annotations

from dataclasses import dataclass

from pressrun_sources.environment import Environment
from pressrun_sources.transport.hosts import AllowList

__all__ = ["TransportConfig"]


@dataclass(frozen=True, slots=True)
class TransportConfig:
    """Limits and time limits."""

    timeout: float = 30.0
    """Seconds for one call with all its retries, to the last byte; the reader's own time does not count."""
    connect_timeout: float = 5.0
    """Seconds until a connection stands."""
    read_timeout: float = 10.0
    """Seconds without any byte."""
    max_bytes: int = 64 * 1024 * 1024
    """The largest asset."""
    max_answer_bytes: int = 8 * 1024 * 1024
    """The largest JSON answer."""
    max_concurrency: int = 8
    """Requests at once for one source."""
    retries: int = 2
    """Further attempts after a passing failure, for calls that may be repeated."""
    backoff: float = 0.2
    """Seconds before the first retry; doubled for each further one, spread at random."""
    backoff_limit: float = 5.0
    """The longest pause that we choose ourselves."""
    max_redirects: int = 3
    breaker_failures: int = 10
    """Failures on end after which a source is left alone for a while; 0: never."""
    breaker_seconds: float = 5.0
    """How long, until one request is let in to see whether it is back."""
    login_seconds: float = 30.0
    """How long no log-in is tried after one was refused; doubled for each further one, up to sixteen times that.

    Also how long no token is replaced for a call that was refused with a new one, and how long one counts that helped
    nothing.
    """
    allowed: AllowList = AllowList()  # noqa: RUF009 - frozen, so sharing it is safe
    """Hosts and networks beyond the configured ones."""

    @classmethod
    def from_environment(cls, environment: Environment) -> TransportConfig:
        """Read PRESSRUN_SOURCES_*; faults are collected in the environment."""
        default = cls()
        timeout = environment.seconds("PRESSRUN_SOURCES_TIMEOUT", default.timeout)
        return cls(
            timeout=timeout,
            connect_timeout=environment.seconds("PRESSRUN_SOURCES_CONNECT_TIMEOUT", default.connect_timeout),
            read_timeout=min(default.read_timeout, timeout),
            max_bytes=environment.size("PRESSRUN_SOURCES_MAX_BYTES", default.max_bytes),
            max_concurrency=environment.integer("PRESSRUN_SOURCES_MAX_CONCURRENCY", default.max_concurrency, 1, 1000),
            retries=environment.integer("PRESSRUN_SOURCES_RETRIES", default.retries, 0, 10),
            breaker_failures=environment.integer(
                "PRESSRUN_SOURCES_BREAKER_FAILURES", default.breaker_failures, 0, 1000
            ),
            breaker_seconds=environment.seconds("PRESSRUN_SOURCES_BREAKER_SECONDS", default.breaker_seconds),
            login_seconds=environment.seconds("PRESSRUN_SOURCES_LOGIN_SECONDS", default.login_seconds),
            allowed=AllowList.from_environment(environment),
        )
