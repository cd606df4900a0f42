"""The structure that PDF/X-4 asks for beyond what every file here has (ISO 15930-7): intent, colours, and metadata."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.sax.saxutils import escape

from pressrun_server.emit.metadata import PRODUCER
from pressrun_server.emit.syntax import text_string

__all__ = ["ALL_INKS", "output_intent", "press_packet"]

ALL_INKS = b"[/Separation/All/DeviceCMYK<</FunctionType 2/Domain[0 1]/C0[0 0 0 0]/C1[1 1 1 1]/N 1>>]"
"""The colour space of marks that stand on every plate (PDF 32000-1, 8.6.6.4)."""

_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"
 xmlns:pdfxid="http://www.npes.org/pdfx/ns/id/">
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<xmp:CreateDate>{moment}</xmp:CreateDate><xmp:ModifyDate>{moment}</xmp:ModifyDate>
<xmp:MetadataDate>{moment}</xmp:MetadataDate><xmp:CreatorTool>{producer}</xmp:CreatorTool>
<pdf:Producer>{producer}</pdf:Producer><pdf:Trapped>False</pdf:Trapped>
<xmpMM:DocumentID>uuid:{identifier}</xmpMM:DocumentID><xmpMM:VersionID>1</xmpMM:VersionID>
<xmpMM:RenditionClass>default</xmpMM:RenditionClass>
<pdfxid:GTS_PDFXVersion>PDF/X-4</pdfxid:GTS_PDFXVersion>
</rdf:Description>
</rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""


def press_packet(title: str, moment: datetime, identifier: str) -> bytes:
    """The XMP packet; it says the same as the information dictionary.

    Args:
        title: of the file.
        moment: of its making.
        identifier: 32 hexadecimal digits.
    """
    printable = "".join([character if character.isprintable() else " " for character in title])
    parts = (identifier[:8], identifier[8:12], identifier[12:16], identifier[16:20], identifier[20:])
    return _PACKET.format(
        title=escape(printable),
        moment=moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        producer=PRODUCER,
        identifier="-".join(parts),
    ).encode("utf-8", "replace")


def output_intent(identifier: str, profile: int) -> bytes:
    """The output intent: the printing condition, by the name that the ICC registers, and its profile's number."""
    condition = text_string(identifier)
    return (
        b"<</Type/OutputIntent/S/GTS_PDFX/OutputConditionIdentifier%s/OutputCondition%s/Info%s"
        b"/RegistryName(http://www.color.org)/DestOutputProfile %d 0 R>>" % (condition, condition, condition, profile)
    )
