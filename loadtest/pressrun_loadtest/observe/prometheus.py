"""A real Prometheus of one's own on loopback: it scrapes nodes, evaluates the shipped rules and answers queries."""

from __future__ import annotations

import json
import shutil
import socket
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from pressrun_loadtest.demo.child import Child, own_environment, tether
from pressrun_loadtest.observe.errors import ObserveError

__all__ = ["Alert", "Prometheus", "Series", "prometheus_binary"]

_READY_S = 30.0
_ANSWER_S = 10.0


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an answer, at one moment."""

    labels: Mapping[str, str]
    value: float
    """NaN where Prometheus has none."""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert that is pending or fires."""

    name: str
    state: str
    labels: Mapping[str, str]


def prometheus_binary() -> str | None:
    """The prometheus on the path, or the one that `make tools` brought; None where there is none."""
    return shutil.which("prometheus") or shutil.which("prometheus", path=str(Path(sys.prefix) / "tools"))


class Prometheus:
    """One server with its own storage; up within `with` and gone after it.

    Args:
        folder: for its settings, storage and log.
        targets: host:port of the HTTP ports to scrape.
        rules: rule files.
        interval: seconds between two scrapes, and between two evaluations of the rules.
    """

    def __init__(
        self, folder: Path, targets: Sequence[str], *, rules: Sequence[Path] = (), interval: float = 1.0
    ) -> None:
        self._folder = folder
        self._targets = list(targets)
        self._rules = [str(path.resolve()) for path in rules]
        self._seconds = interval
        self._interval = f"{round(interval * 1000)}ms"
        self._stack = ExitStack()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        """Where it answers, with its web pages."""

    def __enter__(self) -> Self:
        """Start it and wait until it answers.

        Raises:
            ObserveError: there is no prometheus, or it does not come up, e.g. over a rule file that is wrong.
        """
        binary = prometheus_binary()
        if binary is None:
            raise ObserveError("there is no prometheus; have it by: make tools, or apt-get install -y prometheus")
        self._folder.mkdir(parents=True, exist_ok=True)
        settings = self._folder / "prometheus.yaml"
        settings.write_text(
            yaml.safe_dump(
                {
                    "global": {"scrape_interval": self._interval, "evaluation_interval": self._interval},
                    "rule_files": self._rules,
                    "scrape_configs": [{"job_name": "pressrun", "static_configs": [{"targets": self._targets}]}],
                }
            )
        )
        command = [
            *tether(),
            str(Path(binary).resolve()),
            f"--config.file={settings}",
            f"--storage.tsdb.path={self._folder / 'storage'}",
            f"--web.listen-address={self.url.removeprefix('http://')}",
            "--log.level=warn",
        ]
        with ExitStack() as stack:
            log = self._folder / "prometheus.log"
            child = stack.enter_context(Child("prometheus", command, log=log, environment=own_environment()))
            limit = time.monotonic() + _READY_S
            while not self._ready():
                child.check()
                if time.monotonic() > limit:
                    raise ObserveError(f"prometheus was not ready within {_READY_S:g} s; its log is {log}")
                time.sleep(0.05)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def query(self, expression: str) -> list[Series]:
        """What an expression gives now.

        Raises:
            ObserveError: it is no valid expression, or there is no answer.
        """
        data = self._ask("query", query=expression)
        if data["resultType"] == "scalar":
            return [Series({}, float(data["result"][1]))]
        return [Series(item["metric"], float(item["value"][1])) for item in data["result"]]

    def wait_for(self, expression: str, seconds: float) -> None:
        """Wait until an expression gives something.

        Raises:
            ObserveError: it did not in time.
        """
        limit = time.monotonic() + seconds
        while not self.query(expression):
            if time.monotonic() > limit:
                raise ObserveError(f"{expression} gave nothing for {seconds:g} s; see {self.url}/targets")
            time.sleep(0.2)

    def catch_up(self) -> None:
        """Wait until what has happened by now is scraped."""
        time.sleep(2 * self._seconds)

    def alerts(self) -> list[Alert]:
        """The alerts that are pending or fire."""
        found = self._ask("alerts")["alerts"]
        return [Alert(item["labels"]["alertname"], item["state"], item["labels"]) for item in found]

    def faults(self) -> list[str]:
        """The rules that can't be evaluated, with the reason."""
        rules = [rule for group in self._ask("rules")["groups"] for rule in group["rules"]]
        return [f"{rule['name']}: {rule['lastError']}" for rule in rules if rule.get("lastError")]

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=_ANSWER_S) as answer:  # noqa: S310 - ours
                return bool(answer.status == 200)  # noqa: PLR2004
        except (urllib.error.URLError, OSError):
            return False

    def _ask(self, what: str, **parameters: str) -> Any:
        body = urllib.parse.urlencode(parameters).encode() if parameters else None
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{what}", body, timeout=_ANSWER_S) as answer:  # noqa: S310
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            said = json.loads(error.read()).get("error", error.reason)
            raise ObserveError(f"prometheus refuses {what} {parameters}: {said}") from error
        except (urllib.error.URLError, OSError) as error:
            raise ObserveError(f"prometheus does not answer {what}: {error}") from error
