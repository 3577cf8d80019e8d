"""Packed files that people bring: gzip and zip, unpacked as a stream and never onto the disk. It knows no rows.

What an archive says of its members is checked before one is opened, and Python's reader holds each member to it: no
more comes out than was said. Each is unpacked once to see that it is sound, because damage in the middle shows at the
end only. A member that cannot be read costs no other.
"""

import gzip
import io
import re
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from ingest.decoding import RATIO_FROM
from ingest.errors import InputRefused
from ingest.settings import IngestSettings

DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, struct.error)
NO_ARCHIVE = (*DAMAGED, OSError, ValueError, RuntimeError)
PACKED = (".zip", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".zstd", ".lz4", ".br", ".7z", ".rar", ".tar")
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
MOST_MEMBERS = 10_000
LONGEST_LIST = 4 * 1024 * 1024
ENCRYPTED = 0x1
UNIX = 3
OUTSIDE = re.compile(r"(?:^|[/\\])\.\.(?:[/\\]|$)|^[/\\]|^[A-Za-z]:|[\x00-\x1f]")


class Gunzipped(io.RawIOBase):
    """What a gzip file holds, which ends where that is damaged or a bomb: `problem` says so.

    Ending instead of raising lets whoever reads lines keep the whole ones; only the last one may be half.
    """

    def __init__(self, file: BinaryIO, settings: IngestSettings) -> None:
        self.file, self.settings = file, settings
        self.packed = gzip.GzipFile(fileobj=file)
        self.given, self.problem = 0, ""

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Give the next bytes, none at the end or at a problem."""
        if self.problem:
            return 0
        try:
            piece = self.packed.read1(len(buffer))
        except DAMAGED as error:
            self.problem = f"the compressed file is damaged or ends too early ({error})"
            return 0
        self.given += len(piece)
        self.problem = too_much(self.given, self.file.tell(), self.settings)
        if self.problem:
            return 0
        buffer[: len(piece)] = piece
        return len(piece)


def gunzipped(file: BinaryIO, settings: IngestSettings) -> io.BufferedReader:
    """Return what a gzip file holds."""
    return io.BufferedReader(Gunzipped(file, settings))


def problem_of(stream: Any) -> str:
    """Say why what a gzip file holds ended where it did, or nothing."""
    raw = getattr(stream, "raw", None)
    return raw.problem if isinstance(raw, Gunzipped) else ""


def too_much(unpacked: int, packed: int, settings: IngestSettings) -> str:
    """Say why so many bytes out of so few are too many, or nothing."""
    if unpacked > settings.unpacked_max_bytes:
        return f"it unpacks to more than {settings.unpacked_max_bytes:,} bytes (TOCSIN_UNPACKED_MAX_BYTES)"
    if unpacked > RATIO_FROM and unpacked > settings.max_compression_ratio * packed:
        return f"it unpacks to more than {settings.max_compression_ratio} times its size: a compression bomb"
    return ""


@dataclass(frozen=True)
class Member:
    """One file of an archive: `open` it, or read why it is not opened."""

    name: str
    objection: str
    open: Callable[[], io.BufferedReader]


class Frugal:
    """The file under an archive; it gives at most so much at once, so that a list of members cannot fill the memory."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.seek, self.tell, self.seekable = file, file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes; raises `InputRefused` for too many of them."""
        piece = self.file.read(LONGEST_LIST + 1 if size < 0 else min(size, LONGEST_LIST + 1))
        if len(piece) > LONGEST_LIST:
            raise InputRefused(f"the archive's list of its members is longer than {LONGEST_LIST:,} bytes")
        return piece


def members(file: BinaryIO, settings: IngestSettings, knows: Callable[[str], bool]) -> Iterator[Member]:
    """Yield the files of a zip archive that are worth a word; `knows` tells which names are of a kind that is read.

    Those of other kinds are counted in one sentence, under no name. Raises `InputRefused` for what is no archive, and
    for one that as a whole is a bomb.
    """
    size = file.seek(0, io.SEEK_END)
    try:
        archive = zipfile.ZipFile(Frugal(file))
    except NO_ARCHIVE as error:
        raise InputRefused(f"it is no zip archive, or a part of it is missing ({str(error)[:100]})") from error
    infos = [info for info in archive.infolist() if not _passed_over(info)]
    if len(infos) > MOST_MEMBERS:
        raise InputRefused(f"the archive holds {len(infos):,} files; at most {MOST_MEMBERS:,} are taken")
    wanted = [info for info in infos if knows(info.filename) or info.filename.lower().endswith(PACKED)]
    fine = [info for info in wanted if not objection(info, settings)]
    # Members may share their bytes: each is harmless, and all together are not.
    if reason := too_much(sum(info.file_size for info in fine), size, settings):
        raise InputRefused(f"the archive is not read: {reason}")
    for info in wanted:
        yield Member(info.filename, objection(info, settings), _opener(archive, info))
    others = Counter(PurePosixPath(info.filename).suffix.lower()[:20] for info in infos if info not in wanted)
    if others:
        kinds = ", ".join(sorted(kind or "no ending" for kind in others)[:10])
        word = "file is of a kind that is" if others.total() == 1 else "files are of kinds that are"
        yield Member("", f"{others.total():,} {word} not read ({kinds})", _nothing)
    elif not wanted:
        yield Member("", "the archive holds no file", _nothing)


def objection(info: zipfile.ZipInfo, settings: IngestSettings) -> str:
    """Say why a member is not opened, or nothing."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    method = f"it is packed by method {info.compress_type}, which is not read; use the ordinary one (deflate)"
    reasons = {
        "its name leads out of the archive, or holds control characters": OUTSIDE.search(info.orig_filename),
        "a link is not followed": kind == stat.S_IFLNK,
        "it is no ordinary file": info.create_system == UNIX and kind not in (0, stat.S_IFREG, stat.S_IFLNK),
        "it is encrypted; pack it without a password": info.flag_bits & ENCRYPTED,
        "a packed file inside an archive is not read; unpack it first": info.filename.lower().endswith(PACKED),
        method: info.compress_type not in METHODS,
    }
    found = next((reason for reason, holds in reasons.items() if holds), "")
    return found or too_much(info.file_size, info.compress_size, settings)


def _opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], io.BufferedReader]:
    def opened() -> io.BufferedReader:
        try:
            with archive.open(info) as sound:
                while sound.read(65_536):
                    pass
            return io.BufferedReader(archive.open(info))  # type: ignore[arg-type]  # it reads as raw streams do
        except NO_ARCHIVE as error:
            raise InputRefused(f"it is damaged or cannot be opened ({str(error)[:100]})") from error

    return opened


def _nothing() -> io.BufferedReader:
    raise InputRefused("there is nothing to open")


def _passed_over(info: zipfile.ZipInfo) -> bool:
    """Whether a member is a folder, or what systems leave in archives unasked."""
    parts = re.split(r"[/\\]", info.filename)
    hidden = any(part.startswith(".") and part != ".." for part in parts)
    return info.is_dir() or hidden or parts[0] == "__MACOSX"
