"""Finds the sample template and reads a template folder as the files of a bundle.

The demo's 1,000 records are several megabytes, so they are not shipped: the seeded generator in
`pressrun_loadtest.records` writes them as NDJSON at demo time. Shipped is `records/statement-20.ndjson`, the first 20
of seed 1, for reading and for quick tries.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["BundleError", "load_bundle", "records_path", "statement_path"]

_HERE = Path(__file__).parent


class BundleError(Exception):
    """The folder is not a template bundle; the message says what is missing and what to do."""


def statement_path() -> Path:
    """The folder of the sample template `statement`."""
    return _HERE / "statement"


def records_path() -> Path:
    """The shipped NDJSON of 20 stream items."""
    return _HERE / "records" / "statement-20.ndjson"


def load_bundle(path: Path) -> dict[str, bytes]:
    """Read all files of a template folder.

    Hidden files (an editor's, a version control's) are left out, for they would change the template's digest.

    Args:
        path: the folder with template.yaml.

    Returns:
        contents by path relative to the folder, with forward slashes, in sorted order.

    Raises:
        BundleError: there is no such folder, or it has no template.yaml.
        OSError: a file cannot be read.
    """
    if not path.is_dir():
        raise BundleError(f"{path} is not a folder; give the folder that holds template.yaml")
    files: dict[str, bytes] = {}
    for file in sorted(path.rglob("*")):
        relative = file.relative_to(path)
        if file.is_file() and not any(part.startswith(".") for part in relative.parts):
            files[relative.as_posix()] = file.read_bytes()
    if "template.yaml" not in files:
        raise BundleError(f"{path} has no template.yaml; every bundle has one, beside its HTML and CSS")
    return files
