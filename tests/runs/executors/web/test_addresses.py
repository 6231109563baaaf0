"""Which addresses may be reached, and what `ABREAST_HTTP_ALLOW` may say."""

import ipaddress

import psutil
import pytest

from runs.executors.web.addresses import Allowed, Refused, allowed, ask_system, why_closed

CLOSED = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 127.0.0.1 127.1.2.3 127.255.255.254 168.63.129.16
169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1
198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
:: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1
64:ff9b::127.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b:1::8.8.8.8 100::1 2001::1 2001:0:7f00:1::1 2001:db8::1 2001:10::1
2002:7f00:1:: 2002:a9fe:a9fe::1 2002:c0a8:1::1 3fff::1 5f00::1 4000::1 fc00::1 fd00:ec2::254 fdff::1 fe80::1 fec0::1
ff02::1 ff0e::1 fe80::1%lo
""".split()
OPEN = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 93.184.215.14 100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1 169.253.1.1
172.15.255.255 172.32.0.1 192.169.0.1 223.255.255.1 2606:4700:4700::1111 2a00:1450:4001:81a::200e ::ffff:8.8.8.8
64:ff9b::8.8.8.8 2002:808:808::1
""".split()


@pytest.mark.parametrize("address", CLOSED)
def test_what_is_not_public_is_not_reached(address: str) -> None:
    assert why_closed(ipaddress.ip_address(address)) is not None


@pytest.mark.parametrize("address", OPEN)
def test_what_is_public_is_reached(address: str) -> None:
    assert why_closed(ipaddress.ip_address(address)) is None


def test_no_address_of_this_machine_is_reached() -> None:
    own = [each.address for card in psutil.net_if_addrs().values() for each in card if each.family.name == "AF_INET"]
    assert own
    assert all(why_closed(ipaddress.ip_address(address)) for address in own)


def test_one_closed_address_among_open_ones_is_enough() -> None:
    with pytest.raises(Refused, match=r"example.org must not be reached: 10.0.0.1 is not public"):
        Allowed().check("example.org", ["8.8.8.8", "10.0.0.1"])
    assert Allowed().check("example.org", ["8.8.8.8", "1.1.1.1", "8.8.8.8"]) == ["8.8.8.8", "1.1.1.1"]


def reaches(words: list[str], host: str, address: str) -> bool:
    try:
        return allowed(words).check(host, [address]) == [address]
    except Refused:
        return False


@pytest.mark.parametrize(
    ("words", "host", "address", "expected"),
    [
        ([], "any.example", "8.8.8.8", True),
        ([], "any.example", "10.0.0.1", False),
        (["forge.example"], "forge.example", "8.8.8.8", True),
        (["forge.example"], "FORGE.example.", "8.8.8.8", True),
        (["forge.example"], "other.example", "8.8.8.8", False),
        (["forge.example"], "x.forge.example", "8.8.8.8", False),
        (["forge.example"], "forge.example", "10.0.0.1", False),  # a name may come to mean anything
        ([".example"], "forge.example", "8.8.8.8", True),
        ([".example"], "badexample", "8.8.8.8", False),
        (["10.1.0.0/16"], "forge.lan", "10.1.2.3", True),
        (["10.1.0.0/16"], "forge.lan", "10.2.2.3", False),
        (["10.1.0.0/16"], "any.example", "8.8.8.8", False),
        (["10.1.0.0/16", "public"], "any.example", "8.8.8.8", True),
        (["10.1.0.0/16", "public"], "any.example", "10.2.0.1", False),
        (["127.0.0.1"], "localhost", "127.0.0.1", True),
        (["127.0.0.1"], "localhost", "127.0.0.2", False),
        (["fd00::/8"], "forge.lan", "fd12::1", True),
        (["fe80::/10"], "forge.lan", "fe80::1%lo", False),
        ([], "any.example", "no address", False),
    ],
)
def test_the_setting_says_who_is_reached(words: list[str], host: str, address: str, expected: bool) -> None:
    assert reaches(words, host, address) is expected


@pytest.mark.parametrize("word", ["10.0.0.1/8", "10.0.0.0/40", "300.1.1.1", "a b", "http://x", "x:80", "*", "x_y", "."])
def test_a_word_that_means_nothing_is_refused(word: str) -> None:
    with pytest.raises(ValueError):
        allowed([word])


def test_the_system_is_asked_for_names() -> None:
    assert "127.0.0.1" in ask_system("127.0.0.1", 80)
    with pytest.raises(OSError):
        ask_system("no.such.name.invalid", 80)
