"""One Render call of a stream."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import cast

import grpc

from pressrun.v1 import render_service_pb2
from pressrun.v1.render_service_pb2_grpc import RenderServiceStub
from pressrun_client.errors import NodeUnavailableError, RenderError
from pressrun_client.failure import error_from_rpc
from pressrun_client.heads import Heads
from pressrun_client.wire import WireError

__all__ = ["Lane", "cancelled_by_peer"]


class Lane:
    """A Render call that knows how it ended.

    Args:
        stub: where to call.
        target: the client's target, for messages.
        slot: which of the stream's lanes it is, and so to which node it goes.
        metadata: what the call says of itself.

    Example:
        Write until all is said, read until all is answered::

            lane = Lane(stub, target)
            await lane.write(message)
            await lane.half_close()
            error = await lane.read_all(receive)
    """

    __slots__ = ("_call", "_half_closed", "_target", "greeted", "heads", "load", "retired", "slot", "work")

    def __init__(
        self, stub: RenderServiceStub, target: str, slot: int = 0, *, metadata: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self._call = stub.Render(metadata=metadata)
        self._target = target
        self._half_closed = False
        self.slot = slot
        self.greeted = False
        """Whether the node was told what this client keeps."""
        self.heads = Heads()
        """What documents of this call share."""
        self.load = 0
        """Documents that were sent on it and are not answered."""
        self.retired = False
        """Whether nothing more is to be sent on it."""
        self.work = asyncio.Event()
        """Set when its writer has to look for something to send."""

    async def write(self, message: render_service_pb2.RenderRequest) -> None:
        """Writes a message, waiting for flow control. A broken call takes it and is silent: the reader knows why."""
        with _broken_ok():
            await self._call.write(message)

    async def half_close(self) -> None:
        """Says that nothing more will be written."""
        if not self._half_closed:
            self._half_closed = True
            with _broken_ok():
                await self._call.done_writing()

    async def read_all(self, receive: Callable[[bytes], None]) -> RenderError | None:
        """Reads serialised RenderResponses to the end; the error that the call ended with, or None for OK."""
        call = self._call
        try:
            while (message := await call.read()) is not grpc.aio.EOF:
                receive(cast("bytes", message))
            if await call.code() is grpc.StatusCode.OK:
                return None
            # Reading has no more to give and does not say why; reading on raises it.
            await call.read()
        except grpc.aio.AioRpcError as error:
            return error_from_rpc(error, target=self._target)
        except WireError as error:
            call.cancel()
            return NodeUnavailableError(f"The node sent what is no answer: {error}.", code="INTERNAL", retryable=True)
        except asyncio.CancelledError:
            if not cancelled_by_peer():
                raise
        return NodeUnavailableError("The node cancelled the stream.", code="CANCELLED", retryable=True)

    def cancel(self) -> None:
        """Ends the call at once; the node stops work on its documents."""
        self._call.cancel()


def cancelled_by_peer() -> bool:
    """Whether a CancelledError just caught is only gRPC's word for a call that the other side cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() == 0


@contextlib.contextmanager
def _broken_ok() -> Iterator[None]:
    try:
        yield
    except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
        pass
    except asyncio.CancelledError:
        if not cancelled_by_peer():
            raise
