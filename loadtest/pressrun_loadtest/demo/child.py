"""A process that the demo or the bench started, and that never outlives it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pressrun_loadtest.demo.errors import ChildError, HelperError

__all__ = ["Child", "ask", "own_environment", "tether", "tethered"]

_TETHER = Path(__file__).with_name("tether.py")
_POLL_S = 0.01


def tethered(*arguments: str) -> list[str]:
    """The command that runs Python with these arguments, as a process which ends with this one.

    Start it from the main thread: the kernel takes the end of the starting thread for the parent's end.
    """
    return [*tether(), sys.executable, "-P", *arguments]


def tether() -> list[str]:
    """What stands before the command of a program, given with its whole path, that ends with this process."""
    return [sys.executable, "-I", "-S", str(_TETHER), str(os.getpid())]


def own_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without Pressrun's settings, which are meant for other nodes, and with `extra`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PRESSRUN_")}
    return kept | dict(extra or {})


def ask(module: str, question: Any, *, seconds: float) -> Any:
    """Run a module that reads a question from standard input and answers on standard output, both JSON.

    Raises:
        HelperError: it failed, or needed more time.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the command is ours
            tethered("-m", module),
            input=json.dumps(question),
            capture_output=True,
            text=True,
            timeout=seconds,
            check=True,
            env=own_environment(),
        )
    except subprocess.TimeoutExpired as error:
        raise HelperError(
            f"`python -m {module}` did not answer within {seconds:g} s; is the machine very busy?"
        ) from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().splitlines() or ["nothing"]
        raise HelperError(
            f"`python -m {module}` ended with exit code {error.returncode}; it said: {said[-1]}"
        ) from error
    return json.loads(done.stdout)


class Child:
    """A running process, ended with its whole group at the end of `with`.

    It has a session of its own, so that Ctrl-C reaches only its parent, which then ends its children in order.

    Args:
        name: for messages, e.g. `the node`.
        command: see `tethered`.
        log: takes what it says on standard error, and on standard output unless `talks`.
        environment: its variables.
        talks: whether it takes and gives lines of JSON on its standard input and output.
        grace: seconds that it gets to end by itself after SIGTERM.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str],
        talks: bool = False,
        grace: float = 5.0,
    ) -> None:
        self.name = name
        self._log = log
        self._grace = grace
        pipe = subprocess.PIPE
        with log.open("wb") as told:
            self._process = subprocess.Popen(  # noqa: S603 - the command is ours
                command,
                stdin=pipe if talks else subprocess.DEVNULL,
                stdout=pipe if talks else told,
                stderr=told,
                env=environment,
                start_new_session=True,
                text=True,
                bufsize=1,
            )

    @property
    def pid(self) -> int:
        """Its process id; the tether keeps it."""
        return self._process.pid

    def tell(self, message: Any) -> None:
        """Give a process that talks a line of JSON.

        Raises:
            ChildError: it has ended.
        """
        stream = self._process.stdin
        assert stream is not None
        try:
            stream.write(json.dumps(message) + "\n")
            stream.flush()
        except BrokenPipeError:
            raise self._gone() from None

    def hear(self) -> Any:
        """Its next line of JSON; waits for it.

        Raises:
            ChildError: it has ended.
        """
        stream = self._process.stdout
        assert stream is not None
        line = stream.readline()
        if not line:
            raise self._gone()
        return json.loads(line)

    def wait_for(self, file: Path, seconds: float) -> str:
        """The text of a file that the process writes when it is ready; one that is there and empty is being written.

        Raises:
            ChildError: it ended, or was not ready in time.
        """
        limit = time.monotonic() + seconds
        while not (text := _text(file)):
            self.check()
            if time.monotonic() > limit:
                raise self._error(f"was not ready within {seconds:g} s")
            time.sleep(_POLL_S)
        return text

    def check(self) -> None:
        """See that it still runs.

        Raises:
            ChildError: it ended.
        """
        if self._process.poll() is not None:
            raise self._gone()

    def _gone(self) -> ChildError:
        """What became of a process that hung up or ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(self._grace)
        status = self._process.returncode
        if status is None:
            return self._error("stopped answering")
        return self._error(
            f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with exit code {status}"
        )

    def _error(self, why: str) -> ChildError:
        return ChildError(self.name, why, self._log)

    def stop(self) -> None:
        """End it and everything in its group; harmless where it has ended."""
        process = self._process
        try:
            if process.poll() is None:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(self._grace)
        finally:
            # Also when an impatient Ctrl-C cut the wait short. The group is empty where the process ended in order.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with contextlib.suppress(BrokenPipeError):
                        stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _text(file: Path) -> str:
    """What a file holds; nothing where there is none."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
