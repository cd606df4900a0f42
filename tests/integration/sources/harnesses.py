"""The systems behind the conformance tests: a folder, and the sandbox's stand-ins."""

from __future__ import annotations

import asyncio
import os
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import pytest
from tests.integration.sources.conformance import LIMITS, Harness
from tests.integration.sources.endurance import IDS, SystemHarness
from yarl import URL

from pressrun_loadtest.sandbox import Sandbox
from pressrun_loadtest.sandbox.cloudinary.store import Asset as CloudinaryAsset
from pressrun_loadtest.sandbox.core_dam.metadata import EXPIRATION
from pressrun_loadtest.sandbox.core_dam.store import AssetVersion
from pressrun_loadtest.sandbox.faults import FailWith, Fault, FaultRule, Hang, Truncate
from pressrun_loadtest.sandbox.http.store import Item
from pressrun_loadtest.sandbox.iconik.app import Iconik
from pressrun_loadtest.sandbox.iconik.store import Asset as IconikAsset
from pressrun_loadtest.sandbox.smintio.app import Smintio
from pressrun_loadtest.sandbox.smintio.store import Asset as SmintioAsset
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

SEGMENT = "OTMM.COLUMN.MARKET_SEGMENT.TAB"
LOGO = "7f20c1d4a9b84e5f93d2a6b1c8e0f4d7a1b2c3d4"

MAPPING = """
fields:
  approval: {field: ACME.FIELD.APPROVAL, approved: [APPROVED], pending: [DRAFT, PENDING], rejected: [NOT_APPROVED], retired: [RETIRED]}
  language: LANGUAGE_COMBO_CHAR_ID
  region: {table: OTMM.FIELD.REGION.TAB, column: OTMM.COLUMN.REGION.TAB}
  segment: {table: OTMM.FIELD.MARKET_SEGMENT.TAB, column: OTMM.COLUMN.MARKET_SEGMENT.TAB}
  regulated: ACME.FIELD.REGULATED
changes: {updated: ARTESIA.FIELD.DATE LAST UPDATED}
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


class SandboxHarness(SystemHarness):
    """What the stand-ins have in common."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self.sandbox = sandbox
        self.pauses: list[float] = []
        self.timing = Timing(sleep=self.pause)
        self.sources: list[CoreDamSource | CloudinarySource | IconikSource | HttpSource | SmintioSource] = []

    async def pause(self, seconds: float) -> None:
        """A pause that hardly takes time."""
        self.pauses.append(seconds)
        await asyncio.sleep(0.001)

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
        source = CoreDamSource(self.config, limits, self.observe, self.timing)
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

    pages = 10
    many = AssetQuery("core-dam", (("segment", "größe ß"),))

    def trouble(self, fault: Fault, times: int | None = 1) -> None:
        """See `SystemHarness`."""
        self.fault(fault, "*/search/*", times)

    def trouble_content(self, fault: Fault, times: int | None = 1) -> None:
        """See `SystemHarness`."""
        self.fault(fault, "*/contents", times)

    def calm(self) -> None:
        """See `SystemHarness`."""
        self.sandbox.core_dam.faults.clear()

    def replace(self, data: bytes) -> None:
        """See `SystemHarness`."""
        row = self._row()
        self.sandbox.core_dam.store.add_version(LOGO, data, row.metadata, name=row.name)

    def withdraw(self) -> None:
        """See `SystemHarness`."""
        self.sandbox.core_dam.store.edit(LOGO, {"ACME.FIELD.APPROVAL": "RETIRED"})

    def expire(self, day: str) -> None:
        """See `SystemHarness`."""
        self.sandbox.core_dam.store.edit(LOGO, {EXPIRATION: day})

    def fill(self) -> AssetRef:
        """See `SystemHarness`; the highest version stands on the last page, which is in the order of asset ids.

        How one logs in has no part in it, so that all of them are put there for one way alone.
        """
        count = IDS if self.config.auth_mode is AuthMode.OTDS_OAUTH2 else IDS // 10
        paged = replace(self.config.mapping, page_size=count // self.pages, max_pages=self.pages + 1)
        self.config = replace(self.config, mapping=paged)
        model, rows = self._row(), self.sandbox.core_dam.store._rows
        metadata = {**model.metadata, "OTMM.FIELD.MARKET_SEGMENT.TAB": ({SEGMENT: "größe ß"},)}
        for number in range(count):
            identifier, last = f"f{number:039x}", number == count - 1
            rows[identifier] = replace(
                model, asset_id=identifier, original_asset_id=identifier, version=2 if last else 1, metadata=metadata
            )
        return AssetRef("core-dam", f"f{count - 1:039x}")

    def searches(self) -> int:
        """See `SystemHarness`."""
        return self.sandbox.core_dam.journal.count(path="/otmmapi/v6/search/text")

    def foreign(self) -> tuple[AssetRef, AssetQuery, str]:
        """See `SystemHarness`."""
        metadata = {**self._row().metadata, "OTMM.FIELD.MARKET_SEGMENT.TAB": ({SEGMENT: "größe ß 世界"},)}
        self.sandbox.core_dam.store.add_version("größe-世界", self.content, metadata, name="Größe 世界.png")
        query = AssetQuery("core-dam", (("segment", "größe ß 世界"),))
        return AssetRef("core-dam", "größe-世界"), query, "Größe 世界.png"

    def _row(self) -> AssetVersion:
        row = self.sandbox.core_dam.store.latest(LOGO)
        assert row is not None
        return row


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
        source = CloudinarySource(self.config, limits, self.observe, self.timing)
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

    pages = IDS // 500
    many = AssetQuery("cloudinary", (("campaign", "größe ß"),))

    def trouble(self, fault: Fault, times: int | None = 1) -> None:
        """See `SystemHarness`."""
        self.fault_api(fault, times)

    def trouble_content(self, fault: Fault, times: int | None = 1) -> None:
        """See `SystemHarness`."""
        self.fault_delivery(fault, times)

    def calm(self) -> None:
        """See `SystemHarness`."""
        self.sandbox.cloudinary.api_faults.clear()
        self.sandbox.cloudinary.delivery_faults.clear()

    def replace(self, data: bytes) -> None:
        """See `SystemHarness`."""
        self.sandbox.cloudinary.store.replace_file(self._asset(), data)

    def withdraw(self) -> None:
        """See `SystemHarness`."""
        self.sandbox.cloudinary.store.put(replace(self._asset(), moderation_status="rejected"))

    def expire(self, day: str) -> None:
        """See `SystemHarness`."""
        self._edit({"rights_end": day})

    def fill(self) -> AssetRef:
        """See `SystemHarness`."""
        self.config = replace(self.config, mapping=replace(self.config.mapping, page_size=500, max_pages=21))
        store, model = self.sandbox.cloudinary.store, self._asset()
        metadata = {**model.metadata, "campaign": "größe ß"}
        for number in range(IDS):
            asset = replace(
                model,
                asset_id=f"{number:032x}",
                public_id=f"viele/größe {number}",
                metadata=metadata,
                uploaded=model.uploaded + timedelta(seconds=number == IDS - 1),
            )
            store._assets[asset.asset_id] = store._indexed[asset.asset_id] = asset
        return AssetRef("cloudinary", f"viele/größe {IDS - 1}")

    def searches(self) -> int:
        """See `SystemHarness`."""
        return self.sandbox.cloudinary.api_journal.count(path="/v1_1/sandbox/resources/search")

    def foreign(self) -> tuple[AssetRef, AssetQuery, str]:
        """See `SystemHarness`."""
        model = self._asset()
        self.sandbox.cloudinary.store.put(
            replace(
                model,
                asset_id="0" * 32,
                public_id="kampagne/größe ½ 世界",
                display_name="Größe ½",
                metadata={**model.metadata, "campaign": "größe ß 世界"},
            )
        )
        query = AssetQuery("cloudinary", (("campaign", "größe ß 世界"),))
        return AssetRef("cloudinary", "kampagne/größe ½ 世界"), query, "Größe ½"

    def _edit(self, metadata: dict[str, str]) -> None:
        asset = self._asset()
        self.sandbox.cloudinary.store.put(replace(asset, metadata={**asset.metadata, **metadata}))

    def _asset(self) -> CloudinaryAsset:
        asset = self.sandbox.cloudinary.store.find("upload", self.present.id)
        assert asset is not None
        return asset


class StoreHarness(SandboxHarness):
    """A stand-in whose files lie in a store beside its API."""

    stand: Iconik | Smintio
    """The stand-in."""

    def fault(self, fault: Fault, path: str = "*", times: int | None = 1) -> None:
        """Make trouble for the next calls of the API."""
        self.stand.faults.add(FaultRule(fault, path, None, times))

    def fault_store(self, fault: Fault, times: int | None = 1) -> None:
        """Make trouble for the next downloads."""
        self.stand.store_faults.add(FaultRule(fault, "*", None, times))

    def remove(self) -> None:
        """See `Harness`."""
        del self.stand.store.assets[self.present.id]

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

    def trouble_content(self, fault: Fault, times: int | None = 1) -> None:
        """See `SystemHarness`."""
        self.fault_store(fault, times)

    def calm(self) -> None:
        """See `SystemHarness`."""
        self.stand.faults.clear()
        self.stand.store_faults.clear()


class IconikHarness(StoreHarness):
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
        self.stand, settings = sandbox.iconik, sandbox.settings.iconik
        self.config = IconikConfig(settings.app_id, settings.auth_token, settings.view_id, URL(settings.base_url))
        self.secrets = (settings.auth_token, "signature=")
        self.content = sandbox.iconik.store.assets[self.present.id].current.files[0].data

    def make(self, limits: TransportConfig = LIMITS) -> IconikSource:
        """See `Harness`."""
        source = IconikSource(self.config, limits, self.observe, self.timing)
        self.sources.append(source)
        return source

    pages = IDS // 100
    many = AssetQuery("iconik", (("campaign", "größe ß"),))

    def trouble(self, fault: Fault, times: int | None = 1) -> None:
        """See `SystemHarness`."""
        self.fault(fault, "/API/*", times)

    def replace(self, data: bytes) -> None:
        """See `SystemHarness`."""
        self.sandbox.iconik.store.add_version(self._asset(), "new.jpg", data, "APPROVED")

    def withdraw(self) -> None:
        """See `SystemHarness`."""
        self.sandbox.iconik.store.put(replace(self._asset(), is_blocked=True))

    def expire(self, day: str) -> None:
        """See `SystemHarness`."""
        asset = self._asset()
        self.sandbox.iconik.store.put(replace(asset, metadata={**asset.metadata, "RightsEnd": (day,)}))

    def fill(self) -> AssetRef:
        """See `SystemHarness`."""
        self.config = replace(self.config, mapping=replace(self.config.mapping, max_pages=101))
        store, model = self.sandbox.iconik.store, self._asset()
        metadata = {**model.metadata, "Campaign": ("größe ß",)}
        for number in range(IDS):
            modified = model.modified + timedelta(seconds=number == IDS - 1)
            identifier = f"0b0f2d3e-9d11-41f0-8a03-{number:012x}"
            store.assets[identifier] = replace(model, id=identifier, metadata=metadata, modified=modified)
        return AssetRef("iconik", f"0b0f2d3e-9d11-41f0-8a03-{IDS - 1:012x}")

    def searches(self) -> int:
        """See `SystemHarness`."""
        return self.sandbox.iconik.journal.count(path="/API/search/v1/search/")

    def foreign(self) -> tuple[AssetRef, AssetQuery, str]:
        """See `SystemHarness`."""
        model, identifier = self._asset(), "0b0f2d3e-9d11-41f0-8a02-000000000001"
        metadata = {**model.metadata, "Campaign": ("größe ß 世界",)}
        self.sandbox.iconik.store.put(replace(model, id=identifier, title="Größe ½ 世界", metadata=metadata))
        return AssetRef("iconik", identifier), AssetQuery("iconik", (("campaign", "größe ß 世界"),)), "Größe ½ 世界"

    def _asset(self) -> IconikAsset:
        return self.sandbox.iconik.store.assets[self.present.id]


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
        mapping = HttpMapping(metadata="/metadata/{+id}", search_path="/search", changes_path="/changes")
        self.config = HttpConfig(URL(settings.base_url), settings.token, mapping=mapping)
        self.secrets = (settings.token, "Bearer ")
        self.content = sandbox.http.store.items[self.present.id].data

    def make(self, limits: TransportConfig = LIMITS) -> HttpSource:
        """See `Harness`."""
        source = HttpSource(self.config, limits, self.observe, self.timing)
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

    pages = IDS // 50
    many = AssetQuery("http", (("kind", "größe ß"),))

    def trouble(self, fault: Fault, times: int | None = 1) -> None:
        """See `SystemHarness`."""
        self.fault(fault, "*", times)

    def trouble_content(self, fault: Fault, times: int | None = 1) -> None:
        """See `SystemHarness`."""
        self.fault(fault, "/assets/*", times, "GET")

    def calm(self) -> None:
        """See `SystemHarness`."""
        self.sandbox.http.faults.clear()

    def replace(self, data: bytes) -> None:
        """See `SystemHarness`."""
        self.sandbox.http.store.replace_data(self._item(), data)

    def withdraw(self) -> None:
        """See `SystemHarness`."""
        self.sandbox.http.store.edit(self._item(), {"status": "retired"})

    def expire(self, day: str) -> None:
        """See `SystemHarness`."""
        self.sandbox.http.store.edit(self._item(), {"validUntil": day})

    def fill(self) -> AssetRef:
        """See `SystemHarness`."""
        self.config = replace(self.config, mapping=replace(self.config.mapping, max_pages=201))
        store, model = self.sandbox.http.store, self._item()
        metadata = {**model.metadata, "attributes": {"kind": ["größe ß"]}}
        for number in range(IDS):
            store.items[f"viele/{number:05d}"] = replace(model, id=f"viele/{number:05d}", metadata=metadata)
        return AssetRef("http", "viele/00000")

    def searches(self) -> int:
        """See `SystemHarness`."""
        return self.sandbox.http.journal.count(path="/search")

    def foreign(self) -> tuple[AssetRef, AssetQuery, str]:
        """See `SystemHarness`."""
        metadata = {"status": "approved", "name": "Größe 世界", "attributes": {"kind": ["größe ß 世界"]}}
        self.sandbox.http.store.put(replace(self._item(), id="terms/größe ½ 世界.png", metadata=metadata))
        query = AssetQuery("http", (("kind", "größe ß 世界"),))
        return AssetRef("http", "terms/größe ½ 世界.png"), query, "Größe 世界"

    def _item(self) -> Item:
        return self.sandbox.http.store.items[self.present.id]


class SmintioHarness(StoreHarness):
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
        self.stand, settings = sandbox.smintio, sandbox.settings.smintio
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

    def make(self, limits: TransportConfig = LIMITS) -> SmintioSource:
        """See `Harness`."""
        source = SmintioSource(self.config, limits, self.observe, self.timing)
        self.sources.append(source)
        return source

    pages = IDS // 200 + 1
    """One more asks for the filters."""
    many = AssetQuery("smintio", (("campaign", "größe ß"),))

    def trouble(self, fault: Fault, times: int | None = 1) -> None:
        """See `SystemHarness`."""
        self.fault(fault, "/*/v1/*", times)

    def replace(self, data: bytes) -> None:
        """See `SystemHarness`."""
        self.sandbox.smintio.store.put(replace(self._asset(), data=data))

    def note_change(self) -> None:
        """See `SystemHarness`; a portal has no list of changes, the feed of licences is one."""
        self.sandbox.smintio.store.update_transaction("lpt-77", {})

    def withdraw(self) -> None:
        """See `SystemHarness`."""
        asset = self._asset()
        self.sandbox.smintio.store.put(replace(asset, raw={**asset.raw, "approvalStatus": "retired"}))

    def expire(self, day: str) -> None:
        """See `SystemHarness`."""
        self.sandbox.smintio.store.put(replace(self._asset(), publish_until=day))

    def fill(self) -> AssetRef:
        """See `SystemHarness`."""
        self.config = replace(self.config, mapping=replace(self.config.mapping, page_size=200, max_pages=51))
        store, model = self.sandbox.smintio.store, self._asset()
        raw = {**model.raw, "campaign": "größe ß"}
        for number in range(IDS):
            identifier = f"12:image:viele {number:05d}"
            store.assets[identifier] = replace(model, id=identifier, raw=raw)
        return AssetRef("smintio", "12:image:viele 00000")

    def searches(self) -> int:
        """See `SystemHarness`."""
        entries = self.sandbox.smintio.journal.entries()
        return len([entry for entry in entries if entry.path.endswith("/searchAssetsAsync")])

    def foreign(self) -> tuple[AssetRef, AssetQuery, str]:
        """See `SystemHarness`."""
        model = self._asset()
        raw = {**model.raw, "campaign": "größe ß 世界"}
        self.sandbox.smintio.store.put(replace(model, id="12:image:größe ½ 世界", name="Größe 世界", raw=raw))
        query = AssetQuery("smintio", (("campaign", "größe ß 世界"),))
        return AssetRef("smintio", "12:image:größe ½ 世界"), query, "Größe 世界"

    def _asset(self) -> SmintioAsset:
        return self.sandbox.smintio.store.assets[self.present.id]
