"""Which file of a version documents show.

Documented: the kinds of keyframes, and that lists mix them and hold null URLs. Inferred: a video is shown by its
poster, or else by a keyframe; what has no original that documents can show (a camera's or a layout program's file)
is shown by its proxy; a sprite sheet (KEYFRAME_MAP) is never shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pressrun_sources.media import media_type_of
from pressrun_sources.shape import text_in

__all__ = ["choose_film", "choose_keyframe", "choose_original", "choose_proxy"]

Record = Mapping[str, object]
_SHOWN = ("image/", "application/pdf")


def choose_original(files: Sequence[Record]) -> Record | None:
    """The first finished file with bytes that may stand in a document; None where it is a video or sound."""
    for file in files:
        kind = media_type_of((text_in(file, "name") or "").rpartition(".")[2]) or ""
        closed = text_in(file, "status") == "CLOSED" and text_in(file, "type") in (None, "FILE")
        if closed and kind.startswith((*_SHOWN, "text/")):
            return file
    return None


def choose_proxy(proxies: Sequence[Record]) -> Record | None:
    """The first finished proxy that is a picture or a PDF."""
    for proxy in proxies:
        kind = media_type_of((text_in(proxy, "name") or "").rpartition(".")[2]) or ""
        if text_in(proxy, "status") == "CLOSED" and text_in(proxy, "url") and kind.startswith(_SHOWN):
            return proxy
    return None


def choose_film(proxies: Sequence[Record]) -> Record | None:
    """The first finished proxy that is a video."""
    for proxy in proxies:
        kind = media_type_of((text_in(proxy, "filename") or text_in(proxy, "name") or "").rpartition(".")[2]) or ""
        if text_in(proxy, "status") == "CLOSED" and kind.startswith("video/"):
            return proxy
    return None


def choose_keyframe(keyframes: Sequence[Record]) -> Record | None:
    """The poster, or else the first keyframe."""
    for kind in ("POSTER", "KEYFRAME"):
        for keyframe in keyframes:
            if text_in(keyframe, "type") == kind and text_in(keyframe, "url"):
                return keyframe
    return None
