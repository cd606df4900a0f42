"""The demo's stage: a sandbox and one node, as processes on free ports, up within `with` and gone after it."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from pressrun_loadtest.demo.child import Child, own_environment, tether, tethered
from pressrun_loadtest.demo.errors import DemoError
from pressrun_loadtest.redis_server import RedisServer, redis_binary
from pressrun_loadtest.samples import load_bundle, statement_path

__all__ = ["RunningNode", "Stage"]

_READY_S = 60.0
"""Far above the usual two seconds, for machines that are busy with something else."""

_SERVE = "from pressrun_server.cli import serve; serve(prog_name='pressrun serve')"
"""`pressrun serve`, wherever its script may be installed; what is imported here stays free of the node."""


@dataclass(frozen=True, slots=True)
class RunningNode:
    """Where the node is reached."""

    target: str
    """host:port of gRPC."""
    metrics_url: str
    """What Prometheus would read."""
    pid: int
    """Of its front; composers and preparers are its children."""


class Stage:
    """Sandbox and node, running from `with` to its end.

    Guarantee: after the block no process of either is left, whatever ended it; when this process is killed outright,
    the kernel ends both.

    Args:
        folder: for logs and ready files.
        cache: data folder of nodes; each version of the sample template has a node folder of its own in it, because a
            node refuses another template under a version that it knows.
        composers: composer processes; None leaves it to the node.
        sandbox: the environment file of a sandbox that runs already; None starts one.
        seed: what a sandbox that is started holds; None: the samples.
        shared: whether nodes share what they have through two Redis, where a redis-server can be had.
        settings: more variables of the nodes.
    """

    def __init__(
        self,
        folder: Path,
        *,
        cache: Path,
        composers: int | None = None,
        sandbox: Path | None = None,
        seed: Path | None = None,
        shared: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = folder
        self._composers = composers
        self._sandbox = sandbox
        self._seed = ["--seed", str(seed)] if seed else []
        self._wants_redis = shared
        self._settings = dict(settings or {})
        self._stack = ExitStack()
        self._nodes: list[Child] = []
        self.shared = False
        """Whether nodes share what they have."""
        self.data_dir = cache / _sample_digest()[:12]

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._folder.mkdir(parents=True, exist_ok=True)
            environment = _parse(self._sandbox) if self._sandbox else self._start_sandbox(stack)
            self.sandbox_urls = [value for name, value in environment.items() if name.endswith("_URL")]
            """Where the stand-ins answer."""
            if self._wants_redis and redis_binary() is not None:
                environment |= self._start_redis(stack)
                self.shared = True
            self.environment = environment | self._settings
            """The nodes' variables; those of the sandbox say where each system is."""
            self.node = self._start_node(stack, "the node", "node", self.data_dir, self._composers)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _start_sandbox(self, stack: ExitStack) -> dict[str, str]:
        file = self._fresh("sandbox.env")
        child = Child(
            "the sandbox",
            tethered("-m", "pressrun_loadtest.sandbox", "--env-file", str(file), *self._seed),
            log=self._folder / "sandbox.log",
            environment=own_environment(),
        )
        stack.push(child)
        child.wait_for(file, _READY_S)
        return _parse(file)

    def neighbour(self) -> RunningNode:
        """Start a second node with the same settings and an empty disk.

        Raises:
            ChildError: it did not become ready.
        """
        folder = self._folder / "second-node"
        shutil.rmtree(folder, ignore_errors=True)
        return self._start_node(self._stack, "the second node", "second-node", folder, 1)

    def _start_redis(self, stack: ExitStack) -> dict[str, str]:
        """Two servers: one that evicts, and one that must not."""
        urls = []
        for name, memory, policy in (("cache", "256mb", "allkeys-lru"), ("events", "64mb", "noeviction")):
            folder = self._folder / f"redis-{name}"
            folder.mkdir(exist_ok=True)
            server = RedisServer(folder, "--maxmemory", memory, "--maxmemory-policy", policy, before=tether())
            stack.callback(server.stop)
            try:
                server.start()
            except RuntimeError as error:
                raise DemoError(str(error)) from error
            urls.append(server.url)
        return {
            "PRESSRUN_CACHE_REDIS": urls[0],
            "PRESSRUN_EVENTS_REDIS": urls[1],
            "PRESSRUN_CLUSTER_KEY": secrets.token_hex(32),
        }

    def _start_node(
        self, stack: ExitStack, title: str, name: str, data_dir: Path, composers: int | None
    ) -> RunningNode:
        file = self._fresh(f"{name}.json")
        options = ["--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"]
        options += ["--data-dir", str(data_dir), "--port-file", str(file)]
        if composers is not None:
            options += ["--composers", str(composers)]
        child = Child(
            title,
            tethered("-c", _SERVE, *options),
            log=self._folder / f"{name}.log",
            environment=own_environment(self.environment),
        )
        self._nodes.append(child)
        stack.push(child)
        ready = json.loads(child.wait_for(file, _READY_S))
        return RunningNode(ready["grpc"], f"http://{ready['http']}/metrics", child.pid)

    def check(self) -> None:
        """See that the nodes still run.

        Raises:
            ChildError: one ended.
        """
        for child in self._nodes:
            child.check()

    def _fresh(self, name: str) -> Path:
        file = self._folder / name
        file.unlink(missing_ok=True)
        return file


def _parse(file: Path) -> dict[str, str]:
    """The variables of an environment file, one NAME=value a line."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DemoError(
            f"{file}: cannot be read ({error.strerror}); run `pressrun sandbox --env-file {file}` and try again"
        ) from error
    pairs = [line.partition("=") for line in lines if line.strip()]
    if not pairs or not all(equals and name.startswith("PRESSRUN_") for name, equals, _ in pairs):
        raise DemoError(f"{file}: no environment file of a sandbox; `pressrun sandbox --env-file FILE` writes one")
    return {name: value for name, _, value in pairs}


def _sample_digest() -> str:
    state = hashlib.sha256()
    for path, content in load_bundle(statement_path()).items():
        state.update(f"{path} {len(content)}\n".encode())
        state.update(content)
    return state.hexdigest()
