"""Loads what the stand-ins start with: `seed.yaml`, and the master files that it names beside it.

An entry names its file by `file`; `variant: grayscale` takes the picture without colour, which gives older versions
bytes of their own without another file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from pressrun_loadtest.sandbox.cloudinary.seed import CloudinarySeed
from pressrun_loadtest.sandbox.cloudinary.seed import read_seed as read_cloudinary
from pressrun_loadtest.sandbox.core_dam.seed import CoreDamSeed
from pressrun_loadtest.sandbox.core_dam.seed import read_seed as read_core_dam
from pressrun_loadtest.sandbox.fields import BadInputError, Fields
from pressrun_loadtest.sandbox.http.seed import HttpSeed
from pressrun_loadtest.sandbox.http.seed import read_seed as read_http
from pressrun_loadtest.sandbox.iconik.seed import IconikSeed
from pressrun_loadtest.sandbox.iconik.seed import read_seed as read_iconik
from pressrun_loadtest.sandbox.pictures import grayscale
from pressrun_loadtest.sandbox.smintio.seed import SmintioSeed
from pressrun_loadtest.sandbox.smintio.seed import read_seed as read_smintio

__all__ = ["DEFAULT_SEED", "Seed", "SeedError", "load_seed"]

DEFAULT_SEED = Path(__file__).parent.parent / "samples" / "assets" / "seed.yaml"
"""The seed that is shipped with the samples."""


class SeedError(Exception):
    """The seed cannot be loaded; the text names the file, the place, and what would be valid."""


@dataclass(frozen=True, slots=True)
class Seed:
    """The start state of every system."""

    core_dam: CoreDamSeed
    cloudinary: CloudinarySeed
    iconik: IconikSeed
    http: HttpSeed
    smintio: SmintioSeed


def load_seed(path: Path = DEFAULT_SEED) -> Seed:
    """Read a seed file and the master files beside it.

    Raises:
        SeedError: a file is missing, or the seed file is not understood.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SeedError(f"{path}: cannot be read ({error.strerror}); name a seed file that is there") from error
    try:
        fields = Fields(yaml.safe_load(text), "seed")
        files = _Files(path.parent)
        core_dam = read_core_dam(Fields(fields.values("core_dam"), "core_dam"), files.load)
        cloudinary = read_cloudinary(Fields(fields.values("cloudinary"), "cloudinary"), files.load)
        iconik = read_iconik(Fields(fields.values("iconik"), "iconik"), files.load)
        http = read_http(Fields(fields.values("http"), "http"), files.load)
        smintio = read_smintio(Fields(fields.values("smintio"), "smintio"), files.load)
        fields.finish()
    except yaml.YAMLError as error:
        raise SeedError(f"{path}: not YAML: {error}") from error
    except BadInputError as error:
        raise SeedError(f"{path}: {error}") from error
    return Seed(core_dam, cloudinary, iconik, http, smintio)


class _Files:
    """Reads each master file once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loaded: dict[tuple[str, str | None], bytes] = {}

    def load(self, fields: Fields) -> bytes:
        """The bytes that an entry's `file` and `variant` name."""
        name = fields.text("file")
        variant = fields.optional_choice("variant", ("grayscale",))
        if (name, variant) not in self._loaded:
            self._loaded[name, variant] = self._read(name, variant, f"{fields.place}.file")
        return self._loaded[name, variant]

    def _read(self, name: str, variant: str | None, place: str) -> bytes:
        path = self._folder / name
        if path.parent != self._folder:
            raise BadInputError(f"{place}: {name} must lie beside the seed file")
        try:
            data = path.read_bytes()
        except OSError as error:
            raise BadInputError(f"{place}: {path} cannot be read ({error.strerror})") from error
        try:
            return grayscale(data) if variant else data
        except OSError as error:
            raise BadInputError(f"{place}: {path} is no picture ({error})") from error
