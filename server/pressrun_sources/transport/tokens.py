"""Keeps what a log-in gave, for all tasks of a source."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from pressrun_sources.errors import UnauthenticatedError
from pressrun_sources.transport.call import Credentials
from pressrun_sources.transport.client import Transport

__all__ = ["Token", "Tokens"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Token:
    """What a log-in gave."""

    credentials: Credentials
    renew_at: float
    """In the transport's monotonic time; ahead of the true end."""


class Tokens(ABC):
    """Holds one token for all tasks.

    Guarantees: at most one log-in is under way; all who need it wait for the same one and share its failure; a task
    that is cancelled while waiting does not cancel it for the others.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._token: Token | None = None
        self._login: asyncio.Task[Token] | None = None

    @abstractmethod
    async def _log_in(self) -> Token:
        """A new token.

        Raises:
            UnauthenticatedError: the system refuses the log-in.
            SourceError: the log-in failed otherwise.
        """

    async def credentials(self) -> Credentials:
        """Credentials that are good for now.

        Raises:
            UnauthenticatedError: the system refuses the log-in.
            SourceError: the log-in failed otherwise.
        """
        token = self._token
        if token is not None and self._transport.timing.monotonic() < token.renew_at:
            return token.credentials
        if self._login is None:
            self._login = asyncio.create_task(self._log_in(), name=f"{self._transport.source} log-in")
            self._login.add_done_callback(self._logged_in)
        login = self._login
        await asyncio.wait({login})
        return login.result().credentials

    def discard(self, credentials: Credentials) -> None:
        """Forget credentials that were refused, unless others have taken their place already."""
        if self._token is not None and self._token.credentials is credentials:
            self._token = None

    async def authorised(self, ask: Callable[[Credentials], Awaitable[T]]) -> T:
        """What a call gives that needs credentials; where they are refused, once more with new ones.

        Raises:
            SourceError: whatever the call or the log-in raises.
        """
        credentials = await self.credentials()
        try:
            return await ask(credentials)
        except UnauthenticatedError:
            # The system may end a token before its time, e.g. when it restarts.
            self.discard(credentials)
        return await ask(await self.credentials())

    async def close(self) -> None:
        """Stop a log-in under way."""
        if self._login is not None:
            self._login.cancel()
            await asyncio.wait({self._login})

    def _logged_in(self, task: asyncio.Task[Token]) -> None:
        self._login = None
        # Asking for the exception also marks it as seen, should everybody who waited be gone.
        if not task.cancelled() and task.exception() is None:
            self._token = task.result()
