"""The connection to the nodes: one gRPC channel, balanced over all addresses and aware of their health."""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path
from typing import Any

import grpc

from pressrun_client.config import ClientConfig, TlsConfig
from pressrun_client.errors import ConfigError

__all__ = ["addresses_of", "open_channel", "service_config", "targets_of"]

_DNS = "dns:///"
_SCHEMES = ("dns:", "ipv4:", "ipv6:", "unix:", "unix-abstract:", "vsock:", "xds:", "passthrough:")


def open_channel(config: ClientConfig) -> grpc.aio.Channel:
    """Opens a channel; nothing is connected before the first call.

    Args:
        config: its target is one for gRPC: see `targets_of`.

    Raises:
        ConfigError: the target is none, or a TLS file cannot be read.
    """
    options: dict[str, Any] = {
        "grpc.max_send_message_length": config.message_limit,
        "grpc.max_receive_message_length": config.message_limit,
        "grpc.keepalive_time_ms": int(config.keepalive_time * 1000),
        "grpc.keepalive_timeout_ms": int(config.keepalive_timeout * 1000),
        # Nodes answer GOAWAY to probes on idle connections.
        "grpc.keepalive_permit_without_calls": 0,
        "grpc.service_config": json.dumps(service_config(config)),
        # A node that restarts is found again soon; gRPC's own bound is two minutes.
        "grpc.initial_reconnect_backoff_ms": 200,
        "grpc.max_reconnect_backoff_ms": 5000,
        # New nodes behind a name are found within seconds; gRPC asks again when a connection ends, at most this often.
        "grpc.dns_min_time_between_resolutions_ms": 5000,
        # Each client has its own connections, so that several clients carry more than one.
        "grpc.use_local_subchannel_pool": 1,
    }
    if config.tls is not None and config.tls.server_name:
        options["grpc.ssl_target_name_override"] = config.tls.server_name
    options.update(config.channel_options)
    (target,) = targets_of(config.target)
    if config.tls is None:
        return grpc.aio.insecure_channel(target, options=list(options.items()))
    return grpc.aio.secure_channel(target, _credentials(config.tls), options=list(options.items()))


def service_config(config: ClientConfig) -> dict[str, Any]:
    """How gRPC balances, checks health and repeats.

    gRPC itself repeats only the short calls, and only those that found no node. RenderDocument and Render are repeated
    above it, where partly received documents, RetryInfo and the document's deadline are known; repeating at both levels
    would multiply the attempts.
    """
    document: dict[str, Any] = {"loadBalancingConfig": [{"round_robin": {}}]}
    if config.health_check:
        document["healthCheckConfig"] = {"serviceName": "pressrun.v1.RenderService"}
    attempts = min(config.attempts, 5)  # gRPC allows no more
    if attempts > 1:
        # While most of what is sent fails, nothing is repeated: that would only feed an outage.
        document["retryThrottling"] = {"maxTokens": 100, "tokenRatio": 0.1}
        document["methodConfig"] = [
            {
                "name": [
                    {"service": "pressrun.v1.TemplateService"},
                    {"service": "pressrun.v1.AssetService"},
                    {"service": "pressrun.v1.RenderService", "method": "RenderUnary"},
                ],
                "retryPolicy": {
                    "maxAttempts": attempts,
                    "initialBackoff": f"{max(config.backoff_initial, 0.001):.3f}s",
                    "maxBackoff": f"{max(config.backoff_max, 0.001):.3f}s",
                    "backoffMultiplier": config.backoff_factor,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }
        ]
    return document


def targets_of(target: str) -> list[str]:
    """The target in gRPC's form.

    Several IP addresses become one list that is balanced over; of names gRPC takes one at a time, so each of several is
    a target of its own.

    Raises:
        ConfigError: an address has no port.

    Example:
        >>> targets_of("10.0.0.1:7070, 10.0.0.2:7070"), targets_of("node:7070,node:7071")
        (['ipv4:10.0.0.1:7070,10.0.0.2:7070'], ['node:7070', 'node:7071'])
    """
    target = target.strip()
    if target.startswith(_SCHEMES) and not _lists_names(target):
        return [target]
    addresses = [address.strip() for address in target.split(",")]
    kinds = {_ip_version(_host(address.removeprefix(_DNS))) for address in addresses}
    if len(addresses) > 1 and len(kinds) == 1 and None not in kinds:
        return [f"ipv{kinds.pop()}:{','.join(addresses)}"]
    return addresses


def addresses_of(target: str) -> list[str]:
    """The addresses that a target lists; one for a name, whose addresses gRPC finds.

    Example:
        >>> addresses_of("10.0.0.1:7070, 10.0.0.2:7070"), addresses_of("dns:///nodes.internal:7070")
        (['10.0.0.1:7070', '10.0.0.2:7070'], ['dns:///nodes.internal:7070'])
    """
    for scheme in ("ipv4:", "ipv6:"):
        target = target.strip().removeprefix(scheme)
    if target.startswith(_SCHEMES) and not _lists_names(target):
        return [target]
    return [address.strip() for address in target.split(",")]


def _lists_names(target: str) -> bool:
    """Whether a target is several names, each `dns:///name:port`."""
    parts = target.split(",")
    return len(parts) > 1 and all(part.strip().startswith(_DNS) for part in parts)


def _host(address: str) -> str:
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:  # noqa: PLR2004 - the largest port
        raise ConfigError(
            f"target address {address!r} is not host:port with a port from 1 to 65535, e.g. 127.0.0.1:7070"
        )
    return host.removeprefix("[").removesuffix("]")


def _ip_version(host: str) -> int | None:
    try:
        return ipaddress.ip_address(host).version
    except ValueError:
        return None


def _credentials(tls: TlsConfig) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(
        root_certificates=_read("tls.root_certificate", tls.root_certificate),
        private_key=_read("tls.client_key", tls.client_key),
        certificate_chain=_read("tls.client_certificate", tls.client_certificate),
    )


def _read(name: str, path: Path | str | None) -> bytes | None:
    if path is None:
        return None
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"{name}: cannot read {path}: {error.strerror}; give a PEM file") from error
