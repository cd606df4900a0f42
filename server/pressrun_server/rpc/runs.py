"""Reads the client's side of a RenderRun stream."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from pressrun.v1 import render_service_pb2
from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.model.press import PressSpec
from pressrun_server.model.spec import LONGEST_REQUEST_ID, RenderSpec
from pressrun_server.render.config import PipelineConfig
from pressrun_server.render.print_run import RunSpec, Separators, Unread
from pressrun_server.rpc.coding import Malformed
from pressrun_server.rpc.conversion import moment_of, read_spec, template_name
from pressrun_server.rpc.press import read_press

__all__ = ["documents_of", "read_run", "start_of"]

_RUN_ID = re.compile(r"[ -~]{1,128}")
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_POLICIES = {
    render_service_pb2.RUN_FAILURE_POLICY_UNSPECIFIED: False,
    render_service_pb2.RUN_FAILURE_POLICY_SKIP: False,
    render_service_pb2.RUN_FAILURE_POLICY_STOP: True,
}
_LEAST_BYTES = 100_000
"""Of a file; the shared parts alone may have more."""

_Requests = AsyncIterator[render_service_pb2.RenderRunRequest | Malformed]


async def start_of(requests: _Requests) -> render_service_pb2.RunStart:
    """What the client says first.

    Raises:
        PressrunError: INVALID_REQUEST.
    """
    async for request in requests:
        if isinstance(request, Malformed):
            raise request.error
        if request.WhichOneof("part") != "start":
            break
        return request.start
    raise _wrong([Violation("start", "must be said first, with the run_id")])


def read_run(start: render_service_pb2.RunStart, config: PipelineConfig) -> RunSpec:
    """The run that is meant.

    Raises:
        PressrunError: INVALID_REQUEST, with a violation for each field that is wrong.
    """
    bad: list[Violation] = []
    if not _RUN_ID.fullmatch(start.run_id):
        bad.append(Violation("start.run_id", "must be 1 to 128 printable ASCII characters, e.g. statements-2026-10"))
    if start.on_failure not in _POLICIES:
        choices = "RUN_FAILURE_POLICY_SKIP or RUN_FAILURE_POLICY_STOP"
        bad.append(Violation("start.on_failure", f"{start.on_failure} is not known; choose {choices}"))
    if start.max_documents < 0:
        bad.append(Violation("start.max_documents", "must be the documents of a file, or 0"))
    if start.max_bytes and start.max_bytes < _LEAST_BYTES:
        bad.append(Violation("start.max_bytes", f"must be {_LEAST_BYTES} or more, or 0"))
    if start.tenant and not _TENANT.fullmatch(start.tenant):
        bad.append(Violation("start.tenant", "must be 1 to 64 letters, digits, dots, underscores and hyphens"))
    as_of = moment_of(start.as_of, "start.as_of", bad) if start.HasField("as_of") else None
    limit = None
    if start.HasField("time_limit"):
        limit = start.time_limit.ToTimedelta().total_seconds()
        if not 0 < limit <= config.runs.max_time_limit:
            bad.append(Violation("start.time_limit", f"must be above 0 and at most {config.runs.max_time_limit:g} s"))
    separators = None
    if start.HasField("separators"):
        asked = start.separators
        found: list[Violation] = []
        template = template_name(asked.template, found)
        bad += [Violation(f"start.separators.{each.field}", each.description) for each in found]
        if asked.every < 0:
            bad.append(Violation("start.separators.every", "must be the documents between two of them, or 0 for 1"))
        separators = Separators(template, asked.every or 1, asked.locale)
    press = PressSpec()
    if start.HasField("print"):
        press = read_press(start.print, config.profiles.digests, bad, "start.print")
    if bad:
        raise _wrong(bad)
    return RunSpec(
        run_id=start.run_id,
        stop=_POLICIES[start.on_failure],
        max_documents=start.max_documents,
        max_bytes=start.max_bytes,
        separators=separators,
        manifests=start.manifests,
        as_of=as_of,
        tenant=start.tenant,
        time_limit=limit,
        press=press,
    )


async def documents_of(requests: _Requests, config: PipelineConfig) -> AsyncIterator[RenderSpec | Unread]:
    """The documents that follow; one whose request is not valid is its own failure.

    Raises:
        PressrunError: INVALID_REQUEST.
    """
    async for request in requests:
        if isinstance(request, Malformed):
            raise request.error
        if request.WhichOneof("part") != "documents":
            raise _wrong([Violation("documents", "must follow; start is said once")])
        for document in request.documents.documents:
            try:
                yield _unpressed(await read_spec(document, config))
            except PressrunError as error:
                yield Unread(document.request_id[:LONGEST_REQUEST_ID], error)


def _unpressed(spec: RenderSpec) -> RenderSpec:
    if spec.press is not None:
        raise _wrong([Violation("print", "is the run's; set it in start")])
    return spec


def _wrong(bad: list[Violation]) -> PressrunError:
    told = "; ".join(f"{violation.field} {violation.description}" for violation in bad)
    return PressrunError(Reason.INVALID_REQUEST, told, violations=tuple(bad))
