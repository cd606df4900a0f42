"""The composer process: `python -m pressrun_server.app.composer --fd N`, started by the front."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pressrun_server.prepare.entry import enter

if TYPE_CHECKING:
    from pressrun_server.model.digest import Digest
    from pressrun_server.model.prepared import PreparedImage, PreparedPicture
    from pressrun_server.render.composition import Composition
    from pressrun_server.render.composition_rows import RecordRows
    from pressrun_server.render.programs import Loaded
    from pressrun_server.render.record import Record
    from pressrun_server.render.workshop import Workshop

__all__ = ["main", "workshop"]


def workshop() -> Workshop:
    """The real workshop. Imports are made here: after the process is bound to its parent, because they take time."""
    from pressrun_server.model.digest import Digest  # noqa: PLC0415 - see above
    from pressrun_server.prepare.tasks import SHOWN  # noqa: PLC0415 - see above
    from pressrun_server.render.composition_rows import RecordRows  # noqa: PLC0415 - see above
    from pressrun_server.render.engine import engine  # noqa: PLC0415 - see above
    from pressrun_server.render.press_composition import PressComposition  # noqa: PLC0415 - see above
    from pressrun_server.render.programs import begin, load, prepare  # noqa: PLC0415 - see above
    from pressrun_server.render.record import Record  # noqa: PLC0415 - see above
    from pressrun_server.render.run_composition import RunComposition, RunInbox  # noqa: PLC0415 - see above

    class CompositionWorkshop:
        """Makes documents with this installation's engine."""

        engine: str

        def program(self, data: bytes) -> Loaded:
            """Load a program."""
            return load(data)

        def prepared(self, digest: str, data: bytes) -> tuple[Digest, PreparedImage | PreparedPicture]:
            """Decode a prepared asset."""
            return Digest.parse(digest), SHOWN.decode(data)

        def record(self, data: bytes) -> Record:
            """What keeps a record until its document is made."""
            return Record(data)

        def rows(self) -> RecordRows:
            """What takes the rows of a document in."""
            return RecordRows()

        def inbox(self) -> RunInbox:
            """What takes the documents of a print run in."""
            return RunInbox()

        def run(self, order: bytes, documents: RunInbox) -> RunComposition:
            """Begin a print run."""
            return RunComposition(order, documents)

        def pressed(self, document: Composition, order: bytes, program: str) -> PressComposition:
            """A document as its printer wants it."""
            return PressComposition(order, document, program)

        compose = staticmethod(begin)

    CompositionWorkshop.engine = engine().digest
    prepare()
    return CompositionWorkshop()


def main(argv: Sequence[str] | None = None) -> None:
    """Compose until the front closes the socket."""
    parser = argparse.ArgumentParser(description="A composer process of a Pressrun node; the node starts it.")
    parser.add_argument("--fd", type=int, required=True, help="descriptor of the socket to the node's front")
    sock = enter(parser.parse_args(argv).fd)

    from pressrun_server.render.composer import Composer  # noqa: PLC0415 - after `enter`, as above

    Composer(sock, workshop()).run()


if __name__ == "__main__":
    main()
