"""The systems behind the conformance tests: a folder, and the sandbox's stand-ins."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import BinaryIO

import pytest
from tests.integration.sources.conformance import LIMITS, Harness
from yarl import URL

from pressrun_loadtest.sandbox import Sandbox
from pressrun_loadtest.sandbox.faults import FailWith, Fault, FaultRule, Hang, Truncate
from pressrun_sources.cloudinary.config import CloudinaryConfig
from pressrun_sources.cloudinary.source import CloudinarySource
from pressrun_sources.core_dam.config import AuthMode, CoreDamConfig
from pressrun_sources.core_dam.mapping import CoreDamMapping, parse_mapping
from pressrun_sources.core_dam.source import CoreDamSource
from pressrun_sources.http.config import HttpConfig
from pressrun_sources.http.mapping import HttpMapping
from pressrun_sources.http.source import HttpSource
from pressrun_sources.iconik.config import IconikConfig
from pressrun_sources.iconik.source import IconikSource
from pressrun_sources.library.config import LibraryConfig
from pressrun_sources.library.files import Folder
from pressrun_sources.library.source import LibrarySource
from pressrun_sources.model import AssetQuery, AssetRef
from pressrun_sources.smintio.config import SmintioConfig
from pressrun_sources.smintio.source import SmintioSource
from pressrun_sources.transport.config import TransportConfig
from pressrun_sources.transport.timing import Timing

LOGO = "7f20c1d4a9b84e5f93d2a6b1c8e0f4d7a1b2c3d4"

MAPPING = """
fields:
  approval: {field: ACME.FIELD.APPROVAL, approved: [APPROVED], pending: [DRAFT, PENDING], retired: [RETIRED]}
  language: LANGUAGE_COMBO_CHAR_ID
  region: {table: OTMM.FIELD.REGION.TAB, column: OTMM.COLUMN.REGION.TAB}
  segment: {table: OTMM.FIELD.MARKET_SEGMENT.TAB, column: OTMM.COLUMN.MARKET_SEGMENT.TAB}
  regulated: ACME.FIELD.REGULATED
"""


def mapping(text: str = MAPPING) -> CoreDamMapping:
    """The layout of the sandbox's invented tenant."""
    parsed, faults = parse_mapping(text)
    assert faults == []
    return parsed


class LibraryHarness(Harness):
    """A folder with sidecars."""

    present = AssetRef("library", "logos/acme größe.png")
    content = bytes(range(256)) * 3000
    media_type = "image/png"
    absent = AssetRef("library", "logos/other.png")
    senseless = AssetRef("library", "../logos/acme.png")
    unapproved = AssetRef("library", "draft.svg")
    expired = AssetRef("library", "old.pdf")
    hit = AssetQuery("library", (("segment", "premier"),), "de")
    miss = AssetQuery("library", (("segment", "student"),))
    secrets = ("library-secret",)

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.folder = folder
        self._patch = patch
        self._gate = threading.Event()
        self.write(
            "logos/acme größe.png", self.content, "{approval: approved, locale: de, attributes: {segment: premier}}"
        )
        self.write("draft.svg", b"<svg/>", "{approval: pending, locale: de, attributes: {segment: premier}}")
        self.write(
            "old.pdf",
            b"%PDF-1.7",
            "{approval: approved, rights_until: 2024-12-31, locale: de, attributes: {segment: premier}}",
        )

    def write(self, name: str, data: bytes, sidecar: str | None = None) -> None:
        """Put a file, and what describes it."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        if sidecar is not None:
            path.with_name(f"{path.name}.yaml").write_text(sidecar)

    def make(self, limits: TransportConfig = LIMITS) -> LibrarySource:
        """See `Harness`."""
        return LibrarySource(LibraryConfig(self.folder), limits, self.observe)

    def remove(self) -> None:
        """See `Harness`."""
        (self.folder / self.present.id).unlink()

    def deny_content(self) -> None:
        """See `Harness`."""

        def denied(path: Path) -> BinaryIO:
            raise PermissionError(13, os.strerror(13), str(path))

        # Tests may run as root, whom no permission bit stops.
        self._patch.setattr(Folder, "_open", staticmethod(denied))

    def hang(self) -> None:
        """See `Harness`."""

        def hanging(path: Path) -> BinaryIO:
            self._gate.wait(5)
            return path.open("rb")

        self._patch.setattr(Folder, "_open", staticmethod(hanging))

    def break_content(self) -> None:
        """See `Harness`."""
        (self.folder / self.present.id).write_bytes(self.content[:1000])

    async def close(self) -> None:
        """See `Harness`."""
        self._gate.set()


class SandboxHarness(Harness):
    """What the stand-ins have in common."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self.sandbox = sandbox
        self.sources: list[CoreDamSource | CloudinarySource | IconikSource | HttpSource | SmintioSource] = []

    async def close(self) -> None:
        """Close what was made."""
        for source in self.sources:
            await source.close()


class CoreDamHarness(SandboxHarness):
    """The sandbox's Core DAM."""

    present = AssetRef("core-dam", LOGO)
    media_type = "image/png"
    absent = AssetRef("core-dam", "0" * 40)
    senseless = AssetRef("core-dam", LOGO, (("type", "authenticated"),))
    unapproved = AssetRef("core-dam", "b46d2f8091c7e35a4b6f1d8e2c0a97531f5e3d7c")
    expired = AssetRef("core-dam", "3c9e5b7a1d2f4086b8c0e4d6f2a19357b5d3e1f0")
    hit = AssetQuery("core-dam", (("region", "EMEA"), ("segment", "premier")), "en")
    miss = AssetQuery("core-dam", (("segment", "prem"),))

    def __init__(self, sandbox: Sandbox, auth_mode: AuthMode = AuthMode.OTDS_OAUTH2) -> None:
        super().__init__(sandbox)
        settings = sandbox.settings.core_dam
        user = "" if auth_mode is AuthMode.OTDS_OAUTH2 else settings.username
        self.config = CoreDamConfig(
            base_url=URL(settings.base_url),
            origin=URL(settings.origin),
            auth_mode=auth_mode,
            token_url=URL(settings.token_url),
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            username=user,
            password=settings.password,
            mapping=mapping(),
        )
        self.secrets = (settings.client_secret, settings.password, "Bearer ", "Basic ", "JSESSIONID=")
        row = sandbox.core_dam.store.latest(LOGO)
        assert row is not None
        self.content = row.master.data

    def make(self, limits: TransportConfig = LIMITS) -> CoreDamSource:
        """See `Harness`."""
        source = CoreDamSource(self.config, limits, self.observe)
        self.sources.append(source)
        return source

    def fault(self, fault: Fault, path: str = "*", times: int | None = 1) -> None:
        """Make trouble for the next requests."""
        self.sandbox.core_dam.faults.add(FaultRule(fault, path, None, times))

    def remove(self) -> None:
        """See `Harness`."""
        self.sandbox.core_dam.store.delete(LOGO)

    def deny_content(self) -> None:
        """See `Harness`."""
        self.fault(FailWith(403), "*/contents", None)

    def hang(self) -> None:
        """See `Harness`."""
        self.fault(Hang(), "*/otmmapi/*", None)

    def break_content(self) -> None:
        """See `Harness`."""
        self.fault(Truncate(50), "*/contents")


class CloudinaryHarness(SandboxHarness):
    """The sandbox's Cloudinary."""

    present = AssetRef("cloudinary", "statement/banner-premier")
    media_type = "image/jpeg"
    absent = AssetRef("cloudinary", "statement/banner-none")
    senseless = AssetRef("cloudinary", "statement/../banner")
    unapproved = AssetRef("cloudinary", "statement/banner-pending")
    expired = AssetRef("cloudinary", "statement/banner-expired")
    hit = AssetQuery("cloudinary", (("campaign", "statement-2026"), ("segment", "premier")))
    miss = AssetQuery("cloudinary", (("segment", "prem"),))

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        settings = sandbox.settings.cloudinary
        self.config = CloudinaryConfig(
            cloud_name=settings.cloud_name,
            api_key=settings.api_key,
            api_secret=settings.api_secret,
            api_base_url=URL(settings.api_base_url),
            delivery_base_url=URL(settings.delivery_base_url),
        )
        self.secrets = (settings.api_secret, "Basic ")
        asset = sandbox.cloudinary.store.find("upload", self.present.id)
        assert asset is not None
        self.content = asset.data

    def make(self, limits: TransportConfig = LIMITS) -> CloudinarySource:
        """See `Harness`."""
        source = CloudinarySource(self.config, limits, self.observe)
        self.sources.append(source)
        return source

    def fault_api(self, fault: Fault, times: int | None = 1) -> None:
        """Make trouble for the next calls of the Admin API."""
        self.sandbox.cloudinary.api_faults.add(FaultRule(fault, "*", None, times))

    def fault_delivery(self, fault: Fault, times: int | None = 1) -> None:
        """Make trouble for the next deliveries."""
        self.sandbox.cloudinary.delivery_faults.add(FaultRule(fault, "*", None, times))

    def remove(self) -> None:
        """See `Harness`."""
        asset = self.sandbox.cloudinary.store.find("upload", self.present.id)
        assert asset is not None
        self.sandbox.cloudinary.store.delete(asset)

    def deny_content(self) -> None:
        """See `Harness`."""
        self.fault_delivery(FailWith(401), None)

    def hang(self) -> None:
        """See `Harness`."""
        self.fault_api(Hang(), None)
        self.fault_delivery(Hang(), None)

    def break_content(self) -> None:
        """See `Harness`."""
        self.fault_delivery(Truncate(50))


class IconikHarness(SandboxHarness):
    """The sandbox's iconik."""

    present = AssetRef("iconik", "0b0f2d3e-9d11-41f0-8a01-000000000001")
    media_type = "image/jpeg"
    absent = AssetRef("iconik", "0b0f2d3e-9d11-41f0-8a01-00000000ffff")
    senseless = AssetRef("iconik", "statement/banner-premier")
    unapproved = AssetRef("iconik", "0b0f2d3e-9d11-41f0-8a01-000000000003")
    expired = AssetRef("iconik", "0b0f2d3e-9d11-41f0-8a01-000000000004")
    hit = AssetQuery("iconik", (("campaign", "statement-2026"), ("segment", "premier")))
    miss = AssetQuery("iconik", (("segment", "prem"),))

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        settings = sandbox.settings.iconik
        self.config = IconikConfig(settings.app_id, settings.auth_token, settings.view_id, URL(settings.base_url))
        self.secrets = (settings.auth_token, "signature=")
        self.content = sandbox.iconik.store.assets[self.present.id].current.files[0].data

    def make(self, limits: TransportConfig = LIMITS) -> IconikSource:
        """See `Harness`."""
        source = IconikSource(self.config, limits, self.observe)
        self.sources.append(source)
        return source

    def fault(self, fault: Fault, path: str = "*", times: int | None = 1) -> None:
        """Make trouble for the next calls of the API."""
        self.sandbox.iconik.faults.add(FaultRule(fault, path, None, times))

    def fault_store(self, fault: Fault, times: int | None = 1) -> None:
        """Make trouble for the next downloads."""
        self.sandbox.iconik.store_faults.add(FaultRule(fault, "*", None, times))

    def remove(self) -> None:
        """See `Harness`."""
        del self.sandbox.iconik.store.assets[self.present.id]

    def deny_content(self) -> None:
        """See `Harness`."""
        self.fault_store(FailWith(403), None)

    def hang(self) -> None:
        """See `Harness`."""
        self.fault(Hang(), "*", None)
        self.fault_store(Hang(), None)

    def break_content(self) -> None:
        """See `Harness`."""
        self.fault_store(Truncate(50))


class HttpHarness(SandboxHarness):
    """The sandbox's HTTP endpoint."""

    present = AssetRef("http", "logos/meridian.png")
    media_type = "image/png"
    absent = AssetRef("http", "logos/none.png")
    senseless = AssetRef("http", "logos/../meridian.png")
    unapproved = AssetRef("http", "logos/draft.png")
    expired = AssetRef("http", "logos/2024.png")
    hit = AssetQuery("http", (("kind", "logo"),))
    miss = AssetQuery("http", (("kind", "log"),))

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        settings = sandbox.settings.http
        mapping = HttpMapping(metadata="/metadata/{+id}", search_path="/search")
        self.config = HttpConfig(URL(settings.base_url), settings.token, mapping=mapping)
        self.secrets = (settings.token, "Bearer ")
        self.content = sandbox.http.store.items[self.present.id].data

    def make(self, limits: TransportConfig = LIMITS) -> HttpSource:
        """See `Harness`."""
        source = HttpSource(self.config, limits, self.observe)
        self.sources.append(source)
        return source

    def fault(self, fault: Fault, path: str = "*", times: int | None = 1, method: str | None = None) -> None:
        """Make trouble for the next requests."""
        self.sandbox.http.faults.add(FaultRule(fault, path, method, times))

    def remove(self) -> None:
        """See `Harness`."""
        del self.sandbox.http.store.items[self.present.id]

    def deny_content(self) -> None:
        """See `Harness`."""
        self.fault(FailWith(403), "/assets/*", None, "GET")

    def hang(self) -> None:
        """See `Harness`."""
        self.fault(Hang(), "*", None)

    def break_content(self) -> None:
        """See `Harness`."""
        self.fault(Truncate(50), "/assets/*", method="GET")


class SmintioHarness(SandboxHarness):
    """The sandbox's Smint.io."""

    present = AssetRef("smintio", "12:image:8812")
    media_type = "image/jpeg"
    absent = AssetRef("smintio", "12:image:1")
    senseless = AssetRef("smintio", "banner premier")
    unapproved = AssetRef("smintio", "12:image:8814")
    expired = AssetRef("smintio", "12:image:8815")
    hit = AssetQuery("smintio", (("campaign", "statement-2026"), ("segment", "premier")))
    miss = AssetQuery("smintio", (("segment", "prem"),))

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        settings = sandbox.settings.smintio
        self.config = SmintioConfig(
            api_url=URL(settings.api_url),
            authority_url=URL(settings.origin),
            portal_id=settings.portal_id,
            search_page_id=settings.search_page_id,
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            clapi_url=URL(settings.clapi_url),
        )
        self.secrets = (settings.client_secret, "Bearer ", "sandbox-refresh")
        self.content = sandbox.smintio.store.assets[self.present.id].data
        self.pauses: list[float] = []

    async def pause(self, seconds: float) -> None:
        """A pause that hardly takes time."""
        self.pauses.append(seconds)
        await asyncio.sleep(0.001)

    def make(self, limits: TransportConfig = LIMITS) -> SmintioSource:
        """See `Harness`."""
        source = SmintioSource(self.config, limits, self.observe, Timing(sleep=self.pause))
        self.sources.append(source)
        return source

    def fault(self, fault: Fault, path: str = "*", times: int | None = 1) -> None:
        """Make trouble for the next calls of the API."""
        self.sandbox.smintio.faults.add(FaultRule(fault, path, None, times))

    def fault_store(self, fault: Fault, times: int | None = 1) -> None:
        """Make trouble for the next downloads."""
        self.sandbox.smintio.store_faults.add(FaultRule(fault, "*", None, times))

    def remove(self) -> None:
        """See `Harness`."""
        del self.sandbox.smintio.store.assets[self.present.id]

    def deny_content(self) -> None:
        """See `Harness`."""
        self.fault_store(FailWith(403), None)

    def hang(self) -> None:
        """See `Harness`."""
        self.fault(Hang(), "*", None)
        self.fault_store(Hang(), None)

    def break_content(self) -> None:
        """See `Harness`."""
        self.fault_store(Truncate(50))
