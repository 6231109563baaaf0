"""Which hosts may be reached: public addresses, or those that `ABREAST_HTTP_ALLOW` names.

An address is judged by where it leads in the end: those of IPv6 that carry one of IPv4 (mapped, NAT64, 6to4) are
judged by that one. What is not known to be public is not reached.
"""

import asyncio
import contextlib
import ipaddress
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import psutil

IP = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], list[str]]

_GLOBAL = ipaddress.ip_network("2000::/3")  # all that is public in IPv6
_MAPPED = (ipaddress.ip_network("::ffff:0:0/96"), ipaddress.ip_network("64:ff9b::/96"))  # IPv4 in the last 32 bits
_6TO4 = ipaddress.ip_network("2002::/16")
_CLOSED = [
    ipaddress.ip_network(text)
    for text in (
        "100.64.0.0/10",  # shared by customers of one provider; a cloud keeps its metadata there
        "168.63.129.16/32",  # a public address with the services of a cloud behind it
        "192.0.0.0/24",  # assignments of protocols
        "192.88.99.0/24",  # relays of 6to4
        "198.18.0.0/15",
        "2001::/23",  # Teredo, ORCHID and other protocols' own
        "2620:4f:8000::/48",
        "3fff::/20",
    )
]
PUBLIC = "public"


class Refused(Exception):
    """This must not be reached; says why."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Who may be reached. `hosts`: None for all public ones; else these, and below a leading dot all of that domain.

    Addresses of `networks` may be reached whatever they are, by whatever name.
    """

    hosts: tuple[str, ...] | None = None
    networks: tuple[Network, ...] = ()

    def check(self, host: str, addresses: Iterable[str]) -> list[str]:
        """The addresses, if every one may be reached. Raises Refused."""
        found = list(dict.fromkeys(addresses))
        for address in found:
            if why := self._problem(host, address):
                raise Refused(f"{host} must not be reached: {why}")
        return found

    def _problem(self, host: str, address: str) -> str | None:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return f"{address!r} is no address"
        if not _scope(found) and any(found in network for network in self.networks):
            return None
        if why := why_closed(found):
            return f"{address} is {why}"
        if self.hosts is not None and not any(_names(wanted, host) for wanted in self.hosts):
            return "ABREAST_HTTP_ALLOW does not name it"
        return None


def allowed(words: Iterable[str]) -> Allowed:
    """What a setting means: names, domains (`.example.org`), addresses, networks, `public`. Raises ValueError."""
    hosts, networks, public = [], [], False
    for word in words:
        name = word.lower().rstrip(".")
        if name == PUBLIC:
            public = True
        elif "/" in name or ":" in name or name.replace(".", "").isdecimal():
            networks.append(ipaddress.ip_network(name.strip("[]")))
        elif name.strip(".").replace("-", "").replace(".", "").isalnum():
            hosts.append(name)
        else:
            raise ValueError(f"{word!r} is neither the name of a host nor a network")
    restricted = (hosts or networks) and not public
    return Allowed(tuple(hosts) if restricted else None, tuple(networks))


def why_closed(address: IP) -> str | None:
    """Why nobody is reached there, or None when it is a public address of somebody else."""
    if _scope(address):
        return "an address of one link"
    if (inner := _inner(address)) is not None:
        return why_closed(inner)
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified:
        return "not public"
    if address.version == 6 and address not in _GLOBAL:
        return "not public"
    if any(address in network for network in _CLOSED if network.version == address.version):
        return "not public"
    return "an address of this machine" if str(address) in _own() else None


def _inner(address: IP) -> ipaddress.IPv4Address | None:
    if address.version == 4:
        return None
    if any(address in network for network in _MAPPED):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _6TO4:
        return ipaddress.IPv4Address((int(address) >> 80) & 0xFFFFFFFF)
    return None


def _scope(address: IP) -> str | None:
    return address.scope_id if isinstance(address, ipaddress.IPv6Address) else None


def _own() -> set[str]:
    return {each.address.partition("%")[0] for card in psutil.net_if_addrs().values() for each in card}


def _names(wanted: str, host: str) -> bool:
    host = host.lower().rstrip(".")
    return host == wanted or (wanted.startswith(".") and host.endswith(wanted))


# ---- from names to addresses ----


def ask_system(host: str, port: int) -> list[str]:
    """The addresses of a host, as this machine finds them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for _, _, _, _, address in found]


async def resolve(resolver: Resolver, host: str, port: int) -> list[str]:
    """Asks in a thread that nobody has to wait for: names may take half a minute. Raises OSError."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def settle(addresses: list[str], error: Exception | None) -> None:
        if not answer.done():
            answer.set_exception(error) if error else answer.set_result(addresses)

    def ask() -> None:
        addresses, problem = [], None
        try:
            addresses = resolver(host, port)
        except (OSError, UnicodeError) as error:
            problem = OSError(f"{host[:200]!r} is not found ({error})")
        with contextlib.suppress(RuntimeError):  # nobody waits any more
            loop.call_soon_threadsafe(settle, addresses, problem)

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    return await answer
