"""Looks for breaking changes of the contract since the last release (before the first one: since the last commit).

Run by `make protos-check` with the image of the working tree's protos. `buf` cannot read google/rpc/status.proto from
git, so both sides are compiled to images by protoc first.
"""

from __future__ import annotations

import io
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from pathlib import Path
from typing import IO, cast

_ROOT = Path(__file__).resolve().parents[2]


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=_ROOT, check=True, capture_output=True).stdout


def _base() -> str:
    tags = _git("tag", "--list", "v*", "--sort=-version:refname").decode().split()
    return tags[0] if tags else "HEAD"


def main(image: str) -> int:
    """Compare; the exit code is buf's."""
    base = _base()
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(_git("archive", base, "protos"))) as archive:
            for member in archive.getmembers():
                # `extractall(filter=...)` came with 3.11.4, and Debian 12 has 3.11.2.
                if member.isfile():
                    path = Path(folder, member.name)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(cast("IO[bytes]", archive.extractfile(member)).read())
        protos = Path(folder, "protos")
        old = Path(folder, "old.binpb")
        subprocess.run(
            [
                sys.executable, "-m", "grpc_tools.protoc", f"-I{protos}", f"-I{sysconfig.get_path('purelib')}",
                "--include_imports", "--include_source_info", "-o", str(old),
                *sorted(str(path) for path in protos.rglob("*.proto")),
            ],
            check=True,
        )  # fmt: skip
        buf = Path(sys.executable).with_name("buf")
        config = _ROOT / "protos" / "buf.yaml"
        found = subprocess.run(
            [buf, "breaking", image, "--against", str(old), "--config", str(config), "--path", "pressrun"],
            check=False,
        )
    print(f"contract compared with {base}: {'no breaking change' if found.returncode == 0 else 'BREAKING'}")
    return found.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
