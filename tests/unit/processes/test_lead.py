"""What fronts of one node tell each other, where one of them does not answer."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from pressrun_server.app.fellows import Fellows
from pressrun_server.app.kin_link import Answered, FromFellow, Hello, News, Tell
from pressrun_server.app.lead import Lead
from pressrun_server.prepare.frames import decoder
from pressrun_server.prepare.protocol import FrameProtocol


class _Leading(FrameProtocol[FromFellow]):
    """The leading front's end."""

    def __init__(self) -> None:
        super().__init__(decoder(FromFellow))
        self.told: asyncio.Queue[Tell] = asyncio.Queue()

    def received(self, message: FromFellow) -> None:
        if isinstance(message, Tell):
            self.told.put_nowait(message)
        else:
            assert isinstance(message, Hello)

    def lost(self) -> None:
        pass


@pytest.fixture
async def ends() -> AsyncIterator[tuple[Lead, _Leading]]:
    """A further front's link, and its other end."""
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    _, lead = await loop.create_unix_connection(Lead, sock=ours)
    _, leading = await loop.create_unix_connection(_Leading, sock=theirs)
    yield lead, leading
    for end in (lead, leading):
        end.abort()
    await lead.over


async def test_news_are_told_when_the_lead_has_answered(ends: tuple[Lead, _Leading]) -> None:
    """Not before; and where the lead ends, nobody is waited for."""
    lead, leading = ends
    telling = asyncio.create_task(lead.changed(["core-dam:7"]))
    message = await leading.told.get()
    assert message.news == News(assets=("core-dam:7",))
    assert not telling.done()
    leading.send(Answered(message.number))
    await asyncio.wait_for(telling, 10)
    telling = asyncio.create_task(lead.published())
    await leading.told.get()
    leading.abort()
    with capture_logs() as logs:
        await asyncio.wait_for(telling, 10)
    assert not logs


async def test_a_lead_that_does_not_answer(ends: tuple[Lead, _Leading], monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller is not held up for ever, and the log says what others may not know; an answer that comes late is dropped."""
    monkeypatch.setattr("pressrun_server.app.lead._PASS_ON_SECONDS", 0.05)
    lead, leading = ends
    with capture_logs() as logs:
        await asyncio.wait_for(lead.published(), 10)
    assert logs == [{"event": "lead_not_told", "log_level": "warning", "assets": 0, "templates": True}]
    leading.send(Answered((await leading.told.get()).number))
    await asyncio.sleep(0.05)
    assert not lead.over.done()


async def test_news_that_fail_are_answered() -> None:
    """A front that told something is not left waiting where the leading one fails over it."""
    answered: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()

    class Origin:
        number = 1

        def told(self, message: Answered) -> None:
            answered.set_result(message)

    async def hear(_: News) -> None:
        raise RuntimeError("the disk is gone")

    fellows = Fellows([], "e" * 64, hear)
    with capture_logs() as logs:
        fellows.pass_on(cast("Any", Origin()), Tell(7, News(templates=True)))
        assert (await asyncio.wait_for(answered, 10)).number == 7
    assert [entry["event"] for entry in logs] == ["news_not_heard"]
    await fellows.close()
