from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pressrun_loadtest.demo.child import Child, ask, own_environment, tethered
from pressrun_loadtest.demo.errors import ChildError, HelperError
from pressrun_loadtest.demo.procfs import age_seconds, cpu_seconds, tree_cpu_seconds, tree_resident_bytes

SLEEP = "import time; time.sleep(60)"


def gone(pid: int, seconds: float = 5.0) -> bool:
    """Whether a process ends (or is only waited for) within a time."""
    limit = time.monotonic() + seconds
    while True:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        if time.monotonic() >= limit:
            return False
        time.sleep(0.01)


def child(tmp_path: Path, code: str, **options: bool | float) -> Child:
    """A process that runs some code."""
    return Child(
        "the helper",
        tethered("-c", code),
        log=tmp_path / "helper.log",
        environment=own_environment(),
        **options,  # type: ignore[arg-type]
    )


def test_a_process_is_up_when_its_file_is_there_and_gone_after_the_block(tmp_path: Path) -> None:
    """The text of the ready file comes back; SIGTERM ends the process in order."""
    ready = tmp_path / "ready"
    code = f"import pathlib, time; pathlib.Path({str(ready)!r}).write_text('7070'); time.sleep(60)"
    with child(tmp_path, code) as running:
        assert running.wait_for(ready, 10) == "7070"
        assert not gone(running.pid, 0)
    assert gone(running.pid, 0)


def test_a_process_that_ends_too_early_is_told_with_its_last_words(tmp_path: Path) -> None:
    """The error holds the exit code and the end of the log."""
    with (
        child(tmp_path, "print('the port is taken'); raise SystemExit(3)") as running,
        pytest.raises(ChildError, match=r"the helper ended with exit code 3(.|\n)*the port is taken"),
    ):
        running.wait_for(tmp_path / "never", 10)


def test_a_process_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    """And ended."""
    with child(tmp_path, SLEEP) as running, pytest.raises(ChildError, match=r"not ready within 0.1 s"):
        running.wait_for(tmp_path / "never", 0.1)
    assert gone(running.pid, 0)


def test_a_process_that_ignores_sigterm_is_killed_with_its_children(tmp_path: Path) -> None:
    """Its whole group goes, so that nothing is left of what it started."""
    ready = tmp_path / "ready"
    code = (
        "import pathlib, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"other = subprocess.Popen([sys.executable, '-c', {SLEEP!r}])\n"
        f"pathlib.Path({str(ready)!r}).write_text(str(other.pid))\n"
        "time.sleep(60)\n"
    )
    with child(tmp_path, code, grace=0.1) as running:
        other = int(running.wait_for(ready, 10))
    assert gone(running.pid, 0)
    assert gone(other)


def test_the_kernel_ends_a_process_whose_parent_is_killed() -> None:
    """Even SIGKILL, which lets the parent clean up nothing, leaves nothing running."""
    code = (
        "import subprocess, time\n"
        "from pressrun_loadtest.demo.child import tethered\n"
        f"print(subprocess.Popen(tethered('-c', {SLEEP!r})).pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert not gone(pid, 0)
        parent.kill()
    assert gone(pid)


def test_a_process_that_talks_answers_line_by_line(tmp_path: Path) -> None:
    """Lines of JSON go there and come back; when it has ended, that is told instead."""
    code = "import sys\nfor line in sys.stdin:\n    if 'stop' in line: sys.exit('enough')\n    print(line, end='', flush=True)"
    with child(tmp_path, code, talks=True) as running:
        for message in ({"a": 1}, ["ß"]):
            running.tell(message)
            assert running.hear() == message
        running.tell("stop")
        with pytest.raises(ChildError, match=r"exit code 1(.|\n)*enough"):
            running.hear()


def test_settings_of_other_nodes_do_not_reach_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PRESSRUN_ variable of the shell must not change what the demo does."""
    monkeypatch.setenv("PRESSRUN_LISTEN", "0.0.0.0:1")
    monkeypatch.setenv("SOMETHING_ELSE", "stays")
    environment = own_environment({"PRESSRUN_COMPOSERS": "2"})
    assert "PRESSRUN_LISTEN" not in environment
    assert environment["PRESSRUN_COMPOSERS"] == "2"
    assert environment["SOMETHING_ELSE"] == "stays"


def test_a_question_that_fails_is_told_with_the_reason() -> None:
    """The last line that the helper said is in the error; a document that is none cannot be viewed."""
    with pytest.raises(HelperError, match="no such file"):
        ask("pressrun_loadtest.demo.viewer", {"do": "read", "documents": ["/nowhere/x.pdf"]}, seconds=30)


def test_costs_of_a_tree_cover_children_alive_and_ended(tmp_path: Path) -> None:
    """CPU time of a child that was waited for stays in the sum; memory is that of the living."""
    burn = "import time\nwhile time.process_time() < 0.2: pass"
    code = (
        "import subprocess, sys, time\n"
        "sys.stdin.readline()\n"
        f"subprocess.run([sys.executable, '-c', {burn!r}])\n"
        f"other = subprocess.Popen([sys.executable, '-c', 'import time; memory = bytearray(30_000_000); print(0, flush=True); time.sleep(60)'])\n"
        "sys.stdin.readline()\n"
    )
    with child(tmp_path, code, talks=True) as running:
        before = tree_resident_bytes(running.pid)
        running.tell(None)
        assert running.hear() == 0
        assert tree_cpu_seconds(running.pid) >= 0.2
        assert cpu_seconds(running.pid) < 0.2
        assert tree_resident_bytes(running.pid) - before > 30_000_000
    assert tree_cpu_seconds(running.pid) == 0
    assert tree_resident_bytes(os.getpid()) > 10_000_000


def test_the_age_of_this_process_grows_with_time() -> None:
    """It was started before this test and not before the machine."""
    age = age_seconds()
    time.sleep(0.05)
    assert 0 < age < age_seconds() < float(Path("/proc/uptime").read_text().split()[0])


def test_an_early_signal_is_named(tmp_path: Path) -> None:
    """A process that the kernel ended is told with the signal's name."""
    with child(tmp_path, SLEEP) as running:
        os.kill(running.pid, signal.SIGKILL)
        assert gone(running.pid)
        with pytest.raises(ChildError, match="was ended by SIGKILL"):
            running.check()
