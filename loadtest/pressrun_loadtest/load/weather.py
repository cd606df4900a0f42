"""Makes the sandbox's systems slow or faulty while a test runs."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from pressrun_loadtest.load.errors import LoadError
from pressrun_loadtest.load.scenario import Fault

__all__ = ["Weather"]

_TIME_S = 5.0


class Weather:
    """The troubles of one sandbox.

    Args:
        urls: addresses of its systems; their admin interfaces stand beside them.
    """

    def __init__(self, urls: Iterable[str]) -> None:
        parts = map(urlsplit, urls)
        self._origins = sorted({f"{part.scheme}://{part.netloc}" for part in parts if part.netloc})

    def begin(self, fault: Fault) -> list[tuple[str, int]]:
        """Put a trouble into every system.

        Returns:
            what `end` takes it away by.

        Raises:
            LoadError: a system does not answer as the sandbox does.
        """
        return [
            (origin, int(_call("POST", f"{origin}/__sandbox__/faults", fault.rule())["id"])) for origin in self._origins
        ]

    def end(self, rules: Iterable[tuple[str, int]]) -> None:
        """Take a trouble away.

        Raises:
            LoadError: a system does not answer as the sandbox does.
        """
        for origin, number in rules:
            _call("DELETE", f"{origin}/__sandbox__/faults/{number}")


def _call(method: str, url: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)  # noqa: S310 - the sandbox's http address
    try:
        with urllib.request.urlopen(request, timeout=_TIME_S) as answer:  # noqa: S310 - as above
            return json.load(answer)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise LoadError(f"{url}: the sandbox cannot be told of a trouble ({error}); does it still run?") from error
