"""From a VerifyRequest to the claim that a manifest makes, and from what came of it to the answer."""

from __future__ import annotations

from pressrun.v1 import document_pb2, render_service_pb2
from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.model.digest import Digest
from pressrun_server.render.config import PipelineConfig
from pressrun_server.render.manifest import SECRET_ATTRIBUTE
from pressrun_server.render.verification import Claim, Outcome, Verification
from pressrun_server.rpc.conversion import render_spec

__all__ = ["VERIFIED", "claim_of", "verification_message"]

VERIFIED = {outcome: outcome.value.replace("-", "_") for outcome in Outcome}
"""Results as metrics have them."""

_RESULTS = {
    Outcome.SAME_BYTES: render_service_pb2.VERIFY_RESULT_SAME_BYTES,
    Outcome.DIFFERENT_BYTES: render_service_pb2.VERIFY_RESULT_DIFFERENT_BYTES,
    Outcome.ENGINE_DIFFERS: render_service_pb2.VERIFY_RESULT_ENGINE_DIFFERS,
}


def claim_of(request: render_service_pb2.VerifyRequest, config: PipelineConfig) -> Claim:
    """The document that a manifest speaks of.

    Raises:
        PressrunError: INVALID_REQUEST, the manifest lacks what a document is made from; LIMIT_EXCEEDED, the record is
            too large.
    """
    manifest = request.manifest
    if not (manifest.HasField("pins") and manifest.HasField("record") and manifest.HasField("document")):
        problem = "must have pins, record and document; give the manifest that came with the document"
        raise PressrunError(Reason.INVALID_REQUEST, f"manifest {problem}", violations=(Violation("manifest", problem),))
    document = document_pb2.DocumentRequest(
        request_id=manifest.request_id,
        template=document_pb2.TemplateRef(
            name=manifest.template_name, version=manifest.template_version, digest=manifest.pins.template_digest
        ),
        record_json=request.record_json,
        locale=manifest.requested_locale,
        output_channel=manifest.output_channel,
        output_format=manifest.output_format,
        attributes=manifest.attributes,
        tenant=manifest.tenant,
        priority=document_pb2.PRIORITY_INTERACTIVE,
        communication_id=manifest.communication_id,
        pins=manifest.pins,
        image=manifest.image if manifest.HasField("image") else None,
        print=manifest.print if manifest.HasField("print") else None,
    )
    if manifest.HasField("email"):
        document.email.CopyFrom(manifest.email)
    if request.customer_reference:
        setattr(document.attributes, SECRET_ATTRIBUTE, request.customer_reference)
    return Claim(
        render_spec(document, config),
        Digest(manifest.record.sha256, manifest.record.size),
        Digest(manifest.document.sha256, manifest.document.size),
        request.document,
    )


def verification_message(found: Verification) -> render_service_pb2.VerifyResponse:
    """The answer."""
    message = render_service_pb2.VerifyResponse(
        result=_RESULTS[found.outcome],
        document=document_pb2.Digest(sha256=found.document.sha256, size=found.document.size),
        engine_digest=found.engine,
        document_altered=found.altered,
    )
    difference = found.difference
    if difference is not None:
        message.difference.kind = difference.kind
        message.difference.page = difference.page
        message.difference.object = difference.object
        message.difference.offset = difference.offset
        message.difference.description = difference.description
    return message
