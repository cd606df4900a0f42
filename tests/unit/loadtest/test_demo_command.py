from __future__ import annotations

import pytest
from click.testing import CliRunner

from pressrun_loadtest import cli


def test_the_demo_says_how_to_install_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the load tester alone installed there is no node to run: exit code 2 and the line that installs it."""
    monkeypatch.setattr(cli, "find_spec", lambda name: None if name in {"pymupdf", "structlog"} else name)
    result = CliRunner().invoke(cli.demo, [])
    assert result.exit_code == 2
    assert "needs pymupdf, structlog" in result.output
    assert "pip install 'pressrun[all]'" in result.output


@pytest.mark.parametrize("arguments", [["--documents", "0"], ["--seed", "-1"], ["--sandbox", "/nowhere.env"]])
def test_wrong_options_are_usage_errors(arguments: list[str]) -> None:
    """The option is named, and nothing is started."""
    result = CliRunner().invoke(cli.demo, arguments)
    assert result.exit_code == 2
    assert arguments[0] in result.output
