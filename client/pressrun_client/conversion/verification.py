"""Verifications, to and from protobuf."""

from __future__ import annotations

from typing import Final

from google.protobuf import json_format

from pressrun.v1 import document_pb2, render_service_pb2
from pressrun_client.conversion.manifest import to_digest
from pressrun_client.diagnostic import Violation
from pressrun_client.document import Document
from pressrun_client.errors import InvalidRequestError
from pressrun_client.models.verification import Difference, Verification, VerifyResult

__all__ = ["manifest_message", "to_verification"]

_RESULTS: Final = {
    render_service_pb2.VERIFY_RESULT_SAME_BYTES: VerifyResult.SAME_BYTES,
    render_service_pb2.VERIFY_RESULT_DIFFERENT_BYTES: VerifyResult.DIFFERENT_BYTES,
    render_service_pb2.VERIFY_RESULT_ENGINE_DIFFERS: VerifyResult.ENGINE_DIFFERS,
}


def manifest_message(manifest: Document | str | bytes) -> document_pb2.Manifest:
    """The manifest of a document, or of its JSON text.

    Raises:
        InvalidRequestError: the text is no manifest.
    """
    if isinstance(manifest, Document):
        return manifest.manifest_message()
    message = document_pb2.Manifest()
    try:
        json_format.Parse(manifest, message)
    except (json_format.ParseError, UnicodeDecodeError):
        fault = Violation("manifest", "is not what `manifest_json` gave; give its text as it was")
        raise InvalidRequestError("The manifest cannot be read.", violations=(fault,)) from None
    return message


def to_verification(message: render_service_pb2.VerifyResponse) -> Verification:
    """What a node found."""
    found = message.difference
    return Verification(
        result=_RESULTS.get(message.result, VerifyResult.DIFFERENT_BYTES),
        document=to_digest(message.document),
        engine_digest=message.engine_digest,
        difference=(
            Difference(found.kind, found.page, found.object, found.offset, found.description)
            if message.HasField("difference")
            else None
        ),
        altered=message.document_altered,
    )
