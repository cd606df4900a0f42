"""The sandbox's own JSON interface under `/__sandbox__/`: faults, the request journal, reset, and state changes.

No real system has these paths. They answer without credentials, which is one reason to bind to loopback only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web

from pressrun_loadtest.sandbox.faults import FaultBox, parse_rule
from pressrun_loadtest.sandbox.fields import BadInputError, Fields
from pressrun_loadtest.sandbox.hooks import HookSender
from pressrun_loadtest.sandbox.journal import Journal
from pressrun_loadtest.sandbox.middleware import ADMIN_PREFIX

__all__ = ["Admin", "Operation", "UnknownThingError", "find"]

T = TypeVar("T")

Operation = Callable[[Fields], Mapping[str, object]]
"""Changes the state of a stand-in as the body says and answers with what is now true."""


class UnknownThingError(Exception):
    """The admin body names something that the stand-in does not hold."""


@dataclass(frozen=True, slots=True)
class Admin:
    """What one app offers under `/__sandbox__/`."""

    name: str
    faults: FaultBox
    journal: Journal
    reset: Callable[[], None]
    """Puts the whole system (all its apps) back to the seed; tokens that were handed out stay valid."""
    operations: Mapping[str, Operation]
    """State changes by name, at `POST /__sandbox__/do/{name}`."""
    hooks: HookSender | None = None
    """Tells others of the changes, where the system can."""

    def table(self) -> list[web.RouteDef]:
        """The routes to mount on the app."""
        return [
            web.get(f"{ADMIN_PREFIX}/", self.show_index),
            web.get(f"{ADMIN_PREFIX}/requests", self.list_requests),
            web.delete(f"{ADMIN_PREFIX}/requests", self.forget_requests),
            web.get(f"{ADMIN_PREFIX}/faults", self.list_faults),
            web.post(f"{ADMIN_PREFIX}/faults", self.add_fault),
            web.delete(f"{ADMIN_PREFIX}/faults", self.clear_faults),
            web.delete(ADMIN_PREFIX + r"/faults/{number:\d+}", self.remove_fault),
            web.post(f"{ADMIN_PREFIX}/reset", self.do_reset),
            web.post(f"{ADMIN_PREFIX}/hooks", self.set_hooks),
            web.post(ADMIN_PREFIX + "/do/{operation}", self.operate),
        ]

    async def show_index(self, _: web.Request) -> web.Response:
        """What there is."""
        paths = {
            "GET /__sandbox__/requests": "what was requested; ?path= (prefix), ?method= and ?faults=true narrow it",
            "DELETE /__sandbox__/requests": "forget it",
            "GET|POST|DELETE /__sandbox__/faults": "list, add, remove all; DELETE /faults/{id} removes one",
            "POST /__sandbox__/reset": "back to the seed",
            "POST /__sandbox__/do/{operation}": "change state",
            "POST /__sandbox__/hooks": "url: where webhooks go after a change of state; without it, nowhere",
        }
        return web.json_response({"app": self.name, "paths": paths, "operations": sorted(self.operations)})

    async def list_requests(self, request: web.Request) -> web.Response:
        """The journal."""
        query = request.query
        faulty = query.get("faults") == "true"
        return web.json_response(
            self.journal.report(method=query.get("method"), path=query.get("path", ""), faulty=faulty)
        )

    async def forget_requests(self, _: web.Request) -> web.Response:
        """Empty the journal."""
        self.journal.clear()
        return web.json_response({"cleared": True})

    async def list_faults(self, _: web.Request) -> web.Response:
        """The rules that are not used up."""
        return web.json_response({"faults": self.faults.report()})

    async def add_fault(self, request: web.Request) -> web.Response:
        """Put a rule in."""
        return await _guarded(request, lambda fields: {"id": self.faults.add(parse_rule(fields))})

    async def clear_faults(self, _: web.Request) -> web.Response:
        """Take all rules away."""
        self.faults.clear()
        return web.json_response({"cleared": True})

    async def remove_fault(self, request: web.Request) -> web.Response:
        """Take one rule away."""
        return web.json_response({"removed": self.faults.remove(int(request.match_info["number"]))})

    async def do_reset(self, _: web.Request) -> web.Response:
        """Back to the seed."""
        self.reset()
        return web.json_response({"reset": True})

    async def operate(self, request: web.Request) -> web.Response:
        """Change state by a named operation."""
        name = request.match_info["operation"]
        operation = self.operations.get(name)
        if operation is None:
            known = ", ".join(sorted(self.operations))
            return _refused(404, f"no operation {name!r}; there are: {known}")
        answer = await _guarded(request, operation)
        if self.hooks is not None and answer.status < 400 and isinstance(answer.body, bytes):  # noqa: PLR2004 - good
            status = await self.hooks.send(name, json.loads(answer.body))
            answer.headers["X-Sandbox-Hook"] = str(status)
        return answer

    async def set_hooks(self, request: web.Request) -> web.Response:
        """Say where webhooks go."""

        def change(fields: Fields) -> Mapping[str, object]:
            if self.hooks is None:
                raise UnknownThingError("this system sends no webhooks")
            self.hooks.url = fields.optional_text("url")
            fields.finish()
            return {"url": self.hooks.url}

        return await _guarded(request, change)


async def _guarded(request: web.Request, operation: Operation) -> web.Response:
    try:
        body = json.loads(await request.read() or b"{}")
        return web.json_response(operation(Fields(body, "body")))
    except json.JSONDecodeError as error:
        return _refused(400, f"body: not JSON ({error})")
    except BadInputError as error:
        return _refused(400, str(error))
    except UnknownThingError as error:
        return _refused(404, str(error))


def find(fields: Fields, name: str, things: Mapping[str, T]) -> T:
    """The thing that a field of an admin body names by its id.

    Raises:
        UnknownThingError: the stand-in holds none of that id.
    """
    identifier = fields.text(name)
    thing = things.get(identifier)
    if thing is None:
        raise UnknownThingError(f"{fields.place}.{name}: no {name} has the id {identifier}")
    return thing


def _refused(status: int, message: str) -> web.Response:
    return web.json_response({"sandbox_error": message}, status=status)
