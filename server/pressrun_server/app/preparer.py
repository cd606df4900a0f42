"""The preparer process: `python -m pressrun_server.app.preparer --fd N --limits JSON`, started by the front."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence

import msgspec

from pressrun_server.prepare.entry import enter
from pressrun_server.prepare.limits import Limits
from pressrun_server.prepare.messages import Spent

__all__ = ["main", "record_tasks", "tasks"]


def tasks() -> Mapping[str, Callable[[bytes], bytes | Spent]]:
    """The real tasks. Imports are made here: after the process is bound to its parent, before its limits are put on."""
    from pressrun_server.prepare.compare import compare_task  # noqa: PLC0415 - see above
    from pressrun_server.prepare.image import image_task  # noqa: PLC0415 - see above
    from pressrun_server.prepare.pagepictures import pictures_task  # noqa: PLC0415 - see above
    from pressrun_server.prepare.picture import picture_task  # noqa: PLC0415 - see above
    from pressrun_server.prepare.printerfiles import printer_task  # noqa: PLC0415 - see above
    from pressrun_server.prepare.raster import check_task, rasterise  # noqa: PLC0415 - see above
    from pressrun_server.prepare.rendition import rendition_task  # noqa: PLC0415 - see above
    from pressrun_server.prepare.tagged import tagged_task  # noqa: PLC0415 - see above
    from pressrun_server.prepare.tasks import BUNDLE, EDITION, RASTER, TaskName  # noqa: PLC0415 - see above
    from pressrun_server.prepare.text import text_task  # noqa: PLC0415 - see above
    from pressrun_server.template.compile import compile_bundle, compile_edition  # noqa: PLC0415 - see above

    encode = msgspec.msgpack.encode

    def raster(payload: bytes) -> bytes:
        order = RASTER.decode(payload)
        return encode(rasterise(order.pdf, pages=order.pages, dpi=order.dpi))

    def edition(payload: bytes) -> bytes:
        order = EDITION.decode(payload)
        return encode(compile_edition(order.files, order.locale, order.texts, order.channel))

    return {
        TaskName.EDITION: edition,
        TaskName.TEXT: text_task,
        TaskName.COMPILE: lambda payload: encode(compile_bundle(BUNDLE.decode(payload))),
        TaskName.IMAGE: image_task,
        TaskName.RENDITION: rendition_task,
        TaskName.PICTURE: picture_task,
        TaskName.CHECK: check_task,
        TaskName.COMPARE: compare_task,
        TaskName.RASTER: raster,
        TaskName.PICTURES: pictures_task,
        TaskName.PRINTER: printer_task,
        TaskName.TAGGED: tagged_task,
    }


def record_tasks() -> Mapping[str, Callable[[bytes], bytes | Spent]]:
    """The tasks of the process that reads large records: no file from outside is ever opened where records were."""
    from pressrun_server.prepare.tasks import TaskName  # noqa: PLC0415 - as above
    from pressrun_server.render.reading import read_record  # noqa: PLC0415 - as above

    return {TaskName.RECORD: read_record}


def main(argv: Sequence[str] | None = None) -> None:
    """Do tasks until the front closes the socket."""
    parser = argparse.ArgumentParser(description="A preparer process of a Pressrun node; the node starts it.")
    parser.add_argument("--fd", type=int, required=True, help="descriptor of the socket to the node's front")
    parser.add_argument("--limits", default="{}", help="what the process may use, as JSON")
    parser.add_argument("--tasks", choices=("files", "records"), default="files", help="what the process works on")
    arguments = parser.parse_args(argv)
    limits = msgspec.json.decode(arguments.limits, type=Limits)
    sock = enter(arguments.fd)

    from pressrun_server.prepare.worker import serve  # noqa: PLC0415 - after `enter`, as above

    serve(sock, record_tasks() if arguments.tasks == "records" else tasks(), limits)


if __name__ == "__main__":
    main()
