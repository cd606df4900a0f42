"""Gets access tokens for an endpoint by client credentials.

Documented: the request and its answer (RFC 6749 sections 4.4, 5.1), the client's id and secret by HTTP Basic, each
form-encoded before (section 2.3.1), or in the body where a server wants them there, bearer tokens (RFC 6750). Our
choice: a token is used for four fifths of its life, five minutes where the answer names none, and once more a new one
is asked for where the endpoint refuses it before.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote_plus

from pressrun_sources.errors import UnauthenticatedError
from pressrun_sources.http.config import ClientGrant, HttpConfig
from pressrun_sources.shape import integer_in, text_in
from pressrun_sources.transport.call import Call, Credentials, basic
from pressrun_sources.transport.client import Transport
from pressrun_sources.transport.tokens import Token, Tokens

__all__ = ["Grant"]

_DEFAULT_LIFE = 300
_USED = 0.8


class Grant(Tokens):
    """The tokens of one client.

    Args:
        grant: who asks whom.
        config: the endpoint, which alone is shown the tokens.
        transport: of the source.
    """

    def __init__(self, grant: ClientGrant, config: HttpConfig, transport: Transport) -> None:
        super().__init__(transport)
        self._grant = grant
        self._config = config

    async def _log_in(self) -> Token:
        grant, source = self._grant, self._transport.source
        form = {"grant_type": "client_credentials"} | ({"scope": grant.scope} if grant.scope else {})
        headers: Mapping[str, str] = {}
        if grant.in_body:
            form |= {"client_id": grant.client_id, "client_secret": grant.client_secret}
        else:
            headers = basic(quote_plus(grant.client_id), quote_plus(grant.client_secret))
        credentials = Credentials(headers, frozenset({grant.token_url.origin()}), self._config.token_certificate())
        # 400 is how a token endpoint refuses a client, too (RFC 6749 section 5.2).
        refused = {400: UnauthenticatedError, 403: UnauthenticatedError}
        call = Call("POST", grant.token_url, "the log-in", form=form, credentials=credentials, status_errors=refused)
        try:
            answer = (await self._transport.fetch(call)).json
        except UnauthenticatedError as error:
            names = "PRESSRUN_HTTP_SOURCE_TOKEN_URL, _CLIENT_ID, _CLIENT_SECRET, _SCOPE and _CLIENT_AUTH"
            raise UnauthenticatedError(source, None, error.message, f"{error.detail}; check {names}") from error
        return self._token_of(answer)

    def _token_of(self, answer: Mapping[str, object]) -> Token:
        place, kind = "access_token of the type Bearer", text_in(answer, "token_type") or "bearer"
        if kind.lower() != "bearer":
            raise self._unreadable(place)
        life = integer_in(answer, "expires_in")
        used = (_DEFAULT_LIFE if life is None else life) * _USED
        return self._bearer(text_in(answer, "access_token"), place, used, self._credentials)

    def _credentials(self, header: str) -> Credentials:
        config = self._config
        return Credentials({"Authorization": header}, config.origins(), config.certificate)
