"""What the Smint.io stand-in starts with: assets of the portal, and licence purchase transactions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pressrun_loadtest.sandbox.fields import Fields

__all__ = ["AssetSeed", "SmintioSeed", "read_seed"]

LoadFile = Callable[[Fields], bytes]


@dataclass(frozen=True, slots=True)
class AssetSeed:
    """One asset as the portal shows it."""

    id: str
    name: str
    data: bytes
    raw: dict[str, object]
    """The fields of the system behind the portal."""
    language: str | None
    publish_until: str | None


@dataclass(frozen=True, slots=True)
class SmintioSeed:
    """The whole start state."""

    assets: tuple[AssetSeed, ...] = ()
    transactions: tuple[dict[str, object], ...] = ()
    """In the shape of the feed."""


def read_seed(fields: Fields, load_file: LoadFile) -> SmintioSeed:
    """Read the `smintio` part of a seed file.

    Raises:
        BadInputError: a field is missing, misspelt or wrong; the text names the place.
    """
    assets = tuple(_read_asset(item, load_file) for item in fields.items("assets"))
    transactions = tuple(item.everything() for item in fields.items("transactions"))
    fields.finish()
    return SmintioSeed(assets, transactions)


def _read_asset(fields: Fields, load_file: LoadFile) -> AssetSeed:
    asset = AssetSeed(
        fields.text("id"),
        fields.text("name"),
        load_file(fields),
        fields.values("raw"),
        fields.optional_text("language"),
        fields.optional_text("publish_until"),
    )
    fields.finish()
    return asset
