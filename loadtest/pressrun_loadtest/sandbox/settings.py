"""How to reach a running sandbox: addresses and credentials, and the environment of a node that shall use it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

__all__ = [
    "CloudinarySettings",
    "CoreDamSettings",
    "HttpSettings",
    "IconikSettings",
    "SandboxSettings",
    "SmintioSettings",
]

_MAPPING = Path(__file__).parent / "core-dam-mapping.yaml"
"""What the fields of the stand-in's invented Core DAM tenant mean."""
_SMINTIO_MAPPING = Path(__file__).parent / "smintio-mapping.yaml"
"""How often its tasks are looked at."""
_HTTP_MAPPING = Path(__file__).parent / "http-mapping.yaml"
"""Where the HTTP stand-in has metadata and its search."""


@dataclass(frozen=True, slots=True)
class CoreDamSettings:
    """The Core DAM stand-in."""

    origin: str
    """Scheme, host and port; links in answers are relative to it. `{origin}/__sandbox__/` is the admin interface."""
    base_url: str
    """The API's base, `{origin}/otmmapi/v6`."""
    token_url: str
    """The directory service's token call."""
    client_id: str
    client_secret: str = field(repr=False)
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CloudinarySettings:
    """The Cloudinary stand-in."""

    cloud_name: str
    api_base_url: str
    """Scheme, host and port of the Admin API; `{api_base_url}/__sandbox__/` is its admin interface."""
    delivery_base_url: str
    """Scheme, host and port of delivery; `{delivery_base_url}/__sandbox__/` is its admin interface."""
    api_key: str
    api_secret: str = field(repr=False)
    signature_algorithm: str


@dataclass(frozen=True, slots=True)
class IconikSettings:
    """The iconik stand-in."""

    base_url: str
    """Scheme, host and port of the API; `{base_url}/__sandbox__/` is its admin interface."""
    store_url: str
    """Scheme, host and port to which signed URLs lead."""
    app_id: str
    auth_token: str = field(repr=False)
    view_id: str


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """The stand-in of an HTTP endpoint."""

    base_url: str
    """Scheme, host and port; `{base_url}/__sandbox__/` is its admin interface."""
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SmintioSettings:
    """The Smint.io stand-in."""

    origin: str
    """Scheme, host and port; `{origin}/__sandbox__/` is the admin interface."""
    api_url: str
    clapi_url: str
    store_url: str
    """Scheme, host and port to which downloads lead."""
    portal_id: str
    search_page_id: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """All stand-ins."""

    core_dam: CoreDamSettings
    cloudinary: CloudinarySettings
    iconik: IconikSettings
    http: HttpSettings
    smintio: SmintioSettings

    def node_environment(self) -> dict[str, str]:
        """`environment`, and what else a node must be told of invented tenants on this machine."""
        return self.environment() | {
            "PRESSRUN_CORE_DAM_MAPPING_FILE": str(_MAPPING),
            "PRESSRUN_HTTP_SOURCE_MAPPING_FILE": str(_HTTP_MAPPING),
            "PRESSRUN_SMINTIO_MAPPING_FILE": str(_SMINTIO_MAPPING),
            "PRESSRUN_SOURCES_ALLOW_LOOPBACK": "true",
        }

    def environment(self) -> dict[str, str]:
        """Environment variables that point a node at the sandbox."""
        dam, cloud = self.core_dam, self.cloudinary
        return {
            "PRESSRUN_CORE_DAM_BASE_URL": dam.base_url,
            "PRESSRUN_CORE_DAM_TOKEN_URL": dam.token_url,
            "PRESSRUN_CORE_DAM_CLIENT_ID": dam.client_id,
            "PRESSRUN_CORE_DAM_CLIENT_SECRET": dam.client_secret,
            "PRESSRUN_CLOUDINARY_CLOUD_NAME": cloud.cloud_name,
            "PRESSRUN_CLOUDINARY_API_BASE_URL": cloud.api_base_url,
            "PRESSRUN_CLOUDINARY_DELIVERY_BASE_URL": cloud.delivery_base_url,
            "PRESSRUN_CLOUDINARY_API_KEY": cloud.api_key,
            "PRESSRUN_CLOUDINARY_API_SECRET": cloud.api_secret,
            "PRESSRUN_CLOUDINARY_SIGNATURE_ALGORITHM": cloud.signature_algorithm,
            "PRESSRUN_ICONIK_BASE_URL": self.iconik.base_url,
            "PRESSRUN_ICONIK_APP_ID": self.iconik.app_id,
            "PRESSRUN_ICONIK_AUTH_TOKEN": self.iconik.auth_token,
            "PRESSRUN_ICONIK_VIEW_ID": self.iconik.view_id,
            "PRESSRUN_HTTP_SOURCE_BASE_URL": self.http.base_url,
            "PRESSRUN_HTTP_SOURCE_TOKEN": self.http.token,
            "PRESSRUN_SMINTIO_API_URL": self.smintio.api_url,
            "PRESSRUN_SMINTIO_AUTHORITY_URL": self.smintio.origin,
            "PRESSRUN_SMINTIO_CLAPI_URL": self.smintio.clapi_url,
            "PRESSRUN_SMINTIO_PORTAL_ID": self.smintio.portal_id,
            "PRESSRUN_SMINTIO_SEARCH_PAGE_ID": self.smintio.search_page_id,
            "PRESSRUN_SMINTIO_CLIENT_ID": self.smintio.client_id,
            "PRESSRUN_SMINTIO_CLIENT_SECRET": self.smintio.client_secret,
        }
