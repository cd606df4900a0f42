"""The render service of a fake node."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any, NoReturn, Protocol

import grpc
from google.rpc import status_pb2
from grpc_status import rpc_status

from pressrun.v1 import document_pb2, render_service_pb2
from pressrun.v1.render_service_pb2_grpc import RenderServiceServicer
from pressrun_client.testing.answers import Answer, BreakStream, FakeDocument, FakeFailure, Silence, response_items

__all__ = ["FakeRenderService", "Script", "abort"]


class Script(Protocol):
    """What the services of a fake node share with it."""

    received: list[document_pb2.DocumentRequest]
    messages: list[render_service_pb2.RenderRequest]
    cancelled: list[str]
    streams: int
    streams_left: int
    unanswered: int
    most_unanswered: int

    def next_answer(self, request: document_pb2.DocumentRequest) -> Answer:
        """The answer to a document.

        Raises:
            Exception: whatever the test's own script raises.
        """
        ...


class FakeRenderService(RenderServiceServicer):
    """Answers documents as the script says.

    Args:
        script: the node.
    """

    def __init__(self, script: Script) -> None:
        self._script = script

    async def Render(  # noqa: N802 - the name in the contract
        self,
        request_iterator: AsyncIterator[render_service_pb2.RenderRequest],
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> AsyncIterator[render_service_pb2.RenderResponse]:
        """Each document is answered by a task of its own, so answers overtake each other as their delays say."""
        script = self._script
        script.streams += 1
        out: asyncio.Queue[render_service_pb2.RenderResponseItem | BreakStream | None] = asyncio.Queue()
        tasks: dict[str, asyncio.Task[None]] = {}
        reader = asyncio.create_task(self._read(request_iterator, out, tasks))
        try:
            while (item := await out.get()) is not None:
                if isinstance(item, BreakStream):
                    if item.code == "OK":
                        return
                    await context.abort(grpc.StatusCode[item.code], item.message)
                if item.HasField("completion") or item.HasField("failure"):
                    script.unanswered -= 1
                yield render_service_pb2.RenderResponse(items=[item])
        except (asyncio.CancelledError, GeneratorExit):
            # The latter where the call ended while gRPC was sending what came last.
            script.streams_left += 1
            raise
        finally:
            for task in (reader, *tasks.values()):
                task.cancel()

    async def _read(
        self,
        requests: AsyncIterator[render_service_pb2.RenderRequest],
        out: asyncio.Queue[render_service_pb2.RenderResponseItem | BreakStream | None],
        tasks: dict[str, asyncio.Task[None]],
    ) -> None:
        script = self._script
        async for message in requests:
            script.messages.append(message)
            for item in message.items:
                if item.HasField("document"):
                    script.unanswered += 1
                    script.most_unanswered = max(script.most_unanswered, script.unanswered)
                    tasks[item.document.request_id] = asyncio.create_task(self._answer(item.document, out))
                else:
                    script.cancelled.append(item.cancel_request_id)
                    if (task := tasks.get(item.cancel_request_id)) is not None:
                        task.cancel()
                        gone = FakeFailure(code="CANCELLED", reason="CANCELLED")
                        out.put_nowait(
                            render_service_pb2.RenderResponseItem(
                                request_id=item.cancel_request_id, failure=gone.status()
                            )
                        )
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        out.put_nowait(None)

    async def _answer(
        self,
        request: document_pb2.DocumentRequest,
        out: asyncio.Queue[render_service_pb2.RenderResponseItem | BreakStream | None],
    ) -> None:
        answer = self._next(request)
        await _wait(answer)
        if isinstance(answer, FakeDocument):
            for item in response_items(request, answer):
                out.put_nowait(item)
            return
        if isinstance(answer, FakeFailure | BreakStream) and answer.after:
            out.put_nowait(render_service_pb2.RenderResponseItem(request_id=request.request_id, data=answer.after))
        if isinstance(answer, FakeFailure):
            failure = render_service_pb2.RenderResponseItem(request_id=request.request_id, failure=answer.status())
            out.put_nowait(failure)
        elif isinstance(answer, BreakStream):
            self._script.unanswered = 0
            out.put_nowait(answer)

    async def RenderDocument(  # noqa: N802 - the name in the contract
        self,
        request: render_service_pb2.RenderDocumentRequest,
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> AsyncIterator[render_service_pb2.RenderDocumentResponse]:
        """Answers with the same parts as Render."""
        answer = self._next(request.document)
        await _wait(answer)
        if isinstance(answer, FakeDocument):
            for item in response_items(request.document, answer):
                known = min(max(request.resume_offset - item.offset, 0), len(item.data))
                yield render_service_pb2.RenderDocumentResponse(
                    header=item.header if item.HasField("header") else None,
                    offset=item.offset + known,
                    data=item.data[known:],
                    completion=item.completion if item.HasField("completion") else None,
                )
            return
        if isinstance(answer, FakeFailure | BreakStream) and answer.after:
            yield render_service_pb2.RenderDocumentResponse(data=answer.after)
        await _fail(answer, context)

    async def RenderUnary(  # noqa: N802 - the name in the contract
        self,
        request: render_service_pb2.RenderUnaryRequest,
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> render_service_pb2.RenderUnaryResponse:
        """Answers with the same parts as Render, joined."""
        answer = self._next(request.document)
        await _wait(answer)
        response = render_service_pb2.RenderUnaryResponse()
        if not isinstance(answer, FakeDocument):
            await _fail(answer, context)
            return response
        for item in response_items(request.document, answer):
            response.data += item.data
            if item.HasField("header"):
                response.header.CopyFrom(item.header)
            if item.HasField("completion"):
                response.completion.CopyFrom(item.completion)
        return response

    async def RenderRows(  # noqa: N802 - the name in the contract
        self,
        request_iterator: AsyncIterator[render_service_pb2.RenderRowsRequest],
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> AsyncIterator[render_service_pb2.RenderRowsResponse]:
        """Takes all rows, then answers with the same parts as Render."""
        document = document_pb2.DocumentRequest()
        async for request in request_iterator:
            if request.HasField("start"):
                document = request.start.document
        answer = self._next(document)
        await _wait(answer)
        if not isinstance(answer, FakeDocument):
            await _fail(answer, context)
            return
        for item in response_items(document, answer):
            yield render_service_pb2.RenderRowsResponse(
                header=item.header if item.HasField("header") else None,
                offset=item.offset,
                data=item.data,
                completion=item.completion if item.HasField("completion") else None,
            )

    async def RenderRun(  # noqa: N802 - the name in the contract
        self,
        request_iterator: AsyncIterator[render_service_pb2.RenderRunRequest],
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> AsyncIterator[render_service_pb2.RenderRunResponse]:
        """Takes all documents, then answers with one file that has their bytes behind each other, a page each."""
        requests: list[document_pb2.DocumentRequest] = []
        async for request in request_iterator:
            requests += request.documents.documents
        data, pages = b"", 0
        response = render_service_pb2.RenderRunResponse(file=1)
        for document in requests:
            answer = self._next(document)
            await _wait(answer)
            entry = response.entries.add(request_id=document.request_id)
            if isinstance(answer, FakeFailure):
                entry.failure.CopyFrom(answer.status())
                continue
            if not isinstance(answer, FakeDocument):
                await _fail(answer, context)
                return
            content = b"".join(item.data for item in response_items(document, answer))
            pages += 1
            entry.file, entry.first_page, entry.pages = 1, pages, 1
            entry.offset, entry.size = len(data), len(content)
            data += content
        response.data = data
        if pages:
            response.finished.file, response.finished.documents, response.finished.pages = 1, pages, pages
            response.finished.digest.sha256 = hashlib.sha256(data).hexdigest()
            response.finished.digest.size = len(data)
        response.completion.documents = response.completion.pages = pages
        response.completion.failed = len(requests) - pages
        response.completion.files = min(pages, 1)
        yield response

    async def Verify(  # noqa: N802 - the name in the contract
        self,
        request: render_service_pb2.VerifyRequest,  # noqa: ARG002 - a fake has nothing to verify with
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> render_service_pb2.VerifyResponse:
        """Refuses: a fake node makes no document, so it cannot make one again."""
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, "a fake node verifies nothing")
        raise AssertionError("unreachable: abort raises")

    async def Explain(  # noqa: N802 - the name in the contract
        self,
        request: render_service_pb2.ExplainRequest,  # noqa: ARG002 - a fake has nothing to explain with
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> render_service_pb2.ExplainResponse:
        """Refuses: a fake node has no rules and no assets."""
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, "a fake node explains nothing")
        raise AssertionError("unreachable: abort raises")

    def _next(self, request: document_pb2.DocumentRequest) -> Answer:
        kept = document_pb2.DocumentRequest()
        kept.CopyFrom(request)
        self._script.received.append(kept)
        return self._script.next_answer(kept)


async def abort(context: grpc.aio.ServicerContext[Any, Any], status: status_pb2.Status) -> NoReturn:
    """Ends a call with a status and its details."""
    plain = rpc_status.to_status(status)
    await context.abort(plain.code, plain.details, plain.trailing_metadata)
    raise AssertionError("unreachable: abort raises")


async def _fail(answer: Answer, context: grpc.aio.ServicerContext[Any, Any]) -> None:
    if isinstance(answer, FakeFailure):
        await abort(context, answer.status())
    if isinstance(answer, BreakStream) and answer.code != "OK":
        await context.abort(grpc.StatusCode[answer.code], answer.message)


async def _wait(answer: Answer) -> None:
    if isinstance(answer, Silence):
        await asyncio.Event().wait()
    elif isinstance(answer, FakeDocument | FakeFailure) and answer.delay:
        await asyncio.sleep(answer.delay)
