"""Where assets come from: connectors to digital asset managers behind one interface.

`config.SourcesConfig` reads the settings, `build.build_registry` makes a `registry.Registry` of them, and that holds
each system as a `protocol.Source`. This module is imported with each of its parts, so it names only what is light.
"""

from __future__ import annotations

from pressrun_sources.errors import SourceError
from pressrun_sources.model import Approval, AssetDescription, AssetQuery, AssetRef, Rendition
from pressrun_sources.protocol import AssetBody, Source

__all__ = [
    "Approval",
    "AssetBody",
    "AssetDescription",
    "AssetQuery",
    "AssetRef",
    "Rendition",
    "Source",
    "SourceError",
]
