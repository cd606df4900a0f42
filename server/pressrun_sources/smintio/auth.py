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
from pressrun_sources.errors import DeniedError, MisconfiguredError, UnauthenticatedError
from pressrun_sources.shape import integer_in, text_in
from pressrun_sources.smintio.config import SmintioConfig
from pressrun_sources.transport.call import Call, Credentials
from pressrun_sources.transport.client import Transport
from pressrun_sources.transport.tokens import Token, Tokens

__all__ = ["Keeper"]

_SCOPE = "smintio.portals.frontend openid profile offline_access"
_DEFAULT_LIFE = 300
_MARGIN = 30.0


class Keeper(Tokens):
    """The tokens of one client, or of whoever logged in for it."""

    refusals = (UnauthenticatedError, DeniedError)

    def __init__(self, config: SmintioConfig, transport: Transport) -> None:
        super().__init__(transport)
        self._config = config
        self._sent = ""
        """The refresh token that was sent last."""

    async def close(self) -> None:
        """Wait for a log-in under way: a refresh token that was used must be replaced, whoever still needs it."""
        if self._login is not None:
            await asyncio.wait({self._login})

    async def _may_differ(self) -> bool:
        """Whether somebody has logged in again."""
        store = self._config.token_store
        if store is None:
            return False
        try:
            return await asyncio.to_thread(_refresh_token, store) != self._sent
        except OSError:
            return True  # which the log-in will say

    async def _log_in(self) -> Token:
        store = self._config.token_store
        if store is None:
            return self._token_of(await self._ask({"grant_type": "client_credentials", "scope": _SCOPE}))
        try:
            with await asyncio.to_thread(_locked, store):
                refresh = self._sent = await asyncio.to_thread(_refresh_token, store)
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

    def _token_of(self, answer: Mapping[str, object]) -> Token:
        life = integer_in(answer, "expires_in") or _DEFAULT_LIFE
        used = max(life - _MARGIN, life / 2)
        return self._bearer(text_in(answer, "access_token"), "access_token", used, self._credentials)

    def _credentials(self, header: str) -> Credentials:
        return Credentials({"Authorization": header}, self._config.origins())


def _refresh_token(store: Path) -> str:
    return store.read_text().strip()


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
