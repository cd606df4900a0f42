"""Collects the text styles and faces that a template uses."""

from __future__ import annotations

from pressrun_server.fonts.errors import UnknownFontError
from pressrun_server.fonts.hyphenation import language_known
from pressrun_server.fonts.shard import load_face
from pressrun_server.model.program import FaceData, TextStyle
from pressrun_server.template.cascade import Style
from pressrun_server.template.diagnostics import Diagnostics, Place
from pressrun_server.template.pairs import FaceKey

__all__ = ["StyleTable"]

_TRANSFORMS = {"uppercase": "upper", "lowercase": "lower", "none": "", "capitalize": "capitalize"}


class StyleTable:
    """Text styles by index, as pages name them."""

    def __init__(self, diagnostics: Diagnostics, file: str, language: str) -> None:
        self.diagnostics = diagnostics
        self.file = file
        self.language = language
        self._styles: dict[TextStyle, int] = {}
        self._faces: dict[tuple[str, bool, bool, bool], int] = {}
        self._data: list[FaceData] = []
        self._unknown: set[str] = set()

    def index(self, style: Style, link: int = 0, rise: int = 0, role: str = "") -> int:
        """The index of an element's text style; of a link's text, or of one with a role, one of its own."""
        size = style["font-size"]
        height = style["line-height"]
        face = self._face(style)
        found = TextStyle(
            face=face,
            size=size,
            color=style["color"] if style["color"] is not None else 0,
            line_height=round(height * size) if isinstance(height, float) else height,
            letter_spacing=style["letter-spacing"],
            word_spacing=style["word-spacing"],
            hyphens=self._hyphens(style),
            anywhere=style["overflow-wrap"] != "normal",
            rise=rise,
            link=link,
            transform=_TRANSFORMS[style["text-transform"]],
            lines=self._lines(style, face, rise),
            kerning=style["font-kerning"] != "none",
            role=role,
        )
        return self._styles.setdefault(found, len(self._styles))

    def _lines(self, style: Style, face: int, rise: int) -> tuple[tuple[int, int, int], ...]:
        """What is painted behind, under and through text, as its font says."""
        if not style["decorations"] or face >= len(self._data):
            return ()
        data = self._data[face]
        extent = (data.ascent, data.ascent - data.descent)
        metrics = {"underline": data.underline, "line-through": data.strikeout, "background": extent}
        # The line of what is around goes straight on below raised text, which is smaller.
        return tuple(
            (
                metrics[kind][0] * size // 1000 + (rise if size == style["font-size"] else 0),
                max(metrics[kind][1] * size // 1000, 1),
                color,
            )
            for kind, color, size in style["decorations"]
        )

    def _hyphens(self, style: Style) -> str:
        if style["hyphens"] != "auto":
            return str(style["hyphens"])
        language: str = style["lang"] or self.language
        if not language_known(language) and language not in self._unknown:
            self._unknown.add(language)
            self.diagnostics.warning(
                "hyphens",
                Place(self.file),
                f"there are no rules to hyphenate {language!r}",
                "its words part at soft hyphens only; set lang on the element, or hyphens: manual",
            )
        return language

    def _face(self, style: Style) -> int:
        key = (
            style["font-family"],
            bool(style["font-weight"]),
            style["font-style"] == "italic",
            style["font-variant-numeric"] == "tabular-nums",
        )
        if key not in self._faces:
            try:
                data = load_face(key[0], bold=key[1], italic=key[2], tabular=key[3])
            except UnknownFontError as error:
                self.diagnostics.error("font", Place(self.file), str(error), "use another weight or style")
                return 0
            self._faces[key] = len(self._data)
            self._data.append(data)
        return self._faces[key]

    def styles(self) -> tuple[TextStyle, ...]:
        """All styles, by index."""
        return tuple(self._styles)

    def keys(self) -> tuple[FaceKey, ...]:
        """What the faces were asked for by, by index."""
        return tuple(self._faces)

    def faces(self) -> tuple[FaceData, ...]:
        """All faces, by index."""
        return tuple(self._data)
