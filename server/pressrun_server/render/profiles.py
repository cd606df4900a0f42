"""The node's profiles of printing conditions: ICC files in a folder, each named by its condition."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pressrun_server.model.digest import Digest

__all__ = ["OutputProfiles", "ProfileError", "read_profiles"]

_MOST_BYTES: Final = 4 * 1024 * 1024
_ENDINGS: Final = frozenset({".icc", ".icm"})
_LONGEST: Final = 100


class ProfileError(Exception):
    """A file is no profile of a printing condition; the message says which and why."""


class OutputProfiles:
    """Profiles by printing condition.

    Args:
        files: their bytes.
    """

    def __init__(self, files: Mapping[str, bytes] | None = None) -> None:
        self.files = dict(files or {})
        self.digests = {name: Digest.of(data) for name, data in self.files.items()}
        """Of each."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OutputProfiles) and self.files == other.files

    __hash__ = None  # type: ignore[assignment]  # it holds a mapping

    def __str__(self) -> str:
        """Their names, for settings as they are printed."""
        return ", ".join(sorted(self.files)) or "none"


def read_profiles(folder: Path) -> OutputProfiles:
    """The profiles of a folder; a condition is the name of its file without `.icc`.

    Raises:
        ProfileError: a file is not what it should be.
        OSError: the folder can't be read.
    """
    files: dict[str, bytes] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in _ENDINGS:
            continue
        if not path.is_file():
            raise ProfileError(f"{path} is no file; put the profile itself there, under this name")
        if path.stat().st_size > _MOST_BYTES:
            raise ProfileError(f"{path} has more than {_MOST_BYTES} bytes")
        data = path.read_bytes()
        # The header: ICC.1:2010, 7.2.
        if len(data) < 132 or data[36:40] != b"acsp" or int.from_bytes(data[:4], "big") != len(data):  # noqa: PLR2004
            raise ProfileError(f"{path} is no ICC profile, or is cut off")
        if data[12:16] != b"prtr" or data[16:20] != b"CMYK":
            kind, space = (data[start : start + 4].decode("ascii", "replace") for start in (12, 16))
            raise ProfileError(f"{path} is a profile of class {kind!r} for {space!r}; give one of a printer for CMYK")
        name = path.stem
        if not name.isascii() or not name.isprintable() or len(name) > _LONGEST:
            raise ProfileError(f"{path}: the name of a printing condition is ASCII, e.g. FOGRA39.icc")
        files[name] = data
    return OutputProfiles(files)
