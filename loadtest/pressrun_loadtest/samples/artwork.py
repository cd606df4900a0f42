"""Draws the sample pictures, the logo and a banner for each segment: `python -m pressrun_loadtest.samples.artwork`.

The pictures are shipped; this is how they were made. Everything is drawn larger than needed and reduced once, so that
edges are smooth. The word mark's font comes from the package pymupdf-fonts (SIL Open Font License).
"""

from __future__ import annotations

import sys
from pathlib import Path

from pressrun_loadtest.samples.banners import BANNERS, save_banner
from pressrun_loadtest.samples.logo import save_logo

__all__ = ["draw", "main"]

ASSETS = Path(__file__).parent / "assets"


def draw(folder: Path) -> list[Path]:
    """Draw all pictures into a folder.

    Raises:
        ModuleNotFoundError: pymupdf-fonts is not installed; it comes with the `server` extra.
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    logo = folder / "logo.png"
    save_logo(logo)
    made = [logo]
    for segment, paint in BANNERS.items():
        path = folder / f"banner-{segment}.jpg"
        save_banner(path, paint())
        made.append(path)
    return made


def main() -> None:
    """Draw the pictures and say how large each is."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ASSETS
    for path in draw(folder):
        sys.stdout.write(f"{path.name}: {path.stat().st_size / 1000:.0f} KB\n")


if __name__ == "__main__":
    main()
