import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from pressrun.v1 import document_pb2 as _document_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Rendition(_message.Message):
    __slots__ = ("width", "height", "fit", "format", "quality", "dpi", "color_space")
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    FIT_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    DPI_FIELD_NUMBER: _ClassVar[int]
    COLOR_SPACE_FIELD_NUMBER: _ClassVar[int]
    width: int
    height: int
    fit: str
    format: str
    quality: int
    dpi: int
    color_space: str
    def __init__(self, width: _Optional[int] = ..., height: _Optional[int] = ..., fit: _Optional[str] = ..., format: _Optional[str] = ..., quality: _Optional[int] = ..., dpi: _Optional[int] = ..., color_space: _Optional[str] = ...) -> None: ...

class AssetDescriptor(_message.Message):
    __slots__ = ("ref", "rendition", "asset_id", "version", "etag", "digest", "media_type", "width", "height", "approval", "rights_from", "rights_until", "territories", "locale", "fetched_at", "fresh_until", "regulated", "hosted_url")
    REF_FIELD_NUMBER: _ClassVar[int]
    RENDITION_FIELD_NUMBER: _ClassVar[int]
    ASSET_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_FIELD_NUMBER: _ClassVar[int]
    RIGHTS_FROM_FIELD_NUMBER: _ClassVar[int]
    RIGHTS_UNTIL_FIELD_NUMBER: _ClassVar[int]
    TERRITORIES_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    FETCHED_AT_FIELD_NUMBER: _ClassVar[int]
    FRESH_UNTIL_FIELD_NUMBER: _ClassVar[int]
    REGULATED_FIELD_NUMBER: _ClassVar[int]
    HOSTED_URL_FIELD_NUMBER: _ClassVar[int]
    ref: str
    rendition: Rendition
    asset_id: str
    version: str
    etag: str
    digest: _document_pb2.Digest
    media_type: str
    width: int
    height: int
    approval: str
    rights_from: _timestamp_pb2.Timestamp
    rights_until: _timestamp_pb2.Timestamp
    territories: _containers.RepeatedScalarFieldContainer[str]
    locale: str
    fetched_at: _timestamp_pb2.Timestamp
    fresh_until: _timestamp_pb2.Timestamp
    regulated: bool
    hosted_url: str
    def __init__(self, ref: _Optional[str] = ..., rendition: _Optional[_Union[Rendition, _Mapping]] = ..., asset_id: _Optional[str] = ..., version: _Optional[str] = ..., etag: _Optional[str] = ..., digest: _Optional[_Union[_document_pb2.Digest, _Mapping]] = ..., media_type: _Optional[str] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., approval: _Optional[str] = ..., rights_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., rights_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., territories: _Optional[_Iterable[str]] = ..., locale: _Optional[str] = ..., fetched_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., fresh_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., regulated: bool = ..., hosted_url: _Optional[str] = ...) -> None: ...

class AssetOutcome(_message.Message):
    __slots__ = ("ref", "descriptor", "failure", "found_in")
    REF_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTOR_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    FOUND_IN_FIELD_NUMBER: _ClassVar[int]
    ref: str
    descriptor: AssetDescriptor
    failure: _status_pb2.Status
    found_in: str
    def __init__(self, ref: _Optional[str] = ..., descriptor: _Optional[_Union[AssetDescriptor, _Mapping]] = ..., failure: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., found_in: _Optional[str] = ...) -> None: ...

class ResolveRequest(_message.Message):
    __slots__ = ("refs", "rendition")
    REFS_FIELD_NUMBER: _ClassVar[int]
    RENDITION_FIELD_NUMBER: _ClassVar[int]
    refs: _containers.RepeatedScalarFieldContainer[str]
    rendition: Rendition
    def __init__(self, refs: _Optional[_Iterable[str]] = ..., rendition: _Optional[_Union[Rendition, _Mapping]] = ...) -> None: ...

class ResolveResponse(_message.Message):
    __slots__ = ("outcomes",)
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    outcomes: _containers.RepeatedCompositeFieldContainer[AssetOutcome]
    def __init__(self, outcomes: _Optional[_Iterable[_Union[AssetOutcome, _Mapping]]] = ...) -> None: ...

class PrefetchRequest(_message.Message):
    __slots__ = ("template", "output_channel")
    TEMPLATE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_CHANNEL_FIELD_NUMBER: _ClassVar[int]
    template: _document_pb2.TemplateRef
    output_channel: _document_pb2.OutputChannel
    def __init__(self, template: _Optional[_Union[_document_pb2.TemplateRef, _Mapping]] = ..., output_channel: _Optional[_Union[_document_pb2.OutputChannel, str]] = ...) -> None: ...

class PrefetchResponse(_message.Message):
    __slots__ = ("outcomes",)
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    outcomes: _containers.RepeatedCompositeFieldContainer[AssetOutcome]
    def __init__(self, outcomes: _Optional[_Iterable[_Union[AssetOutcome, _Mapping]]] = ...) -> None: ...

class DescribeRequest(_message.Message):
    __slots__ = ("ref",)
    REF_FIELD_NUMBER: _ClassVar[int]
    ref: str
    def __init__(self, ref: _Optional[str] = ...) -> None: ...

class DescribeResponse(_message.Message):
    __slots__ = ("descriptors",)
    DESCRIPTORS_FIELD_NUMBER: _ClassVar[int]
    descriptors: _containers.RepeatedCompositeFieldContainer[AssetDescriptor]
    def __init__(self, descriptors: _Optional[_Iterable[_Union[AssetDescriptor, _Mapping]]] = ...) -> None: ...

class FindMissingRequest(_message.Message):
    __slots__ = ("refs", "rendition", "digests")
    REFS_FIELD_NUMBER: _ClassVar[int]
    RENDITION_FIELD_NUMBER: _ClassVar[int]
    DIGESTS_FIELD_NUMBER: _ClassVar[int]
    refs: _containers.RepeatedScalarFieldContainer[str]
    rendition: Rendition
    digests: _containers.RepeatedCompositeFieldContainer[_document_pb2.Digest]
    def __init__(self, refs: _Optional[_Iterable[str]] = ..., rendition: _Optional[_Union[Rendition, _Mapping]] = ..., digests: _Optional[_Iterable[_Union[_document_pb2.Digest, _Mapping]]] = ...) -> None: ...

class FindMissingResponse(_message.Message):
    __slots__ = ("refs", "digests")
    REFS_FIELD_NUMBER: _ClassVar[int]
    DIGESTS_FIELD_NUMBER: _ClassVar[int]
    refs: _containers.RepeatedScalarFieldContainer[str]
    digests: _containers.RepeatedCompositeFieldContainer[_document_pb2.Digest]
    def __init__(self, refs: _Optional[_Iterable[str]] = ..., digests: _Optional[_Iterable[_Union[_document_pb2.Digest, _Mapping]]] = ...) -> None: ...

class InvalidateRequest(_message.Message):
    __slots__ = ("refs", "sources")
    REFS_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    refs: _containers.RepeatedScalarFieldContainer[str]
    sources: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, refs: _Optional[_Iterable[str]] = ..., sources: _Optional[_Iterable[str]] = ...) -> None: ...

class InvalidateResponse(_message.Message):
    __slots__ = ("renditions",)
    RENDITIONS_FIELD_NUMBER: _ClassVar[int]
    renditions: int
    def __init__(self, renditions: _Optional[int] = ...) -> None: ...

class PutContentRequest(_message.Message):
    __slots__ = ("id", "content", "media_type", "approval", "effective_from", "effective_until", "territories", "locale", "name", "attributes")
    ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_FROM_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_UNTIL_FIELD_NUMBER: _ClassVar[int]
    TERRITORIES_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    id: str
    content: bytes
    media_type: str
    approval: str
    effective_from: _timestamp_pb2.Timestamp
    effective_until: _timestamp_pb2.Timestamp
    territories: _containers.RepeatedScalarFieldContainer[str]
    locale: str
    name: str
    attributes: _containers.RepeatedCompositeFieldContainer[ContentAttribute]
    def __init__(self, id: _Optional[str] = ..., content: _Optional[bytes] = ..., media_type: _Optional[str] = ..., approval: _Optional[str] = ..., effective_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., effective_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., territories: _Optional[_Iterable[str]] = ..., locale: _Optional[str] = ..., name: _Optional[str] = ..., attributes: _Optional[_Iterable[_Union[ContentAttribute, _Mapping]]] = ...) -> None: ...

class ContentAttribute(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class PutContentResponse(_message.Message):
    __slots__ = ("ref", "version", "digest", "media_type", "created")
    REF_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    ref: str
    version: str
    digest: _document_pb2.Digest
    media_type: str
    created: bool
    def __init__(self, ref: _Optional[str] = ..., version: _Optional[str] = ..., digest: _Optional[_Union[_document_pb2.Digest, _Mapping]] = ..., media_type: _Optional[str] = ..., created: bool = ...) -> None: ...

class ReserveLicencesRequest(_message.Message):
    __slots__ = ("run", "tenant", "wishes", "lifetime")
    RUN_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    WISHES_FIELD_NUMBER: _ClassVar[int]
    LIFETIME_FIELD_NUMBER: _ClassVar[int]
    run: str
    tenant: str
    wishes: _containers.RepeatedCompositeFieldContainer[LicenceWish]
    lifetime: _duration_pb2.Duration
    def __init__(self, run: _Optional[str] = ..., tenant: _Optional[str] = ..., wishes: _Optional[_Iterable[_Union[LicenceWish, _Mapping]]] = ..., lifetime: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class LicenceWish(_message.Message):
    __slots__ = ("ref", "documents")
    REF_FIELD_NUMBER: _ClassVar[int]
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    ref: str
    documents: int
    def __init__(self, ref: _Optional[str] = ..., documents: _Optional[int] = ...) -> None: ...

class ReserveLicencesResponse(_message.Message):
    __slots__ = ("outcomes",)
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    outcomes: _containers.RepeatedCompositeFieldContainer[LicenceOutcome]
    def __init__(self, outcomes: _Optional[_Iterable[_Union[LicenceOutcome, _Mapping]]] = ...) -> None: ...

class LicenceOutcome(_message.Message):
    __slots__ = ("ref", "granted", "limit", "used", "held", "failure")
    REF_FIELD_NUMBER: _ClassVar[int]
    GRANTED_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    USED_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    ref: str
    granted: bool
    limit: int
    used: int
    held: int
    failure: _status_pb2.Status
    def __init__(self, ref: _Optional[str] = ..., granted: bool = ..., limit: _Optional[int] = ..., used: _Optional[int] = ..., held: _Optional[int] = ..., failure: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...
