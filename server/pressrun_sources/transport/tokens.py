"""Keeps what a log-in gave, for all tasks of a source, and that one was refused."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from pressrun_sources.errors import InvalidResponseError, SourceError, UnauthenticatedError
from pressrun_sources.transport.call import Credentials, fits_header
from pressrun_sources.transport.client import Transport

__all__ = ["Token", "Tokens"]

T = TypeVar("T")
_DOUBLED = 4
"""Times that the pause after a refused log-in grows to double."""
_MOST = 3
"""Log-ins on end that may help nothing before no more are made for a while, whatever the call."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a log-in gave."""

    credentials: Credentials
    renew_at: float
    """In the transport's monotonic time; ahead of the true end."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A log-in that was refused."""

    error: UnauthenticatedError
    number: int
    """How many were refused on end."""
    until: float
    """Before this none is tried, in the transport's monotonic time."""


class Tokens(ABC):
    """Holds one token for all tasks.

    Guarantees: at most one log-in is under way; all who need it wait for the same one and share its failure; a task
    that is cancelled while waiting does not cancel it for the others. A log-in that is refused is not tried again for
    `TransportConfig.login_seconds`, and for longer where it was refused again, since many systems lock an account that
    tries too often; nor is one made again for a call that was refused with what a new one gave, nor for any call where
    several helped nothing. One asset that may not be had thus keeps no other from a new token.
    """

    refusals: ClassVar[tuple[type[SourceError], ...]] = (UnauthenticatedError,)
    """How the system answers a call whose token it does not accept."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._token: Token | None = None
        self._login: asyncio.Task[Token] | None = None
        self._refusal: _Refusal | None = None
        self._in_vain: OrderedDict[Hashable, float] = OrderedDict()
        """Until when no token is replaced for a call: a new one was refused as well. The first to end comes first."""
        self._helpless: deque[float] = deque(maxlen=_MOST)
        """The same of the last log-ins that helped nothing, one each."""
        self._blamed: Credentials | None = None
        """What the last of them gave."""

    @abstractmethod
    async def _log_in(self) -> Token:
        """A new token.

        Raises:
            UnauthenticatedError: the system refuses the log-in.
            SourceError: the log-in failed otherwise.
        """

    async def _may_differ(self) -> bool:
        """Whether a log-in would be made with something else than the one that was refused."""
        return False

    async def credentials(self) -> Credentials:
        """Credentials that are good for now.

        Raises:
            UnauthenticatedError: the system refuses the log-in, or did so a short while ago.
            SourceError: the log-in failed otherwise.
        """
        known = self._known()
        if known is None and self._login is None:
            await self._keep_from_trying()
            known = self._known()  # somebody else may have logged in meanwhile
        if known is not None:
            return known
        if self._login is None:
            self._login = asyncio.create_task(self._log_in(), name=f"{self._transport.source} log-in")
            self._login.add_done_callback(self._logged_in)
        login = self._login
        await asyncio.wait({login})
        return login.result().credentials

    def _known(self) -> Credentials | None:
        token = self._token
        good = token is not None and self._transport.timing.monotonic() < token.renew_at
        return token.credentials if token is not None and good else None

    def discard(self, credentials: Credentials) -> None:
        """Forget credentials that were refused, unless others have taken their place already."""
        if self._token is not None and self._token.credentials is credentials:
            self._token = None

    async def authorised(self, what: Hashable, ask: Callable[[Credentials], Awaitable[T]]) -> T:
        """What a call gives that needs credentials; where they are refused, once more with new ones.

        Args:
            what: the same for calls that the system refuses alike, and for no others: how, where and about what.
            ask: makes the call.

        Raises:
            SourceError: whatever the call or the log-in raises; as one that may pass where new credentials might help,
                and none are asked for since they helped nothing a short while ago.
        """
        credentials = await self.credentials()
        try:
            return await ask(credentials)
        except self.refusals as error:
            if self._known() is credentials:  # others may have replaced them already
                self._keep_from_replacing(what, error)
            # The system may end a token before its time, e.g. when it restarts.
            self.discard(credentials)
        renewed = await self.credentials()
        try:
            given = await ask(renewed)
        except self.refusals:
            self._was_in_vain(what, renewed)
            raise
        self._helpless.clear()
        return given

    async def close(self) -> None:
        """Stop a log-in under way."""
        if self._login is not None:
            self._login.cancel()
            await asyncio.wait({self._login})

    def _bearer(self, token: str | None, place: str, life: float, credentials: Callable[[str], Credentials]) -> Token:
        """A token of the kind `Bearer`.

        Args:
            token: what came as one.
            place: where it should stand in the answer.
            life: for how many seconds it is used.
            credentials: makes them of the header's value.

        Raises:
            InvalidResponseError: none came, or one that no header can hold.
        """
        if token is None or not fits_header(token):
            raise self._unreadable(place)
        return Token(credentials(f"Bearer {token}"), self._transport.timing.monotonic() + life)

    def _unreadable(self, place: str) -> InvalidResponseError:
        """The error for an answer to a log-in in which something is missing."""
        source = self._transport.source
        message = f"{source} answered the log-in with something that cannot be read"
        return InvalidResponseError(source, None, message, f"the answer has no {place}")

    async def _keep_from_trying(self) -> None:
        """Refuse as the system has refused before, as long as that holds."""
        refusal, now = self._refusal, self._transport.timing.monotonic()
        if refusal is None or now >= refusal.until or await self._may_differ():
            return
        error = refusal.error
        why = (
            f"it is not tried again for {refusal.until - now:.0f} s, so that the account is not locked "
            "(PRESSRUN_SOURCES_LOGIN_SECONDS)"
        )
        raise UnauthenticatedError(error.source, None, error.message, f"{error.detail}; {why}") from error

    def _keep_from_replacing(self, what: Hashable, error: SourceError) -> None:
        """Leave it at a refusal where a new token has helped nothing a short while ago."""
        now = self._transport.timing.monotonic()
        if now < self._in_vain.get(what, now):
            raise error
        if len(self._helpless) < _MOST or now >= self._helpless[0]:
            return
        wait = self._helpless[0] - now
        why = (
            f"no new token is asked for within {wait:.0f} s, since the last {_MOST} helped nothing "
            "(PRESSRUN_SOURCES_LOGIN_SECONDS)"
        )
        # Whether this token has ended or the call is not allowed nobody knows: a lasting error would say the latter.
        raise type(error)(
            error.source, error.ref, error.message, f"{error.detail}; {why}", wait, transient=True
        ) from error

    def _was_in_vain(self, what: Hashable, renewed: Credentials) -> None:
        """Remember a call that was refused with new credentials, too."""
        now = self._transport.timing.monotonic()
        until = now + self._transport.config.login_seconds
        while self._in_vain and now >= next(iter(self._in_vain.values())):
            self._in_vain.popitem(last=False)
        self._in_vain[what] = until
        self._in_vain.move_to_end(what)
        # Many calls may have waited for the same log-in.
        if self._blamed is not renewed:
            self._blamed = renewed
            self._helpless.append(until)

    def _logged_in(self, task: asyncio.Task[Token]) -> None:
        self._login = None
        # Asking for the exception also marks it as seen, should everybody who waited be gone.
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._token, self._refusal = task.result(), None
        elif isinstance(error, UnauthenticatedError):
            number = self._refusal.number + 1 if self._refusal is not None else 0
            seconds = self._transport.config.login_seconds * 2 ** min(number, _DOUBLED)
            self._refusal = _Refusal(error, number, self._transport.timing.monotonic() + seconds)
