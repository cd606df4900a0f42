"""Keeps an access token of Smint.io's OIDC authority.

Documented: `POST /connect/token` with `grant_type=refresh_token`, a new refresh token at each renewal that must be
stored before the access token is used, and `invalid_grant` for a dead grant. Inferred: renewal ahead of the end;
client credentials for unattended use, a switch of ours. The file with the refresh token is locked during a renewal, so
that several processes of a machine do not burn one token; nodes on several machines need a token each.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from yarl import URL

from pressrun_sources.durable import write_durably
from pressrun_sources.errors import InvalidResponseError, MisconfiguredError, UnauthenticatedError
from pressrun_sources.shape import integer_in, text_in
from pressrun_sources.smintio.config import SmintioConfig
from pressrun_sources.transport.call import Call, Credentials
from pressrun_sources.transport.client import Transport

__all__ = ["Keeper"]

_SCOPE = "smintio.portals.frontend openid profile offline_access"
_DEFAULT_LIFE = 300
_MARGIN = 30.0


class Keeper:
    """Holds one token for all tasks; at most one renewal is under way, and all who need it wait for the same one."""

    def __init__(self, config: SmintioConfig, transport: Transport) -> None:
        self._config = config
        self._transport = transport
        self._token: tuple[Credentials, float] | None = None
        self._lock = asyncio.Lock()

    async def credentials(self) -> Credentials:
        """Credentials that are good for now.

        Raises:
            UnauthenticatedError: the grant is dead; somebody has to log in again.
            SourceError: the renewal failed otherwise.
        """
        async with self._lock:
            token = self._token
            if token is None or self._transport.timing.monotonic() >= token[1]:
                # Shielded: a refresh token that was used must be replaced, even when nobody waits any more.
                token = await asyncio.shield(asyncio.create_task(self._renew(), name="smintio log-in"))
                self._token = token
            return token[0]

    def discard(self, credentials: Credentials) -> None:
        """Forget credentials that were refused, unless others have taken their place already."""
        if self._token is not None and self._token[0] is credentials:
            self._token = None

    async def _renew(self) -> tuple[Credentials, float]:
        store = self._config.token_store
        if store is None:
            return self._token_of(await self._ask({"grant_type": "client_credentials", "scope": _SCOPE}))
        try:
            with await asyncio.to_thread(_locked, store):
                refresh = (await asyncio.to_thread(store.read_text)).strip()
                answer = await self._ask({"grant_type": "refresh_token", "refresh_token": refresh})
                following = text_in(answer, "refresh_token")
                if following is not None and following != refresh:
                    await asyncio.to_thread(write_durably, store, following.encode())
        except OSError as error:
            source, message = self._transport.source, "the store of the refresh token cannot be used"
            raise MisconfiguredError(
                source, None, message, f"PRESSRUN_SMINTIO_TOKEN_STORE: {error.strerror}"
            ) from error
        return self._token_of(answer)

    async def _ask(self, form: Mapping[str, str]) -> Mapping[str, object]:
        config = self._config
        call = Call(
            "POST",
            URL(f"{config.authority_url}/connect/token", encoded=True),
            "the log-in",
            form={**form, "client_id": config.client_id, "client_secret": config.client_secret},
            # A refresh token that was taken once must not be sent again.
            repeatable=form["grant_type"] != "refresh_token",
            status_errors={400: UnauthenticatedError},
        )
        return (await self._transport.fetch(call)).json

    def _token_of(self, answer: Mapping[str, object]) -> tuple[Credentials, float]:
        token = text_in(answer, "access_token")
        if token is None or not token.isascii() or not token.isprintable() or " " in token:
            source = self._transport.source
            raise InvalidResponseError(source, None, f"{source} gave a log-in that cannot be read", "no access_token")
        life = integer_in(answer, "expires_in") or _DEFAULT_LIFE
        ends = self._transport.timing.monotonic() + max(life - _MARGIN, life / 2)
        return Credentials({"Authorization": f"Bearer {token}"}, self._config.origins()), ends


@contextmanager
def _held(descriptor: int) -> Generator[None, None, None]:
    try:
        yield
    finally:
        os.close(descriptor)


def _locked(store: Path) -> AbstractContextManager[None]:
    """Wait for the lock beside the store; leaving the context gives it back."""
    descriptor = os.open(store.with_name(f".{store.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except BaseException:
        os.close(descriptor)
        raise
    return _held(descriptor)
