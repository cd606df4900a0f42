"""Counts the instructions of composing by valgrind's callgrind, where it is installed: figures that no load disturbs.

`python -m pressrun_loadtest.bench.instructions` is the process that is looked into. It says when it is ready for a
piece of work and waits; the process that started it turns the counting on, lets it work, and takes the count.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from pressrun_loadtest.bench.composition import Press
from pressrun_loadtest.bench.gauge import WARM_LARGE, WARM_SMALL, calibrate, composed
from pressrun_loadtest.bench.large import LARGE_ROWS
from pressrun_loadtest.demo.child import Child, own_environment, tether
from pressrun_loadtest.demo.errors import HelperError
from pressrun_loadtest.records import generate, generate_small

__all__ = ["PIECES", "available", "count"]

PIECES = ("loop", "small", "large")
_DOCUMENTS = 12
"""SMALL ones; some of every locale."""
_TRIGGER = re.compile(r"^desc: Trigger: dump (\w+)$", re.MULTILINE)
_TOTAL = re.compile(r"^totals: (\d+)$", re.MULTILINE)
_CONTROL_S = 60.0


def available() -> bool:
    """Whether instructions can be counted here."""
    return all(shutil.which(name) for name in ("valgrind", "callgrind_control"))


def count(seed: int) -> dict[str, float]:
    """Instructions of a calibration loop, a SMALL and a LARGE document, in millions.

    Hashes have a fixed seed, so that the same code gives the same count within a thousandth.

    Raises:
        HelperError: valgrind fails.
        ChildError: the process under it does.
    """
    valgrind, control = shutil.which("valgrind"), shutil.which("callgrind_control")
    assert valgrind is not None
    assert control is not None
    with tempfile.TemporaryDirectory(prefix="pressrun-instructions-") as name:
        folder = Path(name)
        command = [
            *tether(),
            *(valgrind, "-q", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={folder / 'count'}"),
            *(sys.executable, "-P", "-m", __name__),
        ]
        environment = own_environment({"PYTHONHASHSEED": "0"})
        log = folder / "log"
        with Child("composing under valgrind", command, log=log, environment=environment, talks=True) as child:
            child.tell({"seed": seed})
            for piece in PIECES:
                child.hear()
                _control(control, child.pid, "--instr=on")
                child.tell("work")
                child.hear()
                _control(control, child.pid, f"--dump={piece}")
                _control(control, child.pid, "--instr=off")
                child.tell("go on")
        dumps = [path.read_text(encoding="utf-8", errors="replace") for path in sorted(folder.glob("count*"))]
    return _per_piece(dumps)


def _control(command: str, pid: int, what: str) -> None:
    done = subprocess.run(  # noqa: S603 - valgrind's own tool
        [command, what, str(pid)], capture_output=True, text=True, timeout=_CONTROL_S, check=False
    )
    if done.returncode or "OK" not in done.stdout:
        raise HelperError(f"callgrind_control {what} failed: {(done.stderr or done.stdout).strip()}")


def _per_piece(dumps: list[str]) -> dict[str, float]:
    """Millions of instructions out of callgrind's files, each of which names the piece that it is of."""
    totals: dict[str, float] = {}
    for text in dumps:
        named, total = _TRIGGER.search(text), _TOTAL.search(text)
        if named is not None and total is not None:
            totals[named[1]] = int(total[1]) / 1e6
    missing = [piece for piece in PIECES if not totals.get(piece)]
    if missing:
        raise HelperError(f"valgrind gave no count of {', '.join(missing)}; files of {', '.join(totals) or 'nothing'}")
    return totals | {"small": totals["small"] / _DOCUMENTS}


def _main() -> None:
    order: Mapping[str, Any] = msgspec.json.decode(sys.stdin.readline())
    press = Press()
    small = list(generate_small(order["seed"], WARM_SMALL + _DOCUMENTS))
    large = list(generate(order["seed"], WARM_LARGE + 1, LARGE_ROWS))
    for warming in (small[:WARM_SMALL], large[:WARM_LARGE]):
        composed(press, warming)()
    works = dict(
        zip(PIECES, (calibrate, composed(press, small[WARM_SMALL:]), composed(press, large[-1:])), strict=True)
    )
    for piece, work in works.items():
        work()  # what is made at a first time is made
        for wait in (lambda: None, work):
            wait()
            sys.stdout.write(f'"{piece}"\n')
            sys.stdout.flush()
            sys.stdin.readline()


if __name__ == "__main__":
    _main()
