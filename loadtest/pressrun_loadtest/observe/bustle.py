"""What else happens while documents are rendered, so that there is something to see: changes, failures, bulk work."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import urllib.error
import urllib.request
from types import TracebackType
from typing import Self

import grpc

from pressrun_client import Client, RenderError, RenderRequest
from pressrun_loadtest.observe.bulk import Bulk
from pressrun_loadtest.observe.errors import ObserveError

__all__ = ["Bustle"]

_EVERY_S = 1.5
_ANSWER_S = 10.0
_ASSET = "statement/banner-premier"
"""Of the sandbox's Cloudinary; statements of the premier segment show it."""
_UNMADE = ("statement", "no-such-template")
"""Templates that an empty record is sent to: one refuses it, the other is not there."""


class Bustle:
    """Every so often, from `with` to its end, in a thread: a new version with its webhook, failures, bulk work.

    Args:
        target: of the node, host:port.
        cloudinary: where the sandbox's Cloudinary answers.
        hook: where the node takes its webhooks.
    """

    def __init__(self, target: str, cloudinary: str, hook: str) -> None:
        self._target, self._hook = target, hook
        self._admin = f"{cloudinary.rstrip('/')}/__sandbox__"
        self._bulk = Bulk(target)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bustle", daemon=True)

    def __enter__(self) -> Self:
        """Begin.

        Raises:
            ObserveError: the sandbox does not take the webhook's address.
        """
        self._post("hooks", url=self._hook)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            # One round more when the end is asked for, so that however slow the machine is, the last seconds have one.
            last = self._ended.is_set()
            with contextlib.suppress(ObserveError):
                self._post("do/new-version", asset=_ASSET)
            asyncio.run(self._fail())
            with contextlib.suppress(RenderError, grpc.aio.AioRpcError):
                asyncio.run(self._bulk.round())
            if last:
                return
            self._ended.wait(_EVERY_S)

    async def _fail(self) -> None:
        async with Client(self._target) as client:
            for template in _UNMADE:
                with contextlib.suppress(RenderError):
                    await client.render_request(RenderRequest(template, {}))

    def _post(self, what: str, **fields: str) -> None:
        request = urllib.request.Request(  # noqa: S310 - the sandbox's address
            f"{self._admin}/{what}", json.dumps(fields).encode(), {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=_ANSWER_S):  # noqa: S310
                pass
        except (urllib.error.URLError, OSError) as error:
            raise ObserveError(f"the sandbox does not answer {what}: {error}") from error
