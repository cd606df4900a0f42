"""Reads settings from environment variables and collects every fault, so that all are reported at once."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from yarl import URL

from pressrun_sources.errors import MisconfiguredError

__all__ = ["Environment"]

T = TypeVar("T")

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_SIZE = re.compile(r"(\d{1,15})\s*(B|KiB|MiB|GiB)?")
_UNITS = {None: 1, "B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_MAX_FILE = 1024 * 1024


class Environment:
    """Typed access to variables.

    A reading method that finds a fault notes it and returns a harmless value; `finish` then raises, so no such value
    is ever used. A variable set to nothing counts as not set.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._known: set[str] = set()
        self._faults: list[str] = []

    def fault(self, name: str, what: str) -> None:
        """Note a fault of a variable. Never put a secret's value into it."""
        self._faults.append(f"{name}: {what}")

    def has(self, name: str) -> bool:
        """Whether the variable is set."""
        return bool(self._text(name))

    def text(self, name: str, default: str = "") -> str:
        """A text."""
        return self._text(name) or default

    def secret(self, name: str) -> str:
        """A secret, given as it is or as the path of a file that holds it (NAME_FILE); empty when neither is set."""
        value, path = self._text(name), self._text(f"{name}_FILE")
        if value and path:
            self.fault(name, f"is set twice; set either {name} or {name}_FILE")
        if value or not path:
            return value
        content = self.file_text(f"{name}_FILE")
        # Editors and secret stores end a file with a newline that is not part of the secret.
        secret = content.rstrip("\r\n")
        if content and not secret:
            self.fault(f"{name}_FILE", "the file holds no secret")
        return secret

    def file_text(self, name: str) -> str:
        """The text of the file that a variable names; empty when it is not set."""
        path = self._text(name)
        if not path:
            return ""
        try:
            with Path(path).open("rb") as stream:
                data = stream.read(_MAX_FILE + 1)
            if len(data) > _MAX_FILE:
                self.fault(name, f"the file is larger than {_MAX_FILE} bytes")
                return ""
            return data.decode()
        except OSError as error:
            self.fault(name, f"cannot read {path}: {error.strerror or type(error).__name__}")
        except UnicodeDecodeError:
            self.fault(name, f"{path} is not UTF-8 text")
        return ""

    def parsed(self, name: str, parse: Callable[[str], tuple[T, list[str]]]) -> T:
        """What a parser makes of the file that a variable names, or of nothing; its faults are the variable's."""
        value, faults = parse(self.file_text(name))
        for fault in faults:
            self.fault(name, fault)
        return value

    def integer(self, name: str, default: int, lowest: int, highest: int) -> int:
        """A whole number within bounds."""
        text = self._text(name)
        if not text:
            return default
        if not re.fullmatch(r"-?\d{1,15}", text, re.ASCII) or not lowest <= int(text) <= highest:
            self.fault(name, f"{text!r} is not a whole number from {lowest} to {highest}")
            return default
        return int(text)

    def seconds(self, name: str, default: float, highest: float = 3600.0) -> float:
        """A duration above zero."""
        text = self._text(name)
        if not text:
            return default
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not 0 < value <= highest:
            self.fault(name, f"{text!r} is not a number of seconds above 0 and up to {highest:g}, e.g. 30 or 2.5")
            return default
        return value

    def size(self, name: str, default: int) -> int:
        """A number of bytes, with or without a unit."""
        text = self._text(name)
        if not text:
            return default
        match = _SIZE.fullmatch(text)
        value = int(match[1]) * _UNITS[match[2]] if match else 0
        if value < 1:
            self.fault(name, f"{text!r} is not a size such as 1048576, 512KiB, 64MiB or 1GiB")
            return default
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """Yes or no."""
        text = self._text(name).lower()
        if text and text not in _TRUE | _FALSE:
            self.fault(name, f"{text!r} is neither true nor false")
        return text in _TRUE if text in _TRUE | _FALSE else default

    def choice(self, name: str, valid: Sequence[str], default: str) -> str:
        """One of the valid texts."""
        text = self._text(name)
        if text and text not in valid:
            self.fault(name, f"{text!r} is not one of {', '.join(valid)}")
        return text if text in valid else default

    def listed(self, name: str) -> tuple[str, ...]:
        """Entries between commas."""
        return tuple(entry for part in self._text(name).split(",") if (entry := part.strip()))

    def url(self, name: str, default: str, plain_http: Callable[[URL], bool]) -> URL:
        """An absolute URL without user, query and fragment, and without a slash at its end.

        Args:
            name: the variable.
            default: used when it is not set.
            plain_http: says whether this http:// URL is acceptable; credentials would travel readably.
        """
        text = self._text(name) or default
        url = URL("https://invalid.invalid")
        try:
            url = URL(text)
            sound = url.scheme in ("http", "https") and bool(url.host) and url.port is not None
        except ValueError:
            sound = False
        if not sound or url.user is not None or url.password is not None or url.query_string or url.fragment:
            # The value is not repeated: it may hold a password.
            self.fault(name, "is not a URL such as https://dam.example/path (no user, query or fragment)")
            return URL("https://invalid.invalid")
        if url.scheme == "http" and not plain_http(url):
            self.fault(
                name,
                f"http:// would send credentials readably to {url.host}; use https://, or list the host (with its "
                "port) in PRESSRUN_SOURCES_ALLOWED_HOSTS, or PRESSRUN_SOURCES_ALLOW_LOOPBACK=true for this machine",
            )
        return URL(str(url).rstrip("/"), encoded=True)

    def finish(self, prefixes: tuple[str, ...]) -> None:
        """Report everything.

        Args:
            prefixes: variables that begin so and were never asked for are faults too: they are misspelt.

        Raises:
            MisconfiguredError: there is a fault; the message has a line for each.
        """
        for name in sorted(self._variables):
            if name.startswith(prefixes) and name not in self._known and not _kubernetes(name):
                prefix = max((p for p in prefixes if name.startswith(p)), key=len)
                valid = ", ".join(sorted(known for known in self._known if known.startswith(prefix)))
                self.fault(name, f"is not a setting; valid are {valid}")
        if self._faults:
            faults = "\n".join(f"  {fault}" for fault in self._faults)
            raise MisconfiguredError("sources", None, f"the configuration of the sources has faults:\n{faults}")

    def _text(self, name: str) -> str:
        self._known.add(name)
        return self._variables.get(name, "").strip()


def _kubernetes(name: str) -> bool:
    """Kubernetes sets such variables by itself for each service of a namespace, whatever its name."""
    return re.search(r"_(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT(_\d+_(TCP|UDP).*)?)$", name) is not None
