"""Who may ask the Core DAM stand-in: sessions, OTMM OAuth passwords and directory-service tokens.

Documented: the calls, their fields and the headers used afterwards, and 15 minutes of token life. Inferred: 401
for missing or wrong credentials and 403 for a session request without `X-Requested-By`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import itertools
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from pressrun_loadtest.sandbox.clock import Clock
from pressrun_loadtest.sandbox.core_dam.errors import DamError
from pressrun_loadtest.sandbox.core_dam.options import CoreDamOptions

__all__ = ["Authority", "Session"]


@dataclass(slots=True)
class Session:
    """A session: the cookie value, the id for `X-Requested-By`, and the digest that can stand for both."""

    id: int
    cookie: str
    digest: str
    expires: datetime


class Authority:
    """Hands out sessions and tokens and checks them."""

    def __init__(self, options: CoreDamOptions, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._ids = itertools.count(482_911)
        self._sessions: dict[str, Session] = {}
        self._tokens: dict[str, datetime] = {}

    def open_session(self, form: Mapping[str, str]) -> Session:
        """A session for the right user name and password.

        Raises:
            DamError: 401, they are wrong.
        """
        self._check_user(form)
        self._sweep()
        session = Session(next(self._ids), secrets.token_hex(16), secrets.token_hex(16), self._session_end())
        self._sessions[session.cookie] = session
        return session

    def open_password_token(self, form: Mapping[str, str]) -> str:
        """A bearer token of the DAM itself for user and client together.

        Raises:
            DamError: 400 for another grant type, 401 for wrong credentials.
        """
        if form.get("grant_type") != "password":
            raise DamError(400, "grant_type: expected password")
        self._check_user(form)
        self._check_client(form.get("client_id", ""), form.get("client_secret", ""))
        return self._new_token()

    def open_directory_token(self, form: Mapping[str, str], authorization: str | None) -> str:
        """A bearer token of the directory service (OTDS), client credentials in the header or in the form.

        Raises:
            DamError: 400 for an unsupported grant type, 401 for wrong credentials.
        """
        grant = form.get("grant_type")
        if grant not in ("client_credentials", "password"):
            raise DamError(400, "unsupported_grant_type")
        client, secret = _basic(authorization) or (form.get("client_id", ""), form.get("client_secret", ""))
        self._check_client(client, secret)
        if grant == "password":
            self._check_user(form)
        return self._new_token()

    def authenticate(self, request: web.Request) -> Session | None:
        """Accept a request that carries a valid session or token; the session if it came by one.

        Raises:
            DamError: 401 without valid credentials, 403 for a session without its `X-Requested-By`.
        """
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and not token.startswith("otmmToken "):
            self._check_token(token)
            return None
        digest = request.headers.get("otmmauthtoken") or token.removeprefix("otmmToken ").strip()
        if digest:
            return self._touch(next((s for s in self._sessions.values() if _same(s.digest, digest)), None))
        session = self._touch(self._sessions.get(request.cookies.get("JSESSIONID", "")))
        # The guard against requests forged by other sites: a cookie alone is not enough.
        if request.headers.get("X-Requested-By") != str(session.id):
            raise DamError(403, "X-Requested-By must carry the id of the session")
        return session

    def expire_all(self) -> int:
        """Make every session and token invalid; how many there were."""
        count = len(self._sessions) + len(self._tokens)
        self._sessions.clear()
        self._tokens.clear()
        return count

    def _check_user(self, form: Mapping[str, str]) -> None:
        user_ok = _same(form.get("username", ""), self._options.username)
        if not (_same(form.get("password", ""), self._options.password) and user_ok):
            raise DamError(401, "The user name or the password is wrong")

    def _check_client(self, client: str, secret: str) -> None:
        client_ok = _same(client, self._options.client_id)
        if not (_same(secret, self._options.client_secret) and client_ok):
            raise DamError(401, "invalid_client")

    def _check_token(self, token: str) -> None:
        expires = self._tokens.get(token)
        if expires is None or expires <= self._clock():
            raise DamError(401, "The access token is not known or has expired")

    def _new_token(self) -> str:
        self._sweep()
        token = secrets.token_urlsafe(32)
        self._tokens[token] = self._clock() + timedelta(seconds=self._options.token_life_s)
        return token

    def _touch(self, session: Session | None) -> Session:
        if session is None or session.expires <= self._clock():
            raise DamError(401, "No valid session or access token")
        session.expires = self._session_end()
        return session

    def _session_end(self) -> datetime:
        return self._clock() + timedelta(seconds=self._options.session_life_s)

    def _sweep(self) -> None:
        now = self._clock()
        self._tokens = {token: end for token, end in self._tokens.items() if end > now}
        self._sessions = {cookie: s for cookie, s in self._sessions.items() if s.expires > now}


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _basic(authorization: str | None) -> tuple[str, str] | None:
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password
