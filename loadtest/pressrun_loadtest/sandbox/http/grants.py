"""Access tokens of the HTTP stand-in, for clients that ask by client credentials (RFC 6749 section 4.4)."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import unquote_plus

from aiohttp import web

from pressrun_loadtest.sandbox.clock import Clock
from pressrun_loadtest.sandbox.http.options import HttpOptions

__all__ = ["Grants"]


class Grants:
    """Hands out tokens and knows which are good."""

    def __init__(self, options: HttpOptions, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._ends: dict[str, datetime] = {}
        self.scopes: list[str] = []
        """What was asked for, in order."""

    def answer(self, form: Mapping[str, str], authorization: str | None) -> web.Response:
        """A token, or the refusal in the form of RFC 6749 section 5.2."""
        if form.get("grant_type") != "client_credentials":
            return _refused(400, "unsupported_grant_type")
        client, secret = _basic(authorization) or (form.get("client_id", ""), form.get("client_secret", ""))
        known = (self._options.client_id, self._options.client_secret)
        if not all(hmac.compare_digest(a.encode(), b.encode()) for a, b in zip((client, secret), known, strict=True)):
            return _refused(401, "invalid_client")
        self.scopes.append(form.get("scope", ""))
        token, life = secrets.token_urlsafe(24), self._options.token_life_s
        self._ends[token] = self._clock() + timedelta(seconds=life)
        headers = {"Cache-Control": "no-store"}
        return web.json_response({"access_token": token, "token_type": "Bearer", "expires_in": life}, headers=headers)

    def accepts(self, token: str) -> bool:
        """Whether a token was handed out and has not ended."""
        return token in self._ends and self._clock() < self._ends[token]

    def revoke(self) -> None:
        """End all tokens before their time."""
        self._ends.clear()


def _basic(authorization: str | None) -> tuple[str, str] | None:
    """Id and secret, each form-encoded (section 2.3.1)."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(client), unquote_plus(secret)


def _refused(status: int, error: str) -> web.Response:
    headers = {"WWW-Authenticate": "Basic"} if status == 401 else {}  # noqa: PLR2004 - Unauthorized
    return web.json_response({"error": error}, status=status, headers=headers)
