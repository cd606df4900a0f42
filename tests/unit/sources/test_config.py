from __future__ import annotations

from pathlib import Path

import pytest

from pressrun_sources.build import build_registry
from pressrun_sources.cloudinary.signature import SignatureAlgorithm
from pressrun_sources.config import from_env
from pressrun_sources.core_dam.config import AuthMode
from pressrun_sources.errors import MisconfiguredError

CORE_DAM = {
    "PRESSRUN_CORE_DAM_BASE_URL": "https://dam.example/otmmapi/v6/",
    "PRESSRUN_CORE_DAM_TOKEN_URL": "https://otds.example/otdsws/oauth2/token",
    "PRESSRUN_CORE_DAM_CLIENT_ID": "render",
    "PRESSRUN_CORE_DAM_CLIENT_SECRET": "s3cret-dam",
}
CLOUDINARY = {
    "PRESSRUN_CLOUDINARY_CLOUD_NAME": "acme",
    "PRESSRUN_CLOUDINARY_API_KEY": "1234",
    "PRESSRUN_CLOUDINARY_API_SECRET": "s3cret-cloud",
}


def faults(environ: dict[str, str]) -> str:
    """What is wrong with an environment."""
    with pytest.raises(MisconfiguredError) as caught:
        from_env(environ)
    return str(caught.value)


def test_nothing_is_set() -> None:
    """Without any variable there is no source, and that is fine; others' variables are not looked at."""
    config = from_env({"HOME": "/root", "PRESSRUN_PORT": "1"})
    assert (config.library, config.core_dam, config.cloudinary) == (None, None, None)
    assert config.transport.timeout == 30.0


async def test_everything_is_set(tmp_path: Path) -> None:
    """Each variable finds its place, and the registry holds each source."""
    config = from_env(
        CORE_DAM
        | CLOUDINARY
        | {
            "PRESSRUN_LIBRARY_PATH": str(tmp_path),
            "PRESSRUN_CORE_DAM_ORIGIN": "https://files.example/",
            "PRESSRUN_CLOUDINARY_SIGNATURE_ALGORITHM": "sha256",
            "PRESSRUN_CLOUDINARY_SIGN_URLS": "true",
            "PRESSRUN_CLOUDINARY_LONG_SIGNATURES": "1",
            "PRESSRUN_CLOUDINARY_API_BASE_URL": "https://api-eu.cloudinary.com",
            "PRESSRUN_CLOUDINARY_DELIVERY_BASE_URL": "https://media.acme.example",
            "PRESSRUN_CLOUDINARY_PRIVATE_CDN": "yes",
            "PRESSRUN_SOURCES_TIMEOUT": "7.5",
            "PRESSRUN_SOURCES_CONNECT_TIMEOUT": "2",
            "PRESSRUN_SOURCES_MAX_BYTES": "10MiB",
            "PRESSRUN_SOURCES_MAX_CONCURRENCY": "3",
            "PRESSRUN_SOURCES_RETRIES": "0",
            "PRESSRUN_SOURCES_ALLOWED_HOSTS": "cdn.example, *.b.example,10.0.0.0/8",
            "PRESSRUN_SOURCES_ALLOW_LOOPBACK": "on",
        }
    )
    transport, dam, cloud = config.transport, config.core_dam, config.cloudinary
    assert (transport.timeout, transport.connect_timeout, transport.read_timeout) == (7.5, 2.0, 7.5)
    assert (transport.max_bytes, transport.max_concurrency, transport.retries) == (10 * 1024**2, 3, 0)
    assert transport.allowed.address_allowed("127.0.0.1")
    assert transport.allowed.address_allowed("10.1.1.1")
    assert len(transport.allowed.hosts) == 2
    assert dam is not None
    assert str(dam.base_url) == "https://dam.example/otmmapi/v6"
    assert str(dam.origin).rstrip("/") == "https://files.example"
    assert dam.auth_mode is AuthMode.OTDS_OAUTH2
    assert cloud is not None
    assert cloud.signature_algorithm is SignatureAlgorithm.SHA256
    assert cloud.sign_urls
    assert cloud.long_signatures
    assert str(cloud.api_url()) == "https://api-eu.cloudinary.com/v1_1/acme"
    assert str(cloud.delivery_url()) == "https://media.acme.example"
    registry = build_registry(config)
    assert registry.names() == ("cloudinary", "core-dam", "library")
    await registry.close_all()


def test_usual_hosts() -> None:
    """Without other hosts, Cloudinary's own are used, with the cloud's name in the path."""
    cloud = from_env(CLOUDINARY).cloudinary
    assert cloud is not None
    assert str(cloud.api_url()) == "https://api.cloudinary.com/v1_1/acme"
    assert str(cloud.delivery_url()) == "https://res.cloudinary.com/acme"


def test_all_faults_at_once() -> None:
    """Every fault is reported together, each with its variable and what would be valid."""
    text = faults(
        {
            "PRESSRUN_SOURCES_TIMEOUT": "soon",
            "PRESSRUN_SOURCES_MAX_BYTES": "big",
            "PRESSRUN_SOURCES_RETRIES": "-1",
            "PRESSRUN_SOURCES_ALLOW_LOOPBACK": "maybe",
            "PRESSRUN_SOURCES_ALLOWED_HOSTS": "https://x",
            "PRESSRUN_LIBRARY_PATH": "/no/such/folder",
            "PRESSRUN_CORE_DAM_BASE_URL": "dam.example",
            "PRESSRUN_CORE_DAM_AUTH_MODE": "kerberos",
            "PRESSRUN_CLOUDINARY_CLOUD_NAME": "acme",
            "PRESSRUN_CLOUDINARY_API_SECRT": "typo",
        }
    )
    for part in (
        "PRESSRUN_SOURCES_TIMEOUT: 'soon' is not a number of seconds",
        "PRESSRUN_SOURCES_MAX_BYTES: 'big' is not a size",
        "PRESSRUN_SOURCES_RETRIES: '-1' is not a whole number from 0 to 10",
        "PRESSRUN_SOURCES_ALLOW_LOOPBACK: 'maybe' is neither true nor false",
        "PRESSRUN_SOURCES_ALLOWED_HOSTS: 'https://x'",
        "PRESSRUN_LIBRARY_PATH: /no/such/folder is not a folder",
        "PRESSRUN_CORE_DAM_BASE_URL: is not a URL",
        "PRESSRUN_CORE_DAM_AUTH_MODE: 'kerberos' is not one of otds_oauth2, otmm_session, otmm_oauth_password",
        "PRESSRUN_CORE_DAM_CLIENT_SECRET: is missing; the auth mode otds_oauth2 needs it",
        "PRESSRUN_CLOUDINARY_API_KEY: is missing",
        "PRESSRUN_CLOUDINARY_API_SECRT: is not a setting; valid are ",
    ):
        assert part in text
    assert "typo" not in text


@pytest.mark.parametrize(
    ("mode", "missing"),
    [
        ("otds_oauth2", ["CLIENT_ID", "CLIENT_SECRET", "TOKEN_URL"]),
        ("otmm_session", ["PASSWORD", "USERNAME"]),
        ("otmm_oauth_password", ["CLIENT_ID", "CLIENT_SECRET", "PASSWORD", "USERNAME"]),
    ],
)
def test_each_mode_has_its_needs(mode: str, missing: list[str]) -> None:
    """A way to log in names what it needs and nothing else."""
    environ = {"PRESSRUN_CORE_DAM_BASE_URL": "https://dam.example", "PRESSRUN_CORE_DAM_AUTH_MODE": mode}
    lines = [line for line in faults(environ).splitlines() if "is missing" in line]
    assert sorted(line.split(":")[0].strip().removeprefix("PRESSRUN_CORE_DAM_") for line in lines) == missing


def test_settings_without_the_url() -> None:
    """Settings of a source that is otherwise not set up are a fault, not silently ignored."""
    assert "PRESSRUN_CORE_DAM_BASE_URL: is missing" in faults({"PRESSRUN_CORE_DAM_USERNAME": "x"})
    assert "PRESSRUN_CLOUDINARY_CLOUD_NAME: is missing" in faults({"PRESSRUN_CLOUDINARY_API_KEY": "x"})


def test_variables_of_kubernetes() -> None:
    """Variables that Kubernetes sets for services of such names are no misspelt settings."""
    from_env({"PRESSRUN_LIBRARY_SERVICE_HOST": "10.0.0.1", "PRESSRUN_LIBRARY_PORT_80_TCP": "tcp://10.0.0.1:80"})


def test_secrets_from_files(tmp_path: Path) -> None:
    """A secret may lie in a file, whose last newline is not part of it; both at once is a fault."""
    path = tmp_path / "secret"
    path.write_text("from a file\n")
    by_file = dict(CLOUDINARY) | {"PRESSRUN_CLOUDINARY_API_SECRET_FILE": str(path)}
    assert "is set twice" in faults(by_file)
    del by_file["PRESSRUN_CLOUDINARY_API_SECRET"]
    cloud = from_env(by_file).cloudinary
    assert cloud is not None
    assert cloud.api_secret == "from a file"
    path.unlink()
    assert "PRESSRUN_CLOUDINARY_API_SECRET_FILE: cannot read" in faults(by_file)


@pytest.mark.parametrize(
    "url",
    [
        "http://dam.example",
        "https://u:p@dam.example",
        "https://dam.example?x=1",
        "ftp://dam.example",
        "https://",
        "//x",
    ],
)
def test_bad_urls(url: str) -> None:
    """A base URL must be plain HTTPS; its value is not repeated, for it may hold a password."""
    text = faults(CORE_DAM | {"PRESSRUN_CORE_DAM_BASE_URL": url})
    assert "PRESSRUN_CORE_DAM_BASE_URL" in text
    assert "u:p" not in text


def test_plain_http() -> None:
    """Plain HTTP is accepted for an allowed loopback, and for a host that an operator lists."""
    loopback = {"PRESSRUN_CLOUDINARY_API_BASE_URL": "http://127.0.0.1:8001"}
    assert "PRESSRUN_SOURCES_ALLOW_LOOPBACK" in faults(CLOUDINARY | loopback)
    from_env(CLOUDINARY | loopback | {"PRESSRUN_SOURCES_ALLOW_LOOPBACK": "true"})
    from_env(
        CLOUDINARY | {"PRESSRUN_CLOUDINARY_API_BASE_URL": "http://localhost:1", "PRESSRUN_SOURCES_ALLOW_LOOPBACK": "1"}
    )
    sandbox = {"PRESSRUN_CLOUDINARY_API_BASE_URL": "http://sandbox:8001"}
    from_env(CLOUDINARY | sandbox | {"PRESSRUN_SOURCES_ALLOWED_HOSTS": "sandbox:8001"})
    assert "http://" in faults(CLOUDINARY | sandbox | {"PRESSRUN_SOURCES_ALLOWED_HOSTS": "sandbox:8002"})


def test_mapping_files(tmp_path: Path) -> None:
    """Faults of a mapping file are reported with their place in it."""
    path = tmp_path / "mapping.yaml"
    path.write_text("fields: {approval: {field: A}, region: {table: T}}\nsearch: {page_size: many}\nextra: 1\n")
    text = faults(CORE_DAM | {"PRESSRUN_CORE_DAM_MAPPING_FILE": str(path)})
    assert "MAPPING_FILE: fields.approval.approved: name at least one key" in text
    assert "MAPPING_FILE: fields.region: expected a field id, or {table: id, column: id}" in text
    assert "MAPPING_FILE: search.page_size: expected a whole number from 1 to 1000, got 'many'" in text
    assert (
        "MAPPING_FILE: extra: unknown field; valid here are auth, changes, delivery, fields, operators, paths" in text
    )
    path.write_text("a: [b")
    assert "MAPPING_FILE: line 1" in faults(CLOUDINARY | {"PRESSRUN_CLOUDINARY_MAPPING_FILE": str(path)})


def test_redacted(tmp_path: Path) -> None:
    """A printed configuration names every setting and no secret."""
    config = from_env(CORE_DAM | CLOUDINARY | {"PRESSRUN_LIBRARY_PATH": str(tmp_path)})
    printed = config.redacted()
    assert printed["core_dam.client_secret"] == "(set)"
    assert printed["core_dam.password"] == "(not set)"
    assert printed["cloudinary.api_secret"] == "(set)"
    assert printed["core_dam.base_url"] == "https://dam.example/otmmapi/v6"
    assert printed["transport.timeout"] == "30.0"
    assert "s3cret" not in str(printed) + repr(config)
