"""Generates the contract's code anew and fails where the committed code differs. Run by `make protos-check`."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

_PROTOS = Path(__file__).resolve().parents[2] / "protos"


def main() -> int:
    """Compare; 1 where there is drift."""
    with tempfile.TemporaryDirectory() as folder:
        plugin = Path(sys.executable).with_name("protoc-gen-mypy_grpc")
        subprocess.run(
            [
                sys.executable, "-m", "grpc_tools.protoc", f"-I{_PROTOS}", f"-I{sysconfig.get_path('purelib')}",
                f"--python_out={folder}", f"--pyi_out={folder}", f"--grpc_python_out={folder}",
                f"--plugin=protoc-gen-mypy_grpc={plugin}", f"--mypy_grpc_out=quiet,only_async:{folder}",
                *sorted(str(path) for path in _PROTOS.rglob("*.proto")),
            ],
            check=True,
        )  # fmt: skip
        stale = []
        for path in sorted(Path(folder).rglob("*_pb2*")):
            committed = _PROTOS / path.relative_to(folder)
            if path.name.startswith("document_pb2_grpc"):
                continue  # a file without a service needs no stubs
            if not committed.exists() or committed.read_bytes() != path.read_bytes():
                stale.append(str(path.relative_to(folder)))
    if stale:
        print("generated code is stale: " + ", ".join(stale) + "\nrun `make protos` and commit the result")
        return 1
    print("generated code is what the protos give")
    return 0


if __name__ == "__main__":
    sys.exit(main())
