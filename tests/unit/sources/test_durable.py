from __future__ import annotations

from pathlib import Path

import pytest

from pressrun_sources.durable import write_durably


def test_the_whole_or_the_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is replaced whole, for its owner alone; where that fails the old one stays, and nothing is left over."""
    path = tmp_path / "new" / "token"
    write_durably(path, b"first")
    assert path.read_bytes() == b"first"
    assert path.stat().st_mode & 0o777 == 0o600

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_durably(path, b"second")
    assert path.read_bytes() == b"first"
    assert [entry.name for entry in path.parent.iterdir()] == ["token"]
