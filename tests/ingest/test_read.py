"""Entries become items: once, in versions, with evidence."""

import datetime as dt

import pytest
from sqlalchemy import func, select

from ingest.entry import Entry
from ingest.errors import InputRefused
from ingest.evidence import keep_raw, raw_bytes, verify
from ingest.read import Stored, push, store_entries
from ingest.settings import IngestSettings
from models.database import Sessions, reading, writing
from models.evidence import RawBody
from models.item import Item, Refusal
from models.source import Source
from tests import factories

LATER = dt.timedelta(hours=1)


@pytest.fixture
def source(sessions: Sessions) -> Source:
    with writing(sessions) as session:
        return factories.add_source(session, language="sw")


def store(sessions: Sessions, source: Source, settings: IngestSettings, now: dt.datetime, *entries: Entry) -> Stored:
    with writing(sessions) as session:
        raw = keep_raw(session, repr(entries).encode("utf-8", "replace"), None, now)
        return store_entries(session, source, entries, raw, now, settings)


def items(sessions: Sessions) -> list[Item]:
    with reading(sessions) as session:
        return list(session.scalars(select(Item).order_by(Item.id)))


def test_an_entry_becomes_an_item(
    sessions: Sessions, source: Source, settings: IngestSettings, now: dt.datetime
) -> None:
    entry = Entry("Good morning", external_id="a", author="N.", published="2026-03-14T08:00:00Z")
    assert store(sessions, source, settings, now, entry) == Stored(new=1)
    (item,) = items(sessions)
    assert (item.external_id, item.version, item.content, item.language) == ("a", 1, "Good morning", "sw")
    assert item.event_at == item.published_at == now.replace(hour=8, minute=0)
    assert item.author not in (None, "N.")
    assert verify(sessions) == []


def test_the_same_entries_again_add_nothing(
    sessions: Sessions, source: Source, settings: IngestSettings, now: dt.datetime
) -> None:
    entries = [Entry(f"text {n}", external_id=str(n)) for n in range(600)]
    assert store(sessions, source, settings, now, *entries) == Stored(new=600)
    assert store(sessions, source, settings, now + LATER, *entries) == Stored(duplicates=600)
    assert len(items(sessions)) == 600


def test_an_edited_entry_is_a_new_version_and_the_old_one_stays(
    sessions: Sessions, source: Source, settings: IngestSettings, now: dt.datetime
) -> None:
    for text, after in (("one", 0), ("two", 1), ("two", 2), ("one", 3)):
        store(sessions, source, settings, now + after * LATER, Entry(text, external_id="a"))
    assert [(item.version, item.content) for item in items(sessions)] == [(1, "one"), (2, "two"), (3, "one")]


def test_a_new_guid_for_the_same_page_and_words_is_no_news(
    sessions: Sessions, source: Source, settings: IngestSettings, now: dt.datetime
) -> None:
    url = "https://radio.example.org/1?utm_source=feed"
    store(sessions, source, settings, now, Entry("one", external_id="guid-1", url=url))
    again = store(sessions, source, settings, now + LATER, Entry("one", external_id="guid-2", url=url))
    assert again == Stored(duplicates=1)
    edited = store(sessions, source, settings, now + LATER, Entry("two", external_id="guid-3", url=url))
    assert edited == Stored(new=1)


def test_two_sources_may_use_one_guid(
    sessions: Sessions, source: Source, settings: IngestSettings, now: dt.datetime
) -> None:
    with writing(sessions) as session:
        other = factories.add_source(session)
    store(sessions, source, settings, now, Entry("one", external_id="a"))
    assert store(sessions, other, settings, now, Entry("one", external_id="a")) == Stored(new=1)


def test_one_poisoned_entry_touches_no_other(
    sessions: Sessions, source: Source, settings: IngestSettings, now: dt.datetime
) -> None:
    entries = [Entry(f"text {n}", external_id=str(n)) for n in range(64)]
    entries[20] = Entry("before\x00needle \ud800 after", external_id="bad\x00")
    assert store(sessions, source, settings, now, *entries) == Stored(new=64)
    with reading(sessions) as session:
        found = session.scalars(select(Item).where(Item.content.contains("needle"))).one()
        assert found.content == "before�needle � after"
        assert session.scalar(select(func.count()).where(Item.content.contains("after"))) == 1
    assert [item for item in items(sessions) if item.notes] == [found] or len(found.notes) == 2


def test_dates_that_lie_are_kept_but_do_not_count(
    sessions: Sessions, source: Source, settings: IngestSettings, now: dt.datetime
) -> None:
    written = ["2999-01-01", "gestern", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"]
    store(sessions, source, settings, now, *[Entry(date, external_id=date, published=date) for date in written])
    assert {item.event_at for item in items(sessions)} == {now}
    assert [bool(item.notes) for item in items(sessions)] == [True, True, False, False]


def test_a_push_opens_its_source_and_says_what_it_took(
    sessions: Sessions, settings: IngestSettings, now: dt.datetime
) -> None:
    pushed = [
        {"external_id": "1", "text": "Good morning", "author": "N.", "published_at": "2026-03-14T08:00:00Z"},
        {"external_id": "2", "text": ""},
        "no object",
        {"external_id": "4", "text": {"nested": True}},
        {"external_id": "5", "text": "lone \ud800 surrogate"},
    ]
    result = push(sessions, "Partner", pushed, settings, now)
    assert (result.accepted, result.duplicates) == (2, 0)
    assert [entry["index"] for entry in result.rejected] == [1, 2, 3]
    again = push(sessions, "Partner", pushed, settings, now + LATER)
    assert (again.accepted, again.duplicates, len(again.rejected)) == (0, 2, 3)
    with reading(sessions) as session:
        assert session.scalars(select(Source)).one().kind == "push"
        assert session.scalar(select(func.count()).select_from(Refusal)) == 3
        assert b"Good morning" in raw_bytes(session.scalars(select(RawBody)).one())


def test_a_push_into_a_feed_is_refused(
    sessions: Sessions, source: Source, settings: IngestSettings, now: dt.datetime
) -> None:
    with pytest.raises(InputRefused, match="use another name"):
        push(sessions, source.name, [{"text": "x"}], settings, now)
    with pytest.raises(InputRefused, match="needs a name"):
        push(sessions, " ", [{"text": "x"}], settings, now)
