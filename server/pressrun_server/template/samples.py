"""The sample records of a bundle, and the locale of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from pressrun_server.model.template import TemplateInfo

__all__ = ["Sample", "samples"]


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample record."""

    name: str
    """Of its file, without the ending."""
    record: bytes
    locale: str


def samples(info: TemplateInfo, files: Mapping[str, bytes]) -> list[Sample]:
    """All samples that template.yaml lists.

    A file whose name ends in one of the template's locales or in its language (`premier-de.json`, `late-fr-FR.json`)
    is rendered in that locale, any other in the default one.
    """
    return [
        Sample(PurePosixPath(path).stem, files[path], _locale(PurePosixPath(path).stem, info)) for path in info.samples
    ]


def _locale(name: str, info: TemplateInfo) -> str:
    for locale in info.locales:
        if name.endswith(f"-{locale}"):
            return locale
    language = name.rpartition("-")[2]
    found = [locale for locale in info.locales if locale.partition("-")[0] == language]
    if info.default_locale in found or not found:
        return info.default_locale
    return found[0]
