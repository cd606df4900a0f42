from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from pressrun_sources.errors import InvalidReferenceError, MisconfiguredError
from pressrun_sources.library.config import LibraryConfig
from pressrun_sources.library.source import LibrarySource
from pressrun_sources.protocol import Source
from pressrun_sources.registry import Registry
from pressrun_sources.transport.config import TransportConfig


def library(path: Path) -> LibrarySource:
    """A source over a folder."""
    return LibrarySource(LibraryConfig(path), TransportConfig())


def test_get(tmp_path: Path) -> None:
    """A source is found by its name; an unknown name lists those that are configured."""
    source = library(tmp_path)
    registry = Registry({"library": source})
    assert registry.get("library") is source
    with pytest.raises(InvalidReferenceError, match="'iconik' is not configured; configured are library"):
        registry.get("iconik")
    with pytest.raises(InvalidReferenceError, match=r"none is: set e\.g\. PRESSRUN_LIBRARY_PATH"):
        Registry({}).get("library")


async def test_check_all(tmp_path: Path) -> None:
    """All sources are checked, and one that fails does not hide the others."""
    found = await Registry({"good": library(tmp_path), "bad": library(tmp_path / "none")}).check_all()
    assert found["good"] is None
    assert isinstance(found["bad"], MisconfiguredError)


class Stubborn:
    """Cannot be closed."""

    async def close(self) -> None:
        """Fail."""
        raise OSError("stuck")


async def test_close_all(tmp_path: Path) -> None:
    """All sources are closed, also when one of them fails, and the failure is not lost."""
    source = library(tmp_path)
    registry = Registry({"a": cast("Source", Stubborn()), "b": source})
    with pytest.raises(ExceptionGroup, match="could not be closed"):
        await registry.close_all()
    assert source._closed


def test_completed(tmp_path: Path) -> None:
    """A completed registry has a source for every name, each made once; the configured ones are kept."""
    made: list[str] = []

    def stand_in(name: str) -> Source:
        made.append(name)
        return library(tmp_path)

    source = library(tmp_path)
    registry = Registry({"library": source}).completed(stand_in)
    assert registry.get("library") is source
    assert registry.get("smintio") is registry.get("smintio")
    registry.get("dam-of-tomorrow")
    assert made == ["smintio", "dam-of-tomorrow"]
