import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OutputChannel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTPUT_CHANNEL_UNSPECIFIED: _ClassVar[OutputChannel]
    OUTPUT_CHANNEL_PRINT: _ClassVar[OutputChannel]
    OUTPUT_CHANNEL_EMAIL: _ClassVar[OutputChannel]
    OUTPUT_CHANNEL_WEB: _ClassVar[OutputChannel]
    OUTPUT_CHANNEL_MOBILE: _ClassVar[OutputChannel]

class OutputFormat(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTPUT_FORMAT_UNSPECIFIED: _ClassVar[OutputFormat]
    OUTPUT_FORMAT_PDF: _ClassVar[OutputFormat]
    OUTPUT_FORMAT_HTML: _ClassVar[OutputFormat]
    OUTPUT_FORMAT_PNG: _ClassVar[OutputFormat]
    OUTPUT_FORMAT_JPEG: _ClassVar[OutputFormat]
    OUTPUT_FORMAT_WEBP: _ClassVar[OutputFormat]
    OUTPUT_FORMAT_PCL: _ClassVar[OutputFormat]
    OUTPUT_FORMAT_PWG: _ClassVar[OutputFormat]
    OUTPUT_FORMAT_POSTSCRIPT: _ClassVar[OutputFormat]
    OUTPUT_FORMAT_AFP: _ClassVar[OutputFormat]
    OUTPUT_FORMAT_EML: _ClassVar[OutputFormat]
    OUTPUT_FORMAT_TEXT: _ClassVar[OutputFormat]

class Priority(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRIORITY_UNSPECIFIED: _ClassVar[Priority]
    PRIORITY_INTERACTIVE: _ClassVar[Priority]
    PRIORITY_BATCH: _ClassVar[Priority]

class Imposition(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    IMPOSITION_UNSPECIFIED: _ClassVar[Imposition]
    IMPOSITION_TWO_UP: _ClassVar[Imposition]
    IMPOSITION_FOUR_UP: _ClassVar[Imposition]
    IMPOSITION_BOOKLET: _ClassVar[Imposition]

class EmailImages(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EMAIL_IMAGES_UNSPECIFIED: _ClassVar[EmailImages]
    EMAIL_IMAGES_INLINE: _ClassVar[EmailImages]
    EMAIL_IMAGES_HOSTED: _ClassVar[EmailImages]

class EmailAttachment(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EMAIL_ATTACHMENT_UNSPECIFIED: _ClassVar[EmailAttachment]
    EMAIL_ATTACHMENT_NONE: _ClassVar[EmailAttachment]
    EMAIL_ATTACHMENT_PDF: _ClassVar[EmailAttachment]

class SlotOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SLOT_OUTCOME_UNSPECIFIED: _ClassVar[SlotOutcome]
    SLOT_OUTCOME_CHOSEN: _ClassVar[SlotOutcome]
    SLOT_OUTCOME_FALLBACK: _ClassVar[SlotOutcome]
    SLOT_OUTCOME_OMITTED: _ClassVar[SlotOutcome]
    SLOT_OUTCOME_PINNED: _ClassVar[SlotOutcome]
    SLOT_OUTCOME_FAILED: _ClassVar[SlotOutcome]

class TextAlphabet(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TEXT_ALPHABET_UNSPECIFIED: _ClassVar[TextAlphabet]
    TEXT_ALPHABET_GSM7: _ClassVar[TextAlphabet]
    TEXT_ALPHABET_UCS2: _ClassVar[TextAlphabet]
OUTPUT_CHANNEL_UNSPECIFIED: OutputChannel
OUTPUT_CHANNEL_PRINT: OutputChannel
OUTPUT_CHANNEL_EMAIL: OutputChannel
OUTPUT_CHANNEL_WEB: OutputChannel
OUTPUT_CHANNEL_MOBILE: OutputChannel
OUTPUT_FORMAT_UNSPECIFIED: OutputFormat
OUTPUT_FORMAT_PDF: OutputFormat
OUTPUT_FORMAT_HTML: OutputFormat
OUTPUT_FORMAT_PNG: OutputFormat
OUTPUT_FORMAT_JPEG: OutputFormat
OUTPUT_FORMAT_WEBP: OutputFormat
OUTPUT_FORMAT_PCL: OutputFormat
OUTPUT_FORMAT_PWG: OutputFormat
OUTPUT_FORMAT_POSTSCRIPT: OutputFormat
OUTPUT_FORMAT_AFP: OutputFormat
OUTPUT_FORMAT_EML: OutputFormat
OUTPUT_FORMAT_TEXT: OutputFormat
PRIORITY_UNSPECIFIED: Priority
PRIORITY_INTERACTIVE: Priority
PRIORITY_BATCH: Priority
IMPOSITION_UNSPECIFIED: Imposition
IMPOSITION_TWO_UP: Imposition
IMPOSITION_FOUR_UP: Imposition
IMPOSITION_BOOKLET: Imposition
EMAIL_IMAGES_UNSPECIFIED: EmailImages
EMAIL_IMAGES_INLINE: EmailImages
EMAIL_IMAGES_HOSTED: EmailImages
EMAIL_ATTACHMENT_UNSPECIFIED: EmailAttachment
EMAIL_ATTACHMENT_NONE: EmailAttachment
EMAIL_ATTACHMENT_PDF: EmailAttachment
SLOT_OUTCOME_UNSPECIFIED: SlotOutcome
SLOT_OUTCOME_CHOSEN: SlotOutcome
SLOT_OUTCOME_FALLBACK: SlotOutcome
SLOT_OUTCOME_OMITTED: SlotOutcome
SLOT_OUTCOME_PINNED: SlotOutcome
SLOT_OUTCOME_FAILED: SlotOutcome
TEXT_ALPHABET_UNSPECIFIED: TextAlphabet
TEXT_ALPHABET_GSM7: TextAlphabet
TEXT_ALPHABET_UCS2: TextAlphabet

class Digest(_message.Message):
    __slots__ = ("sha256", "size")
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    sha256: str
    size: int
    def __init__(self, sha256: _Optional[str] = ..., size: _Optional[int] = ...) -> None: ...

class TemplateRef(_message.Message):
    __slots__ = ("name", "version", "digest")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    digest: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., digest: _Optional[str] = ...) -> None: ...

class Attributes(_message.Message):
    __slots__ = ("communication_type", "campaign", "run", "segment", "region", "jurisdiction", "product", "business_unit", "account_status", "lifecycle_event", "customer_reference", "extra")
    class ExtraEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    COMMUNICATION_TYPE_FIELD_NUMBER: _ClassVar[int]
    CAMPAIGN_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    JURISDICTION_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_UNIT_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_STATUS_FIELD_NUMBER: _ClassVar[int]
    LIFECYCLE_EVENT_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    EXTRA_FIELD_NUMBER: _ClassVar[int]
    communication_type: str
    campaign: str
    run: str
    segment: str
    region: str
    jurisdiction: str
    product: str
    business_unit: str
    account_status: str
    lifecycle_event: str
    customer_reference: str
    extra: _containers.ScalarMap[str, str]
    def __init__(self, communication_type: _Optional[str] = ..., campaign: _Optional[str] = ..., run: _Optional[str] = ..., segment: _Optional[str] = ..., region: _Optional[str] = ..., jurisdiction: _Optional[str] = ..., product: _Optional[str] = ..., business_unit: _Optional[str] = ..., account_status: _Optional[str] = ..., lifecycle_event: _Optional[str] = ..., customer_reference: _Optional[str] = ..., extra: _Optional[_Mapping[str, str]] = ...) -> None: ...

class AssetPin(_message.Message):
    __slots__ = ("slot", "ref", "asset_id", "version", "rendition", "digest", "media_type", "approval", "rights_until", "etag", "hosted_url", "hosted_video")
    SLOT_FIELD_NUMBER: _ClassVar[int]
    REF_FIELD_NUMBER: _ClassVar[int]
    ASSET_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    RENDITION_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_FIELD_NUMBER: _ClassVar[int]
    RIGHTS_UNTIL_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    HOSTED_URL_FIELD_NUMBER: _ClassVar[int]
    HOSTED_VIDEO_FIELD_NUMBER: _ClassVar[int]
    slot: str
    ref: str
    asset_id: str
    version: str
    rendition: str
    digest: Digest
    media_type: str
    approval: str
    rights_until: _timestamp_pb2.Timestamp
    etag: str
    hosted_url: str
    hosted_video: str
    def __init__(self, slot: _Optional[str] = ..., ref: _Optional[str] = ..., asset_id: _Optional[str] = ..., version: _Optional[str] = ..., rendition: _Optional[str] = ..., digest: _Optional[_Union[Digest, _Mapping]] = ..., media_type: _Optional[str] = ..., approval: _Optional[str] = ..., rights_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., etag: _Optional[str] = ..., hosted_url: _Optional[str] = ..., hosted_video: _Optional[str] = ...) -> None: ...

class FontPin(_message.Message):
    __slots__ = ("name", "sha256")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    name: str
    sha256: str
    def __init__(self, name: _Optional[str] = ..., sha256: _Optional[str] = ...) -> None: ...

class Pins(_message.Message):
    __slots__ = ("template_digest", "engine_digest", "assets", "fonts", "as_of", "locale", "attached_assets")
    TEMPLATE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    ENGINE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    ASSETS_FIELD_NUMBER: _ClassVar[int]
    FONTS_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    ATTACHED_ASSETS_FIELD_NUMBER: _ClassVar[int]
    template_digest: str
    engine_digest: str
    assets: _containers.RepeatedCompositeFieldContainer[AssetPin]
    fonts: _containers.RepeatedCompositeFieldContainer[FontPin]
    as_of: _timestamp_pb2.Timestamp
    locale: str
    attached_assets: _containers.RepeatedCompositeFieldContainer[AssetPin]
    def __init__(self, template_digest: _Optional[str] = ..., engine_digest: _Optional[str] = ..., assets: _Optional[_Iterable[_Union[AssetPin, _Mapping]]] = ..., fonts: _Optional[_Iterable[_Union[FontPin, _Mapping]]] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., locale: _Optional[str] = ..., attached_assets: _Optional[_Iterable[_Union[AssetPin, _Mapping]]] = ...) -> None: ...

class ImageOptions(_message.Message):
    __slots__ = ("first_page", "last_page", "width", "density", "dpi", "quality", "gray")
    FIRST_PAGE_FIELD_NUMBER: _ClassVar[int]
    LAST_PAGE_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    DENSITY_FIELD_NUMBER: _ClassVar[int]
    DPI_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    GRAY_FIELD_NUMBER: _ClassVar[int]
    first_page: int
    last_page: int
    width: int
    density: float
    dpi: int
    quality: int
    gray: bool
    def __init__(self, first_page: _Optional[int] = ..., last_page: _Optional[int] = ..., width: _Optional[int] = ..., density: _Optional[float] = ..., dpi: _Optional[int] = ..., quality: _Optional[int] = ..., gray: bool = ...) -> None: ...

class CodePlace(_message.Message):
    __slots__ = ("x_mm", "y_mm")
    X_MM_FIELD_NUMBER: _ClassVar[int]
    Y_MM_FIELD_NUMBER: _ClassVar[int]
    x_mm: float
    y_mm: float
    def __init__(self, x_mm: _Optional[float] = ..., y_mm: _Optional[float] = ...) -> None: ...

class PrintOptions(_message.Message):
    __slots__ = ("bleed_mm", "crop_marks", "registration_marks", "imposition", "duplex", "omr", "data_matrix", "first_number", "output_condition", "pdf_x4")
    BLEED_MM_FIELD_NUMBER: _ClassVar[int]
    CROP_MARKS_FIELD_NUMBER: _ClassVar[int]
    REGISTRATION_MARKS_FIELD_NUMBER: _ClassVar[int]
    IMPOSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLEX_FIELD_NUMBER: _ClassVar[int]
    OMR_FIELD_NUMBER: _ClassVar[int]
    DATA_MATRIX_FIELD_NUMBER: _ClassVar[int]
    FIRST_NUMBER_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_CONDITION_FIELD_NUMBER: _ClassVar[int]
    PDF_X4_FIELD_NUMBER: _ClassVar[int]
    bleed_mm: float
    crop_marks: bool
    registration_marks: bool
    imposition: Imposition
    duplex: bool
    omr: CodePlace
    data_matrix: CodePlace
    first_number: int
    output_condition: str
    pdf_x4: bool
    def __init__(self, bleed_mm: _Optional[float] = ..., crop_marks: bool = ..., registration_marks: bool = ..., imposition: _Optional[_Union[Imposition, str]] = ..., duplex: bool = ..., omr: _Optional[_Union[CodePlace, _Mapping]] = ..., data_matrix: _Optional[_Union[CodePlace, _Mapping]] = ..., first_number: _Optional[int] = ..., output_condition: _Optional[str] = ..., pdf_x4: bool = ...) -> None: ...

class EmailOptions(_message.Message):
    __slots__ = ("images", "sender", "recipient", "reply_to", "message_id", "date", "attachment")
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    SENDER_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    REPLY_TO_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    ATTACHMENT_FIELD_NUMBER: _ClassVar[int]
    images: EmailImages
    sender: str
    recipient: str
    reply_to: str
    message_id: str
    date: _timestamp_pb2.Timestamp
    attachment: EmailAttachment
    def __init__(self, images: _Optional[_Union[EmailImages, str]] = ..., sender: _Optional[str] = ..., recipient: _Optional[str] = ..., reply_to: _Optional[str] = ..., message_id: _Optional[str] = ..., date: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., attachment: _Optional[_Union[EmailAttachment, str]] = ...) -> None: ...

class DocumentRequest(_message.Message):
    __slots__ = ("request_id", "template", "record_json", "record_struct", "locale", "output_channel", "output_format", "attributes", "as_of", "tenant", "priority", "communication_id", "time_limit", "pins", "image", "print", "email")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_FIELD_NUMBER: _ClassVar[int]
    RECORD_JSON_FIELD_NUMBER: _ClassVar[int]
    RECORD_STRUCT_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_CHANNEL_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FORMAT_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    COMMUNICATION_ID_FIELD_NUMBER: _ClassVar[int]
    TIME_LIMIT_FIELD_NUMBER: _ClassVar[int]
    PINS_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    PRINT_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    template: TemplateRef
    record_json: bytes
    record_struct: _struct_pb2.Struct
    locale: str
    output_channel: OutputChannel
    output_format: OutputFormat
    attributes: Attributes
    as_of: _timestamp_pb2.Timestamp
    tenant: str
    priority: Priority
    communication_id: str
    time_limit: _duration_pb2.Duration
    pins: Pins
    image: ImageOptions
    print: PrintOptions
    email: EmailOptions
    def __init__(self, request_id: _Optional[str] = ..., template: _Optional[_Union[TemplateRef, _Mapping]] = ..., record_json: _Optional[bytes] = ..., record_struct: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., locale: _Optional[str] = ..., output_channel: _Optional[_Union[OutputChannel, str]] = ..., output_format: _Optional[_Union[OutputFormat, str]] = ..., attributes: _Optional[_Union[Attributes, _Mapping]] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., tenant: _Optional[str] = ..., priority: _Optional[_Union[Priority, str]] = ..., communication_id: _Optional[str] = ..., time_limit: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., pins: _Optional[_Union[Pins, _Mapping]] = ..., image: _Optional[_Union[ImageOptions, _Mapping]] = ..., print: _Optional[_Union[PrintOptions, _Mapping]] = ..., email: _Optional[_Union[EmailOptions, _Mapping]] = ...) -> None: ...

class DocumentHeader(_message.Message):
    __slots__ = ("media_type", "pins")
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    PINS_FIELD_NUMBER: _ClassVar[int]
    media_type: str
    pins: Pins
    def __init__(self, media_type: _Optional[str] = ..., pins: _Optional[_Union[Pins, _Mapping]] = ...) -> None: ...

class Timings(_message.Message):
    __slots__ = ("queue", "compile", "select", "resolve", "compose", "compose_cpu", "raster")
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    COMPILE_FIELD_NUMBER: _ClassVar[int]
    SELECT_FIELD_NUMBER: _ClassVar[int]
    RESOLVE_FIELD_NUMBER: _ClassVar[int]
    COMPOSE_FIELD_NUMBER: _ClassVar[int]
    COMPOSE_CPU_FIELD_NUMBER: _ClassVar[int]
    RASTER_FIELD_NUMBER: _ClassVar[int]
    queue: _duration_pb2.Duration
    compile: _duration_pb2.Duration
    select: _duration_pb2.Duration
    resolve: _duration_pb2.Duration
    compose: _duration_pb2.Duration
    compose_cpu: _duration_pb2.Duration
    raster: _duration_pb2.Duration
    def __init__(self, queue: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., compile: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., select: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., resolve: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., compose: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., compose_cpu: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., raster: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class RenderWarning(_message.Message):
    __slots__ = ("code", "message", "place")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    code: str
    message: str
    place: str
    def __init__(self, code: _Optional[str] = ..., message: _Optional[str] = ..., place: _Optional[str] = ...) -> None: ...

class RefusedCandidate(_message.Message):
    __slots__ = ("ref", "reason", "brief", "text")
    REF_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    BRIEF_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    ref: str
    reason: str
    brief: str
    text: str
    def __init__(self, ref: _Optional[str] = ..., reason: _Optional[str] = ..., brief: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class SlotDecision(_message.Message):
    __slots__ = ("slot", "rule", "condition", "outcome", "ref", "version", "locale", "refused", "text")
    SLOT_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    REF_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    slot: str
    rule: int
    condition: str
    outcome: SlotOutcome
    ref: str
    version: str
    locale: str
    refused: _containers.RepeatedCompositeFieldContainer[RefusedCandidate]
    text: str
    def __init__(self, slot: _Optional[str] = ..., rule: _Optional[int] = ..., condition: _Optional[str] = ..., outcome: _Optional[_Union[SlotOutcome, str]] = ..., ref: _Optional[str] = ..., version: _Optional[str] = ..., locale: _Optional[str] = ..., refused: _Optional[_Iterable[_Union[RefusedCandidate, _Mapping]]] = ..., text: _Optional[str] = ...) -> None: ...

class LocalisationGap(_message.Message):
    __slots__ = ("slot", "wanted", "used")
    SLOT_FIELD_NUMBER: _ClassVar[int]
    WANTED_FIELD_NUMBER: _ClassVar[int]
    USED_FIELD_NUMBER: _ClassVar[int]
    slot: str
    wanted: str
    used: str
    def __init__(self, slot: _Optional[str] = ..., wanted: _Optional[str] = ..., used: _Optional[str] = ...) -> None: ...

class Manifest(_message.Message):
    __slots__ = ("request_id", "template_name", "template_version", "pins", "record", "document", "pages", "output_channel", "output_format", "media_type", "finished_at", "timings", "warnings", "tenant", "communication_id", "attributes", "decisions", "localisation_gaps", "requested_locale", "image", "print", "output_profile", "email", "text", "attachment")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_NAME_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_VERSION_FIELD_NUMBER: _ClassVar[int]
    PINS_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    PAGES_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_CHANNEL_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FORMAT_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    TIMINGS_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    COMMUNICATION_ID_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    LOCALISATION_GAPS_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_LOCALE_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    PRINT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_PROFILE_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    ATTACHMENT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    template_name: str
    template_version: str
    pins: Pins
    record: Digest
    document: Digest
    pages: int
    output_channel: OutputChannel
    output_format: OutputFormat
    media_type: str
    finished_at: _timestamp_pb2.Timestamp
    timings: Timings
    warnings: _containers.RepeatedCompositeFieldContainer[RenderWarning]
    tenant: str
    communication_id: str
    attributes: Attributes
    decisions: _containers.RepeatedCompositeFieldContainer[SlotDecision]
    localisation_gaps: _containers.RepeatedCompositeFieldContainer[LocalisationGap]
    requested_locale: str
    image: ImageOptions
    print: PrintOptions
    output_profile: Digest
    email: EmailOptions
    text: TextLength
    attachment: Attachment
    def __init__(self, request_id: _Optional[str] = ..., template_name: _Optional[str] = ..., template_version: _Optional[str] = ..., pins: _Optional[_Union[Pins, _Mapping]] = ..., record: _Optional[_Union[Digest, _Mapping]] = ..., document: _Optional[_Union[Digest, _Mapping]] = ..., pages: _Optional[int] = ..., output_channel: _Optional[_Union[OutputChannel, str]] = ..., output_format: _Optional[_Union[OutputFormat, str]] = ..., media_type: _Optional[str] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., timings: _Optional[_Union[Timings, _Mapping]] = ..., warnings: _Optional[_Iterable[_Union[RenderWarning, _Mapping]]] = ..., tenant: _Optional[str] = ..., communication_id: _Optional[str] = ..., attributes: _Optional[_Union[Attributes, _Mapping]] = ..., decisions: _Optional[_Iterable[_Union[SlotDecision, _Mapping]]] = ..., localisation_gaps: _Optional[_Iterable[_Union[LocalisationGap, _Mapping]]] = ..., requested_locale: _Optional[str] = ..., image: _Optional[_Union[ImageOptions, _Mapping]] = ..., print: _Optional[_Union[PrintOptions, _Mapping]] = ..., output_profile: _Optional[_Union[Digest, _Mapping]] = ..., email: _Optional[_Union[EmailOptions, _Mapping]] = ..., text: _Optional[_Union[TextLength, _Mapping]] = ..., attachment: _Optional[_Union[Attachment, _Mapping]] = ...) -> None: ...

class Attachment(_message.Message):
    __slots__ = ("name", "media_type", "document", "pages")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    PAGES_FIELD_NUMBER: _ClassVar[int]
    name: str
    media_type: str
    document: Digest
    pages: int
    def __init__(self, name: _Optional[str] = ..., media_type: _Optional[str] = ..., document: _Optional[_Union[Digest, _Mapping]] = ..., pages: _Optional[int] = ...) -> None: ...

class TextLength(_message.Message):
    __slots__ = ("alphabet", "characters", "units", "segments")
    ALPHABET_FIELD_NUMBER: _ClassVar[int]
    CHARACTERS_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    alphabet: TextAlphabet
    characters: int
    units: int
    segments: int
    def __init__(self, alphabet: _Optional[_Union[TextAlphabet, str]] = ..., characters: _Optional[int] = ..., units: _Optional[int] = ..., segments: _Optional[int] = ...) -> None: ...

class CacheUse(_message.Message):
    __slots__ = ("memory_hits", "disk_hits", "source_fetches", "shared_hits")
    MEMORY_HITS_FIELD_NUMBER: _ClassVar[int]
    DISK_HITS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FETCHES_FIELD_NUMBER: _ClassVar[int]
    SHARED_HITS_FIELD_NUMBER: _ClassVar[int]
    memory_hits: int
    disk_hits: int
    source_fetches: int
    shared_hits: int
    def __init__(self, memory_hits: _Optional[int] = ..., disk_hits: _Optional[int] = ..., source_fetches: _Optional[int] = ..., shared_hits: _Optional[int] = ...) -> None: ...

class DocumentCompletion(_message.Message):
    __slots__ = ("manifest", "cache_use")
    MANIFEST_FIELD_NUMBER: _ClassVar[int]
    CACHE_USE_FIELD_NUMBER: _ClassVar[int]
    manifest: Manifest
    cache_use: CacheUse
    def __init__(self, manifest: _Optional[_Union[Manifest, _Mapping]] = ..., cache_use: _Optional[_Union[CacheUse, _Mapping]] = ...) -> None: ...
