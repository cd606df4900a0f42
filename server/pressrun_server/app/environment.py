"""Reads the node's settings; adds to the sources' reader what only a node needs."""

from __future__ import annotations

import difflib
import math
import re
from pathlib import Path

from pressrun_server.cas.address import RedisAddress
from pressrun_sources.environment import Environment

__all__ = ["NodeEnvironment"]

_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})")
_HIGHEST_PORT = 65535


class NodeEnvironment(Environment):
    """Typed access to variables; faults are collected, `faults` gives them all."""

    @property
    def faults(self) -> tuple[str, ...]:
        """All faults so far, as `NAME: what`."""
        return tuple(self._faults)

    def address(self, name: str, default: str) -> str:
        """A host and a port."""
        text = self.text(name, default)
        match = _ADDRESS.fullmatch(text)
        if match is None or int(match[2]) > _HIGHEST_PORT:
            self.fault(name, f"{text!r} is not host:port, e.g. {default} or [::1]:7070; port 0 takes a free one")
            return default
        return text

    def share(self, name: str, default: float) -> float:
        """A part of a whole, 0 to 1."""
        text = self.text(name)
        try:
            value = float(text) if text else default
        except ValueError:
            value = math.nan
        if not 0 <= value <= 1:
            self.fault(name, f"{text!r} is not a number from 0 to 1, e.g. 0.01 for one of a hundred")
            return default
        return value

    def folder(self, name: str, default: Path) -> Path:
        """A folder, made absolute; it need not be there yet."""
        text = self.text(name)
        try:
            path = (Path(text).expanduser() if text else default).absolute()
        except RuntimeError:
            self.fault(name, f"{text!r}: there is no such user's home")
            return default
        if path.exists() and not path.is_dir():
            self.fault(name, f"{path} is a file; name a folder")
        return path

    def redis(self, name: str) -> RedisAddress | None:
        """The URL of a Redis, or of a file that holds it (NAME_FILE), since it may have a password."""
        text = self.secret(name)
        try:
            return RedisAddress(text) if text else None
        except ValueError as error:
            self.fault(name, str(error))
            return None

    def unknown(self, prefix: str, others: tuple[str, ...]) -> tuple[str, ...]:
        """Variables that begin with the prefix and that nobody asked for, each with the nearest known name."""
        notes = []
        for name in sorted(self._variables):
            if not name.startswith(prefix) or name in self._known or name.startswith(others):
                continue
            near = difflib.get_close_matches(name, self._known, n=1, cutoff=0.8)
            notes.append(f"{name} is not a setting" + (f"; did you mean {near[0]}?" if near else ""))
        return tuple(notes)
