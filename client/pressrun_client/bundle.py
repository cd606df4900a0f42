"""Template bundles on the local disk."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pressrun_client.errors import BundleError

__all__ = ["MANIFEST_FILE", "Bundle", "read_bundle"]

MANIFEST_FILE = "template.yaml"
"""The file that makes a folder a bundle."""

Bundle = Mapping[str, bytes]
"""The files of a bundle by relative path with forward slashes."""


def read_bundle(source: str | os.PathLike[str] | Bundle, *, limit: int) -> dict[str, bytes]:
    """All files of a bundle. Hidden files are left out; links must stay inside the folder.

    Args:
        source: the folder, or files that are already read.
        limit: bytes that all files may have together.

    Raises:
        BundleError: it is no bundle, cannot be read, or is too large to send.
    """
    files = dict(source) if isinstance(source, Mapping) else _read_folder(Path(source), limit)
    if MANIFEST_FILE not in files:
        raise BundleError(f"{_name(source)} has no {MANIFEST_FILE}.")
    total = sum(len(content) for content in files.values())
    if total > limit:
        raise _too_large(_name(source), limit)
    return files


def _read_folder(folder: Path, limit: int) -> dict[str, bytes]:
    if not folder.is_dir():
        raise BundleError(f"{folder} is no folder.")
    root = folder.resolve()
    files: dict[str, bytes] = {}
    total = 0
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if any(part.startswith(".") for part in relative.parts) or not path.is_file():
            continue
        if not path.resolve().is_relative_to(root):
            raise BundleError(f"{path} links to a file outside of the bundle.")
        # The size is asked first, so that a stray video is not read into memory.
        total += path.stat().st_size
        if total > limit:
            raise _too_large(str(folder), limit)
        try:
            files[relative.as_posix()] = path.read_bytes()
        except OSError as error:
            raise BundleError(f"{path} cannot be read: {error.strerror}.") from error
    return files


def _too_large(name: str, limit: int) -> BundleError:
    return BundleError(f"{name} has more than {limit:,} bytes in all its files (message_limit).")


def _name(source: object) -> str:
    return "The bundle" if isinstance(source, Mapping) else str(source)
