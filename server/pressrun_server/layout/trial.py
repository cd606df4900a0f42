"""A passage laid out by itself, to make a form of it."""

from __future__ import annotations

from collections.abc import Iterable

from pressrun_server.layout.flow import Flow
from pressrun_server.layout.passage import Trial
from pressrun_server.model.content import BoundNode

__all__ = ["TrialFlow"]


class TrialFlow(Flow):
    """Lays a passage out by itself, and notes what its surroundings need to know of it."""

    _lead: int | None = None
    _keeps_first = False

    def run(self, nodes: Iterable[BoundNode]) -> Trial:
        """Place the passage."""
        for _ in self._children(nodes):
            raise AssertionError("an endless page has no end")
        keep = self._keep
        self._end_page(self._page)
        return Trial(
            page=self._page,
            end=self._y,
            pending=self._pending,
            lead=self._lead,
            keeps_first=self._keeps_first,
            keeps_next=keep is not None,
            kept_from=0 if keep is None else keep.y,
            divided=keep is not None and any(keep.begins.values()),
        )

    def _flush(self) -> None:
        if self._lead is None:
            self._lead = self._pending
        super()._flush()

    def _hold(self, owner: object) -> None:
        self._keeps_what_is_first()
        super()._hold(owner)

    def _keeps_what_is_first(self) -> None:
        self._keeps_first = self._keeps_first or self._lead is None
