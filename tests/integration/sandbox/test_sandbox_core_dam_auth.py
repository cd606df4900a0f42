from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from pressrun_loadtest.sandbox import CoreDamOptions, Sandbox, Seed
from pressrun_loadtest.sandbox.core_dam.options import ErrorStyle

if TYPE_CHECKING:
    from collections.abc import Callable

GRANT = {"grant_type": "client_credentials", "client_id": "pressrun-sandbox", "client_secret": "sandbox-client-secret"}
LOGIN = {"username": "svc-render", "password": "sandbox-password"}


@pytest.fixture
def dam_open(call: Callable[..., Any], sandbox: Sandbox) -> Any:
    """Core DAM without credentials."""
    return call(sandbox.settings.core_dam.origin)


async def test_asks_for_credentials(dam_open: Any) -> None:
    """A call without a session or token answers 401."""
    answer = await dam_open("GET", "/otmmapi/v6/assets/any")
    assert answer.status == 401
    assert answer.json["exception_body"]["http_response_code"] == 401


@pytest.mark.parametrize("in_header", [True, False])
@pytest.mark.fact("core-dam.otds-client-credentials")
async def test_directory_token_opens_the_api(dam_open: Any, *, in_header: bool) -> None:
    """Client credentials, in the header or in the form, give a bearer token that the API accepts."""
    form, headers = dict(GRANT), {}
    if in_header:
        basic = base64.b64encode(f"{form.pop('client_id')}:{form.pop('client_secret')}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}"}
    token = await dam_open("POST", "/otdsws/oauth2/token", data=form, headers=headers)
    assert (token.status, token.json["token_type"], token.json["expires_in"]) == (200, "Bearer", 900)
    bearer = {"Authorization": f"Bearer {token.json['access_token']}"}
    assert (await dam_open("GET", "/otmmapi/v6/collections", headers=bearer)).status == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [({"client_secret": "wrong"}, 401), ({"client_id": "wrong"}, 401), ({"grant_type": "implicit"}, 400)],
)
async def test_directory_refuses_wrong_grants(dam_open: Any, change: dict[str, str], status: int) -> None:
    """Wrong client credentials answer 401, an unknown grant type 400."""
    assert (await dam_open("POST", "/otdsws/oauth2/token", data=GRANT | change)).status == status


@pytest.mark.fact("core-dam.token-life")
async def test_token_ends_with_its_life(seed: Seed, clock: Any, call: Callable[..., Any]) -> None:
    """A token is accepted until its configured life is over, then answers 401."""
    async with Sandbox(seed=seed, clock=clock, core_dam=CoreDamOptions(token_life_s=5)) as short:
        dam = call(short.settings.core_dam.origin)
        token = (await dam("POST", "/otdsws/oauth2/token", data=GRANT)).json
        assert token["expires_in"] == 5
        bearer = {"Authorization": f"Bearer {token['access_token']}"}
        clock.advance(4.9)
        assert (await dam("GET", "/otmmapi/v6/collections", headers=bearer)).status == 200
        clock.advance(0.1)
        assert (await dam("GET", "/otmmapi/v6/collections", headers=bearer)).status == 401


@pytest.mark.fact("core-dam.session")
async def test_session_needs_its_id_in_a_header(dam_open: Any) -> None:
    """The session cookie alone answers 403; with X-Requested-By carrying the session id it is accepted."""
    opened = await dam_open("POST", "/otmmapi/v6/sessions", data=LOGIN)
    session = opened.json["session_resource"]["session"]
    assert session["login_name"] == "svc-render"
    cookie = {"Cookie": opened.headers["Set-Cookie"].partition(";")[0]}
    assert (await dam_open("GET", "/otmmapi/v6/collections", headers=cookie)).status == 403
    wrong = cookie | {"X-Requested-By": "1"}
    assert (await dam_open("GET", "/otmmapi/v6/collections", headers=wrong)).status == 403
    right = cookie | {"X-Requested-By": str(session["id"])}
    assert (await dam_open("GET", "/otmmapi/v6/collections", headers=right)).status == 200
    shown = await dam_open("GET", "/otmmapi/v6/sessions", headers=right)
    assert shown.json["session_resource"]["session"]["id"] == session["id"]


@pytest.mark.parametrize("form", ["otmmauthtoken", "bearer"])
@pytest.mark.fact("core-dam.message-digest")
async def test_message_digest_stands_for_the_session(dam_open: Any, form: str) -> None:
    """The session's message digest is accepted as otmmauthtoken and as bearer otmmToken."""
    opened = await dam_open("POST", "/otmmapi/v6/sessions", data=LOGIN)
    digest = opened.json["session_resource"]["session"]["message_digest"]
    headers = {"otmmauthtoken": digest} if form == "otmmauthtoken" else {"Authorization": f"Bearer otmmToken {digest}"}
    assert (await dam_open("GET", "/otmmapi/v6/collections", headers=headers)).status == 200


@pytest.mark.fact("core-dam.oauth-password")
async def test_password_grant_of_the_dam(dam_open: Any) -> None:
    """The DAM's own OAuth2 call takes user and client together and nests its token."""
    form = GRANT | LOGIN | {"grant_type": "password"}
    answer = await dam_open("POST", "/otmmapi/v6/sessions/oauth2/token", data=form)
    bearer = {"Authorization": f"Bearer {answer.json['token_info']['oauth_token']['accessToken']}"}
    assert (await dam_open("GET", "/otmmapi/v6/collections", headers=bearer)).status == 200
    wrong = form | {"password": "no"}
    assert (await dam_open("POST", "/otmmapi/v6/sessions/oauth2/token", data=wrong)).status == 401


async def test_log_in_refuses_a_wrong_password(dam_open: Any) -> None:
    """A session is not opened for a wrong password, and the answer does not repeat it."""
    answer = await dam_open("POST", "/otmmapi/v6/sessions", data=LOGIN | {"password": "guess-123"})
    assert answer.status == 401
    assert b"guess-123" not in answer.body


async def test_tokens_can_be_revoked_by_tests(dam: Any, dam_admin: Any) -> None:
    """The operation expire-tokens makes tokens that were handed out answer 401."""
    assert (await dam("GET", "/collections")).status == 200
    assert (await dam_admin("POST", "/do/expire-tokens", json={})).json == {"expired": 1}
    assert (await dam("GET", "/collections")).status == 401


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        (ErrorStyle.EXCEPTION_BODY, '"exception_body"'),
        (ErrorStyle.MESSAGE, '{"message"'),
        (ErrorStyle.TEXT, "No valid session"),
    ],
)
async def test_error_body_is_a_setting(seed: Seed, call: Callable[..., Any], style: ErrorStyle, expected: str) -> None:
    """No error body is public, so the stand-in can answer in three forms."""
    async with Sandbox(seed=seed, core_dam=CoreDamOptions(error_style=style)) as styled:
        answer = await call(styled.settings.core_dam.base_url)("GET", "/collections")
        assert answer.status == 401
        assert answer.body.decode().startswith((expected, "{" + expected))
