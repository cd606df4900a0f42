"""Claims: a name and a version stand for one template in the whole cluster."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.digest import Digest
from pressrun_server.model.template import TemplateInfo
from pressrun_server.render.registry import conflicting
from pressrun_server.render.sharing.template_list import (
    DamagedRecordError,
    SharedTemplate,
    TemplateList,
    TemplatesAwayError,
)

__all__ = ["Claiming", "TemplateClaims"]


class Claiming(Protocol):
    """What lets a name and version stand for a template, before it is known here."""

    async def claim(self, info: TemplateInfo, bundle: bytes, published_at: datetime | None) -> datetime:
        """See `TemplateClaims.claim`."""


class TemplateClaims:
    """Enters what is published here into the cluster's list."""

    def __init__(self, templates: TemplateList) -> None:
        self._list = templates

    async def claim(self, info: TemplateInfo, bundle: bytes, published_at: datetime | None) -> datetime:
        """Have a name and version stand for a template in the whole cluster.

        Args:
            info: the template.
            bundle: its files, MessagePack: path to bytes.
            published_at: when it was published first, as far as this node knows; None: it is published now.

        Returns:
            when it was published first, by the clock that all nodes have in common.

        Raises:
            PressrunError: TEMPLATE_CONFLICT, they stand for other files; INTERNAL, the others can't be told, so that
                it must not be published here alone.
        """
        try:
            return await self.enter(info, bundle, published_at)
        except DamagedRecordError as error:
            raise PressrunError(Reason.INTERNAL, f"{error}; it was not published", detail=str(error)) from error
        except TemplatesAwayError as error:
            raise PressrunError(
                Reason.INTERNAL,
                "the template can't be shared with the other nodes at present, since PRESSRUN_EVENTS_REDIS does not "
                "answer; it was not published: publish it again",
                detail=f"claiming {info.name}@{info.version} failed: {error}",
            ) from error

    async def enter(self, info: TemplateInfo, bundle: bytes, published_at: datetime | None) -> datetime:
        """As `claim`, for those who try again by themselves.

        Raises:
            PressrunError: TEMPLATE_CONFLICT.
            DamagedRecordError, TemplatesAwayError: see `TemplateList.claim`.
        """
        now = await self._list.now()
        # A node whose clock was ahead when it was alone must not hold the newest version until that moment has come.
        moment = now if published_at is None else min(published_at, now)
        held = await self._list.claim(
            SharedTemplate(info.name, info.version, info.digest, Digest.of(bundle), moment), bundle
        )
        if held.digest != info.digest:
            raise conflicting(info, held.digest)
        return held.published_at
