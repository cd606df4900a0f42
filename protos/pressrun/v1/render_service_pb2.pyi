from google.rpc import status_pb2 as _status_pb2
from pressrun.v1 import document_pb2 as _document_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RenderRequestItem(_message.Message):
    __slots__ = ("document", "cancel_request_id")
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    CANCEL_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    document: _document_pb2.DocumentRequest
    cancel_request_id: str
    def __init__(self, document: _Optional[_Union[_document_pb2.DocumentRequest, _Mapping]] = ..., cancel_request_id: _Optional[str] = ...) -> None: ...

class RenderRequest(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[RenderRequestItem]
    def __init__(self, items: _Optional[_Iterable[_Union[RenderRequestItem, _Mapping]]] = ...) -> None: ...

class RenderResponseItem(_message.Message):
    __slots__ = ("request_id", "header", "offset", "data", "completion", "failure")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    HEADER_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    header: _document_pb2.DocumentHeader
    offset: int
    data: bytes
    completion: _document_pb2.DocumentCompletion
    failure: _status_pb2.Status
    def __init__(self, request_id: _Optional[str] = ..., header: _Optional[_Union[_document_pb2.DocumentHeader, _Mapping]] = ..., offset: _Optional[int] = ..., data: _Optional[bytes] = ..., completion: _Optional[_Union[_document_pb2.DocumentCompletion, _Mapping]] = ..., failure: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class RenderResponse(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[RenderResponseItem]
    def __init__(self, items: _Optional[_Iterable[_Union[RenderResponseItem, _Mapping]]] = ...) -> None: ...

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
