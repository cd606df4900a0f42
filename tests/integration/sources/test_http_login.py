"""An HTTP endpoint that wants tokens by client credentials, or a certificate."""

from __future__ import annotations

import asyncio
import itertools
import os
import resource
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from tests.integration.sources.conformance import LIMITS, load
from tests.integration.sources.harnesses import HttpHarness
from tests.integration.sources.scripted import scripted
from yarl import URL

from pressrun_loadtest.sandbox import Sandbox
from pressrun_loadtest.sandbox.faults import FailWith, FaultRule, Redirect
from pressrun_sources.config import from_env
from pressrun_sources.errors import MisconfiguredError, SourceError, UnauthenticatedError, UnavailableError
from pressrun_sources.http.config import ClientGrant, HttpConfig
from pressrun_sources.http.source import HttpSource
from pressrun_sources.model import AssetRef
from pressrun_sources.transport.certificates import ClientCertificate
from pressrun_sources.transport.hosts import HostEntry

PRESENT = HttpHarness.present
DRAFT = AssetRef("http", "logos/draft.png")
LOCAL = ip_address("127.0.0.1")
TOKEN_PATH = "/oauth/token"


@pytest.fixture
async def endpoint(sandbox: Sandbox) -> AsyncIterator[HttpHarness]:
    """The stand-in, of which tokens are asked for by client credentials."""
    harness = HttpHarness(sandbox)
    options = sandbox.http.options
    grant = ClientGrant(
        URL(f"{sandbox.settings.http.base_url}{TOKEN_PATH}"), options.client_id, options.client_secret, "assets.read"
    )
    harness.config = replace(harness.config, token="", grant=grant)
    harness.secrets = (options.client_secret, "Bearer ", "Basic ")
    yield harness
    await harness.close()


def logins(endpoint: HttpHarness) -> int:
    """How often a token was asked for."""
    return endpoint.sandbox.http.journal.count(path=TOKEN_PATH)


def described(endpoint: HttpHarness, **changes: object) -> None:
    """Change the grant."""
    assert endpoint.config.grant is not None
    endpoint.config = replace(endpoint.config, grant=replace(endpoint.config.grant, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("in_body", [False, True])
async def test_one_token_for_many(endpoint: HttpHarness, in_body: bool) -> None:  # noqa: FBT001 - a parameter
    """All calls share a token, which is asked for once, with its scope, by header or in the body."""
    described(endpoint, in_body=in_body)
    source = endpoint.make()
    found = await asyncio.gather(*(source.describe(PRESENT) for _ in range(5)))
    assert await load(source, found[0]) == endpoint.content
    assert await source.select(endpoint.hit) == PRESENT
    await source.check()
    assert logins(endpoint) == 1
    assert endpoint.sandbox.http.grants.scopes == ["assets.read"]


async def test_a_token_is_renewed(endpoint: HttpHarness) -> None:
    """After four fifths of its life a token is replaced; one that ended before its time as soon as it is refused."""
    source = endpoint.make()
    await source.describe(PRESENT)
    endpoint.sandbox.http.grants.revoke()
    assert await load(source, await source.describe(PRESENT)) == endpoint.content
    assert logins(endpoint) == 2
    passed = 0.0
    timing = endpoint.timing
    endpoint.timing = replace(timing, monotonic=lambda: timing.monotonic() + passed)
    source = endpoint.make()
    await source.describe(PRESENT)
    for seconds, expected in ((235.0, 3), (241.0, 4)):
        passed = seconds
        await source.describe(PRESENT)
        assert logins(endpoint) == expected


@pytest.mark.parametrize(
    ("status", "error"), [(400, UnauthenticatedError), (401, UnauthenticatedError), (503, SourceError)]
)
async def test_refused(endpoint: HttpHarness, status: int, error: type[SourceError]) -> None:
    """A log-in that is refused is this service's fault; nothing of the secret is told, and the settings are named."""
    endpoint.sandbox.http.faults.add(FaultRule(FailWith(status), TOKEN_PATH, times=1))
    source = endpoint.make()
    with pytest.raises(error) as caught:
        await source.describe(PRESENT)
    text = f"{caught.value} {caught.value.detail} {caught.value!r} {source!r}"
    assert not [secret for secret in endpoint.secrets if secret in text]
    assert ("PRESSRUN_HTTP_SOURCE_TOKEN_URL" in text) == (status < 500)
    passing = timing_of(endpoint)
    source = endpoint.make()
    endpoint.sandbox.http.faults.add(FaultRule(FailWith(status), TOKEN_PATH, times=1))
    with pytest.raises(error):
        await source.describe(PRESENT)
    passing.append(31.0)
    assert (await source.describe(PRESENT)).ref == PRESENT


def timing_of(endpoint: HttpHarness) -> list[float]:
    """Let the clock of the sources made from here on be ahead by the last of these."""
    passed, timing = [0.0], endpoint.timing
    endpoint.timing = replace(timing, monotonic=lambda: timing.monotonic() + passed[-1])
    return passed


async def test_a_refused_log_in_is_not_tried_with_each_request(endpoint: HttpHarness) -> None:
    """An account is not locked by a wrong secret: each further refusal doubles the pause, and the right one ends it."""
    passed = timing_of(endpoint)
    source = endpoint.make()
    endpoint.sandbox.http.faults.add(FaultRule(FailWith(401), TOKEN_PATH, times=None))
    tried = []
    for second in range(0, 2400, 5):
        passed.append(float(second))
        before = logins(endpoint)
        with pytest.raises(UnauthenticatedError) as caught:
            await source.describe(PRESENT)
        if logins(endpoint) > before:
            tried.append(second)
        else:
            assert "it is not tried again for" in caught.value.detail
            assert "PRESSRUN_HTTP_SOURCE_TOKEN_URL" in caught.value.detail
    pauses = [later - earlier for earlier, later in itertools.pairwise(tried)]
    assert [round(pause, -1) for pause in pauses] == [30, 60, 120, 240, 480, 480, 480, 480]
    endpoint.sandbox.http.faults.clear()
    passed.append(passed[-1] + 481)
    await source.describe(PRESENT)
    # What follows begins anew.
    endpoint.sandbox.http.grants.revoke()
    endpoint.sandbox.http.faults.add(FaultRule(FailWith(401), TOKEN_PATH, times=1))
    with pytest.raises(UnauthenticatedError):
        await source.describe(PRESENT)
    passed.append(passed[-1] + 31)
    assert (await source.describe(PRESENT)).ref == PRESENT


async def test_tokens_that_help_nothing(endpoint: HttpHarness) -> None:
    """An endpoint that refuses new tokens as well is not asked for one with each request, and later for one again."""
    passed = timing_of(endpoint)
    source = endpoint.make()
    await source.describe(DRAFT)
    endpoint.fault(FailWith(401), "/assets/*", None)
    for _ in range(5):
        with pytest.raises(UnauthenticatedError):
            await source.describe(PRESENT)
    assert logins(endpoint) == 2
    endpoint.sandbox.http.faults.clear()
    assert (await source.describe(PRESENT)).ref == PRESENT
    assert logins(endpoint) == 2
    passed.append(31.0)
    endpoint.sandbox.http.grants.revoke()
    assert (await source.describe(PRESENT)).ref == PRESENT
    assert logins(endpoint) == 3


async def test_one_refused_asset_keeps_no_other_from_a_new_token(endpoint: HttpHarness) -> None:
    """An asset that may not be had is asked for one new token in a while; tokens that end are replaced meanwhile."""
    passed = timing_of(endpoint)
    source = endpoint.make()
    await source.describe(PRESENT)
    endpoint.fault(FailWith(401), "/assets/logos/draft.png", None)
    for _ in range(3):
        with pytest.raises(UnauthenticatedError) as caught:
            await source.describe(DRAFT)
        assert not caught.value.transient
    assert logins(endpoint) == 2
    for number in (3, 4, 5):
        endpoint.sandbox.http.grants.revoke()
        assert (await source.describe(PRESENT)).ref == PRESENT
        assert logins(endpoint) == number
        with pytest.raises(UnauthenticatedError):
            await source.describe(DRAFT)
        assert logins(endpoint) == number
    passed.append(31.0)
    with pytest.raises(UnauthenticatedError):
        await source.describe(DRAFT)
    assert logins(endpoint) == 6


async def test_many_refused_assets_are_no_storm_of_log_ins(endpoint: HttpHarness) -> None:
    """After three new tokens that helped nothing none is asked for; whether that would help is left open."""
    passed = timing_of(endpoint)
    source = endpoint.make()
    await source.describe(PRESENT)
    endpoint.fault(FailWith(401), "/assets/secret/*", None)
    for number in range(10):
        with pytest.raises(UnauthenticatedError) as caught:
            await source.describe(AssetRef("http", f"secret/{number}.png"))
        held_back = number >= 3
        assert caught.value.transient == held_back
        assert ("no new token is asked for within 30 s" in caught.value.detail) == held_back
        assert (await source.describe(PRESENT)).ref == PRESENT
    assert logins(endpoint) == 4
    endpoint.sandbox.http.grants.revoke()
    with pytest.raises(UnauthenticatedError) as caught:
        await source.describe(PRESENT)
    assert caught.value.transient
    passed.append(31.0)
    assert (await source.describe(PRESENT)).ref == PRESENT
    assert logins(endpoint) == 5


async def test_a_wrong_secret(endpoint: HttpHarness) -> None:
    """A wrong secret is refused, once for a call."""
    described(endpoint, client_secret="wrong-secret")
    with pytest.raises(UnauthenticatedError) as caught:
        await endpoint.make().describe(PRESENT)
    assert "wrong-secret" not in f"{caught.value} {caught.value.detail}"
    assert logins(endpoint) == 1


@pytest.mark.parametrize("in_body", [False, True])
async def test_what_is_told_back(in_body: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """A server that repeats a wrong secret in its refusal does not get it into what operators are told."""
    secret = 'p4ss "word"/+%'

    async def refuse(request: web.Request) -> web.Response:
        sent = (await request.post()).get("client_secret") or request.headers["Authorization"]
        told = f"no client me with {secret} or {sent}"
        return web.json_response({"error": "invalid_client", "error_description": told}, status=400)

    async with scripted(refuse) as server:
        grant = ClientGrant(server.url / "token", "me", secret, in_body=in_body)
        source = HttpSource(HttpConfig(server.url, grant=grant), LIMITS)
        with pytest.raises(UnauthenticatedError) as caught:
            await source.describe(PRESENT)
        await source.close()
    assert "no client me with *** or" in caught.value.detail
    for part in ("p4ss", "cDRzc"):  # the latter begins it in base64
        assert part not in caught.value.detail


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"access_token": "a b"},
        {"access_token": "x\ny"},
        {"access_token": "x", "token_type": "mac"},
        {"access_token": 7},
    ],
)
async def test_tokens_that_are_none(body: dict[str, object]) -> None:
    """A token that could not stand in a header, or is of another type, is never sent."""

    async def answer(request: web.Request) -> web.Response:
        assert request.path == "/token"
        return web.json_response(body)

    async with scripted(answer) as server:
        grant = ClientGrant(server.url / "token", "me", "secret")
        source = HttpSource(HttpConfig(server.url, grant=grant), LIMITS)
        with pytest.raises(SourceError, match="cannot be read"):
            await source.describe(PRESENT)
        await source.close()
        assert len(server.requests) == 1


async def test_nobody_else_is_shown_the_token(endpoint: HttpHarness) -> None:
    """What redirects lead to gets neither token nor certificate."""
    seen: list[str | None] = []

    async def elsewhere(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.Response(body=b"x", content_type="image/png", headers={"ETag": '"1"'})

    async with scripted(elsewhere) as other:
        allowed = replace(LIMITS.allowed, hosts=(HostEntry("127.0.0.1", other.url.port),))
        source = endpoint.make(replace(LIMITS, allowed=allowed))
        await source.describe(PRESENT)
        endpoint.fault(Redirect(str(other.url / "a")), "/assets/*", None)
        await source.describe(DRAFT)
    assert seen
    assert set(seen) == {None}


Make = Callable[..., Path]


@pytest.fixture
def issued(tmp_path: Path) -> Make:
    """Writes a key with a certificate for 127.0.0.1 that an authority of the test signed, and the authority's own."""
    authority = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    now = datetime.now(UTC)

    def sign(subject: str, key: ec.EllipticCurvePrivateKey, *, ca: bool) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(name if ca else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(subject), x509.IPAddress(LOCAL)]), critical=False)
            .sign(authority, hashes.SHA256())
        )

    def make(subject: str) -> Path:
        key = ec.generate_private_key(ec.SECP256R1())
        path = tmp_path / f"{subject}.pem"
        path.write_bytes(
            sign(subject, key, ca=False).public_bytes(Encoding.PEM)
            + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        (tmp_path / "ca.pem").write_bytes(sign("ca", authority, ca=True).public_bytes(Encoding.PEM))
        return path

    return make


def serving(chain: Path) -> ssl.SSLContext:
    """A server that wants a certificate of its callers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(chain.with_name("ca.pem"))
    return context


async def _answer(request: web.Request) -> web.Response:
    assert request.transport is not None
    shown = request.transport.get_extra_info("peercert")
    subject = dict(pair for part in shown["subject"] for pair in part)["commonName"]
    return web.Response(body=b"x", content_type="image/png", headers={"ETag": f'"{subject}"'})


async def test_certificate(issued: Make) -> None:
    """An endpoint that wants a certificate is shown it, and a renewed one once its file was replaced."""
    server, mine = issued("server"), issued("node-1")
    async with scripted(_answer, tls=serving(server)) as endpoint:
        certificate = ClientCertificate(mine, trusted=mine.with_name("ca.pem"))
        source = HttpSource(HttpConfig(endpoint.url, certificate=certificate), LIMITS)
        assert (await source.describe(PRESENT)).etag == "node-1"
        renewed = issued("node-2")
        renewed.replace(mine)
        os.utime(mine, ns=(1, 1))
        assert (await source.describe(PRESENT)).etag == "node-2"
        await source.close()


async def test_an_authority_of_ones_own(issued: Make) -> None:
    """An endpoint whose certificate an authority of the house signed is believed, without showing it one of ours."""
    chain = issued("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=b"x", content_type="image/png", headers={"ETag": '"1"'})

    async with scripted(answer, tls=context) as endpoint:
        base = {"PRESSRUN_HTTP_SOURCE_BASE_URL": str(endpoint.url), "PRESSRUN_SOURCES_ALLOW_LOOPBACK": "true"}
        for trusted, error in (
            ({}, MisconfiguredError),
            ({"PRESSRUN_HTTP_SOURCE_CA_FILE": chain.with_name("ca.pem")}, None),
        ):
            config = from_env(base | {name: str(value) for name, value in trusted.items()}).http
            assert config is not None
            source = HttpSource(config, LIMITS)
            if error is None:
                assert (await source.describe(PRESENT)).etag == "1"
            else:
                with pytest.raises(error, match="not trusted"):
                    await source.describe(PRESENT)
            await source.close()


async def test_a_half_renewed_certificate(issued: Make, caplog: pytest.LogCaptureFixture) -> None:
    """While certificate and key on disk don't belong together the ones before stay in use; operators are told once."""
    server, first, second = issued("server"), issued("node-1"), issued("node-2")
    chain, key = first.with_name("tls.crt"), first.with_name("tls.key")
    chain.write_bytes(first.read_bytes())
    key.write_bytes(first.read_bytes())
    moments = itertools.count(1)

    def written(path: Path, data: bytes | None) -> None:
        path.unlink(missing_ok=True)
        if data is not None:
            path.write_bytes(data)
            os.utime(path, ns=(1, next(moments)))

    async with scripted(_answer, tls=serving(server)) as endpoint:
        certificate = ClientCertificate(chain, key, first.with_name("ca.pem"))
        source = HttpSource(HttpConfig(endpoint.url, certificate=certificate), LIMITS)
        assert (await source.describe(PRESENT)).etag == "node-1"
        for path, data, told in (
            (chain, second.read_bytes().partition(b"-----BEGIN PRIVATE")[0], 1),
            (key, None, 2),
            (key, b"half a k", 3),
        ):
            written(path, data)
            for _ in range(3):
                assert (await source.describe(PRESENT)).etag == "node-1"
            assert sum("they cannot be used" in record.getMessage() for record in caplog.records) == told
        written(key, second.read_bytes())
        assert (await source.describe(PRESENT)).etag == "node-2"
        await source.close()


def test_a_renewed_certificate_that_could_not_be_read_at_once(
    issued: Make, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process without a descriptor left takes the new certificate once it has one; until then the old one stays."""
    clock = [0.0]
    monkeypatch.setattr("pressrun_sources.transport.certificates.monotonic", lambda: clock[-1])
    mine = issued("node-1")
    certificate = ClientCertificate(mine, trusted=mine.with_name("ca.pem"))

    def at(second: float) -> ssl.SSLContext:
        clock.append(second)
        return certificate.context()

    first = at(0.0)
    issued("node-2").replace(mine)
    os.utime(mine, ns=(1, 1))
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        kept = [at(second) for second in (1.0, 5.0, 7.0)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert kept == [first] * 3
    assert sum("Too many open files" in record.getMessage() for record in caplog.records) == 1
    assert at(11.0) is first
    renewed = at(13.0)
    assert renewed is not first
    assert at(100.0) is renewed


async def test_a_token_url_elsewhere_is_shown_its_own_certificate(issued: Make) -> None:
    """The endpoint's certificate is not shown, nor its authority believed, where tokens are asked for at another origin."""
    chain, mine, theirs = issued("server"), issued("node"), issued("client")
    trusted = mine.with_name("ca.pem")
    seen: list[str] = []

    async def tokens(request: web.Request) -> web.Response:
        assert request.transport is not None
        shown = request.transport.get_extra_info("peercert")
        seen.append(dict(pair for part in shown["subject"] for pair in part)["commonName"])
        return web.json_response({"access_token": "t", "token_type": "Bearer"})

    async with scripted(tokens, tls=serving(chain)) as login, scripted(_answer, tls=serving(chain)) as endpoint:
        grant = ClientGrant(login.url / "token", "me", "secret")
        own = ClientCertificate(mine, trusted=trusted)
        source = HttpSource(HttpConfig(endpoint.url, grant=grant, certificate=own), LIMITS)
        with pytest.raises(MisconfiguredError, match="not trusted"):
            await source.describe(PRESENT)
        await source.close()
        assert seen == []
        grant = replace(grant, certificate=ClientCertificate(theirs, trusted=trusted))
        source = HttpSource(HttpConfig(endpoint.url, grant=grant, certificate=own), LIMITS)
        assert (await source.describe(PRESENT)).etag == "node"
        assert seen == ["client"]
        await source.close()
    async with scripted(_answering(tokens), tls=serving(chain)) as both:
        grant = ClientGrant(both.url / "token", "me", "secret")
        source = HttpSource(HttpConfig(both.url, grant=grant, certificate=own), LIMITS)
        assert (await source.describe(PRESENT)).etag == "node"
        assert seen == ["client", "node"]
        await source.close()


def _answering(tokens: Callable[[web.Request], Awaitable[web.Response]]) -> Callable[..., Awaitable[web.Response]]:
    """An endpoint that hands out tokens itself."""

    async def answer(request: web.Request) -> web.Response:
        return await (tokens if request.path == "/token" else _answer)(request)

    return answer


async def test_without_certificate(issued: Make) -> None:
    """An endpoint that wants another certificate goes away without a word; operators are told that it may be that."""
    server = issued("server")
    trusted = server.with_name("ca.pem")
    context = serving(server)
    context.load_verify_locations(trusted)
    other = server.with_name("other.pem")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stranger")])
    now = datetime.now(UTC)
    own = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    other.write_bytes(
        own.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    async with scripted(_answer, tls=context) as endpoint:
        source = HttpSource(HttpConfig(endpoint.url, certificate=ClientCertificate(other, trusted=trusted)), LIMITS)
        with pytest.raises(UnavailableError) as caught:
            await source.describe(PRESENT)
        assert f"another certificate than {other}" in caught.value.detail
        await source.close()


def test_settings(issued: Make, tmp_path: Path) -> None:
    """Grant and certificate come from the environment; secrets are not printed, and faults name the setting."""
    chain = issued("node")
    base = {"PRESSRUN_HTTP_SOURCE_BASE_URL": "https://assets.example"}
    grant = {
        "PRESSRUN_HTTP_SOURCE_TOKEN_URL": "https://login.example/token",
        "PRESSRUN_HTTP_SOURCE_CLIENT_ID": "node",
        "PRESSRUN_HTTP_SOURCE_CLIENT_SECRET": "a-secret",
        "PRESSRUN_HTTP_SOURCE_SCOPE": "assets.read",
    }
    tls = {
        "PRESSRUN_HTTP_SOURCE_CLIENT_CERTIFICATE": str(chain),
        "PRESSRUN_HTTP_SOURCE_CA_FILE": str(chain.with_name("ca.pem")),
    }
    tls |= {"PRESSRUN_HTTP_SOURCE_TOKEN_CLIENT_CERTIFICATE": str(chain)}
    found = from_env({**base, **grant, **tls})
    assert found.http is not None
    assert found.http.called() == {URL("https://assets.example"), URL("https://login.example")}
    assert found.http.origins() == {URL("https://assets.example")}
    printed = found.redacted()
    assert printed["http.grant.client_secret"] == "(set)"
    assert printed["http.certificate.chain"] == printed["http.grant.certificate.chain"] == str(chain)
    assert not [name for name in printed if "._" in name]
    for wrong, named in (
        ({k: v for k, v in grant.items() if "SECRET" not in k}, "CLIENT_SECRET"),
        ({**grant, "PRESSRUN_HTTP_SOURCE_TOKEN": "x"}, "TOKEN_URL"),
        ({**grant, "PRESSRUN_HTTP_SOURCE_TOKEN_URL": "http://login.example/token"}, "TOKEN_URL"),
        ({**grant, "PRESSRUN_HTTP_SOURCE_CLIENT_AUTH": "jwt"}, "CLIENT_AUTH"),
        ({"PRESSRUN_HTTP_SOURCE_CA_FILE": "x"}, "CA_FILE"),
        ({"PRESSRUN_HTTP_SOURCE_CLIENT_KEY": "x"}, "CLIENT_KEY"),
        ({**grant, "PRESSRUN_HTTP_SOURCE_TOKEN_CA_FILE": "x"}, "TOKEN_CA_FILE"),
        ({"PRESSRUN_HTTP_SOURCE_TOKEN_CLIENT_CERTIFICATE": str(chain)}, "TOKEN_URL"),
        ({"PRESSRUN_HTTP_SOURCE_CLIENT_CERTIFICATE": str(tmp_path / "none.pem")}, "CLIENT_CERTIFICATE"),
    ):
        with pytest.raises(MisconfiguredError, match=f"PRESSRUN_HTTP_SOURCE_{named}"):
            from_env({**base, **wrong})
