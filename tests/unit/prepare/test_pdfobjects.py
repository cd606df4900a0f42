from __future__ import annotations

import pymupdf

from pressrun_server.model.prepared import PdfObject
from pressrun_server.prepare.pdfobjects import take_objects


def test_takes_what_is_reached_and_nothing_else() -> None:
    """Objects are numbered as they are met; others, and digits in strings and names, are left alone."""
    with pymupdf.open() as pdf:  # type: ignore[no-untyped-call]
        numbers = [pdf.get_new_xref() for _ in range(4)]
        for number in numbers:
            pdf.update_object(number, "<<>>")
        root, one, two, lost = numbers
        text = f"<</A {two} 0 R/B[{one} 0 R {two} 0 R 1.{lost} 0 /R]/C({lost} 0 R)/D<31323320>/E{lost}#200#20R {lost}>>"
        pdf.update_object(root, text)
        pdf.update_object(one, f"<</Up {root} 0 R>>")
        pdf.update_stream(two, b"bytes", new=True, compress=False)
        found = take_objects(pdf, root)
    assert len(found) == 3
    assert [part for part in found[0].parts if isinstance(part, int)] == [1, 2, 1]
    assert found[1].stream == b"bytes"
    assert found[2] == PdfObject((b"<</Up ", 0, b">>"), None)
    assert b"(%d 0 R)" % lost in b"".join(part for part in found[0].parts if isinstance(part, bytes))
