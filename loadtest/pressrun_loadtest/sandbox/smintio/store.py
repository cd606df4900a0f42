"""The state of the Smint.io stand-in: assets, transactions in the order of the feed, tasks, tokens, downloads."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pressrun_loadtest.sandbox.clock import Clock, iso_seconds
from pressrun_loadtest.sandbox.smintio.options import SmintioOptions
from pressrun_loadtest.sandbox.smintio.seed import SmintioSeed

__all__ = ["Asset", "SmintioStore", "Task", "task_json"]


@dataclass(frozen=True, slots=True)
class Asset:
    """One asset as the portal shows it."""

    id: str
    name: str
    data: bytes
    raw: dict[str, object]
    language: str | None
    publish_until: str | None
    modified: datetime
    version: int = 1
    names: Mapping[str, str] = field(default_factory=dict)
    """Its name by culture; empty: one for all."""
    publish_from: str | None = None
    numbered: bool = True
    """Whether it has a version text; real ones may be empty."""


@dataclass(slots=True)
class Task:
    """A background task."""

    uuid: str
    result: dict[str, object]
    polls: int
    """How often it still answers that it is in progress."""
    failed: bool = False


@dataclass(slots=True)
class _Tokens:
    """Refresh tokens: only the newest one is good."""

    refresh: str
    issued: dict[str, datetime] = field(default_factory=dict)
    """Access tokens and their ends."""


class SmintioStore:
    """Everything that the stand-in knows."""

    def __init__(self, seed: SmintioSeed, options: SmintioOptions, clock: Clock) -> None:
        self._seed = seed
        self.options = options
        self._clock = clock
        self._numbers = itertools.count(1)
        self.tokens = _Tokens(options.refresh_token)
        self.tasks: dict[str, Task] = {}
        self.downloads: dict[str, str] = {}
        self.result_sets: dict[str, list[str]] = {}
        """What searches found, by the id of the set."""
        self.assets: dict[str, Asset] = {}
        self.feed: list[dict[str, object]] = []
        self.reset()

    def reset(self) -> None:
        """Back to the seed; tokens that were handed out stay valid."""
        now = self._clock()
        self.assets = {
            a.id: Asset(a.id, a.name, a.data, dict(a.raw), a.language, a.publish_until, now) for a in self._seed.assets
        }
        self.feed = [dict(t) for t in self._seed.transactions]
        self.tasks.clear()
        self.downloads.clear()
        self.result_sets.clear()

    def put(self, asset: Asset) -> Asset:
        """Store a changed asset; its version and its time of change move."""
        changed = replace(asset, modified=self._clock(), version=asset.version + 1)
        self.assets[asset.id] = changed
        return changed

    def update_transaction(self, uuid: str, changes: dict[str, object]) -> dict[str, object] | None:
        """Deliver a transaction again, changed; None where there is no such one."""
        known = next((t for t in reversed(self.feed) if t.get("uuid") == uuid), None)
        if known is None:
            return None
        version = known.get("version")
        number = (version if isinstance(version, int) else 1) + 1
        changed = {**known, **changes, "version": number, "last_updated_at": iso_seconds(self._clock())}
        self.feed.append(changed)
        return changed

    def start(self, result: dict[str, object], *, long: bool) -> Task:
        """A task that gives this result at its end."""
        task = Task(f"bt-{next(self._numbers)}", result, self.options.task_polls if long else 0)
        self.tasks[task.uuid] = task
        return task

    def keep_results(self, ids: list[str]) -> str:
        """The id under which the hits of a search stay as they are."""
        name = f"rs-{next(self._numbers)}"
        self.result_sets[name] = ids
        return name

    def issue(self) -> str:
        """A new access token."""
        number = next(self._numbers)
        token = hashlib.sha256(f"{self.options.client_secret}/{number}".encode()).hexdigest()
        self.tokens.issued[token] = self._clock() + timedelta(seconds=self.options.token_life_s)
        return token

    def rotate(self) -> str:
        """A new refresh token; the old one is good no more."""
        self.tokens.refresh = f"sandbox-refresh-{next(self._numbers)}"
        return self.tokens.refresh

    def accepts(self, token: str) -> bool:
        """Whether an access token is good now."""
        ends = self.tokens.issued.get(token)
        return ends is not None and self._clock() < ends

    def prepare_download(self, asset: Asset) -> str:
        """A key that opens the store for an asset."""
        key = hashlib.sha256(f"{asset.id}/{next(self._numbers)}".encode()).hexdigest()[:24]
        self.downloads[key] = asset.id
        return key


def task_json(task: Task) -> dict[str, object]:
    """A task as it stands; looking at it brings it one step on."""
    running = task.polls > 0
    task.polls = max(0, task.polls - 1)
    state = "in_progress" if running else "error" if task.failed else "completed"
    done = state == "completed"
    return {
        "uuid": task.uuid,
        "state": state,
        "finished_percentage": 100 if done else 50,
        "total_steps": 1,
        "succeeded_steps": int(done),
        "failed_steps": int(state == "error"),
        "result_string": json.dumps(task.result, ensure_ascii=False) if done else None,
    }
