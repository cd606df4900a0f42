from __future__ import annotations

import socket

import pytest
from tests.servers.redis_server import RedisServer


def _say(server: RedisServer, command: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
        connection.sendall(command + b"\r\n")
        return connection.recv(64)


def test_keeps_what_it_is_given_until_it_is_stopped(redis_server: RedisServer) -> None:
    """A restarted server has the same address and nothing of what it held."""
    url = redis_server.url
    assert _say(redis_server, b"SET a 1") == b"+OK\r\n"
    assert _say(redis_server, b"GET a") == b"$1\r\n1\r\n"
    redis_server.stop()
    assert not redis_server.answers()
    redis_server.start()
    assert redis_server.url == url
    assert _say(redis_server, b"GET a") == b"$-1\r\n"


def test_a_paused_server_answers_nothing_and_forgets_nothing(redis_server: RedisServer) -> None:
    """A paused server takes connections without an answer; resumed it has what it held."""
    _say(redis_server, b"SET a 1")
    redis_server.pause()
    assert not redis_server.answers(0.2)
    redis_server.resume()
    assert redis_server.answers(5)
    assert _say(redis_server, b"GET a") == b"$1\r\n1\r\n"


def test_a_missing_binary_is_told_with_the_line_that_installs_it(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without redis-server a test fails with what to do."""
    redis_server.stop()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sys.prefix", "/nowhere")
    with pytest.raises(RuntimeError, match="make tools"):
        redis_server.start()
