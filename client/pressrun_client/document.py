"""What a render gives: a document with its proof, or the reason why there is none."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TypeAlias

from google.protobuf import json_format

from pressrun.v1 import document_pb2
from pressrun_client.conversion.manifest import to_cache_use, to_manifest, to_timings
from pressrun_client.errors import RenderError
from pressrun_client.models.manifest import CacheUse, Manifest, RenderWarning, Timings

__all__ = ["Document", "FailedDocument", "Result"]


class Document:
    """A finished document, verified: its bytes have the size and SHA-256 that its manifest names.

    What came beside the bytes is read when it is first asked for, and the parts that came are put together when
    `content` is, so that a caller who only stores bytes pays for neither: `save` writes the parts one after the other.

    Example:
        Store a document and its proof::

            document = await client.render("statement@1", record)
            document.save("statement.pdf")
            Path("statement.json").write_text(document.manifest_json())
            print(document.pages, "pages in", document.latency, "s;", document.cache_use.hit_ratio)
    """

    __slots__ = (
        "_completion",
        "_manifest",
        "_parts",
        "_raw",
        "_size",
        "attempts",
        "delivery",
        "latency",
        "request_id",
        "time_to_first_byte",
    )

    # The completion is a message of its own, or its bytes: one that was parsed within another would keep that alive,
    # with the bytes of up to 1 MiB of neighbours.
    def __init__(
        self,
        request_id: str,
        content: bytes | tuple[bytes, ...],
        completion: bytes | document_pb2.DocumentCompletion,
        *,
        time_to_first_byte: float,
        latency: float,
        attempts: int = 1,
        delivery: float = 0.0,
    ) -> None:
        self.request_id = request_id
        """The request's id."""
        self._parts = (content,) if isinstance(content, bytes) else content
        self._size = sum(map(len, self._parts))
        self.time_to_first_byte = time_to_first_byte
        """Seconds from the sending of the last attempt to the first byte."""
        self.latency = latency
        """Seconds from the first sending to the last byte, repeats included."""
        self.delivery = delivery
        """Seconds from the first byte to the last."""
        self.attempts = attempts
        """How often it was sent."""
        self._raw = completion
        self._completion: document_pb2.DocumentCompletion | None = None
        self._manifest: Manifest | None = None

    @property
    def content(self) -> bytes:
        """All bytes of the document."""
        parts = self._parts
        if len(parts) != 1:
            self._parts = parts = (b"".join(parts),)
        return parts[0]

    @property
    def parts(self) -> tuple[bytes, ...]:
        """The same in the parts that came, for whoever writes them somewhere: `file.writelines(document.parts)`.

        Putting them together copies each byte once more. Documents of one stream share their first part, the fonts and
        pictures that they begin with, so that many of them that wait take little memory.
        """
        return self._parts

    def _message(self) -> document_pb2.DocumentCompletion:
        if self._completion is None:
            raw = self._raw
            self._completion = document_pb2.DocumentCompletion.FromString(raw) if isinstance(raw, bytes) else raw
        return self._completion

    def manifest_message(self) -> document_pb2.Manifest:
        """The manifest as the contract's message."""
        return self._message().manifest

    @property
    def manifest(self) -> Manifest:
        """What went into the document and what came out."""
        if self._manifest is None:
            self._manifest = to_manifest(self._message().manifest)
        return self._manifest

    @property
    def pages(self) -> int:
        """Number of pages."""
        return self._message().manifest.pages

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes, 64 lower-case hexadecimal digits."""
        return self._message().manifest.document.sha256

    @property
    def media_type(self) -> str:
        """The media type, e.g. `application/pdf`."""
        return self._message().manifest.media_type

    @property
    def timings(self) -> Timings:
        """Time on the node, by phase."""
        return to_timings(self._message().manifest.timings)

    @property
    def cache_use(self) -> CacheUse:
        """How the assets were found."""
        return to_cache_use(self._message().cache_use)

    @property
    def warnings(self) -> tuple[RenderWarning, ...]:
        """What the owner of the document may want to know."""
        return self.manifest.warnings

    @property
    def ok(self) -> bool:
        """True; tells documents from failed ones."""
        return True

    def manifest_json(self) -> str:
        """The manifest as JSON text, in protobuf's JSON form with the field names of the contract."""
        return json_format.MessageToJson(self._message().manifest, preserving_proto_field_name=True, indent=2)

    def save(self, path: str | PathLike[str]) -> None:
        """Writes the bytes to a file.

        Raises:
            OSError: the file cannot be written.
        """
        with Path(path).open("wb") as file:
            file.writelines(self._parts)

    def pictures(self) -> dict[int, bytes]:
        """The picture files of a document that was asked for as pictures, by page, from 1.

        Raises:
            ValueError: the document is no picture, e.g. a PDF.
        """
        if self.media_type.startswith("image/"):
            image = self._message().manifest.image
            return {image.first_page: self.content}
        if self.media_type != "application/zip":
            raise ValueError(f"the document is {self.media_type}; ask for the output format PNG, JPEG or WEBP")
        with zipfile.ZipFile(io.BytesIO(self.content)) as archive:
            return {int(name[5:].partition(".")[0]): archive.read(name) for name in archive.namelist()}

    def __bytes__(self) -> bytes:
        return self.content

    def __len__(self) -> int:
        return self._size

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"Document({self.request_id!r}, {self._size} bytes, {self.latency * 1000:.1f} ms)"


@dataclass(frozen=True, slots=True)
class FailedDocument:
    """A document that there is none of, and why.

    Example:
        Keep both kinds apart::

            async for result in client.render_stream(requests):
                if isinstance(result, FailedDocument):
                    exceptions.write(f"{result.request_id}: {result.error}")
                else:
                    store(result.request_id, result.content)
    """

    request_id: str
    """The request's id."""
    error: RenderError
    """Why there is no document."""
    attempts: int = 1
    """How often it was sent; 0 where it was wrong before the first sending."""

    @property
    def ok(self) -> bool:
        """False; tells documents from failed ones."""
        return False


Result: TypeAlias = Document | FailedDocument
"""One answer of a stream."""
