"""The engine digest: everything that can change a document's bytes, so that equal digests promise equal bytes."""

from __future__ import annotations

import functools
import hashlib
import sys
from dataclasses import dataclass
from importlib import metadata, resources

import deflate

__all__ = ["Engine", "engine"]

_PACKAGES = ("model", "fonts", "template", "layout", "emit", "prepare", "render")
_DISTRIBUTIONS = (
    "babel", "deflate", "fonttools", "jinja2", "msgspec", "pillow", "pymupdf", "pymupdf-fonts", "pyphen",
    "tinycss2", "cssselect2", "tinyhtml5", "tzdata")  # fmt: skip
_SAMPLE = b"".join(b"%d 0 Td(Pressrun %d)Tj\n" % (n * 7919 % 1009, n) for n in range(512))


@dataclass(frozen=True, slots=True)
class Engine:
    """What renders here."""

    digest: str
    """64 hexadecimal digits."""
    parts: dict[str, str]
    """What it is the digest of."""


@functools.cache
def engine() -> Engine:
    """The engine of this process; the same in fronts, composers and preparers of one installation."""
    code = hashlib.sha256()
    root = resources.files("pressrun_server")
    for package in _PACKAGES:
        folder = root / package
        for name in sorted(item.name for item in folder.iterdir() if item.name.endswith(".py")):
            data = (folder / name).read_bytes()
            code.update(f"{package}/{name} {len(data)}\n".encode())
            code.update(data)
    parts = {
        "code": code.hexdigest(),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        # A known answer: another build of the same deflate release must give the same bytes or be another engine.
        "deflate-answer": hashlib.sha256(deflate.zlib_compress(_SAMPLE, 1)).hexdigest(),
    }
    parts |= {name: metadata.version(name) for name in _DISTRIBUTIONS}
    text = "".join(f"{name}={value}\n" for name, value in sorted(parts.items()))
    return Engine(hashlib.sha256(text.encode()).hexdigest(), parts)
