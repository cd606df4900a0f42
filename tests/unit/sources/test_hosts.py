from __future__ import annotations

import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from pressrun_sources.transport.call import Call, Credentials
from pressrun_sources.transport.hosts import AddressRefusedError, AllowList, GuardedResolver, HostEntry, parse_entry

NONE = AllowList()


def networks(*texts: str) -> AllowList:
    """An allow list of networks."""
    return AllowList(networks=tuple(entry for text in texts if not isinstance(entry := parse_entry(text), HostEntry)))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "::1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "240.0.0.1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:0:127.0.0.1",
        "::ffff:0:8.8.8.8",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b::8.8.8.8",
        "64:ff9b:1::10.0.0.1",
        "2002:7f00:1::1",
        "2002:808:808::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "3fff::1",
        "100::1",
        "fec0::1",
        "ff02::1",
        "fd00:ec2::254",
        "224.0.0.1",
        "255.255.255.255",
        "not-an-address",
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    """No address of this machine, of a private network or of a link is used without permission."""
    assert not NONE.address_allowed(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8"])
def test_public_addresses(address: str) -> None:
    """Public addresses are used."""
    assert NONE.address_allowed(address)


def test_allowed_networks() -> None:
    """A network that an operator lists is used, and no other."""
    allowed = networks("10.20.0.0/16", "fd12::/16")
    assert allowed.address_allowed("10.20.30.40")
    assert allowed.address_allowed("::ffff:10.20.30.40")
    assert allowed.address_allowed("fd12::1")
    assert not allowed.address_allowed("10.21.0.1")
    assert not allowed.address_allowed("127.0.0.1")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("64:ff9b::8.8.8.8", True),
        ("64:ff9b::169.254.169.254", False),
        ("64:ff9b::10.20.0.1", True),
        ("64:ff9b::127.0.0.1", False),
        ("2002:808:808::1", True),
        ("2002:7f00:1::1", False),
    ],
)
def test_translated_addresses_in_an_allowed_network(address: str, expected: bool) -> None:  # noqa: FBT001 - as below
    """Where an operator allows a translator's network, the address that it leads to is still judged."""
    assert networks("64:ff9b::/96", "2002::/16", "10.20.0.0/16").address_allowed(address) is expected


@pytest.mark.parametrize(
    ("entry", "url", "expected"),
    [
        ("dam.example", "https://dam.example/x", True),
        ("dam.example", "https://DAM.example/x", True),
        ("dam.example", "http://dam.example/x", True),
        ("dam.example", "https://dam.example:8443/x", False),
        ("dam.example:8443", "https://dam.example:8443/x", True),
        ("dam.example", "https://dam.example.evil/x", False),
        ("dam.example", "https://evil-dam.example/x", False),
        ("*.cdn.example", "https://a.cdn.example/x", True),
        ("*.cdn.example", "https://a.b.cdn.example/x", True),
        ("*.cdn.example", "https://cdn.example/x", False),
        ("*.cdn.example", "https://evilcdn.example/x", False),
        ("*.cdn.example", "http://a.cdn.example/x", False),
    ],
)
def test_host_entries(entry: str, url: str, expected: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """An entry means its host and port, a star any name below a domain and only by HTTPS."""
    parsed = parse_entry(entry)
    assert isinstance(parsed, HostEntry)
    assert parsed.matches(URL(url)) is expected


@pytest.mark.parametrize("text", ["https://dam.example", "10.0.0.0/33", "10.0.0.1/8", "a b", "*", "a:b", "x@y", "a*b"])
def test_bad_entries(text: str) -> None:
    """What is no entry is refused with examples."""
    with pytest.raises(ValueError, match="is no"):
        parse_entry(text)


class Fixed(AbstractResolver):
    """Resolves every name to the same addresses."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.closed = False

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses."""
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self.addresses
        ]

    async def close(self) -> None:
        """Note it."""
        self.closed = True


async def test_resolver_gives_all_addresses() -> None:
    """A name with allowed addresses resolves to them."""
    inner = Fixed("93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946")
    resolver = GuardedResolver(NONE, inner)
    found = [result["host"] for result in await resolver.resolve("dam.example", 443)]
    assert found == ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"]
    await resolver.close()
    assert inner.closed


async def test_resolver_refuses_mixed_answers() -> None:
    """A name that also means an address that may not be used is refused, and the error names that address."""
    with pytest.raises(AddressRefusedError, match=r"dam.example resolves to 10.0.0.1$"):
        await GuardedResolver(NONE, Fixed("93.184.216.34", "10.0.0.1")).resolve("dam.example", 443)


async def test_resolver_refuses() -> None:
    """A name that means only addresses that may not be used is refused."""
    with pytest.raises(AddressRefusedError, match=r"dam.example resolves to 127.0.0.1, 10.0.0.1"):
        await GuardedResolver(NONE, Fixed("127.0.0.1", "10.0.0.1")).resolve("dam.example", 443)


@pytest.mark.parametrize(
    "url",
    ["http://dam.example/", "https://dam.example:444/", "https://dam.example.evil/", "https://evil@dam.example:80/"],
)
def test_credentials_stay_at_home(url: str) -> None:
    """Credentials go to their own scheme, host and port only."""
    credentials = Credentials({"Authorization": "x"}, frozenset({URL("https://dam.example")}))
    assert credentials.headers_for(URL("https://dam.example/any?path")) == {"Authorization": "x"}
    assert credentials.headers_for(URL(url)) == {}


def test_calls_in_details() -> None:
    """A detail shows a call without user, query and fragment, and a secret URL as its host alone."""
    url = URL("https://user:secret@dam.example/a%2Fb?token=secret#secret", encoded=True)
    assert str(Call("GET", url, "x")) == "GET https://dam.example/a%2Fb"
    assert str(Call("GET", url, "x", secret_url=True)) == "GET https://dam.example"
