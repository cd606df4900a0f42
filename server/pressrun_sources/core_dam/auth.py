"""Makes the service known to Core DAM: three ways to log in.

Documented: the calls and their fields, the headers used afterwards, 15 minutes of life for directory-service tokens.
Inferred: how long sessions live, the name of the life field of the DAM's own tokens, renewal ahead of expiry and once
on 401.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from yarl import URL

from pressrun_sources.core_dam.config import AuthMode, CoreDamConfig
from pressrun_sources.errors import UnauthenticatedError
from pressrun_sources.shape import integer_in, mapping_in, text_in
from pressrun_sources.transport.call import Call, Credentials, basic, fits_header
from pressrun_sources.transport.client import Answer, Transport
from pressrun_sources.transport.tokens import Token, Tokens

__all__ = ["Keeper"]

_DEFAULT_LIFE = 900
_MARGIN = 60.0


class Keeper(Tokens):
    """Logs in as the configuration says."""

    def __init__(self, config: CoreDamConfig, transport: Transport) -> None:
        super().__init__(transport)
        self._config = config
        self._ways: Mapping[AuthMode, Callable[[], Awaitable[Token]]] = {
            AuthMode.OTDS_OAUTH2: self._directory_token,
            AuthMode.OTMM_SESSION: self._session,
            AuthMode.OTMM_OAUTH_PASSWORD: self._password_token,
        }

    async def _log_in(self) -> Token:
        try:
            return await self._ways[self._config.auth_mode]()
        except UnauthenticatedError as error:
            names = "PRESSRUN_CORE_DAM_AUTH_MODE and the user or client set for it"
            raise UnauthenticatedError(error.source, None, error.message, f"{error.detail}; check {names}") from error

    async def _directory_token(self) -> Token:
        config, scope = self._config, self._config.mapping.scope
        assert config.token_url is not None, "the configuration asks for it"
        form = {"grant_type": "password" if config.username else "client_credentials"}
        if config.username:
            form |= {"username": config.username, "password": config.password}
        if scope:
            form["scope"] = scope
        credentials = None
        if config.mapping.client_auth == "form":
            form |= {"client_id": config.client_id, "client_secret": config.client_secret}
        else:
            origins = frozenset({config.token_url.origin()})
            credentials = Credentials(basic(config.client_id, config.client_secret), origins)
        answer = await self._post(config.token_url, form, credentials)
        token, life = text_in(answer.json, "access_token"), integer_in(answer.json, "expires_in")
        return self._bearer(token, "access_token", _used(life), self._credentials)

    async def _password_token(self) -> Token:
        config = self._config
        form = {
            "grant_type": "password",
            "username": config.username,
            "password": config.password,
            "client_id": config.client_id,
            "client_secret": config.client_secret,
        }
        answer = await self._post(self._url(config.mapping.oauth_path), form, None)
        token = mapping_in(mapping_in(answer.json, "token_info"), "oauth_token")
        place, life = "token_info.oauth_token.accessToken", integer_in(token, "expiresIn")
        return self._bearer(text_in(token, "accessToken"), place, _used(life), self._credentials)

    async def _session(self) -> Token:
        config = self._config
        form = {"username": config.username, "password": config.password}
        answer = await self._post(self._url(config.mapping.sessions_path), form, None)
        session = mapping_in(mapping_in(answer.json, "session_resource"), "session")
        identifier, cookie = integer_in(session, "id"), answer.cookies.get("JSESSIONID")
        if identifier is None or cookie is None or not fits_header(cookie):
            raise self._unreadable("session_resource.session.id with a cookie JSESSIONID")
        # The id guards against requests forged by other sites; without it a session's calls are refused.
        headers = {"Cookie": f"JSESSIONID={cookie}", "X-Requested-By": str(identifier)}
        until = self._transport.timing.monotonic() + _used(config.mapping.session_life_s)
        return Token(Credentials(headers, self._origins()), until)

    async def _post(self, url: URL, form: Mapping[str, str], credentials: Credentials | None) -> Answer:
        refused = {400: UnauthenticatedError, 403: UnauthenticatedError}
        call = Call("POST", url, "the log-in", form=form, credentials=credentials, status_errors=refused)
        return await self._transport.fetch(call)

    def _url(self, path: str) -> URL:
        return URL(f"{self._config.base_url}{path}", encoded=True)

    def _credentials(self, header: str) -> Credentials:
        return Credentials({"Authorization": header}, self._origins())

    def _origins(self) -> frozenset[URL]:
        return frozenset({self._config.base_url.origin(), self._config.origin.origin()})


def _used(life: int | None) -> float:
    """For how many seconds a token is used that lives so long."""
    seconds = _DEFAULT_LIFE if life is None else life
    return seconds - min(_MARGIN, seconds / 5)
