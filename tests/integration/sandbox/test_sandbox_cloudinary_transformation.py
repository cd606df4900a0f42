from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from pressrun_loadtest.sandbox.cloudinary.address import parse_address
from pressrun_loadtest.sandbox.cloudinary.errors import DeliveryError
from pressrun_loadtest.sandbox.cloudinary.geometry import plan
from pressrun_loadtest.sandbox.cloudinary.rendering import Derived, render
from pressrun_loadtest.sandbox.cloudinary.transformation import Component, Transformation, parse_transformation

if TYPE_CHECKING:
    from pathlib import Path

RED, GREEN, BLUE, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)


@pytest.fixture(scope="module")
def banner(seed_file: Path) -> bytes:
    """A picture of 400 by 100 in four coloured quarters."""
    return (seed_file.parent / "banner-premier.jpg").read_bytes()


@pytest.fixture(scope="module")
def logo(seed_file: Path) -> bytes:
    """A picture of 360 by 96 whose right half is clear."""
    return (seed_file.parent / "logo.png").read_bytes()


def parse(text: str) -> Transformation:
    """The transformation of a URL."""
    return parse_transformation(tuple(text.split("/")), {})


def derived(data: bytes, text: str, target: str = "png") -> Derived:
    """The picture that a transformation makes."""
    return render(data, parse(text), target, 10_000_000)


def made(data: bytes, text: str, target: str = "png") -> Image.Image:
    """The same, opened."""
    return Image.open(io.BytesIO(derived(data, text, target).data))


def near(image: Image.Image, place: tuple[int, int], colour: tuple[int, int, int]) -> bool:
    """Whether a pixel has about that colour (JPEG masters and scaling blur a little)."""
    pixel = image.convert("RGB").getpixel(place)
    assert isinstance(pixel, tuple)
    return max(abs(a - b) for a, b in zip(pixel, colour, strict=True)) < 12


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("c_scale,w_200", (200, 50)),
        ("c_scale,h_50", (200, 50)),
        ("c_scale,w_200,h_200", (200, 200)),
        ("w_0.5", (200, 50)),
        ("w_200", (200, 50)),
        ("c_fit,w_200,h_200", (200, 50)),
        ("c_fit,w_800,h_800", (800, 200)),
        ("c_limit,w_800,h_800", (400, 100)),
        ("c_limit,w_200", (200, 50)),
        ("c_mfit,w_200,h_200", (400, 100)),
        ("c_mfit,w_800,h_800", (800, 200)),
        ("c_fill,w_90,h_90", (90, 90)),
        ("c_fill,w_900,h_900", (900, 900)),
        ("c_lfill,w_900,h_50", (400, 50)),
        ("c_pad,w_200,h_200", (200, 200)),
        ("c_lpad,w_800,h_800", (800, 800)),
        ("c_mpad,w_500,h_50", (500, 100)),
        ("c_crop,w_120,h_60", (120, 60)),
        ("c_crop,w_900,h_60", (400, 60)),
        ("c_fill,ar_1:1,w_80", (80, 80)),
        ("c_fill,ar_1:1", (100, 100)),
        ("c_fill,ar_16:9,h_90", (160, 90)),
        ("c_fit,w_100,dpr_2.0", (200, 50)),
        ("c_limit,w_200/c_crop,w_0.5,h_1.0", (100, 50)),
        ("q_80", (400, 100)),
        ("c_thumb,g_face,w_40,h_40", (40, 40)),
    ],
)
@pytest.mark.fact("cloudinary.crops")
def test_sizes(banner: bytes, text: str, size: tuple[int, int]) -> None:
    """Each crop mode, fraction, ratio and pixel ratio gives the size that its meaning demands."""
    assert made(banner, text).size == size


@pytest.mark.parametrize(
    ("gravity", "colour"), [("north_west", RED), ("north_east", GREEN), ("south_west", BLUE), ("south_east", YELLOW)]
)
@pytest.mark.fact("cloudinary.gravity")
def test_gravity_chooses_the_part(banner: bytes, gravity: str, colour: tuple[int, int, int]) -> None:
    """A crop takes the part that gravity names."""
    assert near(made(banner, f"c_crop,g_{gravity},w_100,h_40"), (50, 20), colour)


def test_fill_keeps_the_middle_and_offsets_move(banner: bytes) -> None:
    """Without gravity the middle stays; x and y count from the corner that gravity names."""
    middle = made(banner, "c_fill,w_100,h_100")
    assert near(middle, (10, 10), RED)
    assert near(middle, (90, 90), YELLOW)
    assert near(made(banner, "c_crop,x_250,y_60,w_40,h_20"), (20, 10), YELLOW)
    assert near(made(banner, "c_crop,g_east,x_250,w_40,h_20"), (20, 2), RED)


def test_padding_colour(banner: bytes, logo: bytes) -> None:
    """Padding is white or the given colour; around a picture with clear parts it is clear."""
    assert near(made(banner, "c_pad,w_100,h_100"), (50, 5), (255, 255, 255))
    assert near(made(banner, "c_pad,w_100,h_100,b_rgb:102030"), (50, 5), (16, 32, 48))
    assert near(made(banner, "c_pad,w_100,h_100,b_black"), (50, 95), (0, 0, 0))
    clear = made(logo, "c_pad,w_100,h_100").convert("RGBA").getpixel((50, 2))
    assert clear == (255, 255, 255, 0)


def test_clear_parts_turn_white_in_jpeg(logo: bytes) -> None:
    """A format without transparency gets white where the picture was clear."""
    image = made(logo, "c_limit,w_360", "jpg")
    assert image.mode == "RGB"
    assert near(image, (350, 50), (255, 255, 255))
    assert near(image, (10, 50), (180, 20, 90))


@pytest.mark.parametrize(
    ("target", "name"),
    [("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP"), ("tif", "TIFF"), ("avif", "AVIF"), ("gif", "GIF")],
)
def test_formats(banner: bytes, target: str, name: str) -> None:
    """Every raster format is really written."""
    assert made(banner, "w_100", target).format == name


@pytest.mark.fact("cloudinary.colour-density-quality")
def test_colour_spaces(banner: bytes) -> None:
    """cs_cmyk makes CMYK in JPEG and TIFF; cs_srgb turns it back; grey stays grey."""
    assert made(banner, "cs_cmyk", "jpg").mode == "CMYK"
    assert made(banner, "cs_cmyk", "tif").mode == "CMYK"
    cmyk = derived(banner, "cs_cmyk", "tif").data
    assert made(cmyk, "cs_srgb", "jpg").mode == "RGB"
    assert made(cmyk, "w_100", "png").mode == "RGB"
    assert made(cmyk, "cs_keep_cmyk", "jpg").mode == "CMYK"
    assert made(banner, "e_grayscale", "jpg").mode == "L"
    with pytest.raises(DeliveryError, match="ICC profile"):
        derived(banner, "cs_icc:profiles:coated", "jpg")


@pytest.mark.fact("cloudinary.colour-density-quality")
def test_density_quality_and_flags(banner: bytes) -> None:
    """dn_ writes the density, q_ shrinks the file, fl_ flags change the encoding."""
    assert made(banner, "dn_300", "jpg").info["dpi"] == (300, 300)
    assert made(banner, "dn_300", "tif").info["dpi"] == (300, 300)
    assert "dpi" not in made(banner, "q_80", "png").info
    sizes = [len(derived(banner, f"w_399/q_{quality}", "jpg").data) for quality in ("20", "auto:eco", "auto", "95")]
    assert sizes == sorted(set(sizes))
    assert "progressive" in made(banner, "fl_progressive", "jpg").info
    assert made(banner, "f_tif,fl_tiff8_lzw", "tif").info["compression"] == "tiff_lzw"


@pytest.mark.parametrize("target", ["jpg", "png", "tif", "webp"])
def test_metadata_is_stripped(target: str) -> None:
    """A transformed picture carries no profile, density or camera data of its master."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    buffer = io.BytesIO()
    Image.new("RGB", (20, 20)).save(buffer, "PNG", icc_profile=profile, exif=exif, dpi=(144, 144))
    image = made(buffer.getvalue(), "q_80", target)
    assert "icc_profile" not in image.info
    assert image.info.get("dpi", (0, 0))[0] != pytest.approx(144, abs=1)
    assert 0x010E not in image.getexif()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("zz_1", "unknown key"),
        ("o_50", "unknown key"),
        ("w_0", "w_ takes"),
        ("w_-5", "w_ takes"),
        ("w_0.0", "w_ takes"),
        ("h_tall", "h_ takes"),
        ("q_0", "q_ takes"),
        ("q_101", "q_ takes"),
        ("q_auto:super", "q_ takes"),
        ("c_zoom", "c_ takes"),
        ("dn_301", "dn_ takes"),
        ("dn_0", "dn_ takes"),
        ("cs_lab", "cs_ takes"),
        ("f_docx", "f_ takes"),
        ("g_up", "g_ takes"),
        ("dpr_0", "dpr_ takes"),
        ("fl_sparkle", "fl_ takes"),
        ("w_100,", "Invalid transformation parameter"),
        ("w100", "Invalid transformation parameter"),
        ("c_fit,g_auto,w_10", "g_auto needs"),
        ("g_auto:subject,w_10", "g_auto needs"),
        ("t_gone", "Unknown named transformation"),
    ],
)
@pytest.mark.fact("cloudinary.transformation-keys")
def test_undocumented_parameters_are_refused(text: str, message: str) -> None:
    """An unknown key, a value out of range and a wrong combination answer 400 and say what would be valid."""
    with pytest.raises(DeliveryError, match=message) as caught:
        parse(text)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "text",
    [
        "c_fill,g_auto,h_400,w_600/f_auto/q_auto",
        "c_limit,w_3000/f_tif,fl_tiff8_lzw,cs_cmyk,dn_300",
        "c_fill,w_600,h_400/q_80/f_jpg,dpr_2.0",
        "c_fill,g_auto,w_640,dpr_2.0/f_auto/q_auto:eco",
        "pg_1,w_400/f_jpg",
        "so_3.5,w_640,c_fill",
        "if_w_gt_100/c_scale,w_50/if_end",
        "$size_100/e_vectorize/a_90,r_max,z_0.5",
        "l_text:Arial_20:Hi,g_north,y_5/fl_layer_apply",
        "fl_attachment:offer.progressive:steep",
        "cs_icc:profiles:coated",
    ],
)
@pytest.mark.fact("cloudinary.transformation-keys")
def test_documented_parameters_are_accepted(text: str) -> None:
    """The documented recipes and keys are all read."""
    assert len(parse(text).components) == text.count("/") + 1


@pytest.mark.parametrize(
    ("path", "components", "version", "public_id", "extension"),
    [
        ("/c/image/upload/a.jpg", (), None, "a", "jpg"),
        ("/c/image/upload/folder/a.jpg", (), None, "folder/a", "jpg"),
        ("/c/image/upload/w_1/folder/a.jpg", ("w_1",), None, "folder/a", "jpg"),
        ("/c/image/upload/w_1/v2/folder/a.jpg", ("w_1",), 2, "folder/a", "jpg"),
        ("/c/image/upload/v2/w_1/a.jpg", (), 2, "w_1/a", "jpg"),
        ("/c/image/upload/zz_1/v2/a.jpg", ("zz_1",), 2, "a", "jpg"),
        ("/c/image/upload/zz_1/a.jpg", (), None, "zz_1/a", "jpg"),
        ("/c/image/upload/folder/v2/a.jpg", (), None, "folder/v2/a", "jpg"),
        ("/c/image/upload/v2", (), None, "v2", None),
        ("/c/image/upload/w_1", (), None, "w_1", None),
        ("/c/image/upload/v1/a.b", (), 1, "a.b", None),
        ("/c/image/upload/v1/a.b.TIFF", (), 1, "a.b", "tif"),
        ("/c/image/upload/v1/%C3%A9t%C3%A9%20noir.jpg", (), 1, "été noir", "jpg"),
        ("/c/image/upload/c_fill%2Cw_1/a.jpg", ("c_fill,w_1",), None, "a", "jpg"),
    ],
)
def test_addresses(
    path: str, components: tuple[str, ...], version: int | None, public_id: str, extension: str | None
) -> None:
    """A path is split into transformation, version, public id and extension by the shape of its segments."""
    address = parse_address(path)
    assert (address.components, address.version) == (components, version)
    assert (address.public_id, address.format) == (public_id, extension)


SIDES = st.integers(1, 400)
CROPS = st.sampled_from(["scale", "fit", "limit", "mfit", "fill", "lfill", "pad", "lpad", "mpad", "crop", "thumb"])


@given(crop=CROPS, width=SIDES, height=SIDES, source=st.tuples(SIDES, SIDES))
@pytest.mark.fact("cloudinary.crops")
def test_geometry_holds_for_all_sizes(crop: str, width: int, height: int, source: tuple[int, int]) -> None:
    """Exact modes give the exact box, limiting modes never enlarge or exceed it, nothing falls outside the picture."""
    step = plan(Component((("c", crop), ("w", str(width)), ("h", str(height)))), source)
    assert min(*step.scaled, *step.output) >= 1
    if crop in ("scale", "fill", "thumb", "pad", "lpad"):
        assert step.output == (width, height)
    if crop in ("fit", "limit", "pad", "lpad"):
        assert step.scaled[0] <= width
        assert step.scaled[1] <= height
    if crop in ("limit", "lpad", "lfill", "crop"):
        assert step.scaled[0] <= source[0]
        assert step.scaled[1] <= source[1]
    if crop in ("fill", "thumb", "crop", "lfill"):
        left, top = step.corner
        assert 0 <= left <= step.scaled[0] - step.output[0]
        assert 0 <= top <= step.scaled[1] - step.output[1]
