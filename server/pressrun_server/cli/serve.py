"""The command `serve`: runs a render node in the foreground; and what `pressrun render --local` calls."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pressrun_server.app.config import NodeConfig
    from pressrun_server.app.node import Node

__all__ = ["render_local", "serve"]

_OPTIONS = {
    "listen": "PRESSRUN_LISTEN",
    "http_listen": "PRESSRUN_HTTP_LISTEN",
    "fronts": "PRESSRUN_FRONTS",
    "composers": "PRESSRUN_COMPOSERS",
    "preparers": "PRESSRUN_PREPARERS",
    "data_dir": "PRESSRUN_DATA_DIR",
    "cache_memory": "PRESSRUN_CACHE_MEMORY",
    "cache_disk": "PRESSRUN_CACHE_DISK",
    "cache_redis": "PRESSRUN_CACHE_REDIS",
    "events_redis": "PRESSRUN_EVENTS_REDIS",
    "queue": "PRESSRUN_QUEUE",
    "time_limit": "PRESSRUN_TIME_LIMIT",
    "drain_seconds": "PRESSRUN_DRAIN_SECONDS",
    "log_format": "PRESSRUN_LOG_FORMAT",
    "log_level": "PRESSRUN_LOG_LEVEL",
}

_MISCONFIGURED = 2
_CANNOT_START = 3


@click.command(epilog="Exit codes: 0 stopped, 1 documents were left when stopping, 2 bad settings, 3 can't start.")
@click.option("--listen", metavar="HOST:PORT", help="Where gRPC is served; 127.0.0.1:7070. Port 0 takes a free one.")
@click.option("--http-listen", metavar="HOST:PORT", help="Where /metrics, /livez and /readyz are; 127.0.0.1:9470.")
@click.option("--fronts", metavar="N", help="gRPC processes, on ports one after the other; 1. One feeds 3 composers.")
@click.option("--composers", metavar="N", help="Composer processes; one for each processor that is no front's.")
@click.option("--preparers", metavar="N", help="Preparer processes; 2, of which one is kept free for images.")
@click.option("--data-dir", metavar="FOLDER", help="Cache and published templates; ~/.cache/pressrun.")
@click.option("--cache-memory", metavar="SIZE", help="Limit of the memory cache, e.g. 256MiB.")
@click.option("--cache-disk", metavar="SIZE", help="Limit of the disk cache, e.g. 4GiB.")
@click.option("--cache-redis", metavar="URL", help="Redis that evicts, for blobs that nodes share; none.")
@click.option(
    "--events-redis", metavar="URL", help="Redis that never evicts, another server, for templates, news; none."
)
@click.option("--queue", metavar="N", help="Documents that may wait; further ones are refused.")
@click.option("--time-limit", metavar="SECONDS", help="For documents that state none; 60.")
@click.option("--drain-seconds", metavar="SECONDS", help="How long documents may take to finish when stopping; 30.")
@click.option("--log-format", type=click.Choice(["json", "console"]), help="One event a line, as JSON or as text.")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="The least that is logged.")
@click.option("--ready-fd", type=int, metavar="N", help="Write the addresses as JSON to this descriptor when serving.")
@click.option(
    "--port-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the addresses as JSON to this file when serving.",
)
@click.option("--check", is_flag=True, help="Check and print the configuration, then stop.")
def serve(*, ready_fd: int | None, port_file: Path | None, check: bool, **options: str | None) -> None:
    """Run a render node until SIGTERM or Ctrl-C.

    Every setting can also be given by environment (PRESSRUN_LISTEN, ...); an option wins. Sources of assets are set by
    environment only: PRESSRUN_LIBRARY_PATH, PRESSRUN_CORE_DAM_*, PRESSRUN_CLOUDINARY_*.

    Example: pressrun serve --listen 127.0.0.1:7070 --composers 2
    """
    # Imported here: the help needs none of it, and it takes a second.
    from pressrun_server.app.config import ConfigError, NodeConfig  # noqa: PLC0415 - as said
    from pressrun_server.logs import configure  # noqa: PLC0415 - as said

    overrides = {_OPTIONS[name]: value for name, value in options.items() if value is not None}
    try:
        config = NodeConfig.from_env(os.environ, overrides)
    except ConfigError as error:
        click.echo(f"pressrun serve: {error}", err=True)
        raise SystemExit(_MISCONFIGURED) from None
    configure(config.log)
    click.echo("configuration:")
    for name, value in sorted(config.redacted().items()):
        click.echo(f"  {name} = {value}")
    for note in config.notes:
        click.echo(f"note: {note}")
    if not check:
        raise SystemExit(_run(config, ready_fd, port_file))


def _run(config: NodeConfig, ready_fd: int | None, port_file: Path | None) -> int:
    from pressrun_server.app.config import ConfigError  # noqa: PLC0415 - as above
    from pressrun_server.app.loops import loop_factory  # noqa: PLC0415 - as above
    from pressrun_server.app.run import run  # noqa: PLC0415 - as above
    from pressrun_server.errors import PressrunError  # noqa: PLC0415 - as above
    from pressrun_server.http.errors import HttpListenError  # noqa: PLC0415 - as above
    from pressrun_server.rpc.errors import ListenError  # noqa: PLC0415 - as above

    try:
        with asyncio.Runner(loop_factory=loop_factory(config.event_loop)) as runner:
            return runner.run(run(config, lambda node: _announce(node, ready_fd, port_file)))
    except ConfigError as error:
        click.echo(f"pressrun serve: {error}", err=True)
        return _MISCONFIGURED
    except (ListenError, HttpListenError, PressrunError, OSError) as error:
        click.echo(f"pressrun serve: the node can't start: {error}", err=True)
        return _CANNOT_START


def _announce(node: Node, ready_fd: int | None, port_file: Path | None) -> None:
    """Say that the node serves, to people and to the process that started it."""
    text = json.dumps(
        {
            "grpc": node.address,
            "fronts": node.addresses,
            "http": node.http_address,
            "engine": node.engine.digest,
            "pid": os.getpid(),
        }
    )
    if port_file is not None:
        # Renamed into place, so that nobody reads half of it.
        temporary = port_file.with_name(f".{port_file.name}.{os.getpid()}")
        temporary.write_text(f"{text}\n", encoding="utf-8")
        temporary.replace(port_file)
    if ready_fd is not None:
        with os.fdopen(ready_fd, "w", encoding="utf-8") as stream:
            stream.write(f"{text}\n")
    click.echo(f"ready on {', '.join(node.addresses)} (metrics: http://{node.http_address}/metrics)")


def render_local(bundle_dir: Path, record: bytes, **options: Any) -> tuple[bytes, str]:
    """What `pressrun render --local` calls: one document in this process, with its log on standard error.

    Raises:
        PressrunError: why there is no document.
    """
    from pressrun_server.logs import LogConfig, configure  # noqa: PLC0415 - as above
    from pressrun_server.render.local import render  # noqa: PLC0415 - as above

    # Standard output may be the document; what goes wrong is raised, too.
    configure(LogConfig(format="console", level="error"), sys.stderr)
    return render(bundle_dir, record, **options)
