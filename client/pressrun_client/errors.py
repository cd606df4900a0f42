"""One family of errors for everything that can go wrong with a document, a template or an asset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, TypedDict, Unpack

from pressrun_client.diagnostic import Diagnostic, Violation

__all__ = [
    "AccessError",
    "AssetUnavailableError",
    "BundleError",
    "ConfigError",
    "DeadlineError",
    "DocumentRefusedError",
    "Facts",
    "IntegrityError",
    "InternalError",
    "InvalidRecordError",
    "InvalidRequestError",
    "LimitExceededError",
    "NodeUnavailableError",
    "OverloadedError",
    "PinsMismatchError",
    "RenderCancelledError",
    "RenderError",
    "TemplateConflictError",
    "TemplateInvalidError",
    "TemplateNotFoundError",
    "UnsupportedError",
]

_SHOWN = 5
"""Violations and diagnostics in the text of an error; the rest is in its attributes."""


class Facts(TypedDict, total=False):
    """What is known of a failure beside its message."""

    reason: str
    """Stable and upper-case, e.g. `TEMPLATE_NOT_FOUND`; branch on this."""
    code: str
    """The gRPC status code's name, e.g. `NOT_FOUND`."""
    request_id: str
    """The document, where the failure is one document's."""
    retryable: bool
    """Whether the same request may succeed when it is sent again."""
    retry_after: float | None
    """Seconds after which to send it again, where the node said so."""
    violations: tuple[Violation, ...]
    """The wrong fields."""
    diagnostics: tuple[Diagnostic, ...]
    """What is wrong with a bundle."""
    metadata: Mapping[str, str]
    """Short machine-readable facts, e.g. the asset ref."""
    advised: bool
    """Whether the message says what to do, as those of a node do."""


class RenderError(Exception):
    """A failure with a reason, and what to do about it.

    Attributes:
        message: what failed; one from a node says what to do as well.
        advice: what to do, for this class of failure.
        explanation: the message, and the advice where the message has none.
        reason: stable and upper-case, e.g. `TEMPLATE_NOT_FOUND`; branch on this or on the class.
        code: the gRPC status code's name.
        request_id: the document, where the failure is one document's.
        retryable: whether the same request may succeed when it is sent again. The client has already sent it again, as
            often as its configuration allows, when it raises such an error.
        retry_after: seconds after which to send it again, where the node said so.
        violations: the wrong fields, where there are any.
        diagnostics: what is wrong with a bundle, where it is about one.
        metadata: short machine-readable facts.

    Example:
        Put aside what is wrong, stop when the node is away::

            try:
                document = await client.render("statement@1", record)
            except InvalidRecordError as error:
                reject(record, [str(violation) for violation in error.violations])
            except RenderError as error:
                if not error.retryable:
                    raise
                postpone(record, error.retry_after)
    """

    advice: ClassVar[str] = "See the log of the node under the request's id."
    default_reason: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str, **facts: Unpack[Facts]) -> None:
        super().__init__(message)
        self.message = message
        self.reason = facts.get("reason") or self.default_reason
        self.code = facts.get("code", "")
        self.request_id = facts.get("request_id", "")
        self.retryable = facts.get("retryable", False)
        self.retry_after = facts.get("retry_after")
        self.violations = tuple(facts.get("violations", ()))
        self.diagnostics = tuple(facts.get("diagnostics", ()))
        self.metadata = dict(facts.get("metadata", {}))
        self._advised = facts.get("advised", False)

    @property
    def explanation(self) -> str:
        """What failed and what to do."""
        if self._advised:
            return self.message
        return f"{self.message.rstrip('.')}. {self.advice}"

    def __str__(self) -> str:
        text = self.explanation
        details = [str(detail) for detail in (*self.violations, *self.diagnostics)]
        if details:
            more = f"; and {len(details) - _SHOWN} more" if len(details) > _SHOWN else ""
            text = f"{text} [{'; '.join(details[:_SHOWN])}{more}]"
        return f"{text} (request {self.request_id})" if self.request_id else text


class InvalidRequestError(RenderError):
    """The request is wrong; `violations` say which fields and what would be valid.

    Example:
        >>> InvalidRequestError("The request is wrong.", violations=(Violation("locale", "is no tag"),)).retryable
        False
    """

    advice = "Correct the named fields and send it again."
    default_reason = "INVALID_REQUEST"


class InvalidRecordError(InvalidRequestError):
    """The record breaks the template's schema, or is no JSON object; `violations` say where.

    Example:
        >>> InvalidRecordError("The record is wrong.").reason
        'INVALID_RECORD'
    """

    advice = "Correct the named fields of the record and send it again."
    default_reason = "INVALID_RECORD"


class TemplateNotFoundError(RenderError):
    """The node has no such template.

    Example:
        >>> TemplateNotFoundError("No template `letter`.").advice
        'Publish the template (`pressrun template publish FOLDER`), then send the document again.'
    """

    advice = "Publish the template (`pressrun template publish FOLDER`), then send the document again."
    default_reason = "TEMPLATE_NOT_FOUND"


class TemplateInvalidError(RenderError):
    """The bundle has errors; `diagnostics` say all of them, each with file, line, column and hint.

    Example:
        >>> TemplateInvalidError("2 errors.").reason
        'TEMPLATE_INVALID'
    """

    advice = "Correct the named places of the bundle and publish it again."
    default_reason = "TEMPLATE_INVALID"


class TemplateConflictError(RenderError):
    """This name and version was published with other files.

    Example:
        >>> TemplateConflictError("statement@1 is published.").reason
        'TEMPLATE_CONFLICT'
    """

    advice = "Raise `version` in template.yaml and publish it again."
    default_reason = "TEMPLATE_CONFLICT"


class BundleError(RenderError):
    """A bundle cannot be read from the local disk.

    Example:
        >>> BundleError("No such folder.").reason
        'BUNDLE_UNREADABLE'
    """

    advice = "Give the folder that holds template.yaml and the files that it names."
    default_reason = "BUNDLE_UNREADABLE"


class AssetUnavailableError(RenderError):
    """An asset cannot be had or may not be used; `reason` says which (`ASSET_NOT_FOUND`, `ASSET_RIGHTS`, …).

    Example:
        >>> AssetUnavailableError("No such asset.", metadata={"ref": "core-dam:7f20"}).metadata["ref"]
        'core-dam:7f20'
    """

    advice = "Check the asset in its source: that it exists, is approved, and may be used now."
    default_reason = "ASSET_UNAVAILABLE"


class OverloadedError(RenderError):
    """The node is full; `retry_after` says in how many seconds to come back.

    Example:
        >>> OverloadedError("Full.", retry_after=0.2, retryable=True).retry_after
        0.2
    """

    advice = "Send it again later or to another node, or lower max_in_flight."
    default_reason = "QUEUE_FULL"


class LimitExceededError(RenderError):
    """The document, the record or the bundle passes a limit; sending it again does not help.

    Example:
        >>> LimitExceededError("The record has 20,000,000 bytes; at most 16,777,216 go.").retryable
        False
    """

    advice = "Make it smaller, split it, or raise the limit."
    default_reason = "LIMIT_EXCEEDED"


class DocumentRefusedError(RenderError):
    """The template's policy refuses the document: a character that no font has, text that overflows, a coarse picture.

    Example:
        >>> DocumentRefusedError("page 1: …", metadata={"warning": "MISSING_GLYPH"}).metadata["warning"]
        'MISSING_GLYPH'
    """

    advice = "Correct the record or the asset, or change `warnings` in the template's template.yaml."
    default_reason = "DOCUMENT_REFUSED"


class DeadlineError(RenderError):
    """The time allowed is over.

    Example:
        >>> DeadlineError("Not finished within 5 s.").reason
        'DEADLINE_EXCEEDED'
    """

    advice = "Send it again with a higher time_limit, or when the node is less busy."
    default_reason = "DEADLINE_EXCEEDED"


class RenderCancelledError(RenderError):
    """The document was cancelled on the node.

    Example:
        >>> RenderCancelledError("Cancelled.").reason
        'CANCELLED'
    """

    advice = "Send it again if it is still wanted."
    default_reason = "CANCELLED"


class UnsupportedError(RenderError):
    """The node does not offer what was asked for: an output channel, a format, or the whole call.

    Example:
        >>> UnsupportedError("No output channel `web`.").reason
        'UNSUPPORTED'
    """

    advice = "Ask for what the template and the node offer (`pressrun template show NAME`)."
    default_reason = "UNSUPPORTED"


class PinsMismatchError(RenderError):
    """The pins cannot be met here: another engine, or bytes that can no longer be had; `reason` says which.

    Example:
        >>> PinsMismatchError("Another engine.", reason="ENGINE_MISMATCH").reason
        'ENGINE_MISMATCH'
    """

    advice = "Send it to a node that runs the pinned engine, or leave the pins out to render what is current."
    default_reason = "PINS_MISMATCH"


class AccessError(RenderError):
    """The node does not know the caller, or does not allow the call.

    Example:
        >>> AccessError("No client certificate.").reason
        'ACCESS_DENIED'
    """

    advice = "Check the certificate and the tenant of this client."
    default_reason = "ACCESS_DENIED"


class NodeUnavailableError(RenderError):
    """No node answered, or it went away while the document was made.

    Example:
        >>> NodeUnavailableError("Connection refused.", retryable=True).retryable
        True
    """

    advice = "Check that a node runs at the target (`pressrun health`), then send it again; that is always safe."
    default_reason = "NODE_UNAVAILABLE"


class IntegrityError(RenderError):
    """The bytes that came are not those that the manifest names. They were thrown away.

    Example:
        >>> IntegrityError("SHA-256 differs.").reason
        'INTEGRITY'
    """

    advice = "Do not use the document; report it, with the log of the node under the request's id."
    default_reason = "INTEGRITY"


class InternalError(RenderError):
    """A defect of the node or of this client.

    Example:
        >>> InternalError("The node failed.").reason
        'INTERNAL'
    """


class ConfigError(ValueError):
    """A value of the client's configuration is wrong; the message names the field and what would be valid.

    Example:
        >>> str(ConfigError("attempts is 0; it must be at least 1"))
        'attempts is 0; it must be at least 1'
    """
