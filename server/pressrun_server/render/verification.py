"""Verify: makes a document again from its pins, and says whether the bytes are the same, or where they differ."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Final

import msgspec

from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.model.difference import Difference
from pressrun_server.model.digest import Digest
from pressrun_server.model.spec import RenderSpec
from pressrun_server.prepare.tasks import DIFFERENCE, CompareOrder, TaskName
from pressrun_server.render.compile import Preparing
from pressrun_server.render.hashing import digest_of
from pressrun_server.render.manifest import DocumentHeader
from pressrun_server.render.pipeline import Pipeline
from pressrun_server.tracing.span import Caller

__all__ = ["Claim", "Outcome", "Verification", "Verifier"]

_COMPARE_SECONDS: Final = 30.0


class Outcome(StrEnum):
    """What came of a verification."""

    SAME_BYTES = "same-bytes"
    DIFFERENT_BYTES = "different-bytes"
    ENGINE_DIFFERS = "engine-differs"


class Claim(msgspec.Struct, frozen=True):
    """What a manifest says."""

    spec: RenderSpec
    """The document, with the pins of the manifest."""
    record: Digest
    document: Digest
    given: bytes = b""
    """The document's bytes; empty where they are not at hand."""


class Verification(msgspec.Struct, frozen=True):
    """Whether it is so."""

    outcome: Outcome
    document: Digest
    """What was made now."""
    engine: str
    difference: Difference | None
    altered: bool
    """Whether the given document is not the one that the manifest names."""


class Verifier:
    """Makes documents again.

    Guarantee: nothing is believed that is not computed here: the record's digest, the document's, the bytes.

    Args:
        pipeline: renders.
        preparers: compare documents.
        engine: this node's engine digest.
    """

    def __init__(self, pipeline: Pipeline, preparers: Preparing, engine: str) -> None:
        self._pipeline = pipeline
        self._preparers = preparers
        self._engine = engine

    async def verify(
        self, claim: Claim, *, deadline: float | None = None, caller: Caller | None = None
    ) -> Verification:
        """Make the document again and compare.

        Raises:
            PressrunError: INVALID_REQUEST, the record is another one; as `Pipeline.render` raises.
        """
        spec, given = claim.spec, claim.given
        pins = spec.pins
        assert pins is not None
        record = await digest_of(spec.record)
        if record != claim.record:
            problem = f"has SHA-256 {record.sha256}, the manifest names {claim.record.sha256 or 'none'}"
            raise PressrunError(
                Reason.INVALID_REQUEST,
                f"the record {problem}; give the bytes that were sent when the document was made",
                violations=(Violation("record_json", problem),),
            )
        same_engine = pins.engine_digest == self._engine
        if not same_engine:
            spec = replace(spec, pins=replace(pins, engine_digest=self._engine))
        sink = _Kept(keep=bool(given))
        last, completion = await self._pipeline.render(spec, sink, deadline=deadline, caller=caller)
        made = completion.manifest.document
        altered = bool(given) and await digest_of(given) != claim.document
        outcome = Outcome.ENGINE_DIFFERS
        if made == claim.document:
            outcome = Outcome.SAME_BYTES
        elif same_engine:
            outcome = Outcome.DIFFERENT_BYTES
        difference = None
        if given:
            whole = b"".join((*sink.parts, last))
            if whole != given:
                difference = await self._compare(given, whole)
        return Verification(outcome, made, self._engine, difference, altered)

    async def _compare(self, given: bytes, made: bytes) -> Difference:
        order = msgspec.msgpack.encode(CompareOrder(given, made))
        return DIFFERENCE.decode(await self._preparers.run(TaskName.COMPARE, order, timeout=_COMPARE_SECONDS))


class _Kept:
    """Takes the document that is made again."""

    def __init__(self, *, keep: bool) -> None:
        self._keep = keep
        self.parts: list[bytes] = []

    def start(self, header: DocumentHeader, head: bytes) -> None:  # noqa: ARG002 - the interface
        """What is made from is known."""
        if self._keep:
            self.parts.append(head)

    async def write(self, data: bytes) -> None:
        """The pipeline counts and hashes; bytes are of use only to be compared."""
        if self._keep:
            self.parts.append(data)
