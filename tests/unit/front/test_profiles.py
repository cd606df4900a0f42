"""The node's profiles of printing conditions."""

from __future__ import annotations

from pathlib import Path

import pytest

from pressrun_server.render.profiles import ProfileError, read_profiles


def test_a_folder_is_no_profile(tmp_path: Path) -> None:
    """A folder that is called as a profile is told, and other files beside profiles are not read."""
    (tmp_path / "README.txt").write_text("about")
    assert not read_profiles(tmp_path).files
    (tmp_path / "FOGRA39.icc").mkdir()
    with pytest.raises(ProfileError, match="is no file; put the profile itself there"):
        read_profiles(tmp_path)
