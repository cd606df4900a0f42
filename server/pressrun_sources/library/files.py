"""The folder itself: finds, opens and hashes files, and lets no ref lead out of it. Blocking; called in threads."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from pressrun_sources.library.sidecar import SUFFIX, Sidecar, parse_sidecar

__all__ = ["Folder", "Stamp", "digest_of", "stamp_of"]

_CHUNK = 1024 * 1024
_MAX_SIDECAR = 256 * 1024


@dataclass(frozen=True, slots=True)
class Stamp:
    """By which a file is seen to be the same as before."""

    modified_ns: int
    size: int
    inode: int


class Folder:
    """A folder that refs cannot leave, neither by their text nor through symbolic links."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def check(self) -> None:
        """Raise OSError unless the folder can be read."""
        with os.scandir(self._root):
            pass

    def open(self, identifier: str) -> BinaryIO:
        """The regular file that an id names.

        Raises:
            ValueError: the id cannot be a path below the folder.
            FileNotFoundError: there is no such regular file in the folder; also for one that lies outside.
            OSError: it cannot be read.
        """
        return self._open(self._locate(identifier))

    def sidecar(self, identifier: str) -> Sidecar:
        """What the sidecar of an id says; the defaults where there is none.

        Raises:
            ValueError: the sidecar is not understood; the text names the file and the field.
            OSError: it cannot be read.
        """
        try:
            stream = self.open(f"{identifier}{SUFFIX}")
        except FileNotFoundError:
            return Sidecar()
        with stream:
            data = stream.read(_MAX_SIDECAR + 1)
        try:
            if len(data) > _MAX_SIDECAR:
                raise ValueError(f"larger than {_MAX_SIDECAR} bytes")  # noqa: TRY301 - one place adds the file's name
            return parse_sidecar(data.decode())
        except ValueError as error:
            raise ValueError(f"{identifier}{SUFFIX}: {error}") from error

    def is_sidecar(self, identifier: str) -> bool:
        """Whether an id names the sidecar of another file."""
        base = identifier.removesuffix(SUFFIX)
        if base == identifier:
            return False
        try:
            return self._locate(base).is_file()
        except (ValueError, FileNotFoundError):
            return False

    def identifiers(self) -> Iterator[str]:
        """The ids of all files, sorted by folder and name; sidecars and hidden files are none."""
        for folder, folders, names in os.walk(self._root):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            present = set(names)
            for name in sorted(present):
                if not name.startswith(".") and not (name.endswith(SUFFIX) and name.removesuffix(SUFFIX) in present):
                    yield (Path(folder) / name).relative_to(self._root).as_posix()

    def _locate(self, identifier: str) -> Path:
        parts = PurePosixPath(identifier).parts
        if not parts or identifier != "/".join(parts) or ".." in parts or "\0" in identifier or parts[0] == "/":
            raise ValueError("not a plain relative path")
        real = (self._root / identifier).resolve()
        if not real.is_relative_to(self._root.resolve()):
            raise FileNotFoundError("leads out of the library through a symbolic link")
        return real

    @staticmethod
    def _open(path: Path) -> BinaryIO:
        # Without O_NONBLOCK, opening a named pipe would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise FileNotFoundError("not a regular file")
        return os.fdopen(descriptor, "rb")


def stamp_of(stream: BinaryIO) -> Stamp:
    """The stamp of an open file."""
    found = os.fstat(stream.fileno())
    return Stamp(found.st_mtime_ns, found.st_size, found.st_ino)


def digest_of(stream: BinaryIO) -> str:
    """The SHA-256 of what is left to read."""
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
