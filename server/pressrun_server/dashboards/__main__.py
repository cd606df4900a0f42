"""Writes the dashboards; `python -m pressrun_server.dashboards FOLDER` writes, `--check` fails on drift."""

from __future__ import annotations

import sys
from pathlib import Path

from pressrun_server.dashboards.assets import ASSETS
from pressrun_server.dashboards.grafana import document
from pressrun_server.dashboards.jobs import JOBS
from pressrun_server.dashboards.latency import LATENCY_AND_SLO
from pressrun_server.dashboards.processes import PROCESSES
from pressrun_server.dashboards.throughput import THROUGHPUT

__all__ = ["DASHBOARDS", "main"]

DASHBOARDS = (THROUGHPUT, LATENCY_AND_SLO, ASSETS, PROCESSES, JOBS)


def main(arguments: list[str]) -> int:
    """Write the files, or with `--check` say which differ; gives the exit code."""
    check = "--check" in arguments
    folder = Path(next(argument for argument in arguments if argument != "--check"))
    wanted = {f"{dashboard.name}.json": document(dashboard) for dashboard in DASHBOARDS}
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    if check:
        wrong = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
        if wrong:
            sys.stderr.write(f"{folder}: {', '.join(wrong)} differ from the code; run: make dashboards\n")
        return 1 if wrong else 0
    folder.mkdir(parents=True, exist_ok=True)
    for name in found.keys() - wanted.keys():
        (folder / name).unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
