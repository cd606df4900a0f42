"""Runs the sandbox: `python -m pressrun_loadtest.sandbox` is `pressrun sandbox`."""

from __future__ import annotations

from pressrun_loadtest.sandbox.command import sandbox

if __name__ == "__main__":
    sandbox(prog_name="python -m pressrun_loadtest.sandbox")
