"""Which combinations of attributes `pressrun gaps` asks about."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from pressrun_client.cli import main


@pytest.mark.parametrize(
    ("each", "said"),
    [
        ([f"{name}={','.join(map(str, range(40)))}" for name in "abcdefg"], f"{40**7} combinations are more than 2000"),
        (["a"], "'a' is not NAME=VALUE"),
        (["a=,"], "a has no values"),
    ],
    ids=["too many", "no value", "empty"],
)
def test_what_can_not_be_gone_through(each: list[str], said: str, tmp_path: Path) -> None:
    """It is refused under the option's name, before anything is made or asked."""
    record = tmp_path / "record.json"
    record.write_text("{}")
    found = CliRunner().invoke(
        main, ["gaps", "letter@1", str(record), *(part for text in each for part in ("--each", text))]
    )
    assert found.exit_code == 2
    told = " ".join(found.output.replace("│", " ").split())
    assert "Invalid value for --each" in told
    assert said in told
