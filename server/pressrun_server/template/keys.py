"""Keys in a mapping of template.yaml that mean nothing there: each is told, with the one that may have been meant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from pressrun_server.template.diagnostics import closest

__all__ = ["Complaining", "check_keys"]


class Complaining(Protocol):
    """Takes an error of template.yaml with its place."""

    def __call__(self, path: tuple[str | int, ...], message: str, hint: str = "", code: str = "description") -> None:
        """Say that it is wrong."""


def check_keys(keys: Iterable[object], known: Iterable[str], path: tuple[str | int, ...], error: Complaining) -> None:
    """Tell keys that are not known.

    Args:
        keys: of a mapping.
        known: the valid ones.
        path: where the mapping stands.
        error: where errors go.
    """
    valid = tuple(known)
    for key in keys:
        if key not in valid:
            error((*path, str(key)), f"unknown key {str(key)!r}", closest(str(key), valid))
