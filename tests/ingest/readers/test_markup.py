"""Feeds of every kind become the same plain entries, and nothing hostile is expanded or fetched."""

import json
from typing import Any

import pytest

from ingest.readers.markup import parse_feed, whole_items
from tests.ingest.feeds import item, rss

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://radio.example.org/" xml:lang="sw"><title>R</title>
<entry><id>tag:1</id><title type="html">Bread &amp;amp; &lt;b&gt;salt&lt;/b&gt;</title><link href="/notes/1"/>
<updated>2026-03-14T09:30:00+03:00</updated><author><name>N.</name></author>
<summary>short</summary><content type="html">&lt;p&gt;The longer text.&lt;/p&gt;</content></entry></feed>"""
RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
<channel rdf:about="https://radio.example.org/"><title>R</title></channel>
<item rdf:about="https://radio.example.org/1"><title>One</title><link>https://radio.example.org/1</link></item></rdf:RDF>"""
JSON = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "R",
    "language": "en",
    "items": [
        {
            "id": 7,
            "url": "/notes/7",
            "title": "Seven",
            "content_html": "<p>Hi</p>",
            "date_published": "2026-03-14T09:00:00Z",
        },
        {"id": "8", "content_text": "Plain", "authors": [{"name": "N."}]},
    ],
}


def parse(body: str | bytes, limit: int = 2000) -> dict[str, Any]:
    raw = body.encode() if isinstance(body, str) else body
    return parse_feed(raw, url="https://radio.example.org/feed", content_type="application/xml", max_entries=limit)


def test_rss() -> None:
    parsed = parse(rss(item(1), item(2)))
    assert (parsed["format"], parsed["total"], parsed["cut"]) == ("rss20", 2, False)
    assert parsed["entries"][0] == {
        "external_id": "https://radio.example.org/note-1",
        "url": "https://radio.example.org/notes/1",
        "title": "Note 1",
        "content": "The market of Marrok opened at 1.",
        "content_type": "html",
        "author": None,
        "published": "2026-03-14T01:00:00+00:00",
        "language": None,
    }


def test_atom() -> None:
    (entry,) = parse(ATOM)["entries"]
    assert entry["title"] == "Bread & salt"
    assert entry["content"] == "<p>The longer text.</p>"
    assert entry["published"] == "2026-03-14T06:30:00+00:00"
    assert (entry["url"], entry["author"], entry["language"]) == ("https://radio.example.org/notes/1", "N.", "sw")


def test_rdf() -> None:
    parsed = parse(RDF)
    assert (parsed["format"], [entry["title"] for entry in parsed["entries"]]) == ("rss10", ["One"])


def test_json_feed() -> None:
    parsed = parse(json.dumps(JSON))
    assert parsed["format"] == "json"
    seven, eight = parsed["entries"]
    assert (seven["external_id"], seven["url"], seven["content_type"]) == (
        "7",
        "https://radio.example.org/notes/7",
        "html",
    )
    assert (eight["content"], eight["author"], eight["language"]) == ("Plain", "N.", "en")


@pytest.mark.parametrize(
    "body",
    [
        "", "hello", "<html><body>Please sign in</body></html>", "{}", "[1,2]", '{"version": "2"}', "[" * 100_000,
        '{"items": NaN}', b"\xff\xfe\x00", b"\x00" * 100,
    ],
    ids=range(10),
)  # fmt: skip
def test_what_is_no_feed_has_no_format(body: str | bytes) -> None:
    parsed = parse(body)
    assert (parsed["format"], parsed["entries"]) == ("", [])


def test_a_feed_cut_at_any_byte_keeps_whole_items_and_never_a_half_one() -> None:
    body = rss(*(item(n, f"Text number {n} <b>with</b> </item> inside & more") for n in range(3))).encode()
    whole = [body[: body.index(b"</item>", start) + 7] for start in (m for m in _starts(body))]
    for cut in range(1, len(body)):
        parsed = parse(body[:cut])
        complete = sum(cut >= len(part) for part in whole)
        assert [entry["external_id"] for entry in parsed["entries"]] == [
            f"https://radio.example.org/note-{n}" for n in range(complete)
        ], cut
        if b"<rss " in body[:cut] and cut < len(body) - len("</channel></rss>"):
            assert parsed["cut"], cut


def _starts(body: bytes) -> list[int]:
    starts, at = [], -1
    while (at := body.find(b"<item>", at + 1)) != -1:
        starts.append(at)
    return starts


def test_markup_inside_cdata_and_comments_is_no_item() -> None:
    inside = "<item><guid>a</guid><description><![CDATA[<item>no</item>]]></description><!-- <item> --></item>"
    body = rss(inside).encode()
    assert whole_items(body, 10) == (body, 1, False)


def test_only_so_many_entries_are_parsed_and_the_rest_is_counted() -> None:
    parsed = parse(rss(*(item(n) for n in range(50))), limit=10)
    assert (len(parsed["entries"]), parsed["total"], parsed["cut"]) == (10, 50, False)


@pytest.mark.parametrize(
    "declaration",
    [
        '<!ENTITY a "boom"><!ENTITY b "&a;&a;&a;">',
        '<!ENTITY b SYSTEM "file:///etc/passwd">',
        '<!ENTITY b SYSTEM "http://127.0.0.2:1/">',
        '<!ENTITY % p SYSTEM "http://127.0.0.2:1/"> %p;',
    ],
)
def test_entities_are_not_expanded_and_nothing_is_fetched(declaration: str) -> None:
    feed = "<rss><channel><item><title>x &b; y</title></item></channel></rss>"
    body = f"<?xml version='1.0'?><!DOCTYPE rss [{declaration}]>{feed}"
    titles = [entry["title"] or "" for entry in parse(body)["entries"]]
    assert not any("root:" in title or "boomboom" in title for title in titles)


def test_charsets_are_decided_as_the_header_and_the_document_say() -> None:
    body = rss(item(1, title="Café")).replace('"1.0"', '"1.0" encoding="iso-8859-1"').encode("latin-1")
    assert parse(body)["entries"][0]["title"] == "Café"
    wide = rss(item(1, title="Café")).replace('"1.0"', '"1.0" encoding="utf-16"').encode("utf-16")
    assert parse(wide)["entries"][0]["title"] == "Café"
