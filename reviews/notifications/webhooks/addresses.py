"""Addresses that may be connected to: http and https, and never one inside.

Nothing is decided by how an address is spelled. Whatever was written (decimal, octal, hexadecimal, short, in full-width
digits, as a name) ends at the resolver, each address that it answers is judged as a number, and `sending` connects to
exactly those: nobody resolves a second time.
"""

import ipaddress
import queue
import socket
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
Place = tuple[int, Any]  # a family, and an address as sockets take it

LONGEST = 500
MOST_PLACES = 16  # addresses of one host that are looked at
PORTS = {"http": 80, "https": 443}
LOWEST_FREE_PORT = 1024  # below stand services that aren't for posting to

_GLOBAL_IPV6 = ipaddress.ip_network("2000::/3")
# What leads inside, to nobody, to many at once, or by way of an address that is written into another.
_CLOSED = tuple(
    ipaddress.ip_network(each)
    for each in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # between a provider and its customers
        "127.0.0.0/8",  # this machine
        "168.63.129.16/32",  # public by its number, and a cloud's own service at every one of its machines
        "169.254.0.0/16",  # link-local, and where clouds tell machines their secrets
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocols
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "2001::/23",  # protocols, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address inside
        "3fff::/20",  # documentation
    )
)
# What isn't in 2000::/3 is closed without being named: loopback, IPv4-mapped and -compatible, NAT64 (64:ff9b::/96 and
# 64:ff9b:1::/48), discard, unique local, link-local, site-local, multicast.
_ISATAP = (0x00005EFE, 0x02005EFE)  # the third quarter of an address that has an IPv4 address as its last


class AddressRefused(Exception):
    """This can't be posted to; the words say why, and no more about what is inside than that."""


@dataclass(frozen=True)
class Address:
    """Where a webhook is: as it is asked of the resolver (`host` in ASCII), and of the server there (`target`)."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def is_outside(ip: Ip) -> bool:
    """Tell whether an address is one of the public internet, by which nothing inside can be reached (pure)."""
    if isinstance(ip, ipaddress.IPv6Address):
        quarter = (int(ip) >> 32) & 0xFFFFFFFF
        if ip.scope_id or ip not in _GLOBAL_IPV6 or quarter in _ISATAP:
            return False
    if any(ip in network for network in _CLOSED if network.version == ip.version):
        return False
    # Last the interpreter's own list, which may learn what this one doesn't know.
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def may_connect(ip: Ip) -> bool:
    """Tell whether an address may be connected to: it is outside, or the operator opened its network."""
    opened = settings.WEBHOOK_ALLOWED_NETWORKS
    return is_outside(ip) or any(ip in network for network in opened if network.version == ip.version)


def read_address(text: str) -> Address:
    """Take an address apart. Raises AddressRefused for one that can't be posted to, whatever it resolves to."""
    if len(text) > LONGEST:
        raise AddressRefused(f"An address has at most {LONGEST} characters.")
    if any(each.isspace() or not each.isprintable() or each == "\\" for each in text):
        raise AddressRefused("An address has no blanks, control characters or backslashes.")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise AddressRefused("This isn't an address.") from error
    if parts.scheme not in PORTS:
        raise AddressRefused("An address begins with https:// or http://.")
    if "[" in parts.netloc and ":" not in host:
        raise AddressRefused("This isn't an address.")
    if "@" in parts.netloc:
        raise AddressRefused("An address has no user name or password in it; the signature shows who sends.")
    if "#" in text:
        raise AddressRefused("An address that is posted to has no part behind a #.")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not target.isascii():
        raise AddressRefused("Write what stands behind the host percent-encoded.")
    port = PORTS[parts.scheme] if port is None else port
    if port not in PORTS.values() and port < LOWEST_FREE_PORT:
        raise AddressRefused(f"The port is 80, 443, or one from {LOWEST_FREE_PORT} on.")
    address = Address(parts.scheme, _host(host), port, target)
    if _is_own(address):
        raise AddressRefused("This is the register's own address.")
    return address


def check_address(text: str) -> Address:
    """Return an address that can be kept: taken apart, and outside where it is a number. A name is judged at each delivery,
    so nobody's page waits for a resolver. Raises AddressRefused."""
    address = read_address(text)
    try:
        found = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
        )
    except (OSError, UnicodeError):
        return address  # a name
    _places(found)
    return address


def places_of(address: Address, *, seconds: float) -> list[Place]:
    """Resolve the host of an address, once, and return where to connect to.

    Raises AddressRefused unless every address of it may be connected to, TimeoutError if the resolver is silent.
    """
    return _places(_look_up(address, seconds))


def _host(host: str) -> str:
    """Return a host in ASCII, as a resolver and a certificate have it. Raises AddressRefused."""
    host = host.removesuffix(".")
    if not host or "%" in host:
        raise AddressRefused("An address names a host.")
    try:
        if ":" in host:
            return str(ipaddress.IPv6Address(host))
        # The codec of the standard library: it folds full-width digits and dots as resolvers do.
        plain = host.encode("idna").decode("ascii").lower().removesuffix(".")
    except ValueError as error:  # UnicodeError is one
        raise AddressRefused("This isn't the name of a host.") from error
    if not plain or len(plain) > 253 or not all(each.isalnum() or each in "-_." for each in plain):
        raise AddressRefused("This isn't the name of a host.")
    return plain


def _is_own(address: Address) -> bool:
    own = urlsplit(settings.SITE_URL)
    if (address.host, address.port) == (own.hostname, own.port or PORTS.get(own.scheme)):
        return True
    names = [name for name in settings.ALLOWED_HOSTS if name != "*"]
    host = f"[{address.host}]" if ":" in address.host else address.host
    return address.port in PORTS.values() and validate_host(host, names)


def _look_up(address: Address, seconds: float) -> list[Any]:
    """Ask the resolver, and wait no longer than that: the system's own patience may be half a minute."""
    answers: queue.Queue[Any] = queue.Queue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    try:
        found = answers.get(timeout=max(0.0, seconds))
    except queue.Empty as error:
        raise TimeoutError from error
    return [] if isinstance(found, Exception) else found


def _places(found: list[Any]) -> list[Place]:
    """Return where to connect to, of what a resolver answered. One address inside closes them all."""
    places: list[Place] = []
    for family, _type, _protocol, _name, address in found:
        host, port, *more = address
        scope = more[1] if len(more) > 1 else 0
        if family not in (socket.AF_INET, socket.AF_INET6) or scope or not may_connect(_ip(host)):
            raise AddressRefused(UNREACHABLE)
        place = (family, (str(_ip(host)), port, *(0 for _ in more)))
        if place not in places:
            places.append(place)
    if not places or len(places) > MOST_PLACES:
        raise AddressRefused(UNREACHABLE)
    return places


def _ip(host: Any) -> Ip:
    try:
        return ipaddress.ip_address(host)
    except ValueError as error:
        raise AddressRefused(UNREACHABLE) from error


# One sentence for a name that isn't known and for one that leads inside: nobody learns here which names there are inside.
UNREACHABLE = "This host has no address in the public internet, or one that isn't in it."
