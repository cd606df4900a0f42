from __future__ import annotations

import re
from typing import Any

import cloudinary.utils
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from yarl import URL

from pressrun_sources.cloudinary.signature import SignatureAlgorithm, url_signature
from pressrun_sources.cloudinary.transformation import transformation_of
from pressrun_sources.cloudinary.url import DeliveryUrls
from pressrun_sources.model import FITS, FORMATS, Rendition

SECRET = "demo_secret_123"


@pytest.mark.parametrize(
    ("to_sign", "sha1", "sha256", "long"),
    [
        ("cards/offer_en.jpg", "Ki3ijxcf", "wwIfCrkN", "wwIfCrkNhDPcAXHzCi5jkEUsjpROiInX"),
        (
            "c_fill,g_auto,h_400,w_600/f_auto/q_auto/cards/offer_en.jpg",
            "vGR88k4G",
            "FXh1KBvX",
            "FXh1KBvXnBCX2Xa-ksclK2hwPqpDqzQl",
        ),
        ("pg_2/dn_300/brochure.pdf", "l_evi8oL", "lQHMUH7i", "lQHMUH7ifJ9xRqcCv4FAPQnQSYqj9xUA"),
    ],
)
def test_signatures(to_sign: str, sha1: str, sha256: str, long: str) -> None:
    """Signatures of every form agree with vectors computed from the documented algorithm."""
    assert url_signature(to_sign, SECRET, SignatureAlgorithm.SHA1) == f"s--{sha1}--"
    assert url_signature(to_sign, SECRET, SignatureAlgorithm.SHA256) == f"s--{sha256}--"
    for algorithm in SignatureAlgorithm:
        assert url_signature(to_sign, SECRET, algorithm, long=True) == f"s--{long}--"


@pytest.mark.parametrize(
    ("to_sign", "expected"), [("image.jpg", "s----SjmNDA--"), ("c_crop,h_20,w_10/image.jpg", "s--Ai4Znfl3--")]
)
def test_signatures_of_the_vendor(to_sign: str, expected: str) -> None:
    """The vendor's own test vectors hold, also where a signature begins with a hyphen."""
    assert url_signature(to_sign, "b", SignatureAlgorithm.SHA1) == expected


def vendor_url(public_id: str, rendition: Rendition, **options: Any) -> str:
    """The URL that the vendor's library builds for the same wish."""
    wish = {
        "width": rendition.width,
        "height": rendition.height,
        "crop": (rendition.fit or "limit") if rendition.width or rendition.height else None,
        "quality": rendition.quality,
        "density": rendition.dpi,
        "color_space": rendition.color_space if rendition.color_space != "gray" else None,
        "effect": "grayscale" if rendition.color_space == "gray" else None,
        "fetch_format": options.pop("fetch_format"),
    }
    given_wish = {name: value for name, value in wish.items() if value is not None}
    url, _ = cloudinary.utils.cloudinary_url(
        public_id, secure=True, cloud_name="acme", api_secret=SECRET, auth_token=False, **given_wish, **options
    )
    return str(url)


RENDITIONS = st.builds(
    Rendition,
    width=st.none() | st.integers(1, 5000),
    height=st.none() | st.integers(1, 5000),
    fit=st.none() | st.sampled_from(FITS),
    format=st.none() | st.sampled_from(FORMATS),
    quality=st.none() | st.integers(1, 100),
    dpi=st.none() | st.integers(1, 300),
    color_space=st.sampled_from((None, "srgb", "cmyk", "gray")),
)
PUBLIC_IDS = st.lists(
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(lambda s: "/" not in s),
    min_size=1,
    max_size=4,
).map("/".join)


@given(
    public_id=PUBLIC_IDS,
    rendition=RENDITIONS,
    own_format=st.sampled_from(FORMATS),
    type_=st.sampled_from(("upload", "private", "authenticated")),
    resource_type=st.sampled_from(("image", "video")),
    algorithm=st.sampled_from(list(SignatureAlgorithm)),
    long=st.booleans(),
    signed=st.booleans(),
    version=st.integers(1, 2**32),
)
def test_urls_of_the_vendors_library(  # noqa: PLR0913 - what a URL depends on
    *,
    public_id: str,
    rendition: Rendition,
    own_format: str,
    type_: str,
    resource_type: str,
    algorithm: SignatureAlgorithm,
    long: bool,
    signed: bool,
    version: int,
) -> None:
    """For any asset and rendition the URL, signature included, is the one the vendor's own library builds."""
    # The library decodes escapes in what it is given, and takes some ids for addresses; we take ids as they are.
    assume(not re.search(r"%[0-9A-Fa-f]{2}", public_id) and not re.match(r"https?:", public_id))
    assume(":/" not in public_id)
    transformation, extension = transformation_of(rendition, own_format)
    urls = DeliveryUrls(URL("https://res.cloudinary.com/acme"), SECRET, algorithm, long)
    ours = urls.build(
        public_id,
        resource_type=resource_type,
        type_=type_,
        transformation=transformation,
        version=str(version),
        extension=extension,
        signed=signed,
    )
    theirs = vendor_url(
        public_id,
        rendition if transformation else Rendition(),
        fetch_format=extension if transformation else None,
        format=extension,
        type=type_,
        resource_type=resource_type,
        version=version,
        sign_url=signed,
        signature_algorithm=algorithm.value,
        long_url_signature=long,
    )
    assert str(ours) == theirs


@pytest.mark.parametrize(
    ("rendition", "own", "expected"),
    [
        (Rendition(), "jpg", ("", "jpg")),
        (Rendition(), None, ("", None)),
        (Rendition(format="jpg"), "jpg", ("", "jpg")),
        (Rendition(format="png"), "jpg", ("f_png", "png")),
        (Rendition(width=3000, dpi=300, color_space="cmyk"), "tif", ("c_limit,cs_cmyk,dn_300,f_tif,w_3000", "tif")),
        (Rendition(600, 400, "fill", "jpg", 80), "png", ("c_fill,f_jpg,h_400,q_80,w_600", "jpg")),
        (Rendition(color_space="gray"), "png", ("e_grayscale,f_png", "png")),
    ],
)
def test_transformations(rendition: Rendition, own: str | None, expected: tuple[str, str | None]) -> None:
    """A transformation names the format always, and the original has none."""
    assert transformation_of(rendition, own) == expected


def test_impossible_transformations() -> None:
    """What the service does not offer is refused with what it does."""
    with pytest.raises(ValueError, match=r"rendition.dpi: 301 is not a whole number from 1 to 300"):
        transformation_of(Rendition(dpi=301), "jpg")
    with pytest.raises(ValueError, match=r"rendition.format"):
        transformation_of(Rendition(width=5), None)


def test_secret_stays_out_of_the_repr() -> None:
    """The builder does not show its secret."""
    assert SECRET not in repr(DeliveryUrls(URL("https://x.example"), SECRET))
