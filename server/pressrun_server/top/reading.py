"""Reads the metrics of nodes over HTTP, of all at once."""

from __future__ import annotations

import http.client
import socket
import time
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families

__all__ = ["Reading", "Samples", "TargetError", "addresses", "parse", "read"]

PORT = 9470
"""Where a node's metrics are by default."""
_TIME_S = 4.0
_MOST_AT_ONCE = 32

Samples = Mapping[str, Sequence[tuple[Mapping[str, str], float]]]
"""By name of the series: labels and value of each."""


class TargetError(Exception):
    """What was given is no place of metrics."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one node said at one moment."""

    node: str
    """host:port."""
    at: float
    """On the monotonic clock, in seconds."""
    samples: Samples
    fault: str = ""
    """Why there are none."""


def addresses(target: str) -> list[str]:
    """The nodes behind a target: of a name all its addresses, as a headless service has one for each node.

    Args:
        target: host, host:port, or a URL of metrics.

    Returns:
        host:port of each, in order.

    Raises:
        TargetError: it is none of these, or nobody knows the name.
    """
    parts = urlsplit(target if "//" in target else f"//{target}")
    try:
        host, port = parts.hostname, parts.port or PORT
    except ValueError:
        host, port = None, PORT
    if not host or parts.scheme not in ("", "http", "dns"):
        raise TargetError(
            f"{target} is no node; give host, host:port (port {PORT} by default) or http://host:port/metrics"
        )
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        known = f"{host} is not known here ({error.strerror or error})"
        raise TargetError(f"{known}; give an address, or run this where the name is known") from error
    names = {f"[{place[0]}]:{port}" if ":" in str(place[0]) else f"{place[0]}:{port}" for *_, place in found}
    # A name of this machine stands for both of its own addresses; the node listens on one.
    alone = len(names) == 1 or host == "localhost"
    return [f"{host}:{port}" if ":" not in host else f"[{host}]:{port}"] if alone else sorted(names)


def read(nodes: Sequence[str]) -> list[Reading]:
    """Ask all nodes; one that does not answer has a reading with a fault."""
    with ThreadPoolExecutor(max_workers=min(len(nodes), _MOST_AT_ONCE)) as crew:
        return list(crew.map(_read, nodes))


def parse(text: str) -> Samples:
    """Samples of a page of metrics.

    Raises:
        ValueError: it is none.
    """
    found: dict[str, list[tuple[Mapping[str, str], float]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def _read(node: str) -> Reading:
    try:
        with urllib.request.urlopen(f"http://{node}/metrics", timeout=_TIME_S) as answer:
            samples = parse(answer.read().decode())
    except (ValueError, http.client.HTTPException) as error:
        return Reading(node, time.monotonic(), {}, f"gives no metrics: {error}")
    except OSError as error:
        return Reading(node, time.monotonic(), {}, f"does not answer: {getattr(error, 'reason', error)}")
    if "pressrun_build_info" not in samples:
        return Reading(node, time.monotonic(), {}, "is no node: it has no pressrun_build_info")
    return Reading(node, time.monotonic(), samples)
