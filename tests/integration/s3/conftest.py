from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from tests.servers.s3_server import S3Server

from pressrun_server.cas.config import S3Config, Secret

_numbers = itertools.count()


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3-compatible server, which takes some seconds to start; each test has a bucket of its own in it."""
    server = S3Server(tmp_path_factory.mktemp("s3"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def bucket(s3_server: S3Server) -> S3Config:
    """An empty bucket; the time limit is long, because this machine may be busy."""
    return settings(s3_server, s3_server.make(f"pressrun-{next(_numbers)}"))


def settings(server: S3Server, bucket: str, seconds: float = 20.0) -> S3Config:
    """How to reach a bucket of the server."""
    return S3Config(
        bucket,
        prefix="blobs",
        endpoint=server.url,
        access_key_id="testing",
        secret_access_key=Secret("testing"),
        timeout_seconds=seconds,
        retry_seconds=0.05,
    )
