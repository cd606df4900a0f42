"""A line of waiters in which tenants take turns; pure bookkeeping."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, TypeVar

__all__ = ["FairLine"]

W = TypeVar("W")


class FairLine(Generic[W]):
    """Who waits, by tenant.

    Guarantee: those of one tenant go in the order they came, and tenants that wait take turns, so that one who sends a
    million documents delays another's single one by a single one. Cost: constant.
    """

    def __init__(self) -> None:
        self._tenants: OrderedDict[str, OrderedDict[W, None]] = OrderedDict()
        self._homes: dict[W, str] = {}

    def __len__(self) -> int:
        return len(self._homes)

    def __iter__(self) -> Iterator[W]:
        return iter(self._homes)

    def add(self, waiter: W, tenant: str = "", *, first: bool = False) -> None:
        """Somebody waits; with `first` before all others, because he had his turn already."""
        line = self._tenants.get(tenant)
        if line is None:
            line = self._tenants[tenant] = OrderedDict()
        line[waiter] = None
        self._homes[waiter] = tenant
        if first:
            line.move_to_end(waiter, last=False)
            self._tenants.move_to_end(tenant, last=False)

    def pop(self) -> W:
        """Whose turn it is.

        Raises:
            KeyError: nobody waits.
        """
        if not self._tenants:
            raise KeyError("nobody waits")
        tenant = next(iter(self._tenants))
        line = self._tenants[tenant]
        waiter, _ = line.popitem(last=False)
        del self._homes[waiter]
        if line:
            self._tenants.move_to_end(tenant)
        else:
            del self._tenants[tenant]
        return waiter

    def discard(self, waiter: W) -> bool:
        """Somebody leaves; whether he was here."""
        tenant = self._homes.pop(waiter, None)
        if tenant is None:
            return False
        line = self._tenants[tenant]
        del line[waiter]
        if not line:
            del self._tenants[tenant]
        return True
