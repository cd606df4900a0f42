import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from pressrun.v1 import document_pb2 as _document_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class VerifyResult(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERIFY_RESULT_UNSPECIFIED: _ClassVar[VerifyResult]
    VERIFY_RESULT_SAME_BYTES: _ClassVar[VerifyResult]
    VERIFY_RESULT_DIFFERENT_BYTES: _ClassVar[VerifyResult]
    VERIFY_RESULT_ENGINE_DIFFERS: _ClassVar[VerifyResult]

class RuleResult(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RULE_RESULT_UNSPECIFIED: _ClassVar[RuleResult]
    RULE_RESULT_MATCHED: _ClassVar[RuleResult]
    RULE_RESULT_NOT_MATCHED: _ClassVar[RuleResult]
    RULE_RESULT_NOT_REACHED: _ClassVar[RuleResult]

class RunFailurePolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RUN_FAILURE_POLICY_UNSPECIFIED: _ClassVar[RunFailurePolicy]
    RUN_FAILURE_POLICY_SKIP: _ClassVar[RunFailurePolicy]
    RUN_FAILURE_POLICY_STOP: _ClassVar[RunFailurePolicy]
VERIFY_RESULT_UNSPECIFIED: VerifyResult
VERIFY_RESULT_SAME_BYTES: VerifyResult
VERIFY_RESULT_DIFFERENT_BYTES: VerifyResult
VERIFY_RESULT_ENGINE_DIFFERS: VerifyResult
RULE_RESULT_UNSPECIFIED: RuleResult
RULE_RESULT_MATCHED: RuleResult
RULE_RESULT_NOT_MATCHED: RuleResult
RULE_RESULT_NOT_REACHED: RuleResult
RUN_FAILURE_POLICY_UNSPECIFIED: RunFailurePolicy
RUN_FAILURE_POLICY_SKIP: RunFailurePolicy
RUN_FAILURE_POLICY_STOP: RunFailurePolicy

class RenderRequestItem(_message.Message):
    __slots__ = ("document", "cancel_request_id")
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    CANCEL_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    document: _document_pb2.DocumentRequest
    cancel_request_id: str
    def __init__(self, document: _Optional[_Union[_document_pb2.DocumentRequest, _Mapping]] = ..., cancel_request_id: _Optional[str] = ...) -> None: ...

class RenderRequest(_message.Message):
    __slots__ = ("items", "shared_heads")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    SHARED_HEADS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[RenderRequestItem]
    shared_heads: int
    def __init__(self, items: _Optional[_Iterable[_Union[RenderRequestItem, _Mapping]]] = ..., shared_heads: _Optional[int] = ...) -> None: ...

class RenderResponseItem(_message.Message):
    __slots__ = ("request_id", "header", "offset", "data", "completion", "failure", "head")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    HEADER_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    header: _document_pb2.DocumentHeader
    offset: int
    data: bytes
    completion: _document_pb2.DocumentCompletion
    failure: _status_pb2.Status
    head: int
    def __init__(self, request_id: _Optional[str] = ..., header: _Optional[_Union[_document_pb2.DocumentHeader, _Mapping]] = ..., offset: _Optional[int] = ..., data: _Optional[bytes] = ..., completion: _Optional[_Union[_document_pb2.DocumentCompletion, _Mapping]] = ..., failure: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., head: _Optional[int] = ...) -> None: ...

class SharedHead(_message.Message):
    __slots__ = ("number", "data")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    number: int
    data: bytes
    def __init__(self, number: _Optional[int] = ..., data: _Optional[bytes] = ...) -> None: ...

class RenderResponse(_message.Message):
    __slots__ = ("items", "draining", "heads")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    DRAINING_FIELD_NUMBER: _ClassVar[int]
    HEADS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[RenderResponseItem]
    draining: Draining
    heads: _containers.RepeatedCompositeFieldContainer[SharedHead]
    def __init__(self, items: _Optional[_Iterable[_Union[RenderResponseItem, _Mapping]]] = ..., draining: _Optional[_Union[Draining, _Mapping]] = ..., heads: _Optional[_Iterable[_Union[SharedHead, _Mapping]]] = ...) -> None: ...

class Draining(_message.Message):
    __slots__ = ("grace",)
    GRACE_FIELD_NUMBER: _ClassVar[int]
    grace: _duration_pb2.Duration
    def __init__(self, grace: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class RenderDocumentRequest(_message.Message):
    __slots__ = ("document", "resume_offset", "resume_sha256")
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    RESUME_OFFSET_FIELD_NUMBER: _ClassVar[int]
    RESUME_SHA256_FIELD_NUMBER: _ClassVar[int]
    document: _document_pb2.DocumentRequest
    resume_offset: int
    resume_sha256: str
    def __init__(self, document: _Optional[_Union[_document_pb2.DocumentRequest, _Mapping]] = ..., resume_offset: _Optional[int] = ..., resume_sha256: _Optional[str] = ...) -> None: ...

class RenderDocumentResponse(_message.Message):
    __slots__ = ("header", "offset", "data", "completion")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_FIELD_NUMBER: _ClassVar[int]
    header: _document_pb2.DocumentHeader
    offset: int
    data: bytes
    completion: _document_pb2.DocumentCompletion
    def __init__(self, header: _Optional[_Union[_document_pb2.DocumentHeader, _Mapping]] = ..., offset: _Optional[int] = ..., data: _Optional[bytes] = ..., completion: _Optional[_Union[_document_pb2.DocumentCompletion, _Mapping]] = ...) -> None: ...

class RenderUnaryRequest(_message.Message):
    __slots__ = ("document",)
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    document: _document_pb2.DocumentRequest
    def __init__(self, document: _Optional[_Union[_document_pb2.DocumentRequest, _Mapping]] = ...) -> None: ...

class RenderUnaryResponse(_message.Message):
    __slots__ = ("header", "data", "completion")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_FIELD_NUMBER: _ClassVar[int]
    header: _document_pb2.DocumentHeader
    data: bytes
    completion: _document_pb2.DocumentCompletion
    def __init__(self, header: _Optional[_Union[_document_pb2.DocumentHeader, _Mapping]] = ..., data: _Optional[bytes] = ..., completion: _Optional[_Union[_document_pb2.DocumentCompletion, _Mapping]] = ...) -> None: ...

class RenderRowsRequest(_message.Message):
    __slots__ = ("start", "rows")
    START_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    start: RowsStart
    rows: Rows
    def __init__(self, start: _Optional[_Union[RowsStart, _Mapping]] = ..., rows: _Optional[_Union[Rows, _Mapping]] = ...) -> None: ...

class RowsStart(_message.Message):
    __slots__ = ("document", "rows_field")
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_FIELD_NUMBER: _ClassVar[int]
    document: _document_pb2.DocumentRequest
    rows_field: str
    def __init__(self, document: _Optional[_Union[_document_pb2.DocumentRequest, _Mapping]] = ..., rows_field: _Optional[str] = ...) -> None: ...

class Rows(_message.Message):
    __slots__ = ("rows_json",)
    ROWS_JSON_FIELD_NUMBER: _ClassVar[int]
    rows_json: bytes
    def __init__(self, rows_json: _Optional[bytes] = ...) -> None: ...

class RenderRowsResponse(_message.Message):
    __slots__ = ("header", "offset", "data", "completion")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_FIELD_NUMBER: _ClassVar[int]
    header: _document_pb2.DocumentHeader
    offset: int
    data: bytes
    completion: _document_pb2.DocumentCompletion
    def __init__(self, header: _Optional[_Union[_document_pb2.DocumentHeader, _Mapping]] = ..., offset: _Optional[int] = ..., data: _Optional[bytes] = ..., completion: _Optional[_Union[_document_pb2.DocumentCompletion, _Mapping]] = ...) -> None: ...

class VerifyRequest(_message.Message):
    __slots__ = ("manifest", "record_json", "customer_reference", "document")
    MANIFEST_FIELD_NUMBER: _ClassVar[int]
    RECORD_JSON_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    manifest: _document_pb2.Manifest
    record_json: bytes
    customer_reference: str
    document: bytes
    def __init__(self, manifest: _Optional[_Union[_document_pb2.Manifest, _Mapping]] = ..., record_json: _Optional[bytes] = ..., customer_reference: _Optional[str] = ..., document: _Optional[bytes] = ...) -> None: ...

class Difference(_message.Message):
    __slots__ = ("kind", "page", "object", "offset", "description")
    KIND_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    kind: str
    page: int
    object: int
    offset: int
    description: str
    def __init__(self, kind: _Optional[str] = ..., page: _Optional[int] = ..., object: _Optional[int] = ..., offset: _Optional[int] = ..., description: _Optional[str] = ...) -> None: ...

class VerifyResponse(_message.Message):
    __slots__ = ("result", "document", "engine_digest", "difference", "document_altered")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    ENGINE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ALTERED_FIELD_NUMBER: _ClassVar[int]
    result: VerifyResult
    document: _document_pb2.Digest
    engine_digest: str
    difference: Difference
    document_altered: bool
    def __init__(self, result: _Optional[_Union[VerifyResult, str]] = ..., document: _Optional[_Union[_document_pb2.Digest, _Mapping]] = ..., engine_digest: _Optional[str] = ..., difference: _Optional[_Union[Difference, _Mapping]] = ..., document_altered: bool = ...) -> None: ...

class ExplainRequest(_message.Message):
    __slots__ = ("document",)
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    document: _document_pb2.DocumentRequest
    def __init__(self, document: _Optional[_Union[_document_pb2.DocumentRequest, _Mapping]] = ...) -> None: ...

class ExplainedRule(_message.Message):
    __slots__ = ("rule", "condition", "result", "offer")
    RULE_FIELD_NUMBER: _ClassVar[int]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    OFFER_FIELD_NUMBER: _ClassVar[int]
    rule: int
    condition: str
    result: RuleResult
    offer: str
    def __init__(self, rule: _Optional[int] = ..., condition: _Optional[str] = ..., result: _Optional[_Union[RuleResult, str]] = ..., offer: _Optional[str] = ...) -> None: ...

class ExplainedSlot(_message.Message):
    __slots__ = ("rules", "decision", "failure")
    RULES_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    rules: _containers.RepeatedCompositeFieldContainer[ExplainedRule]
    decision: _document_pb2.SlotDecision
    failure: str
    def __init__(self, rules: _Optional[_Iterable[_Union[ExplainedRule, _Mapping]]] = ..., decision: _Optional[_Union[_document_pb2.SlotDecision, _Mapping]] = ..., failure: _Optional[str] = ...) -> None: ...

class ExplainResponse(_message.Message):
    __slots__ = ("template", "locale", "as_of", "territory", "slots", "localisation_gaps")
    TEMPLATE_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    TERRITORY_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    LOCALISATION_GAPS_FIELD_NUMBER: _ClassVar[int]
    template: _document_pb2.TemplateRef
    locale: str
    as_of: _timestamp_pb2.Timestamp
    territory: str
    slots: _containers.RepeatedCompositeFieldContainer[ExplainedSlot]
    localisation_gaps: _containers.RepeatedCompositeFieldContainer[_document_pb2.LocalisationGap]
    def __init__(self, template: _Optional[_Union[_document_pb2.TemplateRef, _Mapping]] = ..., locale: _Optional[str] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., territory: _Optional[str] = ..., slots: _Optional[_Iterable[_Union[ExplainedSlot, _Mapping]]] = ..., localisation_gaps: _Optional[_Iterable[_Union[_document_pb2.LocalisationGap, _Mapping]]] = ...) -> None: ...

class RenderRunRequest(_message.Message):
    __slots__ = ("start", "documents")
    START_FIELD_NUMBER: _ClassVar[int]
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    start: RunStart
    documents: RunDocuments
    def __init__(self, start: _Optional[_Union[RunStart, _Mapping]] = ..., documents: _Optional[_Union[RunDocuments, _Mapping]] = ...) -> None: ...

class SeparatorPages(_message.Message):
    __slots__ = ("template", "every", "locale")
    TEMPLATE_FIELD_NUMBER: _ClassVar[int]
    EVERY_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    template: _document_pb2.TemplateRef
    every: int
    locale: str
    def __init__(self, template: _Optional[_Union[_document_pb2.TemplateRef, _Mapping]] = ..., every: _Optional[int] = ..., locale: _Optional[str] = ...) -> None: ...

class RunStart(_message.Message):
    __slots__ = ("run_id", "on_failure", "max_documents", "max_bytes", "separators", "manifests", "as_of", "tenant", "time_limit", "print")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    ON_FAILURE_FIELD_NUMBER: _ClassVar[int]
    MAX_DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    MAX_BYTES_FIELD_NUMBER: _ClassVar[int]
    SEPARATORS_FIELD_NUMBER: _ClassVar[int]
    MANIFESTS_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    TIME_LIMIT_FIELD_NUMBER: _ClassVar[int]
    PRINT_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    on_failure: RunFailurePolicy
    max_documents: int
    max_bytes: int
    separators: SeparatorPages
    manifests: bool
    as_of: _timestamp_pb2.Timestamp
    tenant: str
    time_limit: _duration_pb2.Duration
    print: _document_pb2.PrintOptions
    def __init__(self, run_id: _Optional[str] = ..., on_failure: _Optional[_Union[RunFailurePolicy, str]] = ..., max_documents: _Optional[int] = ..., max_bytes: _Optional[int] = ..., separators: _Optional[_Union[SeparatorPages, _Mapping]] = ..., manifests: bool = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., tenant: _Optional[str] = ..., time_limit: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., print: _Optional[_Union[_document_pb2.PrintOptions, _Mapping]] = ...) -> None: ...

class RunDocuments(_message.Message):
    __slots__ = ("documents",)
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    documents: _containers.RepeatedCompositeFieldContainer[_document_pb2.DocumentRequest]
    def __init__(self, documents: _Optional[_Iterable[_Union[_document_pb2.DocumentRequest, _Mapping]]] = ...) -> None: ...

class RunEntry(_message.Message):
    __slots__ = ("request_id", "file", "first_page", "pages", "offset", "size", "separator", "warnings", "failure", "manifest")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    FIRST_PAGE_FIELD_NUMBER: _ClassVar[int]
    PAGES_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    SEPARATOR_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    file: int
    first_page: int
    pages: int
    offset: int
    size: int
    separator: bool
    warnings: _containers.RepeatedCompositeFieldContainer[_document_pb2.RenderWarning]
    failure: _status_pb2.Status
    manifest: _document_pb2.Manifest
    def __init__(self, request_id: _Optional[str] = ..., file: _Optional[int] = ..., first_page: _Optional[int] = ..., pages: _Optional[int] = ..., offset: _Optional[int] = ..., size: _Optional[int] = ..., separator: bool = ..., warnings: _Optional[_Iterable[_Union[_document_pb2.RenderWarning, _Mapping]]] = ..., failure: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., manifest: _Optional[_Union[_document_pb2.Manifest, _Mapping]] = ...) -> None: ...

class RunFile(_message.Message):
    __slots__ = ("file", "documents", "pages", "digest", "tagged")
    FILE_FIELD_NUMBER: _ClassVar[int]
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    PAGES_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    TAGGED_FIELD_NUMBER: _ClassVar[int]
    file: int
    documents: int
    pages: int
    digest: _document_pb2.Digest
    tagged: bool
    def __init__(self, file: _Optional[int] = ..., documents: _Optional[int] = ..., pages: _Optional[int] = ..., digest: _Optional[_Union[_document_pb2.Digest, _Mapping]] = ..., tagged: bool = ...) -> None: ...

class RunCompletion(_message.Message):
    __slots__ = ("documents", "failed", "pages", "files", "stopped", "engine_digest", "as_of")
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    PAGES_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    STOPPED_FIELD_NUMBER: _ClassVar[int]
    ENGINE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    documents: int
    failed: int
    pages: int
    files: int
    stopped: bool
    engine_digest: str
    as_of: _timestamp_pb2.Timestamp
    def __init__(self, documents: _Optional[int] = ..., failed: _Optional[int] = ..., pages: _Optional[int] = ..., files: _Optional[int] = ..., stopped: bool = ..., engine_digest: _Optional[str] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RenderRunResponse(_message.Message):
    __slots__ = ("file", "offset", "data", "entries", "finished", "completion")
    FILE_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    FINISHED_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_FIELD_NUMBER: _ClassVar[int]
    file: int
    offset: int
    data: bytes
    entries: _containers.RepeatedCompositeFieldContainer[RunEntry]
    finished: RunFile
    completion: RunCompletion
    def __init__(self, file: _Optional[int] = ..., offset: _Optional[int] = ..., data: _Optional[bytes] = ..., entries: _Optional[_Iterable[_Union[RunEntry, _Mapping]]] = ..., finished: _Optional[_Union[RunFile, _Mapping]] = ..., completion: _Optional[_Union[RunCompletion, _Mapping]] = ...) -> None: ...
