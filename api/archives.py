"""Write raw answers as web archives: WARC 1.1 records (ISO 28500), and a WACZ package that a replay tool opens.

A WACZ (Webrecorder's specification 1.1.1) is a ZIP with the WARC, an index over it (CDXJ), a list of pages, checksums.
Only bodies of answers are kept and no headers, so the records are of type `resource`, and nothing is made up. It knows
no table.
"""

import datetime as dt
import gzip
import hashlib
import io
import ipaddress
import json
import uuid
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from urllib.parse import SplitResult, urlsplit

WARC = "archive/data.warc.gz"
INDEX = "indexes/index.cdx"
PAGES = "pages/pages.jsonl"
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Capture:
    """One answer as it came: from which address, when, of what kind, and what to call it in a list."""

    address: str
    at: dt.datetime
    content_type: str
    body: bytes
    title: str = ""


def record(kind: str, content_type: str, data: bytes, at: dt.datetime, headers: dict[str, str]) -> bytes:
    """Write one WARC record; its identifier follows from its content, so that the same case gives the same file."""
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}:{hashlib.sha256(data).hexdigest()}:{headers}")
    said = {
        "WARC-Type": kind,
        "WARC-Record-ID": f"<urn:uuid:{name}>",
        "WARC-Date": _time(at),
        "Content-Type": "".join(char for char in content_type if char.isprintable()),
        "Content-Length": str(len(data)),
    } | headers
    return b"WARC/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in said.items()).encode() + b"\r\n" + data + b"\r\n\r\n"


def about(now: dt.datetime) -> bytes:
    """Write the record that says what made the file."""
    told = f"software: tocsin {version('tocsin')}\r\nformat: WARC File Format 1.1\r\n".encode()
    return record("warcinfo", "application/warc-fields", told, now, {})


def resource(address: str, content_type: str, body: bytes, at: dt.datetime) -> bytes:
    """Write the body of one answer."""
    headers = {"WARC-Target-URI": clean(address), "WARC-Payload-Digest": digest(body)}
    return record("resource", content_type or "application/octet-stream", body, at, headers)


def is_http(address: str | None) -> bool:
    """Whether something can have been fetched from there over HTTP."""
    try:
        parts = urlsplit(address or "")
        return parts.scheme in PORTS and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def wacz(captures: Sequence[Capture], title: str, now: dt.datetime) -> bytes:
    """Return a WACZ of captures, each from an HTTP address."""
    written, index = gzip.compress(about(now), mtime=0), []
    for one in captures:
        # Each record is a gzip member of its own, so that a reader can begin at any of them.
        packed = gzip.compress(resource(one.address, one.content_type, one.body, one.at), mtime=0)
        index.append(index_line(one, len(written), len(packed)))
        written += packed
    lines = "".join(sorted(index))
    files = {WARC: written, INDEX: lines.encode(), PAGES: pages(captures)}
    package = {
        "profile": "data-package",
        "wacz_version": "1.1.1",
        "software": f"tocsin {version('tocsin')}",
        "created": _time(now),
        "title": title,
        "resources": [
            {"name": path.rpartition("/")[2], "path": path, "hash": digest(data), "bytes": len(data)}
            for path, data in files.items()
        ],
    }
    files["datapackage.json"] = _json(package)
    signed = {"path": "datapackage.json", "hash": digest(files["datapackage.json"])}
    files["datapackage-digest.json"] = _json(signed)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in files.items():
            # What a reader seeks in is stored as it is; the specification forbids packing it twice.
            kind = zipfile.ZIP_STORED if name in {WARC, INDEX} else zipfile.ZIP_DEFLATED
            entry = zipfile.ZipInfo(name, now.astimezone(dt.UTC).timetuple()[:6])
            archive.writestr(entry, data, compress_type=kind)
    return made.getvalue()


def index_line(one: Capture, offset: int, length: int) -> str:
    """Return the line of the index that finds one capture: by address and time, with where it lies."""
    found = {
        "url": clean(one.address),
        "mime": one.content_type.partition(";")[0].strip() or "application/octet-stream",
        "status": "200",  # what was no success is never kept
        "digest": digest(one.body),
        "length": str(length),
        "offset": str(offset),
        "filename": WARC.rpartition("/")[2],
    }
    return f"{sort_key(one.address)} {one.at.astimezone(dt.UTC):%Y%m%d%H%M%S} {json.dumps(found)}\n"


def pages(captures: Sequence[Capture]) -> bytes:
    """Return the list of what can be opened."""
    lines: list[dict[str, str]] = [{"format": "json-pages-1.0", "id": "pages", "title": "All Pages"}]
    for one in captures:
        name = hashlib.sha256(f"{one.address} {_time(one.at)} {digest(one.body)}".encode()).hexdigest()[:16]
        lines.append({"id": name, "url": clean(one.address), "ts": _time(one.at), "title": one.title or one.address})
    return "".join(json.dumps(line, ensure_ascii=True) + "\n" for line in lines).encode()


def sort_key(address: str) -> str:
    """Return an address in the order in which archives are sorted: the host's last part first (SURT)."""
    parts = urlsplit(clean(address))
    query = "&".join(sorted(parts.query.split("&"))) if parts.query else ""
    return f"{_host(parts)}){parts.path or '/'}{'?' + query if query else ''}".lower()


def clean(address: str) -> str:
    """Return an address without what would break a line."""
    return "".join(char for char in address if char.isprintable() and char != " ")


def digest(data: bytes) -> str:
    """Return the checksum of bytes as archives write it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").removeprefix("www.")
    port = f":{parts.port}" if parts.port not in (None, PORTS.get(parts.scheme)) else ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return ",".join(reversed(host.split("."))) + port
    return host + port


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=True, indent=2) + "\n").encode()


def _time(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
