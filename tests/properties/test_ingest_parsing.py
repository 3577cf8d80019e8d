"""Whatever the outside world sends, parsing ends with a value or a refusal."""

import datetime as dt
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.dates import event_time, understood
from ingest.decoding import unpacker
from ingest.entry import UNSTORABLE, Entry, clean
from ingest.errors import IngestError
from ingest.guard import addresses_of, checked_url, denial
from ingest.identity import MAX_ID, canonical_url, content_hash, distinct
from ingest.near import bands, nearest, normalised
from ingest.readers.markup import parse_feed, whole_items
from ingest.rows import entry_of
from ingest.schedule import DAY, SHORTEST, retry_after
from ingest.text import dump_text

NOW = dt.datetime(2026, 3, 14, 9, 30, tzinfo=dt.UTC)
ANYTHING = st.text(st.characters(exclude_categories=()), max_size=200)  # lone surrogates too
MARKUP = st.lists(
    st.sampled_from(
        [
            "<",
            ">",
            "</",
            "item",
            "entry",
            " ",
            "<rss>",
            "<item>",
            "</item>",
            "<![CDATA[",
            "]]>",
            "<!--",
            "-->",
            "&a;",
            "x",
        ]
    )
).map("".join)
JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANYTHING,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANYTHING, inner, max_size=4),
)
ENTRIES = st.builds(
    Entry,
    content=ANYTHING,
    external_id=st.none() | st.sampled_from(["a", "b"]) | ANYTHING,
    url=st.none() | st.sampled_from(["https://example.org/1", "https://example.org/2"]) | ANYTHING,
    title=st.none() | ANYTHING,
)


@given(ANYTHING | st.integers().map(str) | st.datetimes().map(str) | st.floats().map(str))
def test_every_date_is_understood_or_none(written: str) -> None:
    moment = understood(written)
    assert moment is None or moment.tzinfo is dt.UTC
    assert event_time(moment, NOW) <= NOW


@given(ANYTHING)
def test_every_retry_after_is_between_its_bounds(header: str) -> None:
    pause = retry_after(header, NOW)
    assert pause is None or SHORTEST <= pause <= DAY


@given(ENTRIES)
def test_every_entry_can_be_stored(entry: Entry) -> None:
    cleaned = clean(entry, 100)
    for value in (cleaned.content, cleaned.external_id, cleaned.url, cleaned.title, *cleaned.notes):
        assert value is None or (not UNSTORABLE.search(value) and value.encode() is not None)
    assert clean(cleaned, 100) == cleaned


@given(st.lists(ENTRIES.map(lambda entry: clean(entry, 100)), max_size=8))
def test_different_entries_have_different_names_and_names_fit(entries: list[Entry]) -> None:
    names = distinct(entries, set())
    said = {(name, content_hash(entry.title, entry.content)) for name, entry in zip(names, entries, strict=True)}
    assert len(said) == len(set(names))
    assert all(0 < len(name) <= MAX_ID for name in names)
    # The same feed again holds nothing that is not known, name and words.
    again = distinct(entries, set(names))
    assert {
        (name, content_hash(entry.title, entry.content)) for name, entry in zip(again, entries, strict=True)
    } <= said


@given(st.one_of(ANYTHING, ANYTHING.map("http://{}/".format), st.integers(0, 2**34).map("http://{}/".format)))
def test_no_address_leads_inside(url: str) -> None:
    try:
        found = addresses_of(checked_url(url).host, 80, lambda host, port: ["127.0.0.1"], ())
    except IngestError:
        return
    assert all(denial(address) is None for address in found)


@given(st.ip_addresses().map(str))
def test_every_address_has_a_verdict(address: str) -> None:
    assert denial(address) is None or isinstance(denial(address), str)


@given(ANYTHING)
def test_a_canonical_link_is_canonical(url: str) -> None:
    once = canonical_url(url)
    assert canonical_url(once) == once


@given(JSON)
def test_every_row_is_an_entry_or_a_reason(row: object) -> None:
    assert isinstance(entry_of(row), Entry | str)


@settings(max_examples=50)
@given(st.binary(max_size=300) | MARKUP.map(str.encode) | JSON.map(lambda value: json.dumps(value).encode()))
def test_every_body_is_parsed(body: bytes) -> None:
    parsed = parse_feed(body, url="https://example.org/", content_type="", max_entries=5)
    assert len(parsed["entries"]) <= max(5, body.count(b"<"))
    json.dumps(parsed)


@given(MARKUP.map(str.encode), st.integers(1, 4))
def test_cutting_to_whole_items_only_shortens(body: bytes, limit: int) -> None:
    whole, total, _ = whole_items(body, limit)
    assert body.startswith(whole)
    assert total >= 0


@given(st.binary(max_size=300), st.sampled_from(["", "gzip", "deflate"]))
def test_every_packed_body_unpacks_or_is_refused(body: bytes, coding: str) -> None:
    box = unpacker(coding, 10_000, 200)
    try:
        assert len(box.feed(body)) <= 10_000
        box.finish()
    except IngestError:
        return


@given(ANYTHING | MARKUP)
def test_text_is_read_out_of_anything(markup: str) -> None:
    text, _ = dump_text(markup)
    assert text == text.strip()


@settings(deadline=None)  # the first example loads the library
@given(st.text(max_size=200))
def test_every_text_is_its_own_copy(text: str) -> None:
    plain = normalised(text)
    assert len(bands(plain)) in (1, 17)
    assert nearest(plain, [plain]) == 0
