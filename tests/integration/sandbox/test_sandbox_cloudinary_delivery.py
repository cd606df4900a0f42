from __future__ import annotations

import asyncio
import hashlib
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pressrun_loadtest.sandbox import CloudinaryOptions, Sandbox, Seed
from pressrun_loadtest.sandbox.cloudinary.derived import DerivedCache
from pressrun_loadtest.sandbox.cloudinary.errors import DeliveryError
from pressrun_loadtest.sandbox.cloudinary.rendering import Derived

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PREMIER = "statement/banner-premier"


@pytest.mark.fact("cloudinary.delivery-headers")
async def test_original_is_the_file(delivery: Any, seed_file: Path) -> None:
    """Without a transformation the file itself comes, with the documented headers."""
    answer = await delivery("GET", f"/upload/v1767225660/{PREMIER}.jpg")
    data = (seed_file.parent / "banner-premier.jpg").read_bytes()
    assert answer.body == data
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["ETag"] == f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
    assert answer.headers["Last-Modified"] == "Thu, 01 Jan 2026 00:01:00 GMT"
    assert answer.headers["Cache-Control"] == "private, no-transform, immutable, max-age=2592000"
    assert answer.headers["Vary"] == "Accept, User-Agent"
    assert answer.headers["Server"] == "Cloudinary"


@pytest.mark.parametrize("path", [f"/upload/{PREMIER}", f"/upload/{PREMIER}.jpeg", f"/upload/v1/{PREMIER}.jpg"])
async def test_version_and_extension_may_be_missing(delivery: Any, path: str) -> None:
    """The version may be left out or be any; without an extension the original format comes."""
    assert (await delivery("GET", path)).body == (await delivery("GET", f"/upload/v1767225660/{PREMIER}.jpg")).body


async def test_head_has_headers_only(delivery: Any) -> None:
    """HEAD answers as GET does, without the body."""
    full = await delivery("GET", f"/upload/{PREMIER}.jpg")
    head = await delivery("HEAD", f"/upload/{PREMIER}.jpg")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(full.body))


async def test_old_version_gives_the_present_file(delivery: Any, delivery_admin: Any) -> None:
    """After a replacement a URL with the old version delivers the new bytes."""
    old = f"/upload/v1767225660/{PREMIER}.jpg"
    before = await delivery("GET", old)
    await delivery_admin("POST", "/do/new-version", json={"asset": PREMIER})
    after = await delivery("GET", old)
    assert after.headers["ETag"] != before.headers["ETag"]
    assert after.headers["Last-Modified"] == "Wed, 01 Jul 2026 12:30:00 GMT"


async def test_conditional_requests(delivery: Any) -> None:
    """A matching ETag, or no change since a date, answers 304 with the validators and no body; else 200."""
    path = f"/upload/c_limit,w_100/{PREMIER}.jpg"
    first = await delivery("GET", path)
    etag = first.headers["ETag"]
    for headers in (
        {"If-None-Match": etag},
        {"If-None-Match": f'"other", W/{etag}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": first.headers["Last-Modified"]},
    ):
        answer = await delivery("GET", path, headers=headers)
        assert (answer.status, answer.body, answer.headers["ETag"]) == (304, b"", etag)
        assert answer.headers["Cache-Control"] == first.headers["Cache-Control"]
    for headers in (
        {"If-None-Match": '"other"'},
        {"If-Modified-Since": "Wed, 31 Dec 2025 00:00:00 GMT"},
        {"If-Modified-Since": "no date"},
        {"If-None-Match": '"other"', "If-Modified-Since": first.headers["Last-Modified"]},
    ):
        assert (await delivery("GET", path, headers=headers)).status == 200


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/upload/statement/none.jpg", 404, "Resource not found - statement/none"),
        ("/private/statement/banner-premier.jpg", 404, "Resource not found"),
        ("/upload/c_fill,w_100/v1/statement/none.jpg", 404, "Resource not found"),
        ("/upload/zz_100/v1/statement/banner-premier.jpg", 400, "zz"),
        ("/upload/c_wild,w_100/v1/statement/banner-premier.jpg", 400, "c_wild"),
        ("/upload/c_scale,g_auto,w_100/statement/banner-premier.jpg", 400, "g_auto"),
        ("/upload/t_unknown/statement/banner-premier.jpg", 400, "unknown"),
        ("/upload/cs_cmyk/statement/banner-premier.png", 400, "cs_cmyk"),
        ("/upload/w_90000,h_90000/statement/banner-premier.jpg", 400, "pixels"),
        ("/upload/statement/banner-premier.mp4", 400, "mp4"),
        ("/upload/statement/banner-premier.pdf", 401, "deny or ACL failure"),
        ("/upload", 404, "Not a delivery URL"),
    ],
)
@pytest.mark.fact("cloudinary.cld-error")
async def test_refusals_carry_the_reason(delivery: Any, path: str, status: int, reason: str) -> None:
    """What cannot be delivered answers with the reason in X-Cld-Error."""
    answer = await delivery("GET", path)
    assert answer.status == status
    assert reason in answer.headers["X-Cld-Error"]


async def test_other_clouds_and_types_are_not_there(sandbox: Sandbox, call: Callable[..., Any]) -> None:
    """Another cloud name answers 401, another resource type 404."""
    delivery = call(sandbox.settings.cloudinary.delivery_base_url)
    assert (await delivery("GET", f"/acme/image/upload/{PREMIER}.jpg")).status == 401
    assert (await delivery("GET", f"/sandbox/video/upload/{PREMIER}.jpg")).status == 404


@pytest.mark.fact("cloudinary.access-control")
async def test_access_windows(delivery: Any, delivery_admin: Any, clock: Any) -> None:
    """An asset with access control is delivered only while one of its anonymous windows is open."""
    path = f"/upload/c_limit,w_100/{PREMIER}.jpg"
    windows = [
        {"access_type": "token"},
        {"access_type": "anonymous", "start": "2026-07-01T12:31:00Z", "end": "2026-07-01T12:32:00Z"},
    ]
    await delivery_admin("POST", "/do/access-control", json={"asset": PREMIER, "access_control": windows})
    closed = await delivery("GET", path)
    assert (closed.status, closed.headers["X-Cld-Error"]) == (401, "deny or ACL failure")
    clock.advance(60)
    assert (await delivery("GET", path)).status == 200
    clock.advance(61)
    assert (await delivery("GET", path)).status == 401
    await delivery_admin("POST", "/do/access-control", json={"asset": PREMIER, "access_control": []})
    assert (await delivery("GET", path)).status == 200


async def test_expire_by_tests_locks_the_asset(delivery: Any, delivery_admin: Any, clock: Any) -> None:
    """The operation expire without a date also ends the access window."""
    await delivery_admin("POST", "/do/expire", json={"asset": PREMIER})
    clock.advance(1)
    assert (await delivery("GET", f"/upload/{PREMIER}.jpg")).status == 401


@pytest.mark.fact("cloudinary.moderation-blocks-nothing")
async def test_pending_assets_are_delivered_unless_switched(
    delivery: Any, seed: Seed, call: Callable[..., Any]
) -> None:
    """Moderation does not block delivery, except in an account that is switched so."""
    path = "/upload/statement/banner-pending.jpg"
    assert (await delivery("GET", path)).status == 200
    async with Sandbox(seed=seed, cloudinary=CloudinaryOptions(moderation_blocks_delivery=True)) as strict:
        blocking = call(f"{strict.settings.cloudinary.delivery_base_url}/sandbox/image")
        assert (await blocking("GET", path)).status == 404
        assert (await blocking("GET", f"/upload/{PREMIER}.jpg")).status == 200


@pytest.mark.fact("cloudinary.format-auto")
async def test_automatic_format_follows_accept(delivery: Any) -> None:
    """f_auto picks by Accept; an explicit format is never changed."""
    path = f"/upload/w_100/f_auto/{PREMIER}"
    types = [
        (await delivery("GET", path, headers={"Accept": accept})).headers["Content-Type"]
        for accept in ("image/avif,image/webp,*/*", "image/webp,*/*", "*/*")
    ]
    assert types == ["image/avif", "image/webp", "image/jpeg"]
    fixed = await delivery("GET", f"/upload/w_100/f_png/{PREMIER}.jpg", headers={"Accept": "image/webp"})
    assert fixed.headers["Content-Type"] == "image/png"


async def test_derived_bytes_are_the_same_everywhere(delivery: Any, seed: Seed, call: Callable[..., Any]) -> None:
    """Two sandboxes make the same bytes of the same master and transformation, whatever the parameters' order."""
    answers = [
        await delivery("GET", f"/upload/{text}/{PREMIER}.png") for text in ("c_fill,w_120,h_80", "h_80,c_fill,w_120")
    ]
    async with Sandbox(seed=seed) as other:
        elsewhere = call(f"{other.settings.cloudinary.delivery_base_url}/sandbox/image")
        answers.append(await elsewhere("GET", f"/upload/c_fill,w_120,h_80/v1/{PREMIER}.png"))
    assert len({(answer.status, answer.body, answer.headers["ETag"]) for answer in answers}) == 1


async def test_derived_pictures_are_made_once(delivery: Any, sandbox: Sandbox) -> None:
    """Many callers at once, and later ones, share one picture, whatever version their URLs say."""
    path = f"/upload/c_fill,w_333,h_111/{PREMIER}.jpg"
    await asyncio.gather(*(delivery("GET", path) for _ in range(8)))
    await delivery("GET", path.replace(PREMIER, f"v9/{PREMIER}"))
    assert sandbox.cloudinary.cache.made == 1
    await delivery("GET", path.replace("111", "112"))
    assert sandbox.cloudinary.cache.made == 2


async def test_the_loop_runs_while_pictures_are_made(delivery: Any, sandbox: Sandbox) -> None:
    """Picture work happens beside the event loop: it keeps turning while a large picture is made."""
    turns = 0
    done = asyncio.Event()

    async def count() -> None:
        nonlocal turns
        while not done.is_set():
            await asyncio.sleep(0.001)
            turns += 1

    counting = asyncio.create_task(count())
    answer = await delivery("GET", f"/upload/c_scale,w_3000,h_2500/{PREMIER}.png")
    done.set()
    await counting
    assert answer.status == 200
    assert sandbox.cloudinary.cache.made == 1
    # Without threads the few turns around the request would be all.
    assert turns > 30


async def test_a_caller_who_leaves_does_not_spoil_it_for_others() -> None:
    """When the first caller of a picture goes away, the second still gets it, made by the first one's work."""
    cache, may_finish, made = DerivedCache(1000), threading.Event(), list[str]()

    def make(name: str) -> Derived:
        may_finish.wait(5)
        made.append(name)
        return Derived(b"picture", "image/png", ())

    first = asyncio.create_task(cache.get("key", lambda: make("first")))
    second = asyncio.create_task(cache.get("key", lambda: make("second")))
    await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.wait([first])
    may_finish.set()
    assert (await second).data == b"picture"
    assert made == ["first"]
    cache.close()


async def test_kept_pictures_are_bounded_and_errors_are_not_kept() -> None:
    """The pictures longest unused make room for new ones; a picture that failed is tried again."""
    cache, made = DerivedCache(25), list[str]()

    def make(name: str) -> Derived:
        made.append(name)
        if made.count(name) == 1 and name == "bad":
            raise DeliveryError(400, "broken")
        return Derived(b"x" * 10, "image/png", ())

    async def get(name: str) -> None:
        await cache.get(name, lambda: make(name))

    for name in ("a", "b", "a", "c", "a", "b"):
        await get(name)
    assert made == ["a", "b", "c", "b"]
    with pytest.raises(DeliveryError):
        await get("bad")
    await get("bad")
    assert made[4:] == ["bad", "bad"]
    cache.close()


async def test_given_bytes_are_delivered_for_every_url(delivery: Any, delivery_admin: Any) -> None:
    """Tests can have any bytes delivered, whatever the URL asks for, until a reset."""
    body = {"asset": PREMIER, "data": "bm8gcGljdHVyZQ==", "content_type": "image/jpeg"}
    await delivery_admin("POST", "/do/content", json=body)
    for path in (f"/upload/{PREMIER}.jpg", f"/upload/c_fill,w_10,h_10/{PREMIER}.png"):
        answer = await delivery("GET", path)
        assert (answer.body, answer.headers["Content-Type"]) == (b"no picture", "image/jpeg")
    await delivery_admin("POST", "/reset")
    assert (await delivery("GET", f"/upload/{PREMIER}.jpg")).image.size == (400, 100)


@pytest.mark.fact("cloudinary.named-transformations")
async def test_named_transformations(seed: Seed, call: Callable[..., Any]) -> None:
    """A configured name stands for its transformation; one that sets a format is refused."""
    named = {"small": "c_limit,w_50", "bad": "f_png"}
    async with Sandbox(seed=seed, cloudinary=CloudinaryOptions(named_transformations=named)) as custom:
        delivery = call(f"{custom.settings.cloudinary.delivery_base_url}/sandbox/image")
        assert (await delivery("GET", f"/upload/t_small/{PREMIER}.jpg")).image.width == 50
        assert (await delivery("GET", f"/upload/t_bad/{PREMIER}.jpg")).status == 400


@pytest.mark.fact("cloudinary.attachment")
async def test_attachment_flag(delivery: Any) -> None:
    """fl_attachment makes a download with a name."""
    answer = await delivery("GET", f"/upload/fl_attachment:offer/{PREMIER}.jpg")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="offer.jpg"'


async def test_parameters_not_carried_out_are_told(delivery: Any) -> None:
    """Documented parameters that the stand-in accepts without effect are named in a header of its own."""
    answer = await delivery("GET", f"/upload/c_fill,g_face,w_50,h_50/e_vectorize/l_logo,w_5/{PREMIER}.jpg")
    assert answer.status == 200
    assert answer.headers["X-Sandbox-Not-Applied"] == "g_face, e_vectorize, l_logo, w_5"
    plain = await delivery("GET", f"/upload/c_fill,g_north,w_50,h_50/e_grayscale/{PREMIER}.jpg")
    assert "X-Sandbox-Not-Applied" not in plain.headers
