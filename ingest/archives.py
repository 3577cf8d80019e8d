"""Read web archives (WARC): each page that was answered with success becomes an entry, beside the bytes it came as.

An archive says when a page was seen; that is its time. Pictures, scripts, redirects and errors are passed over.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

from ingest import tables
from ingest.charset import decoded
from ingest.entry import Entry
from ingest.errors import InputRefused

ARCHIVES = (".warc", ".warc.gz")
PAGES = ("text/html", "application/xhtml+xml", "text/plain")
MAX_PAGE = 25 * 1024 * 1024


def is_archive(name: str) -> bool:
    """Whether the name says that the file is a web archive."""
    return name.lower().endswith(ARCHIVES)


def chunks(file: BinaryIO, name: str) -> Iterator[tables.Chunk]:
    """Yield one chunk per page; its `raw` are the bytes of the page, a refusal's line is the number of the record.

    Raises `InputRefused` when the open file is no archive or damaged, or OSError; the pages before have been good.
    """
    from warcio.archiveiterator import ArchiveIterator
    from warcio.exceptions import ArchiveLoadFailed

    number = 0
    try:
        for number, record in enumerate(ArchiveIterator(file), 1):
            chunk = _page(record, number)
            if chunk is not None:
                yield chunk
    except (ArchiveLoadFailed, EOFError, ValueError) as error:
        raise InputRefused(f"the archive cannot be read after record {number} ({str(error)[:200]})") from error
    if number == 0:
        raise InputRefused(f"{name} holds no record; is it a web archive?")


def _page(record: Any, number: int) -> tables.Chunk | None:
    """Return a page as a chunk, or None for a record that is none."""
    if record.rec_type not in ("response", "resource"):
        return None
    url = record.rec_headers.get_header("WARC-Target-URI") or ""
    headers = record.http_headers
    if headers is not None and headers.get_statuscode() != "200":
        return None
    named = (headers.get_header("Content-Type") if headers is not None else record.content_type) or ""
    kind = named.split(";")[0].strip().lower()
    if kind not in PAGES or not url.startswith(("http://", "https://")):
        return None
    body = record.content_stream().read(MAX_PAGE + 1)
    if len(body) > MAX_PAGE:
        return tables.Chunk(refused=[(number, f"the page is longer than {MAX_PAGE:,} bytes")])
    if _is_cut(record):
        raise EOFError("it ends in the middle of the page")
    found = decoded(body, named)
    notes = (found.note,) if found.note else ()
    entry = Entry(
        content=found.text,
        content_type="text" if kind == "text/plain" else "html",
        external_id=url,
        url=url,
        published=record.rec_headers.get_header("WARC-Date"),
        notes=(*notes, "from a web archive: the time is when it was archived"),
    )
    return tables.Chunk(raw=body, entries=[entry], media=named or "text/plain")


def _is_cut(record: Any) -> bool:
    """Whether the file ends before the record does: half a page must not pass for the whole one."""
    while record.raw_stream.read(65_536):
        pass
    return int(getattr(record.raw_stream, "limit", 0)) > 0
