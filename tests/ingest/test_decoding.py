"""Packed bodies are unpacked within limits, and damage is seen."""

import gzip
import zlib
from pathlib import Path

import pytest

from ingest.decoding import unpacker
from ingest.errors import TooLarge, Truncated

LIMIT, RATIO = 25_000_000, 200
PACK = Path(__file__).parents[3] / "shared" / "conformance" / "compressed"
TEXT = b"The market of Marrok opened at eight. " * 50


def unpack(body: bytes, coding: str, limit: int = LIMIT, piece: int = 7) -> bytes:
    box = unpacker(coding, limit, RATIO)
    out = b"".join(box.feed(body[start : start + piece]) for start in range(0, len(body), piece))
    box.finish()
    return out


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (TEXT, ""),
        (TEXT, "identity"),
        (gzip.compress(TEXT), "gzip"),
        (gzip.compress(TEXT), " X-Gzip "),
        (zlib.compress(TEXT), "deflate"),
        (raw_deflate(TEXT), "deflate"),
        (gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]), "gzip"),
        (gzip.compress(TEXT) + b"\0\0\0", "gzip"),
    ],
    ids=["plain", "identity", "gzip", "x-gzip", "deflate", "raw deflate", "members", "padding"],
)
def test_what_was_packed_comes_out(body: bytes, coding: str) -> None:
    assert unpack(body, coding) == TEXT


def test_an_empty_body_is_not_truncated() -> None:
    assert unpack(b"", "gzip") == b""


@pytest.mark.parametrize("cut", [1, 5, 20, -1, -8])
def test_a_packed_body_without_its_end_is_truncated(cut: int) -> None:
    with pytest.raises(Truncated):
        unpack(gzip.compress(TEXT)[:cut], "gzip")


def test_damage_is_truncation_too() -> None:
    body = bytearray(gzip.compress(TEXT))
    body[-6] ^= 0xFF
    with pytest.raises(Truncated):
        unpack(bytes(body), "gzip")


def test_the_ratio_stops_a_bomb_long_before_its_size() -> None:
    box = unpacker("gzip", 10**12, RATIO)
    bomb = gzip.compress(b"\0" * 50_000_000)
    with pytest.raises(TooLarge, match="bomb"):
        box.feed(bomb)


def test_the_size_limit_holds_without_a_bomb() -> None:
    with pytest.raises(TooLarge, match="more than 1,000 bytes"):
        unpack(gzip.compress(TEXT), "gzip", limit=1000)


@pytest.mark.parametrize("coding", ["gzip, gzip", "gzip,deflate,gzip", "br", "zstd", "compress"])
def test_more_than_one_layer_and_unasked_codings_are_refused(coding: str) -> None:
    with pytest.raises(TooLarge):
        unpacker(coding, LIMIT, RATIO)


@pytest.mark.skipif(not PACK.exists(), reason="the conformance packs are not here")
@pytest.mark.parametrize(
    ("name", "coding", "outcome"),
    [
        ("bomb-gzip.bin", "gzip", TooLarge),
        ("bomb-deflate.bin", "deflate", TooLarge),
        ("bomb-br.bin", "br", TooLarge),
        ("bomb-zstd.bin", "zstd", TooLarge),
        ("html-gzip-deflate.bin", "gzip, deflate", TooLarge),
        ("html-gzip-deflate-gzip.bin", "gzip, deflate, gzip", TooLarge),
        ("truncated-crc-error.gz", "gzip", Truncated),
        ("truncated-crc-error-short.gz", "gzip", Truncated),
        ("unexpected-eof.gz", "gzip", Truncated),
        ("html-gzip.bin", "gzip", None),
        ("html-rawdeflate.bin", "deflate", None),
        ("html-zlibdeflate.bin", "deflate", None),
        ("feed-sample1.xml.gz", "gzip", None),
    ],
)
def test_the_pack_of_packed_bodies(name: str, coding: str, outcome: type[Exception] | None) -> None:
    body = (PACK / name).read_bytes()
    if outcome is None:
        assert b"<" in unpack(body, coding, piece=4096)
    else:
        with pytest.raises(outcome):
            unpack(body, coding, piece=4096)
