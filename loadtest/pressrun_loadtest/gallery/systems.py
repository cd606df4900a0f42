"""Changes at the stand-ins of the five systems, which tell the node of them by their webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from yarl import URL

from pressrun_loadtest.gallery.flows import Change
from pressrun_loadtest.sandbox.hooks import STANDARD_SECRET
from pressrun_loadtest.sandbox.iconik.options import IconikOptions

__all__ = ["HOOK_SETTINGS", "Systems"]

HOOK_SETTINGS = {
    "PRESSRUN_SOURCES_HOOK_SECRETS": STANDARD_SECRET,
    "PRESSRUN_SOURCES_HOOK_ICONIK_SECRET": IconikOptions().hook_secret,
}
"""What a node must be told so that it believes the stand-ins."""

_ADDRESSES = {
    "core-dam": "PRESSRUN_CORE_DAM_BASE_URL",
    "iconik": "PRESSRUN_ICONIK_BASE_URL",
    "smintio": "PRESSRUN_SMINTIO_API_URL",
    "cloudinary": "PRESSRUN_CLOUDINARY_API_BASE_URL",
    "http": "PRESSRUN_HTTP_SOURCE_BASE_URL",
}


@dataclass(frozen=True, slots=True)
class Systems:
    """The stand-ins, and where the node takes their webhooks."""

    origins: Mapping[str, str]
    """Scheme, host and port by source."""
    hooks: str
    """The node's `/hooks`."""

    @classmethod
    def of(cls, environment: Mapping[str, str], node_url: str) -> Systems:
        """Those that a node's environment names.

        Args:
            environment: the node's.
            node_url: any address at the node's HTTP port.
        """
        origins = {source: str(URL(environment[name]).origin()) for source, name in _ADDRESSES.items()}
        return cls(origins, f"{URL(node_url).origin()}/hooks")

    async def change(self, change: Change) -> None:
        """Make a change; when this returns the node has heard of it.

        Raises:
            RuntimeError: the stand-in refused, or the node did not believe it.
        """
        admin = f"{self.origins[change.source]}/__sandbox__"
        async with aiohttp.ClientSession() as session:
            async with session.post(f"{admin}/hooks", json={"url": f"{self.hooks}/{change.source}"}) as answer:
                answer.raise_for_status()
            async with session.post(f"{admin}/do/{change.operation}", json=dict(change.body)) as answer:
                told = answer.headers.get("X-Sandbox-Hook")
                if answer.status != 200 or told != "204":  # noqa: PLR2004 - done
                    text = await answer.text()
                    raise RuntimeError(f"{change.source} {change.operation}: {answer.status} {text}, webhook {told}")

    async def reset(self, source: str) -> None:
        """Put a system back to the seed; the node is not told."""
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.origins[source]}/__sandbox__/reset") as answer,
        ):
            answer.raise_for_status()
