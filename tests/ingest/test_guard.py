"""Only the public internet is reachable, whatever an address looks like."""

import json
from pathlib import Path

import pytest

from ingest.errors import Refused, Unreachable
from ingest.guard import addresses_of, checked_url, denial, is_allowed

SHARED = Path(__file__).parents[3] / "shared" / "conformance"


def nobody(host: str, port: int) -> list[str]:
    raise AssertionError(f"{host} must not be resolved")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.254.254.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200",
        "169.254.169.254",
        "172.16.10.65", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.3", "192.168.0.1", "198.18.0.1",
        "198.51.100.7",
        "203.0.113.6", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1",
        "100::1", "2001::1",
        "2001:db8::1", "2002:7f00:1::", "3fff::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1",
        "ff02::1",
        "not an address",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public_are_denied(address: str) -> None:
    assert denial(address) is not None


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "100.63.255.254", "172.15.0.1", "172.32.0.1", "2001:4860:4860::8888", "2a00::1"]
)
def test_public_addresses_pass(address: str) -> None:
    assert denial(address) is None


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "gopher://example.org/", "ftp://example.org/", "javascript:alert(1)", "//example.org/",
        "example.org", "",
        "http://user@example.org/", "http://user:secret@example.org/", "http://example.org\\@127.0.0.1/",
        "http://@example.org/",
        "http://example.org/\r\nHost: inner", "http://exa mple.org/", "http://example.org/\x00", "http://[::1",
        "http://",
        "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.1/", "http://127.0.0.1.:80/",
        "http://1.2.3.4.5/",
        "http://425.510.425.510/", "http://${HOST}/", "http://example.org:99999/", "http://a/" + "x" * 3000,
    ],
)  # fmt: skip
def test_urls_that_could_be_read_in_two_ways_are_refused(url: str) -> None:
    with pytest.raises(Refused):
        addresses_of(checked_url(url).host, 80, nobody, ())


@pytest.mark.parametrize(
    "url",
    ["http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/", "http://127.0.0.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/"],
)
def test_loopback_in_any_spelling_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        addresses_of(checked_url(url).host, 80, lambda host, port: ["127.0.0.1"], ())


def test_a_name_is_as_good_as_its_worst_address() -> None:
    with pytest.raises(Refused, match="::1"):
        addresses_of("radio.example.org", 80, lambda host, port: ["93.184.216.34", "::1"], ())


def test_a_name_without_an_address_is_unreachable_not_refused() -> None:
    def fails(host: str, port: int) -> list[str]:
        raise OSError("Name or service not known")

    with pytest.raises(Unreachable, match="has no address"):
        addresses_of("gone.invalid", 80, fails, ())


def test_the_operator_can_let_a_network_through_and_only_that_is_used() -> None:
    found = addresses_of("localhost", 80, lambda host, port: ["127.0.0.1", "::1"], ("127.0.0.0/8",))
    assert found == ["127.0.0.1"]
    assert not is_allowed("127.0.0.1", ("10.0.0.0/8",))
    assert is_allowed("::ffff:127.0.0.1", ("127.0.0.0/8",))


@pytest.mark.skipif(not SHARED.exists(), reason="the conformance packs are not here")
def test_the_address_pack_passes_whole() -> None:
    rows = [json.loads(line) for line in (SHARED / "ip_guard.jsonl").read_text().splitlines()]
    verdicts = [(row["ip"], "allow" if denial(row["ip"]) is None else "deny") for row in rows]
    assert verdicts == [(row["ip"], row["want"]) for row in rows]


@pytest.mark.skipif(not SHARED.exists(), reason="the conformance packs are not here")
def test_the_url_pack_passes_whole() -> None:
    # The names in the pack stand for names that lead inside, so every name resolves to loopback here.
    for line in (SHARED / "ssrf_urls.jsonl").read_text().splitlines():
        url = json.loads(line)["url"]
        with pytest.raises(Refused):
            addresses_of(checked_url(url).host, 80, lambda host, port: ["127.0.0.1"], ())
