"""What every engine is given: the same font files, the same pictures, and the words of the sample template."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from pressrun_loadtest.samples import statement_path

__all__ = ["BANNER_PIXELS", "LOGO_PIXELS", "SEGMENTS", "Stock"]

SEGMENTS = ("everyday", "premier", "student", "business")
LOGO_PIXELS = (600, 160)
BANNER_PIXELS = (2000, 500)


@dataclass(frozen=True, slots=True)
class Stock:
    """Files and words; the fonts are those that a node has, FiraGO in two weights."""

    regular: Path
    bold: Path
    logo: Path
    banners: dict[str, Path]
    """By segment."""
    words: dict[str, dict[str, str]]
    """The template's own strings, by locale."""

    @property
    def folder(self) -> Path:
        """Where the files are, all of them."""
        return self.regular.parent

    @classmethod
    def lay_out(cls, folder: Path) -> Stock:
        """Write fonts and pictures into a folder.

        Raises:
            OSError: they cannot be written.
        """
        fonts: Any = import_module("pymupdf_fonts")  # megabytes, for the processes that make documents
        for name, key in (("FiraGO-Regular.ttf", "figo"), ("FiraGO-Bold.ttf", "figbo")):
            (folder / name).write_bytes(fonts.fontbuffers[key]())
        assets = statement_path().parent / "assets"
        names = ["logo.png", *(f"banner-{segment}.jpg" for segment in SEGMENTS)]
        for name in names:
            (folder / name).write_bytes((assets / name).read_bytes())
        return cls.at(folder)

    @classmethod
    def at(cls, folder: Path) -> Stock:
        """What was laid out in a folder."""
        template = yaml.safe_load((statement_path() / "template.yaml").read_text(encoding="utf-8"))
        banners = {segment: folder / f"banner-{segment}.jpg" for segment in SEGMENTS}
        return cls(
            folder / "FiraGO-Regular.ttf", folder / "FiraGO-Bold.ttf", folder / "logo.png", banners, template["strings"]
        )
