from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cloudinary.utils
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun_loadtest.sandbox import CloudinaryOptions, Sandbox, Seed
from pressrun_loadtest.sandbox.cloudinary.address import parse_address
from pressrun_loadtest.sandbox.cloudinary.auth import url_signature, url_signature_is_valid
from pressrun_loadtest.sandbox.cloudinary.options import SignatureAlgorithm

if TYPE_CHECKING:
    from collections.abc import Callable

SHA1, SHA256 = SignatureAlgorithm.SHA1, SignatureAlgorithm.SHA256
LOCKED = "statement/banner-authenticated"
PRIVATE = "statement/banner-private"


@pytest.mark.parametrize(
    ("to_sign", "short", "short_256", "long"),
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
@pytest.mark.fact("cloudinary.url-signature")
def test_known_signatures(to_sign: str, short: str, short_256: str, long: str) -> None:
    """The three forms of a signature come out as known for a known secret."""
    secret = "demo_secret_123"
    assert url_signature(to_sign, secret, SHA1) == f"s--{short}--"
    assert url_signature(to_sign, secret, SHA256) == f"s--{short_256}--"
    assert url_signature(to_sign, secret, SHA1, long=True) == f"s--{long}--"


@pytest.mark.parametrize(
    ("to_sign", "expected"), [("image.jpg", "s----SjmNDA--"), ("c_crop,h_20,w_10/image.jpg", "s--Ai4Znfl3--")]
)
@pytest.mark.fact("cloudinary.url-signature")
def test_signatures_of_the_vendor_s_own_tests(to_sign: str, expected: str) -> None:
    """The vendor's published test values hold, also with dashes inside."""
    assert url_signature(to_sign, "b", SHA1) == expected


PUBLIC_IDS = st.lists(
    st.text(st.sampled_from("abcXYZ019_-é ß"), min_size=1, max_size=8).map(str.strip).filter(bool),
    min_size=1,
    max_size=3,
).map("/".join)
TRANSFORMATIONS = st.lists(
    st.sampled_from(
        [
            "c_fill,h_40,w_60",
            "c_limit,w_300",
            "q_80",
            "f_jpg",
            "dn_300",
            "c_pad,b_rgb:ffffff,w_10",
            "cs_srgb",
            "g_north,c_crop,w_9",
        ]
    ),
    max_size=3,
).map("/".join)


@given(public_id=PUBLIC_IDS, raw=TRANSFORMATIONS, version=st.none() | st.integers(1, 2**31), form=st.integers(0, 2))
@pytest.mark.fact("cloudinary.url-signature")
def test_urls_signed_by_the_vendor_s_package_are_accepted(
    public_id: str, raw: str, version: int | None, form: int
) -> None:
    """Whatever URL the official package signs, the address is read back and its signature is valid."""
    algorithm = SHA256 if form == 1 else SHA1
    url, _ = cloudinary.utils.cloudinary_url(
        public_id,
        cloud_name="sandbox",
        api_secret="demo_secret_123",
        secure=True,
        sign_url=True,
        type="authenticated",
        raw_transformation=raw,
        version=version,
        format="jpg",
        long_url_signature=form == 2,
        signature_algorithm=str(algorithm),
    )
    address = parse_address(url.removeprefix("https://res.cloudinary.com"))
    assert (address.public_id, address.format) == (public_id, "jpg")
    assert "/".join(address.components) == raw
    assert address.signature is not None
    options = CloudinaryOptions(api_secret="demo_secret_123", signature_algorithm=algorithm)
    assert url_signature_is_valid(address.signature, address.to_sign, options)
    other = CloudinaryOptions(api_secret="demo_secret_124", signature_algorithm=algorithm)
    assert not url_signature_is_valid(address.signature, address.to_sign, other)


def signed(
    path: str, *, long: bool = False, algorithm: SignatureAlgorithm = SHA1, version: str = "v1767225960/"
) -> str:
    """`/{type}/s--..--/{transformation}/v../{public id}` for the sandbox's secret."""
    kind, _, rest = path.partition("/")
    transformation, mark, public_id = rest.partition("//")
    to_sign = f"{transformation}/{public_id}" if mark else transformation
    signature = url_signature(to_sign, "sandbox-api-secret", algorithm, long=long)
    middle = f"{transformation}/{version}{public_id}" if mark else f"{version}{transformation}"
    return f"/{kind}/{signature}/{middle}"


@pytest.mark.parametrize("long", [True, False])
@pytest.mark.fact("cloudinary.types")
async def test_authenticated_needs_a_signature(delivery: Any, *, long: bool) -> None:
    """Original and derived of an authenticated asset answer 401 unsigned and 200 with a short or long signature."""
    for path in (f"authenticated/{LOCKED}.jpg", f"authenticated/c_limit,w_100//{LOCKED}.jpg"):
        refused = await delivery("GET", "/" + path.replace("//", "/v1/"))
        assert (refused.status, refused.headers["X-Cld-Error"]) == (401, "deny or ACL failure")
        assert (await delivery("GET", signed(path, long=long))).status == 200


@pytest.mark.fact("cloudinary.types")
async def test_private_needs_a_signature_for_the_original(delivery: Any) -> None:
    """Of a private asset only the original is locked; a derived picture is open."""
    assert (await delivery("GET", f"/private/{PRIVATE}.jpg")).status == 401
    assert (await delivery("GET", f"/private/{PRIVATE}")).status == 401
    assert (await delivery("GET", signed(f"private/{PRIVATE}.jpg"))).status == 200
    assert (await delivery("GET", f"/private/c_limit,w_100/{PRIVATE}.jpg")).status == 200


@pytest.mark.fact("cloudinary.signature-leaves-version-out")
async def test_signature_covers_all_but_the_version(delivery: Any) -> None:
    """The version may change under a signature; transformation and public id may not, nor may a public asset's."""
    path = f"authenticated/c_limit,w_100//{LOCKED}.jpg"
    assert (await delivery("GET", signed(path, version="v7/"))).status == 200
    for forged in (
        signed(path).replace("w_100", "w_101"),
        signed(path).replace(".jpg", ".png"),
        signed("upload/statement/banner-premier.jpg").replace("premier", "student"),
    ):
        answer = await delivery("GET", forged)
        assert answer.status == 401
        assert "signature" in answer.headers["X-Cld-Error"].lower()
        assert b"sandbox-api-secret" not in answer.body


async def test_short_form_follows_the_account(seed: Seed, call: Callable[..., Any]) -> None:
    """An account set to SHA-256 accepts that short form and no longer the SHA-1 one."""
    path = f"authenticated/{LOCKED}.jpg"
    async with Sandbox(seed=seed, cloudinary=CloudinaryOptions(signature_algorithm=SHA256)) as strict:
        settings = strict.settings.cloudinary
        assert settings.signature_algorithm == "sha256"
        delivery = call(f"{settings.delivery_base_url}/sandbox/image")
        assert (await delivery("GET", signed(path, algorithm=SHA256))).status == 200
        assert (await delivery("GET", signed(path, long=True))).status == 200
        assert (await delivery("GET", signed(path))).status == 401
