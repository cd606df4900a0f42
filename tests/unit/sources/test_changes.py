from __future__ import annotations

import base64
import hashlib
import json

import pytest
from multidict import CIMultiDict

from pressrun_sources.changes.config import HooksConfig
from pressrun_sources.changes.reading import assets_in_cloudinary, assets_in_iconik
from pressrun_sources.changes.receiver import HookReceiver
from pressrun_sources.changes.verification import HookRefusedError
from pressrun_sources.model import AssetRef
from pressrun_sources.transport.timing import Timing

CLOUDINARY_BODY = b'{"notification_type":"upload","public_id":"cards/offer_en","version":1767225600}'
STANDARD_BODY = b'{"type":"document.delivered","timestamp":"2025-06-02T10:11:12Z","data":{"id":"doc_1"}}'
SECRET = bytes(range(32))
CONFIG = HooksConfig("demo_secret_123", "sha1", "0123456789abcdef", "d-1", (b"another-old-secret", SECRET))
SOURCES = ("cloudinary", "core-dam", "iconik")


class Bench:
    """A receiver with a clock that tests set."""

    def __init__(self, now: float, config: HooksConfig = CONFIG) -> None:
        self.now = now
        self.receiver = HookReceiver(config, SOURCES, Timing(wall=lambda: self.now))

    def take(self, source: str, body: bytes, **headers: str) -> tuple[AssetRef, ...]:
        """Receive one."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.receiver.receive(source, CIMultiDict(named), body)

    def refused(self, source: str, body: bytes, **headers: str) -> str:
        """Why one is refused."""
        with pytest.raises(HookRefusedError) as caught:
            self.take(source, body, **headers)
        return caught.value.reason


@pytest.mark.parametrize(
    ("algorithm", "signature"),
    [
        ("sha1", "813f431bb5dd773bea9a8870ebaa4a0680f0a6ba"),
        ("sha256", "d4b5202648d21489928a2e3aaaad55f5cbd64bb16a0b94f9e67b11097d81d60b"),
    ],
)
def test_cloudinary_vector(algorithm: str, signature: str) -> None:
    """The digest of body, timestamp and secret is accepted once, within 7,200 seconds, and unchanged."""
    config = HooksConfig("demo_secret_123", algorithm)
    headers = {"x_cld_timestamp": "1767225601", "x_cld_signature": signature}
    assert Bench(1_767_232_801, config).take("cloudinary", CLOUDINARY_BODY, **headers) == (
        AssetRef("cloudinary", "cards/offer_en"),
    )
    assert Bench(1_767_232_802, config).refused("cloudinary", CLOUDINARY_BODY, **headers) == "stale"
    bench = Bench(1_767_225_700, config)
    assert bench.refused("cloudinary", CLOUDINARY_BODY + b" ", **headers) == "signature"
    assert bench.refused("cloudinary", CLOUDINARY_BODY, **headers | {"x_cld_timestamp": "1767225602"}) == "signature"
    bench.take("cloudinary", CLOUDINARY_BODY, **headers)
    assert bench.refused("cloudinary", CLOUDINARY_BODY, **headers) == "replayed"


def test_standard_vector() -> None:
    """A signature of any of our keys is accepted, beside unknown versions; ids and times are part of what is signed."""
    headers = {
        "webhook_id": "msg_0001",
        "webhook_timestamp": "1748859072",
        "webhook_signature": "v1a,xyz v1,abc v1,l4URHDwy/A445uiXV6yTx0DBBKNEAqbZ1EVZQo6G6rI=",
    }
    bench = Bench(1_748_859_072)
    assert bench.take("core-dam", STANDARD_BODY, **headers) == (AssetRef("core-dam", "doc_1"),)
    assert bench.refused("core-dam", STANDARD_BODY, **headers) == "replayed"
    bench = Bench(1_748_859_072)
    assert bench.refused("core-dam", STANDARD_BODY, **headers | {"webhook_id": "msg_0002"}) == "signature"
    assert bench.refused("core-dam", STANDARD_BODY[:-1], **headers) == "signature"
    for now in (1_748_859_373, 1_748_858_771):
        assert Bench(now).refused("core-dam", STANDARD_BODY, **headers) == "stale"
    assert bench.refused("core-dam", STANDARD_BODY) == "signature"


def test_iconik() -> None:
    """Nothing is signed by iconik: the header that it was told to send, and the domain, must be right."""
    identifier = "0b0f2d3e-9d11-41f0-8a01-000000000001"
    body = json.dumps({"system_domain_id": "d-1", "event_type": "assets", "object_id": identifier}).encode()
    bench = Bench(1.0)
    assert bench.take("iconik", body, x_hook_secret="0123456789abcdef") == (AssetRef("iconik", identifier),)
    assert bench.refused("iconik", body, x_hook_secret="0123456789abcdef") == "replayed"
    assert bench.refused("iconik", body, x_hook_secret="wrong") == "signature"
    assert bench.refused("iconik", b'{"system_domain_id": "d-2"}', x_hook_secret="0123456789abcdef") == "signature"
    assert bench.refused("iconik", b"[", x_hook_secret="0123456789abcdef") == "malformed"


@pytest.mark.parametrize("odd", ["\udcff", "é", "\x00"])
def test_headers_of_any_bytes(odd: str) -> None:
    """A header that is no text is a wrong signature like any other, wherever it stands."""
    bench = Bench(1.0)
    assert bench.refused("cloudinary", b"{}", x_cld_timestamp=odd, x_cld_signature=odd) == "signature"
    assert bench.refused("iconik", b"{}", x_hook_secret=odd) == "signature"
    signed = {"webhook_id": odd, "webhook_timestamp": odd, "webhook_signature": f"v1,{odd}"}
    assert bench.refused("core-dam", b"{}", **signed) == "signature"


def test_nothing_without_a_key() -> None:
    """Without a key nothing is taken, and a source that is not there is unknown."""
    bench = Bench(1.0, HooksConfig())
    signature = hashlib.sha1(CLOUDINARY_BODY + b"1", usedforsecurity=False).hexdigest()
    assert bench.refused("cloudinary", CLOUDINARY_BODY, x_cld_timestamp="1", x_cld_signature=signature) == "signature"
    assert bench.refused("iconik", b"{}", x_hook_secret="") == "signature"
    assert bench.refused("core-dam", b"{}") == "signature"
    assert bench.refused("dropbox", b"{}") == "unknown"


def test_which_assets() -> None:
    """Renames mean both names, lists and maps of resources each entry; what is about no asset means none."""

    def names(payload: dict[str, object]) -> list[str]:
        return [str(ref) for ref in assets_in_cloudinary("cloudinary", payload)]

    assert names({"from_public_id": "a", "to_public_id": "b"}) == ["cloudinary:a", "cloudinary:b"]
    assert names({"resources": [{"public_id": "a", "type": "private"}]}) == ["cloudinary:a?type=private"]
    assert names({"resources": {"a/b": {"type": "upload"}, "c": {}}}) == ["cloudinary:a/b", "cloudinary:c"]
    assert names({"notification_type": "create_folder"}) == []
    assert assets_in_iconik("iconik", {"event_type": "collections", "object_id": "x"}) == ()


def test_keys_are_checked() -> None:
    """A key that is none is a fault of the configuration, and is not repeated."""
    from pressrun_sources.config import from_env  # noqa: PLC0415 - only here
    from pressrun_sources.errors import MisconfiguredError  # noqa: PLC0415

    with pytest.raises(MisconfiguredError) as caught:
        from_env({"PRESSRUN_SOURCES_HOOK_SECRETS": "whsec_short!", "PRESSRUN_SOURCES_HOOK_ICONIK_SECRET": "short"})
    assert str(caught.value).count("PRESSRUN_SOURCES_HOOK_") == 2
    assert "short!" not in str(caught.value)
    good = "whsec_" + base64.b64encode(SECRET).decode()
    config = from_env({"PRESSRUN_SOURCES_HOOK_SECRETS": f"{good} {good}"})
    assert config.hooks.standard_secrets == (SECRET, SECRET)
    assert config.redacted()["hooks.standard_secrets"] == "(set)"
