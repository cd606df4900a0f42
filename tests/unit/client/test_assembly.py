from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.v1 import document_pb2
from pressrun_client import IntegrityError, LimitExceededError
from pressrun_client.assembly import Assembly
from pressrun_client.heads import Head


def _completion(content: bytes) -> document_pb2.DocumentCompletion:
    completion = document_pb2.DocumentCompletion()
    completion.manifest.document.sha256 = hashlib.sha256(content).hexdigest()
    completion.manifest.document.size = len(content)
    return completion


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=8))
def test_any_cutting_gives_the_same_bytes(parts: list[bytes]) -> None:
    """Parts in order are the document, however it was cut."""
    assembly = Assembly("a", limit=1000)
    for part in parts:
        assembly.add(assembly.size, part)
    assert b"".join(assembly.finish(_completion(b"".join(parts)))) == b"".join(parts)


@given(st.binary(min_size=1, max_size=100), st.data())
def test_one_changed_bit_is_found(content: bytes, data: st.DataObject) -> None:
    """A document with any bit changed, in one part or two, is refused."""
    cut = data.draw(st.integers(0, len(content)))
    place = data.draw(st.integers(0, len(content) * 8 - 1))
    wrong = bytearray(content)
    wrong[place // 8] ^= 1 << place % 8
    assembly = Assembly("a", limit=1000)
    for part in (bytes(wrong[:cut]), bytes(wrong[cut:])):
        if part:
            assembly.add(assembly.size, part)
    with pytest.raises(IntegrityError, match="hash to"):
        assembly.finish(_completion(content))


@pytest.mark.parametrize("offset", [0, 4, 6, -1])
def test_a_part_must_follow_the_one_before(offset: int) -> None:
    """A lost, doubled or swapped part is refused where it shows."""
    assembly = Assembly("a", limit=1000)
    assembly.add(0, b"hello")
    with pytest.raises(IntegrityError, match="byte 5 was due") as caught:
        assembly.add(offset, b"world")
    assert caught.value.request_id == "a"


def test_a_short_document_is_refused() -> None:
    """A document whose last part was lost has the wrong size."""
    assembly = Assembly("a", limit=1000)
    assembly.add(0, b"hello")
    with pytest.raises(IntegrityError, match="5 bytes came where the manifest names 10"):
        assembly.finish(_completion(b"helloworld"))


def test_a_manifest_without_digest_proves_nothing() -> None:
    """Bytes that no digest stands for are refused."""
    completion = _completion(b"hello")
    completion.manifest.document.sha256 = ""
    assembly = Assembly("a", limit=1000)
    assembly.add(0, b"hello")
    with pytest.raises(IntegrityError):
        assembly.finish(completion)


def test_an_empty_document_is_one() -> None:
    """No bytes are proven like any others."""
    assert Assembly("a", limit=10).finish(_completion(b"")) == ()


def test_a_document_without_end_is_stopped() -> None:
    """Bytes past the limit are refused as they come."""
    assembly = Assembly("a", limit=10)
    assembly.add(0, bytes(8))
    with pytest.raises(LimitExceededError, match="document_limit"):
        assembly.add(8, bytes(8))


@given(st.binary(min_size=1, max_size=50), st.lists(st.binary(max_size=50), max_size=4), st.booleans())
def test_a_shared_head_is_part_of_the_document(data: bytes, parts: list[bytes], spoilt: bool) -> None:  # noqa: FBT001 - hypothesis names it
    """What many documents begin with is hashed once; the whole is proven all the same."""
    head = Head(data)
    whole = b"".join((data, *parts))
    for _ in range(2):
        assembly = Assembly("a", limit=1000)
        assembly.add(0, parts[0] if parts else b"", head)
        for part in parts[1:]:
            assembly.add(assembly.size, part)
        if spoilt:
            with pytest.raises(IntegrityError):
                assembly.finish(_completion(b"x" + whole))
        else:
            assert b"".join(assembly.finish(_completion(whole))) == whole


def test_a_head_begins_a_document_or_is_refused() -> None:
    """A head in the middle, or one that makes the document too large, is told."""
    assembly = Assembly("a", limit=10)
    assembly.add(0, b"ab")
    with pytest.raises(IntegrityError, match="byte 2"):
        assembly.add(2, b"", Head(b"head"))
    with pytest.raises(LimitExceededError):
        Assembly("a", limit=10).add(0, b"123456", Head(b"12345"))
