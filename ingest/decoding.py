"""Unpack a body while it arrives, within limits. It knows bytes and codings, not where they come from."""

import zlib
from typing import Protocol

from ingest.errors import TooLarge, Truncated

GZIP = 16 + zlib.MAX_WBITS
RATIO_FROM = 1024 * 1024
STEP = 256 * 1024


class Unpacker(Protocol):
    """Takes pieces of a body as sent, gives pieces of the body as meant."""

    def feed(self, piece: bytes) -> bytes:
        """Return what `piece` unpacks to."""

    def finish(self) -> None:
        """Raise `Truncated` when the coding says that something is missing."""


class Plain:
    """No content coding."""

    def feed(self, piece: bytes) -> bytes:
        """Return the piece as it is."""
        return piece

    def finish(self) -> None:
        """Nothing can be missing that the connection would not have told."""


class Inflate:
    """gzip (several members allowed) or deflate (with or without its header), never more than `limit` bytes in all."""

    def __init__(self, coding: str, limit: int, ratio: int) -> None:
        self.coding, self.limit, self.ratio = coding, limit, ratio
        self.taken = self.given = 0
        self.started = self.ended = False
        self.zlib = zlib.decompressobj(GZIP if coding == "gzip" else zlib.MAX_WBITS)

    def feed(self, piece: bytes) -> bytes:
        """Unpack one piece; raises `TooLarge` as soon as a limit is passed, `Truncated` when the data is damaged."""
        self.taken += len(piece)
        out = []
        while piece and not (self.ended and self.coding != "gzip"):
            if self.ended:
                if piece[:1] != b"\x1f":
                    break  # padding after the last member
                self.zlib, self.ended = zlib.decompressobj(GZIP), False
            out.append(self._step(piece))
            piece = self.zlib.unconsumed_tail
            if self.zlib.eof:
                self.ended, piece = True, self.zlib.unused_data
        return b"".join(out)

    def _step(self, piece: bytes) -> bytes:
        try:
            unpacked = self.zlib.decompress(piece, STEP)
        except zlib.error as error:
            if self.coding == "deflate" and not self.started:
                self.zlib = zlib.decompressobj(-zlib.MAX_WBITS)  # many servers send deflate without its header
                self.started = True
                return self._step(piece)
            raise Truncated(f"the compressed body is damaged ({error})") from error
        self.started = True
        self.given += len(unpacked)
        if self.given > self.limit:
            raise TooLarge(f"the body unpacks to more than {self.limit:,} bytes")
        if self.given > RATIO_FROM and self.given > self.ratio * self.taken:
            raise TooLarge(f"the body unpacks to more than {self.ratio} times its size: a compression bomb")
        return unpacked

    def finish(self) -> None:
        """Raise `Truncated` when the stream has not reached its end."""
        if self.taken and not self.ended:
            raise Truncated("the compressed body ends before its end")


def unpacker(content_encoding: str, limit: int, ratio: int) -> Unpacker:
    """Choose by the header; raises `TooLarge` for more than one layer and for codings we never asked for."""
    layers = [name for part in content_encoding.lower().split(",") if (name := part.strip()) not in ("", "identity")]
    if not layers:
        return Plain()
    if len(layers) > 1:
        raise TooLarge(f"the body is packed {len(layers)} times ({', '.join(layers)[:100]}); one layer is taken")
    if layers[0] in ("gzip", "x-gzip"):
        return Inflate("gzip", limit, ratio)
    if layers[0] == "deflate":
        return Inflate("deflate", limit, ratio)
    raise TooLarge(f"the body is packed as {layers[0][:50]!r}, which was not asked for")
