from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from pressrun_client import Client, ClientConfig, ConfigError, TlsConfig
from pressrun_client.channel import addresses_of, open_channel, service_config, targets_of


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("127.0.0.1:7070", ["127.0.0.1:7070"]),
        (" node:7070 ", ["node:7070"]),
        ("10.0.0.1:1,10.0.0.2:2", ["ipv4:10.0.0.1:1,10.0.0.2:2"]),
        ("[::1]:1, [::2]:2", ["ipv6:[::1]:1,[::2]:2"]),
        ("dns:///nodes.internal:7070", ["dns:///nodes.internal:7070"]),
        ("unix:/run/pressrun.sock", ["unix:/run/pressrun.sock"]),
        ("node:1, node:2", ["node:1", "node:2"]),
        ("10.0.0.1:1,node:2", ["10.0.0.1:1", "node:2"]),
        ("dns:///node:1,dns:///node:2", ["dns:///node:1", "dns:///node:2"]),
        ("ipv4:10.0.0.1:1,10.0.0.2:2", ["ipv4:10.0.0.1:1,10.0.0.2:2"]),
    ],
)
def test_a_target_takes_gRPCs_form(target: str, expected: list[str]) -> None:  # noqa: N802 - its name
    """One address stays, several IP addresses become one list, names stay apart, and gRPC's own forms pass."""
    assert targets_of(target) == expected
    assert len(addresses_of(target)) == target.count(",") + 1


@pytest.mark.parametrize("target", ["node", "node:", ":7070", "node:http", "node:0", "node:70000", "a:1,b", "a:1,"])
def test_a_wrong_target_is_told_at_once(target: str) -> None:
    """A target without port, also one of a list, is refused when the client is made."""
    with pytest.raises(ConfigError, match="target"):
        Client(target)


@pytest.mark.parametrize(
    "wrong",
    [
        {"target": " "},
        {"attempts": 0},
        {"max_in_flight": 0},
        {"message_limit": 10},
        {"time_limit": 0},
        {"call_timeout": -1},
        {"backoff_factor": 0.5},
        {"keepalive_time": 0},
    ],
)
def test_a_wrong_setting_is_named(wrong: dict[str, Any]) -> None:
    """The message names the field."""
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        ClientConfig(**wrong)


def test_a_client_certificate_needs_its_key() -> None:
    """Half of a pair is refused."""
    with pytest.raises(ConfigError, match="client_key"):
        TlsConfig(client_certificate="me.pem")


async def test_a_missing_tls_file_is_named(tmp_path: Path) -> None:
    """A file that cannot be read is told with its field and path."""
    config = ClientConfig(tls=TlsConfig(root_certificate=tmp_path / "ca.pem"))
    with pytest.raises(ConfigError, match=r"tls\.root_certificate: cannot read .*ca\.pem: No such file"):
        open_channel(config)


def test_each_field_is_documented() -> None:
    """A string under each field says what it means."""
    source = Path(__import__("pressrun_client.config").config.__file__).read_text()
    for field in fields(ClientConfig):
        declaration = source.index(f"    {field.name}: ", source.index("class ClientConfig"))
        following = source[declaration:].split("\n", 2)[1]
        assert following.strip().startswith('"""'), field.name


def test_grpc_balances_checks_health_and_repeats_only_the_short_calls() -> None:
    """Round robin over healthy nodes; UNAVAILABLE is repeated by gRPC where we do not do it ourselves."""
    config = service_config(ClientConfig())
    assert config["loadBalancingConfig"] == [{"round_robin": {}}]
    assert config["healthCheckConfig"] == {"serviceName": "pressrun.v1.RenderService"}
    (method,) = config["methodConfig"]
    assert method["retryPolicy"]["retryableStatusCodes"] == ["UNAVAILABLE"]
    assert method["retryPolicy"]["maxAttempts"] == 5
    named = {(name["service"], name.get("method")) for name in method["name"]}
    assert ("pressrun.v1.RenderService", "Render") not in named
    assert ("pressrun.v1.RenderService", "RenderDocument") not in named
    assert ("pressrun.v1.TemplateService", None) in named


def test_what_is_switched_off_is_left_out() -> None:
    """Without health checks and repeats the configuration says only how to balance."""
    config = service_config(ClientConfig(health_check=False, attempts=1))
    assert json.dumps(config) == '{"loadBalancingConfig": [{"round_robin": {}}]}'
