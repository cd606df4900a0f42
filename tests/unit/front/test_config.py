from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import os
import pickle
from pathlib import Path

import pytest
from click.testing import CliRunner

from pressrun_loadtest.sandbox import (
    CloudinarySettings,
    CoreDamSettings,
    HttpSettings,
    IconikSettings,
    SandboxSettings,
    SmintioSettings,
)
from pressrun_server.app import loops
from pressrun_server.app.config import ConfigError, NodeConfig, default_data_dir
from pressrun_server.cas.address import RedisAddress
from pressrun_server.cli import serve

SECRET = "swordfish-0123456789"
CLOUDINARY = {
    "PRESSRUN_CLOUDINARY_CLOUD_NAME": "demo",
    "PRESSRUN_CLOUDINARY_API_KEY": "key",
    "PRESSRUN_CLOUDINARY_API_SECRET": SECRET,
}


def test_nothing_need_be_set(tmp_path: Path) -> None:
    """Without any variable there is a node on loopback with one composer for each processor but one."""
    config = NodeConfig.from_env({"HOME": str(tmp_path)})
    assert (config.rpc.listen, config.http.listen) == ("127.0.0.1:7070", "127.0.0.1:9470")
    assert config.composers == max(1, len(os.sched_getaffinity(0)) - 1)
    assert config.data_dir == tmp_path / ".cache" / "pressrun"
    assert config.store.disk is not None
    assert config.store.disk.path == config.data_dir / "blobs"
    assert config.notes == ()


def test_data_folder_follows_xdg() -> None:
    """XDG_CACHE_HOME is honoured where it is absolute."""
    assert default_data_dir({"XDG_CACHE_HOME": "/x", "HOME": "/h"}) == Path("/x/pressrun")
    assert default_data_dir({"XDG_CACHE_HOME": "x", "HOME": "/h"}) == Path("/h/.cache/pressrun")


def test_settings_arrive_and_options_win() -> None:
    """Variables reach their part, and an override wins over the environment."""
    environ = {
        "PRESSRUN_LISTEN": "[::1]:0",
        "PRESSRUN_COMPOSERS": "3",
        "PRESSRUN_MAX_MESSAGE_BYTES": "32MiB",
        "PRESSRUN_QUEUE": "7",
        "PRESSRUN_TIME_LIMIT": "2.5",
        "PRESSRUN_CACHE_DISK": "80MiB",
        "PRESSRUN_REFLECTION": "no",
        "PRESSRUN_MAX_CONNECTION_AGE_SECONDS": "600",
        "PRESSRUN_LOG_FORMAT": "json",
    }
    config = NodeConfig.from_env(environ, {"PRESSRUN_COMPOSERS": "5"})
    assert (config.rpc.listen, config.composers, config.admission.queue) == ("[::1]:0", 5, 7)
    assert config.rpc.max_receive_bytes == config.rpc.max_send_bytes == 32 << 20
    assert (config.pipeline.time_limit, config.rpc.reflection, config.log.format) == (2.5, False, "json")
    assert config.rpc.max_connection_age_seconds == 600
    assert config.store.disk is not None
    assert (config.store.disk.hard_bytes, config.store.disk.soft_bytes) == (80 << 20, 70 << 20)


def test_all_faults_at_once(tmp_path: Path) -> None:
    """Every fault of every part, the sources' too, comes in one error with a line each and no secret."""
    (tmp_path / "file").write_text("x")
    environ = {
        "PRESSRUN_LISTEN": "nonsense",
        "PRESSRUN_HTTP_LISTEN": "localhost:99999",
        "PRESSRUN_COMPOSERS": "0",
        "PRESSRUN_DATA_DIR": str(tmp_path / "file"),
        "PRESSRUN_LOG_FORMAT": "xml",
        "PRESSRUN_TIME_LIMIT": "-1",
        "PRESSRUN_CACHE_MEMORY": "lots",
        "PRESSRUN_CLOUDINARY_API_SECRET": SECRET,
        "PRESSRUN_LIBRARY_PATH": str(tmp_path / "missing"),
    }
    with pytest.raises(ConfigError) as error:
        NodeConfig.from_env(environ)
    named = {fault.partition(":")[0] for fault in error.value.faults}
    assert named >= set(environ) - {"PRESSRUN_CLOUDINARY_API_SECRET"}
    assert any(name.startswith("PRESSRUN_CLOUDINARY") for name in named)
    assert SECRET not in str(error.value)
    assert str(error.value).count("\n") == len(error.value.faults)


def test_the_two_redis_arrive(tmp_path: Path) -> None:
    """Blobs and events have a Redis each, from the environment or from a file; a password is printed nowhere."""
    (tmp_path / "events").write_text(f"rediss://:{SECRET}@events.example:6380/2\n")
    config = NodeConfig.from_env(
        {
            "PRESSRUN_CACHE_REDIS": f"redis://pressrun:{SECRET}@cache.example/1",
            "PRESSRUN_EVENTS_REDIS_FILE": str(tmp_path / "events"),
            "PRESSRUN_CLUSTER_KEY": "0123456789abcdef",
        }
    )
    assert config.store.redis is not None
    assert config.store.redis.address.url == f"redis://pressrun:{SECRET}@cache.example/1"
    assert config.assets.events == RedisAddress(f"rediss://:{SECRET}@events.example:6380/2")
    printed = config.redacted()
    assert SECRET not in json.dumps(printed) + repr(config)
    assert (config.store.cluster_key, printed["store.cluster_key"]) == (b"0123456789abcdef", "(set)")
    assert printed["store.redis.address"] == "redis://pressrun:***@cache.example/1"
    assert printed["assets.events"] == "rediss://:***@events.example:6380/2"


@pytest.mark.parametrize(
    ("cache", "events"),
    [
        ("redis://redis", "redis://redis:6379/1"),
        ("redis://user:a@Redis.example.:7000", "rediss://redis.example:7000/3"),
        ("redis://localhost/0", "redis://127.0.0.1:6379/1"),
        ("redis://[::1]/0", "redis://127.0.0.2/1"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock?db=1"),
    ],
)
def test_one_redis_for_both_is_refused(cache: str, events: str) -> None:
    """Two URLs that name one server are refused with the reason, whatever database, user or spelling they have."""
    with pytest.raises(
        ConfigError, match=r"PRESSRUN_EVENTS_REDIS: names the server of PRESSRUN_CACHE_REDIS.*noeviction"
    ):
        NodeConfig.from_env({"PRESSRUN_CACHE_REDIS": cache, "PRESSRUN_EVENTS_REDIS": events})


def test_two_redis_are_taken() -> None:
    """Other ports, hosts and sockets are other servers."""
    for cache, events in (
        ("redis://redis:1", "redis://redis:2"),
        ("redis://127.0.0.1", "redis://127.example"),
        ("unix:///a", "unix:///b"),
    ):
        NodeConfig.from_env({"PRESSRUN_CACHE_REDIS": cache, "PRESSRUN_EVENTS_REDIS": events})


@pytest.mark.parametrize(
    "url", ["redis", "http://redis", "redis://", "redis://h:x", "redis://h/db", "unix://", "redis://h#f"]
)
def test_no_url_of_a_redis(url: str) -> None:
    """What is no URL of a Redis is refused with the right shape and not repeated, since it may hold a password."""
    with pytest.raises(
        ConfigError, match="PRESSRUN_CACHE_REDIS: is not the URL of a Redis: redis://HOST:PORT"
    ) as error:
        NodeConfig.from_env({"PRESSRUN_CACHE_REDIS": url.replace("redis", f"redis{SECRET}") if url == "redis" else url})
    assert SECRET not in str(error.value)


def test_a_short_cluster_key_is_refused() -> None:
    """A key that can be guessed is refused, with what makes a good one, and not repeated."""
    with pytest.raises(ConfigError, match=r"PRESSRUN_CLUSTER_KEY: is shorter.*openssl") as error:
        NodeConfig.from_env({"PRESSRUN_CLUSTER_KEY": "hunter2"})
    assert "hunter2" not in str(error.value)


def test_a_cluster_key_is_changed() -> None:
    """The old key comes beside the new one, and is printed nowhere; alone, short, or the same it is refused."""
    config = NodeConfig.from_env({"PRESSRUN_CLUSTER_KEY": "n" * 16, "PRESSRUN_CLUSTER_KEY_PREVIOUS": SECRET * 2})
    assert config.store.previous_key == SECRET.encode() * 2
    assert SECRET not in json.dumps(config.redacted()) + repr(config)
    for key, previous, says in (
        ("", "o" * 16, "comes with PRESSRUN_CLUSTER_KEY"),
        ("n" * 16, "n" * 16, "is the key of PRESSRUN_CLUSTER_KEY"),
        ("n" * 16, "old", "is shorter than 16 bytes"),
    ):
        with pytest.raises(ConfigError, match=f"PRESSRUN_CLUSTER_KEY_PREVIOUS: {says}"):
            NodeConfig.from_env({"PRESSRUN_CLUSTER_KEY": key, "PRESSRUN_CLUSTER_KEY_PREVIOUS": previous})


def test_misspelt_setting_is_noted() -> None:
    """A variable that looks like a setting is noted with the nearest real one; other programs' variables are not."""
    config = NodeConfig.from_env({"PRESSRUN_COMPOSER": "3", "PRESSRUN_TARGET": "x:1"})
    assert config.notes == ("PRESSRUN_COMPOSER is not a setting; did you mean PRESSRUN_COMPOSERS?",)


def test_printed_without_secrets() -> None:
    """The printed configuration has every setting and shows of a secret only that it is set."""
    config = NodeConfig.from_env(CLOUDINARY)
    printed = config.redacted()
    assert SECRET not in json.dumps(printed)
    assert printed["sources.cloudinary.api_secret"] == "(set)"
    assert printed["rpc.listen"] == "127.0.0.1:7070"
    for part in dataclasses.fields(config):
        assert part.name == "notes" or any(name.split(".")[0] == part.name for name in printed), part.name


def test_every_setting_is_documented() -> None:
    """Each field of each part of the configuration has a documenting string below it."""
    kinds: set[type] = {NodeConfig}
    config = NodeConfig.from_env({})
    for part in dataclasses.fields(config):
        value = getattr(config, part.name)
        if dataclasses.is_dataclass(value) and type(value).__module__.startswith("pressrun_server"):
            kinds.add(type(value))
    for kind in kinds:
        body = next(
            node
            for node in ast.parse(inspect.getsource(inspect.getmodule(kind))).body  # type: ignore[arg-type]
            if isinstance(node, ast.ClassDef) and node.name == kind.__name__
        ).body
        for node, after in zip(body, [*body[1:], None], strict=True):
            if isinstance(node, ast.AnnAssign):
                assert isinstance(after, ast.Expr), f"{kind.__name__}.{ast.unparse(node.target)}"
                assert isinstance(after.value, ast.Constant)


def test_command_reports_faults_and_ends_with_2() -> None:
    """Bad settings end `serve` with exit code 2 and name the variable."""
    outcome = CliRunner().invoke(serve, ["--composers", "many"])
    assert outcome.exit_code == 2
    assert "PRESSRUN_COMPOSERS" in outcome.stderr


def test_command_checks_and_prints(tmp_path: Path) -> None:
    """`serve --check` prints the configuration without secrets and starts nothing."""
    outcome = CliRunner().invoke(serve, ["--check", "--data-dir", str(tmp_path / "d")], env=CLOUDINARY)
    assert outcome.exit_code == 0
    assert f"data_dir = {tmp_path / 'd'}" in outcome.stdout
    assert SECRET not in outcome.output
    assert not (tmp_path / "d").exists()


def test_help_shows_an_example() -> None:
    """The help names an example and the exit codes."""
    text = CliRunner().invoke(serve, ["--help"]).stdout
    assert "Example: pressrun serve" in text
    assert "Exit codes" in text


def test_settings_of_every_source_are_settings() -> None:
    """What the sandbox tells a node of all five systems is taken without a note."""
    settings = SandboxSettings(
        CoreDamSettings("http://127.0.0.1:1", "http://127.0.0.1:1/v6", "http://127.0.0.1:1/token", "a", "b", "c", "d"),
        CloudinarySettings("sandbox", "http://127.0.0.1:2", "http://127.0.0.1:3", "1", "s", "sha1"),
        IconikSettings("http://127.0.0.1:4", "http://127.0.0.1:5", "app", "token", "view"),
        HttpSettings("http://127.0.0.1:6", "token"),
        SmintioSettings(
            "http://127.0.0.1:7", "http://127.0.0.1:7", "http://127.0.0.1:7", "http://127.0.0.1:8", "1", "2", "c", "s"
        ),
    )
    config = NodeConfig.from_env({"HOME": "/tmp", **settings.node_environment()})
    assert config.notes == ()
    assert config.sources.smintio is not None


def test_the_event_loop_is_uvloop_where_it_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package a node takes asyncio's own by itself, and says so to whoever insists."""

    def loop(**environ: str) -> str:
        return NodeConfig.from_env({"HOME": "/tmp", **environ}).event_loop

    assert loop() == loop(PRESSRUN_EVENT_LOOP="uvloop") == "uvloop"
    assert loop(PRESSRUN_EVENT_LOOP="asyncio") == "asyncio"
    with pytest.raises(ConfigError, match=r"PRESSRUN_EVENT_LOOP.*uvloop, asyncio"):
        loop(PRESSRUN_EVENT_LOOP="trio")
    monkeypatch.setattr(loops, "find_spec", lambda _: None)
    assert loop() == "asyncio"
    with pytest.raises(ConfigError, match=r"PRESSRUN_EVENT_LOOP: .*pip install uvloop"):
        loop(PRESSRUN_EVENT_LOOP="uvloop")


def test_fronts_share_what_the_node_has(tmp_path: Path) -> None:
    """Composers, places and memory are shared out, nothing is lost or doubled, and each has its port."""
    environ = {
        "PRESSRUN_DATA_DIR": str(tmp_path),
        "PRESSRUN_FRONTS": "3",
        "PRESSRUN_COMPOSERS": "8",
        "PRESSRUN_SLOTS": "100",
        "PRESSRUN_QUEUE": "10",
        "PRESSRUN_LISTEN": "127.0.0.1:7070",
    }
    whole = NodeConfig.from_env(environ)
    parts = [whole.of_front(number) for number in range(3)]
    assert [part.rpc.listen for part in parts] == [f"127.0.0.1:{7070 + number}" for number in range(3)]
    assert [part.composers for part in parts] == [3, 3, 2]
    assert sum(part.admission.slots for part in parts) == 100
    assert sum(part.admission.queue for part in parts) == 10
    assert all(pickle.loads(pickle.dumps(part)) == part for part in parts)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"PRESSRUN_FRONTS": "3", "PRESSRUN_COMPOSERS": "2"}, "PRESSRUN_FRONTS"),
        ({"PRESSRUN_FRONTS": "0"}, "PRESSRUN_FRONTS"),
        ({"PRESSRUN_FRONTS": "2", "PRESSRUN_LISTEN": "127.0.0.1:65535"}, "PRESSRUN_LISTEN"),
    ],
)
def test_fronts_that_cannot_be_are_told(tmp_path: Path, changes: dict[str, str], name: str) -> None:
    """Too few composers, too few ports: the fault names its variable."""
    with pytest.raises(ConfigError, match=name):
        NodeConfig.from_env({"PRESSRUN_DATA_DIR": str(tmp_path), **changes})
