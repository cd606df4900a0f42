"""Webhooks of the systems: POST /hooks/{source}. They only make the node ask a source again.

Answers: 204 where one was taken, also for one that came before (its sender did not hear the first answer; nothing is
done then), 400 and 408 where its body broke off or did not come in time, 401 where it is not believed, whatever the
reason, 413 where it has over 1 MiB, 503 while the node starts, or cannot tell the other nodes: its sender comes again
then, maybe to another node.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import web

from pressrun_sources.changes.receiver import HookReceiver
from pressrun_sources.changes.verification import HookRefusedError

__all__ = ["Hooks"]

_log = structlog.get_logger(__name__)
_BODY_SECONDS: Final = 10.0


class Hooks:
    """Takes webhooks.

    Args:
        receiver: verifies and reads them.
        changed: told of assets, by their refs in canonical form; says whether all nodes know of them now.
        count: told of the source and the result of each: `taken`, or why not.
    """

    def __init__(
        self,
        receiver: HookReceiver,
        changed: Callable[..., Awaitable[bool]],
        count: Callable[[str, str], None],
    ) -> None:
        self._receiver = receiver
        self._changed = changed
        self._count = count

    async def take(self, request: web.Request) -> web.Response:
        """Answer one webhook."""
        source = request.match_info["source"]
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await request.read()
        except (ConnectionError, web.RequestPayloadError):
            return web.Response(status=400, text="the body broke off; send it again\n")
        except TimeoutError:
            # An answer before the body has come ends the connection.
            return web.Response(status=408, text=f"the body did not come within {_BODY_SECONDS:g} s; send it again\n")
        try:
            refs = self._receiver.receive(source, request.headers, body)
        except HookRefusedError as error:
            # A source that is not there has no label of its own: the caller chose the text.
            self._count("unknown" if error.reason == "unknown" else source, error.reason)
            if error.reason == "replayed":
                return web.Response(status=204) if await self._changed() else _untold()
            _log.warning("hook_refused", source=source[:40], reason=error.reason, remote=request.remote)
            return web.Response(status=401, text="not accepted\n")
        told = await self._changed(*map(str, refs))
        self._count(source, "taken")
        _log.info("hook_taken", source=source, assets=len(refs), told=told)
        return web.Response(status=204) if told else _untold()


def _untold() -> web.Response:
    text = "taken by this node; the others can't be told at present; send it again\n"
    return web.Response(status=503, headers={"Retry-After": "5"}, text=text)
