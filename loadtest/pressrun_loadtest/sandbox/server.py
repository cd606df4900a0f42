"""Starts and stops the stand-ins: a port for each app on loopback, nothing left behind."""

from __future__ import annotations

import logging
import socket
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from aiohttp import web

from pressrun_loadtest.sandbox.clock import Clock, utc_now
from pressrun_loadtest.sandbox.cloudinary.app import API_APP, DELIVERY_APP, Cloudinary
from pressrun_loadtest.sandbox.cloudinary.options import CloudinaryOptions
from pressrun_loadtest.sandbox.core_dam.app import CORE_DAM_APP, CoreDam
from pressrun_loadtest.sandbox.core_dam.options import CoreDamOptions
from pressrun_loadtest.sandbox.core_dam.routes import API, OTDS_TOKEN
from pressrun_loadtest.sandbox.http.app import HTTP_APP, HttpEndpoint
from pressrun_loadtest.sandbox.http.options import HttpOptions
from pressrun_loadtest.sandbox.iconik.app import ICONIK_APP, ICONIK_STORE_APP, Iconik
from pressrun_loadtest.sandbox.iconik.options import IconikOptions
from pressrun_loadtest.sandbox.seed import Seed, load_seed
from pressrun_loadtest.sandbox.settings import (
    CloudinarySettings,
    CoreDamSettings,
    HttpSettings,
    IconikSettings,
    SandboxSettings,
    SmintioSettings,
)
from pressrun_loadtest.sandbox.smintio.app import SMINTIO_APP, SMINTIO_STORE_APP, Smintio
from pressrun_loadtest.sandbox.smintio.options import SmintioOptions
from pressrun_loadtest.sandbox.smintio.routes import FRONTEND, LICENCES
from pressrun_loadtest.sandbox.system import System

__all__ = ["Ports", "Sandbox"]

_log = logging.getLogger(__name__)

# Requests still running when the sandbox stops (a hanging one, say) get this long before they are cancelled.
_SHUTDOWN_S = 0.05


@dataclass(frozen=True, slots=True)
class Ports:
    """A port for each app; 0 takes a free one."""

    core_dam: int = 0
    cloudinary_api: int = 0
    cloudinary_delivery: int = 0
    iconik: int = 0
    iconik_store: int = 0
    http: int = 0
    smintio: int = 0
    smintio_store: int = 0


class Sandbox:
    """All stand-ins, running from `async with` to its end.

    Guarantee: when the block ends, no port is bound and no thread or task of the sandbox runs. The state
    (`core_dam` and so on) can be looked at and changed directly by tests in the same process; other processes
    use the admin interface under `/__sandbox__/`. It may be started again after it stopped; state stays.
    """

    def __init__(  # noqa: PLR0913 - one for each system
        self,
        *,
        seed: Seed | None = None,
        host: str = "127.0.0.1",
        ports: Ports | None = None,
        core_dam: CoreDamOptions | None = None,
        cloudinary: CloudinaryOptions | None = None,
        iconik: IconikOptions | None = None,
        http: HttpOptions | None = None,
        smintio: SmintioOptions | None = None,
        clock: Clock = utc_now,
    ) -> None:
        """Prepare the state; `seed` is the shipped one by default.

        Raises:
            SeedError: the shipped seed cannot be loaded.
        """
        seed = seed or load_seed()
        self.core_dam = CoreDam(seed.core_dam, core_dam or CoreDamOptions(), clock)
        self.cloudinary = Cloudinary(seed.cloudinary, cloudinary or CloudinaryOptions(), clock)
        self.iconik = Iconik(seed.iconik, iconik or IconikOptions(), clock)
        self.http = HttpEndpoint(seed.http, http or HttpOptions(), clock)
        self.smintio = Smintio(seed.smintio, smintio or SmintioOptions(), clock)
        self._host = host
        chosen = ports or Ports()
        self._ports = {
            CORE_DAM_APP: chosen.core_dam,
            API_APP: chosen.cloudinary_api,
            DELIVERY_APP: chosen.cloudinary_delivery,
            ICONIK_APP: chosen.iconik,
            ICONIK_STORE_APP: chosen.iconik_store,
            HTTP_APP: chosen.http,
            SMINTIO_APP: chosen.smintio,
            SMINTIO_STORE_APP: chosen.smintio_store,
        }
        self._settings: SandboxSettings | None = None
        self._stack: AsyncExitStack | None = None

    @property
    def settings(self) -> SandboxSettings:
        """Addresses and credentials of the running sandbox.

        Raises:
            RuntimeError: it does not run.
        """
        if self._settings is None:
            raise RuntimeError("The sandbox does not run; use it in `async with`")
        return self._settings

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            systems: tuple[System, ...] = (self.core_dam, self.cloudinary, self.iconik, self.http, self.smintio)
            addresses: dict[str, str] = {}
            for system in systems:
                stack.callback(system.close)
                addresses |= await self._start(system, stack)
            self._settings = self._describe(addresses)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stack, self._stack, self._settings = self._stack, None, None
        if stack is not None:
            await stack.aclose()

    def reset(self) -> None:
        """Put all systems back to the seed."""
        self.core_dam.reset()
        self.cloudinary.reset()
        self.iconik.reset()
        self.http.reset()
        self.smintio.reset()

    async def _start(self, system: System, stack: AsyncExitStack) -> dict[str, str]:
        # All ports are bound before any app is built: records of one app hold links to another.
        sockets: dict[str, socket.socket] = {}
        for name in system.app_names:
            sockets[name] = _bind(self._host, self._ports[name])
            stack.callback(sockets[name].close)
        addresses = {name: _url(bound) for name, bound in sockets.items()}
        for name, app in system.applications(addresses).items():
            runner = web.AppRunner(
                app,
                access_log=None,
                # A caller who goes away ends what was being done for it; a hanging answer would stay for ever.
                handler_cancellation=True,
                shutdown_timeout=_SHUTDOWN_S,
            )
            stack.push_async_callback(runner.cleanup)
            await runner.setup()
            await web.SockSite(runner, sockets[name]).start()
            _log.info("%s stand-in at %s", name, addresses[name])
        return addresses

    def _describe(self, addresses: Mapping[str, str]) -> SandboxSettings:
        origin = addresses[CORE_DAM_APP]
        dam, cloud = self.core_dam.options, self.cloudinary.options
        return SandboxSettings(
            CoreDamSettings(
                origin=origin,
                base_url=f"{origin}{API}",
                token_url=f"{origin}{OTDS_TOKEN}",
                client_id=dam.client_id,
                client_secret=dam.client_secret,
                username=dam.username,
                password=dam.password,
            ),
            CloudinarySettings(
                cloud_name=cloud.cloud_name,
                api_base_url=addresses[API_APP],
                delivery_base_url=addresses[DELIVERY_APP],
                api_key=cloud.api_key,
                api_secret=cloud.api_secret,
                signature_algorithm=cloud.signature_algorithm,
            ),
            IconikSettings(
                base_url=addresses[ICONIK_APP],
                store_url=addresses[ICONIK_STORE_APP],
                app_id=self.iconik.options.app_id,
                auth_token=self.iconik.options.auth_token,
                view_id=self.iconik.options.view_id,
            ),
            HttpSettings(base_url=addresses[HTTP_APP], token=self.http.options.token),
            SmintioSettings(
                origin=addresses[SMINTIO_APP],
                api_url=f"{addresses[SMINTIO_APP]}{FRONTEND}",
                clapi_url=f"{addresses[SMINTIO_APP]}{LICENCES}",
                store_url=addresses[SMINTIO_STORE_APP],
                portal_id=self.smintio.options.portal_id,
                search_page_id=self.smintio.options.search_page_id,
                client_id=self.smintio.options.client_id,
                client_secret=self.smintio.options.client_secret,
            ),
        )


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise OSError(error.errno, f"cannot listen on {host}:{port}: {error.strerror}") from error
    return bound


def _url(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if bound.family == socket.AF_INET6 else f"http://{host}:{port}"
