"""Forms of pictures that are kept between documents."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pressrun_server.model.digest import Digest
from pressrun_server.model.prepared import PreparedPicture
from pressrun_server.render.shown_pictures import ShownPictures


@given(st.lists(st.integers(1, 12), max_size=40))
def test_no_more_is_kept_than_is_allowed(sizes: list[int]) -> None:
    """Each picture has its own form whatever was kept; what is kept has room, and is not made again."""
    made: list[str] = []

    def make(digest: Digest, picture: PreparedPicture) -> bytes:
        made.append(digest.sha256)
        return picture.data * 10

    shown = ShownPictures(make, len, 100)
    for size in sizes:
        data = bytes([size]) * size
        picture = PreparedPicture("image/png", data, 1, 1)
        assert shown.of(Digest.of(data), picture) == data * 10
        assert shown.held <= 100
        before = len(made)
        assert shown.of(Digest.of(data), picture) == data * 10
        assert len(made) == before + (size > 10)
