"""Which thing is this: GUID, link or words, however carelessly they were given."""

import pytest

from ingest.entry import Entry
from ingest.identity import author_hash, canonical_url, content_hash, distinct


def test_a_guid_names_an_entry_before_its_link_and_its_words() -> None:
    assert distinct([Entry("a", external_id="g1", url="https://example.org/1")], set()) == ["g1"]
    assert distinct([Entry("a", url="https://Example.org/1#top")], set()) == ["https://example.org/1"]
    assert distinct([Entry("a")], set()) == ["sha256:" + content_hash(None, "a")]


def test_one_guid_for_all_entries_does_not_merge_them() -> None:
    entries = [Entry(f"text {n}", external_id="same", url=f"https://example.org/{n}") for n in range(3)]
    assert distinct(entries, set()) == [f"same#https://example.org/{n}" for n in range(3)]


def test_one_guid_and_one_link_for_all_are_told_apart_by_words() -> None:
    entries = [Entry(f"text {n}", external_id="same", url="https://example.org/") for n in range(3)]
    assert len(set(distinct(entries, set()))) == 3


def test_an_entry_once_told_apart_stays_so_when_it_is_alone() -> None:
    alone = [Entry("text 1", external_id="same", url="https://example.org/1")]
    assert distinct(alone, {"same#https://example.org/1"}) == ["same#https://example.org/1"]


def test_the_same_entry_twice_is_one() -> None:
    assert distinct([Entry("a", external_id="g"), Entry("a", external_id="g")], set()) == ["g", "g"]


def test_a_name_too_long_for_its_column_is_hashed() -> None:
    (name,) = distinct([Entry(external_id="x" * 600)], set())
    assert len(name) < 100


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTP://Example.ORG:80/a?utm_source=x&b=1&fbclid=2#c", "http://example.org/a?b=1"),
        ("https://example.org", "https://example.org/"),
        ("https://example.org:8443/?q=%E2%82%AC", "https://example.org:8443/?q=%E2%82%AC"),
        ("http://[broken", "http://[broken"),
        ("http://example.org:port/", "http://example.org:port/"),
    ],
)
def test_links_to_one_page_are_one_link(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical


def test_an_author_is_a_hash_that_needs_the_key_and_differs_by_source() -> None:
    kept = author_hash("N. Keshu", "Radio", key="pepper", policy="hash")
    assert kept is not None
    assert len(kept) == 64
    assert author_hash(" n. keshu ", "Radio", key="pepper", policy="hash") == kept
    assert author_hash("N. Keshu", "Forum", key="pepper", policy="hash") != kept
    assert author_hash("N. Keshu", "Radio", key="salt", policy="hash") != kept


def test_without_a_key_no_author_is_kept_and_an_operator_may_keep_names() -> None:
    assert author_hash("N. Keshu", "Radio", key="", policy="hash") is None
    assert author_hash("N. Keshu", "Radio", key="", policy="keep") == "N. Keshu"
