"""Local stand-ins of the outside systems, speaking their documented APIs on loopback.

One folder a system, the same file names in each: `app` (the composition), `store` (state), `auth` (who may ask),
`search`, `shapes` (the JSON), `seed` (start state), `admin` (what tests may change), `options`, `errors`. Everything
that the systems share lies beside the folders. Nothing here imports the client, the sources, the node or the
gateway: the sandbox is an independent witness of what the connectors do.
"""

from __future__ import annotations

from pressrun_loadtest.sandbox.cloudinary.options import CloudinaryOptions
from pressrun_loadtest.sandbox.core_dam.options import CoreDamOptions
from pressrun_loadtest.sandbox.http.options import HttpOptions
from pressrun_loadtest.sandbox.iconik.options import IconikOptions
from pressrun_loadtest.sandbox.seed import Seed, SeedError, load_seed
from pressrun_loadtest.sandbox.server import Ports, Sandbox
from pressrun_loadtest.sandbox.settings import (
    CloudinarySettings,
    CoreDamSettings,
    HttpSettings,
    IconikSettings,
    SandboxSettings,
    SmintioSettings,
)
from pressrun_loadtest.sandbox.smintio.options import SmintioOptions

__all__ = [
    "CloudinaryOptions",
    "CloudinarySettings",
    "CoreDamOptions",
    "CoreDamSettings",
    "HttpOptions",
    "HttpSettings",
    "IconikOptions",
    "IconikSettings",
    "Ports",
    "Sandbox",
    "SandboxSettings",
    "Seed",
    "SeedError",
    "SmintioOptions",
    "SmintioSettings",
    "load_seed",
]
