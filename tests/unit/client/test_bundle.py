from __future__ import annotations

from pathlib import Path

import pytest

from pressrun_client import BundleError
from pressrun_client.bundle import read_bundle


def _bundle(folder: Path) -> Path:
    (folder / "samples").mkdir(parents=True)
    (folder / "template.yaml").write_bytes(b"name: a\n")
    (folder / "samples" / "one.json").write_bytes(b"{}")
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_bytes(b"hidden")
    (folder / ".DS_Store").write_bytes(b"hidden")
    return folder


def test_a_folder_is_read_with_its_folders(tmp_path: Path) -> None:
    """Files are named by relative path with forward slashes; hidden ones are left out."""
    files = read_bundle(_bundle(tmp_path / "b"), limit=1000)
    assert files == {"template.yaml": b"name: a\n", "samples/one.json": b"{}"}


def test_files_may_be_given_as_they_are() -> None:
    """A mapping of paths to bytes is a bundle too."""
    assert read_bundle({"template.yaml": b"x"}, limit=10) == {"template.yaml": b"x"}


def test_a_folder_without_template_is_no_bundle(tmp_path: Path) -> None:
    """The error names the file that is missing."""
    with pytest.raises(BundleError, match=r"has no template\.yaml"):
        read_bundle(tmp_path, limit=10)
    with pytest.raises(BundleError, match="is no folder"):
        read_bundle(tmp_path / "absent", limit=10)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    """A bundle cannot carry a file of the machine."""
    bundle = _bundle(tmp_path / "b")
    (tmp_path / "secret").write_bytes(b"secret")
    (bundle / "innocent.css").symlink_to(tmp_path / "secret")
    with pytest.raises(BundleError, match="outside of the bundle"):
        read_bundle(bundle, limit=1000)


def test_a_bundle_over_the_limit_is_refused(tmp_path: Path) -> None:
    """The sum of all files counts."""
    with pytest.raises(BundleError, match="message_limit"):
        read_bundle(_bundle(tmp_path / "b"), limit=9)
    with pytest.raises(BundleError, match="message_limit"):
        read_bundle({"template.yaml": bytes(20)}, limit=9)
