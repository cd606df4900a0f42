"""Measures how long the sample template takes to compile, each time in a new process.

`python -m pressrun_loadtest.bench.compilation` compiles once and answers with the seconds; fonts and tables that a
process keeps would make a second compilation faster than a preparer's first.
"""

from __future__ import annotations

import json
import statistics
import sys
import time

from pressrun_loadtest.bench.config import Sizes
from pressrun_loadtest.bench.report import Entry
from pressrun_loadtest.demo.child import ask

__all__ = ["measure_compilation"]

_TIME_S = 120.0


def measure_compilation(sizes: Sizes) -> Entry:
    """Wall time of the compilation, imports excluded; the median of several processes.

    Raises:
        HelperError: the template does not compile.
    """
    seconds = [ask(__name__, None, seconds=_TIME_S)["seconds"] for _ in range(sizes.compile_rounds)]
    note = "wall time of the first compilation in a process, all locales, median"
    return Entry("template-compile", statistics.median(seconds), "s", len(seconds), note)


def _main() -> None:
    # The node's own parts are loaded in this process only.
    from pressrun_loadtest.samples import load_bundle, statement_path  # noqa: PLC0415
    from pressrun_server.template.compile import compile_bundle  # noqa: PLC0415

    bundle = load_bundle(statement_path())
    started = time.perf_counter()
    compiled = compile_bundle(bundle)
    seconds = time.perf_counter() - started
    if compiled.info is None:
        sys.exit("; ".join(map(str, compiled.diagnostics)))
    json.dump({"seconds": seconds}, sys.stdout)


if __name__ == "__main__":
    _main()
