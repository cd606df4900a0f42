"""What a command measured, in a file of documentation: between two markers, in place of what was there."""

from __future__ import annotations

__all__ = ["inset", "markers"]


def markers(name: str) -> tuple[str, str]:
    """The lines between which a command writes."""
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def inset(text: str, name: str, content: str) -> str:
    """A text with the content between the markers of that name, instead of what was there.

    Raises:
        ValueError: the markers are not there once each, in their order.
    """
    begin, end = markers(name)
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise ValueError(
            f"there must be one line {begin} and below it one line {end}; add them where the content belongs"
        )
    before, _, rest = text.partition(begin)
    return f"{before}{begin}\n{content}{end}{rest.partition(end)[2]}"
