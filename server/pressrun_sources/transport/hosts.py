"""Which hosts and addresses the transport may talk to.

Two questions are asked of every hop. Is the *host* one that an operator named (a source's own URL, or an entry of
PRESSRUN_SOURCES_ALLOWED_HOSTS)? And is the *address* it resolves to a public one, or in a network that an operator
named? The second is asked when the connection is made, of the very address that is then used, so a name that
resolves to something else a moment later gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from string import hexdigits

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from pressrun_sources.environment import Environment

__all__ = ["AddressRefusedError", "AllowList", "GuardedResolver", "HostEntry", "address_of", "is_numeric"]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_LOOPBACK: tuple[Network, ...] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))

# Written out, because `is_global` differs between versions of Python and takes addresses that carry an IPv4 address for
# public. Sources: IANA's registries of special-purpose addresses (RFC 6890), RFC 4291, 6052, 8215.
_IPV4_NOT_PUBLIC = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
_IPV6_PUBLIC = ipaddress.IPv6Network("2000::/3")
"""Global unicast; all other IPv6 is this machine's, a link's, a site's, a group's or a translator's."""
_IPV6_NOT_PUBLIC = tuple(
    ipaddress.IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
_CARRIES_IPV4 = tuple(
    (ipaddress.IPv6Network(text), shift)
    for text, shift in (
        ("64:ff9b::/96", 0),  # NAT64
        ("64:ff9b:1::/48", 0),  # NAT64 of a network of its own, with a prefix of 96 bits
        ("::ffff:0:0:0/96", 0),  # translated
        ("::/96", 0),  # compatible
        ("2002::/16", 80),  # 6to4
    )
)
"""IPv6 that leads to an IPv4 address, and how many bits are behind that."""


class AddressRefusedError(OSError):
    """A host has addresses that may not be used. An OSError, so that HTTP clients pass it on as a cause."""


@dataclass(frozen=True, slots=True)
class HostEntry:
    """A host that an operator allows: `host`, `host:port` or `*.domain`."""

    host: str
    port: int | None = None

    def matches(self, url: URL) -> bool:
        """Whether the URL's host and port are meant; plain HTTP needs the exact host."""
        host = (url.host or "").lower()
        if self.host.startswith("*."):
            return url.scheme == "https" and host.endswith(self.host[1:]) and self._port_matches(url)
        return host == self.host and self._port_matches(url)

    def _port_matches(self, url: URL) -> bool:
        return url.is_default_port() if self.port is None else url.port == self.port


@dataclass(frozen=True, slots=True)
class AllowList:
    """What an operator allows beyond the sources' own URLs and public addresses."""

    hosts: tuple[HostEntry, ...] = ()
    networks: tuple[Network, ...] = ()

    @classmethod
    def from_environment(cls, environment: Environment) -> AllowList:
        """Read PRESSRUN_SOURCES_ALLOWED_HOSTS and PRESSRUN_SOURCES_ALLOW_LOOPBACK."""
        loopback = environment.flag("PRESSRUN_SOURCES_ALLOW_LOOPBACK", default=False)
        hosts: list[HostEntry] = []
        networks: list[Network] = list(_LOOPBACK) if loopback else []
        for entry in environment.listed("PRESSRUN_SOURCES_ALLOWED_HOSTS"):
            try:
                parsed = parse_entry(entry)
            except ValueError as error:
                environment.fault("PRESSRUN_SOURCES_ALLOWED_HOSTS", str(error))
                continue
            if isinstance(parsed, HostEntry):
                hosts.append(parsed)
            else:
                networks.append(parsed)
        return cls(tuple(hosts), tuple(networks))

    def host_allowed(self, url: URL) -> bool:
        """Whether an entry names the URL's host."""
        return any(entry.matches(url) for entry in self.hosts)

    def is_loopback(self, url: URL) -> bool:
        """Whether the URL means this machine itself, and that is allowed."""
        literal = address_of(url.host or "")
        local = url.host == "localhost" or (literal is not None and literal.is_loopback)
        return local and self.address_allowed(str(literal or "127.0.0.1"))

    def address_allowed(self, text: str) -> bool:
        """Whether a connection to this address may be made: it is public, or in an allowed network.

        An IPv6 address that leads to an IPv4 one (NAT64, 6to4) must be in an allowed network, and so must that one be,
        or public.
        """
        address = address_of(text)
        if address is None:
            return False
        if not any(address in network for network in self.networks if network.version == address.version):
            return _public(address)
        inner = _carried(address)
        return inner is None or self.address_allowed(str(inner))


def _public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _IPV4_NOT_PUBLIC)
    return address in _IPV6_PUBLIC and not any(address in network for network in _IPV6_NOT_PUBLIC)


def _carried(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address leads to."""
    if isinstance(address, ipaddress.IPv4Address) or address.is_loopback:
        return None
    for network, shift in _CARRIES_IPV4:
        if address in network:
            return ipaddress.IPv4Address(int(address) >> shift & 0xFFFF_FFFF)
    return None


def parse_entry(text: str) -> HostEntry | Network:
    """Read one entry.

    Raises:
        ValueError: it is no entry; the text says what would be one.
    """
    if "/" in text:
        try:
            return ipaddress.ip_network(text)
        except ValueError as error:
            raise ValueError(f"{text!r} is no network such as 10.20.0.0/16 ({error})") from error
    host, colon, port = text.rpartition(":") if text.count(":") == 1 else (text, "", "")
    plain = host.lower().removeprefix("*.")
    if not plain or any(character in plain for character in "*/@?# ") or (colon and not port.isdigit()):
        raise ValueError(f"{text!r} is none of: dam.example, dam.example:8443, *.cdn.example, 10.20.0.0/16")
    return HostEntry(host.lower(), int(port) if colon else None)


def address_of(host: str) -> Address | None:
    """The address that a host name literally is, mapped IPv4 unpacked; None for a name."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_numeric(host: str) -> bool:
    """Whether a host is an IPv4 address in whatever notation: names end in a label that is no number (RFC 3696, 2)."""
    last = host.rstrip(".").rpartition(".")[2].lower()
    return last.isdigit() or (last.startswith("0x") and all(digit in hexdigits for digit in last[2:]))


class GuardedResolver(AbstractResolver):
    """Resolves names that have allowed addresses only; the caller connects to exactly what it is given."""

    def __init__(self, allowed: AllowList, resolver: AbstractResolver | None = None) -> None:
        self._allowed = allowed
        self._resolver = resolver or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a host, all of them allowed.

        Raises:
            AddressRefusedError: it has an address that is not allowed: who mixes such a one in is not to be trusted
                with the others either.
            OSError: the name does not resolve.
        """
        found = await self._resolver.resolve(host, port, family)
        refused = [result["host"] for result in found if not self._allowed.address_allowed(result["host"])]
        if refused:
            raise AddressRefusedError(f"{host} resolves to {', '.join(refused)}")
        return found

    async def close(self) -> None:
        """Release the resolver behind."""
        await self._resolver.close()
