"""Sends the webhooks of the stand-ins, in each system's own form, after a change that a test made.

Documented: Cloudinary's headers and payloads; iconik's envelope and its headers of choice; Standard Webhooks. The last
stand for a listener that a site runs beside a system that sends nothing itself.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
from collections.abc import Callable, Mapping

import aiohttp

from pressrun_loadtest.sandbox.clock import Clock, iso_seconds

__all__ = ["STANDARD_SECRET", "HookSender", "Message", "cloudinary_hooks", "iconik_hooks", "standard_hooks"]

STANDARD_SECRET = "whsec_" + base64.b64encode(b"sandbox-listener-secret!").decode()
"""Opens nothing but this sandbox."""

Message = tuple[bytes, Mapping[str, str]]
"""Body and headers."""
_TIME_S = 15
"""Standard Webhooks: 15 to 30 seconds."""
_CLOUDINARY_TYPES = {
    "approval": "moderation",
    "content": "upload",
    "delete": "delete",
    "edit": "resource_metadata_changed",
    "expire": "resource_metadata_changed",
    "new-version": "upload",
    "access-control": "access_control_changed",
    "context": "resource_context_changed",
    "tags": "resource_tags_changed",
}


class HookSender:
    """Posts messages to one address, once one is set.

    Args:
        make: the message for an operation and what it reports; None for one that sends nothing.
    """

    def __init__(self, make: Callable[[str, Mapping[str, object]], Message | None]) -> None:
        self._make = make
        self.url: str | None = None
        self.last: Message | None = None
        """The last message, so that a test can send it again."""

    async def send(self, operation: str, report: Mapping[str, object]) -> int | None:
        """Post the message of an operation; the status of the answer, 0 without one, None where nothing was sent."""
        message = self._make(operation, report)
        if message is None or self.url is None:
            return None
        self.last = message
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIME_S)) as session,
                session.post(self.url, data=message[0], headers=message[1], allow_redirects=False) as answer,
            ):
                return answer.status
        except (aiohttp.ClientError, TimeoutError):
            # The change is made, whoever hears of it.
            return 0


def cloudinary_hooks(
    secret: str, algorithm: str, clock: Clock
) -> Callable[[str, Mapping[str, object]], Message | None]:
    """Messages signed by a digest of body, timestamp and secret."""

    def make(operation: str, report: Mapping[str, object]) -> Message | None:
        kind = _CLOUDINARY_TYPES.get(operation)
        if kind is None:
            return None
        entry: dict[str, object] = {"resource_type": "image", "type": "upload", **report}
        payload: dict[str, object] = {"notification_type": kind, "timestamp": iso_seconds(clock())} | entry
        if kind == "delete":
            payload = {"notification_type": kind, "resources": [entry]}
        elif kind in ("resource_metadata_changed", "resource_context_changed"):
            resources = {str(report["public_id"]): entry | {"new_metadata": {}}}
            payload = {"notification_type": kind, "source": "api", "resources": resources}
        elif kind in ("access_control_changed", "resource_tags_changed"):
            payload = {"notification_type": kind, "resources": [entry]}
        body, timestamp = json.dumps(payload).encode(), str(int(clock().timestamp()))
        digest = hashlib.new(algorithm, body + timestamp.encode() + secret.encode(), usedforsecurity=False)
        headers = {"X-Cld-Timestamp": timestamp, "X-Cld-Signature": digest.hexdigest()}
        return body, headers | {"Content-Type": "application/json"}

    return make


def iconik_hooks(secret: str, domain: str) -> Callable[[str, Mapping[str, object]], Message | None]:
    """Unsigned messages with a header of choice."""
    numbers = itertools.count(1)

    def make(operation: str, report: Mapping[str, object]) -> Message | None:
        identifier = report.get("id")
        payload = {
            "system_domain_id": domain,
            "event_type": "assets",
            "realm": "entity",
            "operation": "delete" if operation == "delete" else "update",
            "object_id": identifier,
            "request_id": f"r{next(numbers)}",
            "data": {"id": identifier},
        }
        return json.dumps(payload).encode(), {"X-Hook-Secret": secret, "Content-Type": "application/json"}

    return make


def standard_hooks(secret: str, clock: Clock, name: str) -> Callable[[str, Mapping[str, object]], Message | None]:
    """Messages of a listener beside a system, signed as Standard Webhooks are."""
    key, numbers = base64.b64decode(secret.removeprefix("whsec_")), itertools.count(1)

    def make(operation: str, report: Mapping[str, object]) -> Message | None:
        data = {"id": report.get("original_asset_id", report.get("id")), "operation": operation}
        if not isinstance(data["id"], str):
            return None
        payload = {"type": "asset.changed", "timestamp": iso_seconds(clock()), "data": data}
        body, identifier = json.dumps(payload).encode(), f"{name}-{next(numbers)}"
        timestamp = str(int(clock().timestamp()))
        signature = hmac.digest(key, f"{identifier}.{timestamp}.".encode() + body, "sha256")
        return body, {
            "webhook-id": identifier,
            "webhook-timestamp": timestamp,
            "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
            "Content-Type": "application/json",
        }

    return make
