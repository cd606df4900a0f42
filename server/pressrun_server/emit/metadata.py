"""What a document says of itself: the XMP packet (ISO 16684-1) and the information dictionary, which say the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape

from pressrun_server.emit.syntax import date_string, text_string, utc

__all__ = ["Metadata", "information", "packet"]

PRODUCER = "Pressrun"

# PDF/A asks for a description of every schema that it does not know, and PDF/UA's is one (ISO 19005-2, 6.6.2.3.3).
_PACKET = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"
 xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">\0</rdf:li></rdf:Alt></dc:title>
<dc:language><rdf:Bag><rdf:li>\0</rdf:li></rdf:Bag></dc:language>
<xmp:CreateDate>\0</xmp:CreateDate><xmp:ModifyDate>\0</xmp:ModifyDate>
<pdf:Producer>{PRODUCER}</pdf:Producer>
<pdfaid:part>2</pdfaid:part><pdfaid:conformance>U</pdfaid:conformance><pdfuaid:part>1</pdfuaid:part>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Part of ISO 14289 to which the document conforms</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>
</rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""
_CLAIM = b"<pdfuaid:part>1</pdfuaid:part>"
_ARCHIVAL = b"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>U</pdfaid:conformance>"
_HEAD, _AFTER_TITLE, _DATE, _MODIFIED, _TAIL = (part.encode() for part in _PACKET.split("\0"))


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a document says of itself."""

    title: str
    language: str
    moment: datetime
    identifier: Callable[[], bytes]
    """16 bytes, from the digests of what decides the document; asked for when the first pages have left."""


def packet(meta: Metadata, *, accessible: bool = True, archival: bool = True) -> bytes:
    """The XMP packet, read-only, in UTF-8.

    Args:
        meta: what the document says of itself.
        accessible: whether all of it is tagged, so that it may claim PDF/UA-1.
        archival: whether it may claim PDF/A-2.
    """
    # XML has no way to write control characters, half characters and two non-characters (XML 1.0, 2.2).
    title = meta.title
    if not title.isprintable():
        title = "".join([character if character.isprintable() else " " for character in title])
    if "&" in title or "<" in title or ">" in title:
        title = escape(title)
    moment = b"%sZ" % utc(meta.moment).encode()
    language = escape(meta.language).encode()
    tail = _TAIL if accessible else _TAIL.replace(_CLAIM, b"")
    if not archival:
        tail = tail.replace(_ARCHIVAL, b"")
    return b"".join(
        (_HEAD, title.encode("utf-8", "replace"), _AFTER_TITLE, language, _DATE, moment, _MODIFIED, moment, tail)
    )


def information(meta: Metadata) -> bytes:
    """The information dictionary (PDF 32000-1, 14.3.3)."""
    moment = date_string(meta.moment)
    title = text_string(meta.title)
    return b"<</Title%s/Producer(%s)/CreationDate%s/ModDate%s>>" % (title, PRODUCER.encode(), moment, moment)
