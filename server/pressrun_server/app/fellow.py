"""A further front of a node: `python -m pressrun_server.app.fellow --fd N`, started by the leading one."""

from __future__ import annotations

import argparse
import asyncio
import pickle
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pressrun_server.app.loops import ASYNCIO, LOOPS, loop_factory
from pressrun_server.prepare.entry import enter

if TYPE_CHECKING:
    import socket

__all__ = ["main"]


async def _serve(sock: socket.socket) -> None:
    # Imported here: after the process is bound to its parent, because it takes time.
    from pressrun_server.app.lead import Lead  # noqa: PLC0415 - see above
    from pressrun_server.app.node import Node  # noqa: PLC0415 - see above
    from pressrun_server.app.run import settle  # noqa: PLC0415 - see above
    from pressrun_server.errors import PressrunError  # noqa: PLC0415 - see above
    from pressrun_server.logs import configure  # noqa: PLC0415 - see above
    from pressrun_server.rpc.errors import ListenError  # noqa: PLC0415 - see above

    sock.settimeout(0.0)
    lead = Lead()
    await asyncio.get_running_loop().create_unix_connection(lambda: lead, sock=sock)
    order = await lead.order
    if order is None:
        return
    config = pickle.loads(order)  # noqa: S301 - of the process that started this one
    configure(config.log, sys.stderr)
    node = Node(config, kin=lead)
    try:
        await node.start()
    except (ListenError, PressrunError, OSError) as error:
        lead.unable(str(error))
    else:
        settle()
        await lead.serves(node)
        await lead.over
    finally:
        await node.stop()


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until the leading front closes the socket."""
    parser = argparse.ArgumentParser(description="A further front of a Pressrun node; the node starts it.")
    parser.add_argument("--fd", type=int, required=True, help="descriptor of the socket to the leading front")
    parser.add_argument("--event-loop", choices=LOOPS, default=ASYNCIO, help="what it runs on")
    asked = parser.parse_args(argv)
    sock = enter(asked.fd)
    with asyncio.Runner(loop_factory=loop_factory(asked.event_loop)) as runner:
        runner.run(_serve(sock))


if __name__ == "__main__":
    main()
