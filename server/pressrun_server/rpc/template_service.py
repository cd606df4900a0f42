"""TemplateService: thin; the behaviour is in render.compile and render.registry."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from google.protobuf.internal.containers import RepeatedCompositeFieldContainer

from pressrun.v1 import template_service_pb2, template_service_pb2_grpc
from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.render.compile import Compiler
from pressrun_server.render.registry import Published, Registry
from pressrun_server.rpc.answering import Context, answering
from pressrun_server.rpc.conversion import template_name
from pressrun_server.rpc.describing import diagnostic_message, template_message

__all__ = ["TemplateService"]


class TemplateService(template_service_pb2_grpc.TemplateServiceServicer):
    """Keeps the templates.

    Args:
        compiler: compiles and publishes.
        registry: knows what is published.
        published: told of each template that is published, before its caller is.
    """

    def __init__(
        self, compiler: Compiler, registry: Registry, published: Callable[[Published], Awaitable[None]]
    ) -> None:
        self._compiler = compiler
        self._registry = registry
        self._published = published

    async def Publish(  # noqa: N802 - the contract's name
        self, request: template_service_pb2.PublishRequest, context: Context
    ) -> template_service_pb2.PublishResponse:
        """Compile a bundle and make it available."""
        response = template_service_pb2.PublishResponse()
        async with answering(context, "Publish"):
            published, warnings, created = await self._compiler.publish(_files(request.files))
            await self._published(published)
            response.template.CopyFrom(_message(published))
            response.diagnostics.extend(map(diagnostic_message, warnings))
            response.created = created
        return response

    async def Get(  # noqa: N802 - the contract's name
        self, request: template_service_pb2.GetRequest, context: Context
    ) -> template_service_pb2.GetResponse:
        """Describe one template."""
        response = template_service_pb2.GetResponse()
        async with answering(context, "Get"):
            response.template.CopyFrom(_message(await self._registry.found(template_name(request.template))))
        return response

    async def List(  # noqa: N802 - the contract's name
        self, request: template_service_pb2.ListRequest, context: Context
    ) -> template_service_pb2.ListResponse:
        """List templates by name, then version."""
        response = template_service_pb2.ListResponse()
        async with answering(context, "List"):
            page, token = self._registry.page(request.page_size, request.page_token)
            response.templates.extend(map(_message, page))
            response.next_page_token = token
        return response

    async def Check(  # noqa: N802 - the contract's name
        self, request: template_service_pb2.CheckRequest, context: Context
    ) -> template_service_pb2.CheckResponse:
        """Say everything there is to say about a bundle."""
        response = template_service_pb2.CheckResponse()
        async with answering(context, "Check"):
            compiled = await self._compiler.check(_files(request.files))
            response.diagnostics.extend(map(diagnostic_message, compiled.diagnostics))
            if compiled.info is not None:
                response.template.CopyFrom(template_message(compiled.info, None))
        return response


def _files(messages: RepeatedCompositeFieldContainer[template_service_pb2.BundleFile]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for index, file in enumerate(messages):
        if file.path in files:
            problem = f"{file.path[:60]!r} comes twice; give each file once"
            raise PressrunError(
                Reason.INVALID_REQUEST,
                f"files[{index}].path {problem}",
                violations=(Violation(f"files[{index}].path", problem),),
            )
        files[file.path] = file.content
    return files


def _message(published: Published) -> template_service_pb2.TemplateInfo:
    return template_message(published.info, published.entry.published_at)
