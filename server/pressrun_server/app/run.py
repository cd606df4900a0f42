"""Runs a node in the foreground until a signal ends it: drain, stop, exit code."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Callable

import structlog

from pressrun_server.app.config import NodeConfig
from pressrun_server.app.node import Node

__all__ = ["run", "settle"]

log = structlog.get_logger("pressrun.node")

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


async def run(config: NodeConfig, ready: Callable[[Node], None]) -> int:
    """Serve until SIGTERM or SIGINT.

    The first signal drains: health says NOT_SERVING, /readyz 503, new documents are refused, admitted ones finish.
    A second one stops at once.

    Args:
        config: all settings.
        ready: called when the node serves.

    Returns:
        the exit code: 0, or 1 where documents were left when the drain's time was over.

    Raises:
        ListenError, HttpListenError, PressrunError, OSError: the node can't start.
    """
    loop = asyncio.get_running_loop()
    signals: asyncio.Queue[int] = asyncio.Queue()
    for number in _SIGNALS:
        loop.add_signal_handler(number, signals.put_nowait, number)
    node = Node(config)
    again = None
    try:
        starting = asyncio.ensure_future(node.start())
        first = asyncio.ensure_future(signals.get())
        try:
            await asyncio.wait((starting, first), return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                return 0
            starting.result()
            settle()
            ready(node)
            log.info("stopping", signal=signal.Signals(await first).name)
        finally:
            for task in (starting, first):
                task.cancel()
            await asyncio.gather(starting, first, return_exceptions=True)
        draining = asyncio.ensure_future(node.drain())
        again = asyncio.ensure_future(signals.get())
        await asyncio.wait((draining, again), return_when=asyncio.FIRST_COMPLETED)
        if draining.done():
            return 0 if draining.result() else 1
        draining.cancel()
        log.warning("stopping_at_once", signal=signal.Signals(again.result()).name)
        return 1
    finally:
        if again is not None:
            again.cancel()
        await node.stop()
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
        log.info("stopped")


def settle() -> None:
    """Leave what lives as long as the process out of garbage collections, which would stop all documents for it."""
    gc.collect()
    gc.freeze()
