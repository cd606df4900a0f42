"""The values that callers give and get: plain, frozen, and free of protobuf."""

from __future__ import annotations

from pressrun_client.models.asset import AssetDescriptor, AssetOutcome, KeptContent, LicenceOutcome, Missing, Rendition
from pressrun_client.models.decision import LocalisationGap, RefusedCandidate, SlotDecision, SlotOutcome
from pressrun_client.models.email import EmailOptions
from pressrun_client.models.explanation import ExplainedRule, ExplainedSlot, Explanation, RuleResult
from pressrun_client.models.image import ImageOptions
from pressrun_client.models.manifest import (
    AssetPin,
    Attachment,
    CacheUse,
    Digest,
    FontPin,
    Manifest,
    Pins,
    RenderWarning,
    TextLength,
    Timings,
)
from pressrun_client.models.node import NodeHealth
from pressrun_client.models.press import CodePlace, Imposition, PrintOptions
from pressrun_client.models.progress import Progress
from pressrun_client.models.request import Record, RenderOptions, RenderRequest
from pressrun_client.models.run import OnFailure, RunEntry, RunFile, RunOptions, RunSummary, Separators
from pressrun_client.models.template import CheckResult, PublishedTemplate, SlotInfo, TemplateInfo, TemplateRef
from pressrun_client.models.verification import Difference, Verification, VerifyResult
from pressrun_client.models.vocabulary import (
    EmailAttachment,
    EmailImages,
    OutputChannel,
    OutputFormat,
    Priority,
    TextAlphabet,
)

__all__ = [
    "AssetDescriptor",
    "AssetOutcome",
    "AssetPin",
    "Attachment",
    "CacheUse",
    "CheckResult",
    "CodePlace",
    "Difference",
    "Digest",
    "EmailAttachment",
    "EmailImages",
    "EmailOptions",
    "ExplainedRule",
    "ExplainedSlot",
    "Explanation",
    "FontPin",
    "ImageOptions",
    "Imposition",
    "KeptContent",
    "LicenceOutcome",
    "LocalisationGap",
    "Manifest",
    "Missing",
    "NodeHealth",
    "OnFailure",
    "OutputChannel",
    "OutputFormat",
    "Pins",
    "PrintOptions",
    "Priority",
    "Progress",
    "PublishedTemplate",
    "Record",
    "RefusedCandidate",
    "RenderOptions",
    "RenderRequest",
    "RenderWarning",
    "Rendition",
    "RuleResult",
    "RunEntry",
    "RunFile",
    "RunOptions",
    "RunSummary",
    "Separators",
    "SlotDecision",
    "SlotInfo",
    "SlotOutcome",
    "TemplateInfo",
    "TemplateRef",
    "TextAlphabet",
    "TextLength",
    "Timings",
    "Verification",
    "VerifyResult",
]
