"""The grammar of delivery URLs.

Documented: `{host}/{cloud}/{resource_type}/{type}/[signature/][transformation/][v{version}/]{public_id}.{ext}`, the
public id percent-encoded per segment. The characters left plain are those of the vendor's own library, because the
signature covers the id as it is encoded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote

from yarl import URL

from pressrun_sources.cloudinary.signature import SignatureAlgorithm, url_signature

__all__ = ["DeliveryUrls", "encode_public_id"]


def encode_public_id(public_id: str) -> str:
    """A public id as it stands in a URL."""
    # `quote` leaves the tilde plain, the vendor's library does not.
    return quote(public_id, safe="/:").replace("~", "%7E")


@dataclass(frozen=True, slots=True)
class DeliveryUrls:
    """Builds delivery URLs of one product environment."""

    base: URL
    """With the cloud name where the host does not stand for it."""
    secret: str = field(repr=False)
    algorithm: SignatureAlgorithm = SignatureAlgorithm.SHA1
    long_signatures: bool = False

    def build(
        self,
        public_id: str,
        *,
        resource_type: str,
        type_: str,
        transformation: str,
        version: str,
        extension: str | None,
        signed: bool,
    ) -> URL:
        """The URL of a rendition, encoded already."""
        name = encode_public_id(public_id) + (f".{extension}" if extension else "")
        parts = [str(self.base), resource_type, type_]
        if signed:
            to_sign = f"{transformation}/{name}" if transformation else name
            parts.append(url_signature(to_sign, self.secret, self.algorithm, long=self.long_signatures))
        if transformation:
            parts.append(transformation)
        return URL("/".join([*parts, f"v{version}", name]), encoded=True)
