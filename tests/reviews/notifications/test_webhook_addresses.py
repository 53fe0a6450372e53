"""No webhook reaches inside, however its address is spelled, and whatever a name resolves to at which moment."""

import ipaddress
import socket
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.notifications.webhooks import addresses
from reviews.notifications.webhooks.addresses import (
    AddressRefused,
    check_address,
    is_outside,
    may_connect,
    places_of,
    read_address,
)

INSIDE = (
    # IPv4
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254"),
    *("169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1"),
    *("192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.1.2.3"),
    *("240.0.0.1", "255.255.255.255", "168.63.129.16"),
    # IPv6
    *("::", "::1", "fe80::1", "febf::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "100::1", "5f00::1"),
    *("2001:db8::1", "3fff::1", "2001:2::1", "2001:10::1", "2001:20::1", "4000::1", "1::1"),
    # IPv6 that holds an IPv4 address: mapped, compatible, translated, 6to4, Teredo, NAT64, ISATAP
    *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:a9fe:a9fe", "::127.0.0.1", "::8.8.8.8", "::ffff:0:127.0.0.1"),
    *("2002:7f00:1::", "2002:808:808::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"),
    *("64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::7f00:1", "64:ff9b:1:abcd::1"),
    *("2606:4700::5efe:7f00:1", "2606:4700::200:5efe:7f00:1"),
    "fe80::1%eth0", "2606:4700::1%1",
)  # fmt: skip
OUTSIDE = (
    "8.8.8.8",
    "1.1.1.1",
    "93.184.215.14",
    "100.63.255.255",
    "172.32.0.1",
    "2606:4700::1111",
    "2a00:1450::1",
)

# Spellings of addresses inside that some resolver or other understands.
SPELLINGS = (
    *("127.0.0.1", "127.1", "127.0.1", "0", "0.0", "2130706433", "0x7f000001", "0x7f.1", "0x7f.0x0.0x0.0x1"),
    *("0177.0.0.1", "0177.1", "017700000001", "00000177.00000.00000.00001", "127.0.0.1.", "127。0。0。1"),
    *("①②⑦.⓪.⓪.①", "１２７．０．０．１", "𝟏𝟐𝟕.𝟎.𝟎.𝟏", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]"),
    *("[::ffff:7f00:1]", "[::FFFF:7F00:0001]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"),
    *("169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "0xa9.254.0xa9fe", "10.1", "192.168.257"),
)  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_inside_is_not_outside(address):
    assert not is_outside(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", OUTSIDE)
def test_what_is_outside_is(address):
    assert is_outside(ipaddress.ip_address(address))


@given(st.ip_addresses())
def test_nothing_outside_is_closed_by_any_rule_that_python_knows(address):
    if is_outside(address):
        assert address.is_global
        assert not (
            address.is_private or address.is_loopback or address.is_link_local or address.is_multicast
        )
        assert not (address.is_reserved or address.is_unspecified)
        if address.version == 6:
            assert not (address.ipv4_mapped or address.sixtofour or address.teredo or address.is_site_local)


@pytest.mark.parametrize("host", SPELLINGS)
def test_every_spelling_of_an_address_inside_is_refused_when_kept_and_when_connected_to(host):
    with pytest.raises(AddressRefused):
        check_address(f"http://{host}/hook")
    with pytest.raises(AddressRefused):
        places_of(read_address(f"http://{host}/hook"), seconds=5)


@pytest.mark.parametrize(
    "url",
    [
        *("", "hook", "//8.8.8.8/", "ftp://8.8.8.8/", "file:///etc/passwd", "gopher://8.8.8.8/", "javascript:alert(1)"),
        *("http://", "http:///hook", "http://./", "http://../", "http://a..b/", f"http://{'a' * 64}.org/"),
        *("http://user@8.8.8.8/", "http://user:word@8.8.8.8/", "http://127.0.0.1@8.8.8.8/", "http://@8.8.8.8/"),
        *("http://8.8.8.8:0/", "http://8.8.8.8:22/", "http://8.8.8.8:25/", "http://8.8.8.8:65536/", "http://8.8.8.8:x/"),
        *("http://8.8.8.8/#part", "http://8.8.8.8/#", "http://8.8.8.8/中", "http://8.8.8.8/a b", "http://8.8.8.8/\r\nx"),
        *("http://8.8.8.8\\@127.0.0.1/", "http://8.8.8.8/\0", "http://[::1", "http://[fe80::1%25eth0]/"),
        *("http://127%2e0%2e0%2e1/", "http://[v1.a]/", "http://a/b\u202e", "http://exa mple.org/", "http://a?" + "b" * 500),
        *("http://[8.8.8.8]/", "http://a,b/", "http://a;b/", "http://$x/", "http://\ud800/"),
    ],
)  # fmt: skip
def test_what_is_no_address_to_post_to_is_refused(url):
    with pytest.raises(AddressRefused):
        read_address(url)


def test_an_address_is_taken_apart_as_it_will_be_asked():
    address = read_address("HTTPS://Bücher.Example.:8443?q=1&r=%E4%B8%AD")
    assert (address.host, address.port, address.target) == (
        "xn--bcher-kva.example",
        8443,
        "/?q=1&r=%E4%B8%AD",
    )
    assert address.host_header == "xn--bcher-kva.example:8443"
    assert read_address("https://[2606:4700::0:1111]/").host_header == "[2606:4700::1111]"
    assert read_address("http://example.org:80/a").host_header == "example.org"


def answer(*hosts, port=80):
    """What a resolver answers."""
    return [
        (socket.AF_INET6, 1, 6, "", (host, port, 0, 0))
        if ":" in host
        else (socket.AF_INET, 1, 6, "", (host, port))
        for host in hosts
    ]


@pytest.mark.parametrize(
    "found",
    [
        [],
        answer("127.0.0.1"),
        answer("8.8.8.8", "127.0.0.1"),
        answer("2606:4700::1111", "::1"),
        answer("::ffff:127.0.0.1"),
        answer(*(f"8.8.8.{number}" for number in range(50))),
        [(socket.AF_INET6, 1, 6, "", ("2606:4700::1111", 80, 0, 7))],
        [(socket.AF_UNIX, 1, 0, "", "/run/x")],
    ],
    ids=["none", "inside", "one inside", "one inside, IPv6", "mapped", "too many", "a zone", "no address"],
)
def test_a_name_is_refused_unless_all_of_its_addresses_are_outside(found, monkeypatch):
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *_args, **_options: found)
    with pytest.raises((AddressRefused, ValueError)) as refused:
        places_of(read_address("http://example.org/"), seconds=5)
    assert str(refused.value) == addresses.UNREACHABLE


def test_a_name_that_is_unknown_and_one_that_leads_inside_are_refused_in_the_same_words(monkeypatch):
    def unknown(*_args, **_options):
        raise socket.gaierror("unknown")

    monkeypatch.setattr(addresses.socket, "getaddrinfo", unknown)
    with pytest.raises(AddressRefused, match=addresses.UNREACHABLE):
        places_of(read_address("http://example.org/"), seconds=5)


def test_a_name_is_connected_to_where_it_was_looked_up(monkeypatch):
    found = answer("8.8.8.8", "8.8.8.8", "2606:4700::1111")
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *_args, **_options: found)
    places = places_of(read_address("http://example.org/"), seconds=5)
    assert places == [
        (socket.AF_INET, ("8.8.8.8", 80)),
        (socket.AF_INET6, ("2606:4700::1111", 80, 0, 0)),
    ]


def test_nobody_waits_for_a_silent_resolver(monkeypatch):
    silent = Event()
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *_args, **_options: silent.wait(30))
    with pytest.raises(TimeoutError):
        places_of(read_address("http://example.org/"), seconds=0.05)
    silent.set()


def test_no_name_is_looked_up_when_an_address_is_kept(monkeypatch):
    asked = []
    real = socket.getaddrinfo

    def look_up(host, port, **options):
        asked.append(options.get("flags"))
        return real(host, port, **options)

    monkeypatch.setattr(addresses.socket, "getaddrinfo", look_up)
    assert check_address("https://hooks.example.org/x").host == "hooks.example.org"
    assert asked == [socket.AI_NUMERICHOST]


def test_the_operator_may_open_a_network_and_opens_nothing_else(settings):
    settings.WEBHOOK_ALLOWED_NETWORKS = [
        ipaddress.ip_network("10.20.0.0/16"),
        ipaddress.ip_network("fd12::/32"),
    ]
    assert may_connect(ipaddress.ip_address("10.20.3.4")) and may_connect(ipaddress.ip_address("fd12::1"))
    assert not may_connect(ipaddress.ip_address("10.21.0.1"))
    assert not may_connect(ipaddress.ip_address("::ffff:10.20.3.4"))
    assert not may_connect(ipaddress.ip_address("127.0.0.1"))


def test_the_register_is_no_receiver(settings):
    settings.SITE_URL, settings.ALLOWED_HOSTS = "https://register.example.org", ["*", ".example.net"]
    settings.WEBHOOK_ALLOWED_NETWORKS = [ipaddress.ip_network("0.0.0.0/0")]
    for url in (
        *("https://register.example.org/x", "https://Register.Example.ORG.:443/", "http://www.example.net/"),
        "https://example.net/api/v1/",
    ):
        with pytest.raises(AddressRefused, match="own address"):
            read_address(url)
    assert read_address("https://example.net:8443/") and read_address("https://other.example.org/")
