"""Fault 68: a source that floods is held to its quota; all that it served is stored, held or refused, and counted."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import func, select

from ingest import quota
from ingest.evidence import verify
from ingest.extract import extract
from ingest.imports import import_file
from ingest.read import push
from models.database import reading, writing
from models.document import Document
from models.item import Item, Refusal
from models.source import Source, troubled
from tests.fault_server import FaultServer, text
from tests.ingest.conftest import Desk
from tests.ingest.feeds import item, rss

DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
Make = Callable[..., Desk]


def flood(start: int, count: int) -> str:
    return rss(*(item(n, f"They are rats, says copy {n}.") for n in range(start, start + count)))


def flooded(desk_with: Make, server: FaultServer) -> tuple[Desk, int]:
    """Return a desk that has polled a source of thirty items once, with a quota of ten, and the source's number."""
    desk = desk_with(source_items_per_day=10)
    server["/flood"] = text(flood(0, 30))
    source_id = desk.watch(server.url("/flood"))
    desk.poll()
    return desk, source_id


def counts(desk: Desk, source_id: int) -> tuple[int, int]:
    """Return how many items of a source went on and how many are held back."""
    with reading(desk.sessions) as session:
        all_of_them = session.scalar(select(func.count()).where(Item.source_id == source_id)) or 0
        held = session.scalar(select(func.count()).where(Item.source_id == source_id, quota.held_back())) or 0
    return all_of_them - held, held


def refused(desk: Desk) -> list[tuple[str, str]]:
    with reading(desk.sessions) as session:
        return [(row.place, row.reason) for row in session.scalars(select(Refusal).order_by(Refusal.id))]


def test_a_flood_is_held_back_and_nothing_of_it_is_lost(desk_with: Make, server: FaultServer) -> None:
    desk = desk_with(source_items_per_day=10)
    server["/flood"] = text(flood(0, 60), etag='"one"')
    server["/quiet"] = text(rss(item(500)))
    flooding, quiet = desk.watch(server.url("/flood")), desk.watch(server.url("/quiet"))
    desk.poll()
    assert (counts(desk, flooding), counts(desk, quiet)) == ((10, 50), (1, 0))
    source = desk.source(flooding)
    assert (source.state, source.state_since) == ("over_quota", desk.now)
    assert source.state_reason == (
        "it brings more than its quota of 10 items a day, and 50 of them are held back "
        "until a day leaves room, or a person releases them"
    )
    assert source.next_due_at is not None
    assert source.due_reason
    # The week is full after 70: the rest is refused, and asked for again as if we had never seen the answer.
    server["/flood"] = text(flood(60, 60), etag='"two"')
    desk.poll(HOUR)
    assert counts(desk, flooding) == (10, 70)
    assert refused(desk) == [("40 of 60 entries", quota.AWAY_BECAUSE)]
    source = desk.source(flooding)
    assert source.etag == '"one"'
    assert "what comes beyond is not taken in" in (source.state_reason or "")
    assert desk.source(quiet).state == "ok"
    assert verify(desk.sessions) == []
    # What was turned away is still served, and comes in when there is room.
    for _ in range(40):
        quota.let_in(desk.sessions, desk.settings, desk.now)
        desk.poll(DAY)
    assert counts(desk, flooding) == (120, 0)
    assert desk.source(flooding).state == "silent"  # by now it has had nothing new for weeks


def test_what_is_held_back_is_not_read_until_it_is_let_in_and_half_of_a_day_stays_free(
    desk_with: Make, server: FaultServer
) -> None:
    desk, source_id = flooded(desk_with, server)

    def documents() -> int:
        while extract(desk.sessions, desk.network, desk.settings, desk.now):
            pass
        with reading(desk.sessions) as session:
            return session.scalar(select(func.count(Document.id))) or 0

    assert quota.let_in(desk.sessions, desk.settings, desk.now) == 0
    assert documents() == 10
    desk.now += DAY
    assert [quota.let_in(desk.sessions, desk.settings, desk.now) for _ in range(2)] == [5, 0]
    assert documents() == 15
    server["/flood"] = text(flood(100, 5))
    desk.poll()
    assert counts(desk, source_id) == (20, 15)
    assert documents() == 20


def test_without_a_limit_and_with_one_of_its_own(desk_with: Make, server: FaultServer) -> None:
    for setting, own, expected in ((0, None, 30), (10, 0, 30), (10, 20, 20), (0, 5, 5)):
        desk = desk_with(source_items_per_day=setting)
        path = f"/{setting}-{own}"
        server[path] = text(flood(0, 30))
        source_id = desk.watch(server.url(path), items_per_day=own)
        desk.poll()
        assert counts(desk, source_id) == (expected, 30 - expected)


def test_what_an_operator_brings_has_no_quota_unless_one_is_set(desk_with: Make, tmp_path: Path) -> None:
    desk = desk_with(source_items_per_day=3)
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(f'{{"id": {n}, "text": "note {n}"}}\n' for n in range(20)))
    result = import_file(desk.sessions, file, "Field office", desk.settings, desk.now)
    assert (result.new, result.held) == (20, 0)
    with writing(desk.sessions) as session:
        session.add(Source(name="Set", kind="import", created_at=desk.now, items_per_day=2, state="ok"))
    result = import_file(desk.sessions, file, "Set", desk.settings, desk.now)
    assert (result.new, result.held, len(result.refused)) == (16, 14, 4)
    assert import_file(desk.sessions, file, "Set", desk.settings, desk.now).duplicates == 16


def test_a_folder_with_a_quota_keeps_the_file_until_all_of_it_is_in(desk_with: Make, tmp_path: Path) -> None:
    desk = desk_with()
    (tmp_path / "drop").mkdir()
    source_id = desk.watch(str(tmp_path / "drop"), kind="folder", items_per_day=2)
    file = tmp_path / "drop" / "rows.jsonl"
    file.write_text("".join(f'{{"id": {n}, "text": "note {n}"}}\n' for n in range(20)))
    desk.now = dt.datetime.now(dt.UTC) + HOUR
    with writing(desk.sessions) as session:
        session.get_one(Source, source_id).next_due_at = desk.now
    desk.poll()
    assert counts(desk, source_id) == (2, 14)
    assert file.exists()
    for _ in range(20):
        quota.let_in(desk.sessions, desk.settings, desk.now)
        desk.poll(DAY)
    assert counts(desk, source_id)[0] == 20
    assert not file.exists()
    assert (tmp_path / "drop" / "processed" / "rows.jsonl").exists()


def test_a_push_over_the_quota_is_taken_held_and_then_refused_with_a_reason(desk_with: Make) -> None:
    desk = desk_with(source_items_per_day=2)
    items = [{"external_id": str(n), "text": f"note {n}"} for n in range(20)]
    result = push(desk.sessions, "Desk Marrok", items, desk.settings, desk.now)
    assert (result.accepted, result.held, len(result.rejected)) == (16, 14, 4)
    assert result.rejected[0] == {"index": 16, "reason": f"{quota.AWAY_BECAUSE}; send it again later"}
    with reading(desk.sessions) as session:
        source = session.scalars(select(Source).where(troubled(desk.now))).one()
    assert (source.state, source.state_since) == ("over_quota", desk.now)
    for day in range(1, 16):
        quota.let_in(desk.sessions, desk.settings, desk.now + day * DAY)
    source = desk.source(source.id)
    assert (source.state, source.held_items) == ("ok", 0)


def test_what_a_person_releases_is_no_longer_counted_as_held(desk_with: Make, server: FaultServer) -> None:
    desk, source_id = flooded(desk_with, server)
    with writing(desk.sessions) as session:
        for one in session.scalars(select(Item).where(quota.held_back())):
            one.quarantined_at = one.quarantine_reason = None
    desk.poll(HOUR)
    source = desk.source(source_id)
    assert (source.state, source.held_items) == ("ok", 0)


def test_a_clock_that_goes_back_begins_no_new_day(desk_with: Make, server: FaultServer) -> None:
    desk, source_id = flooded(desk_with, server)
    server["/flood"] = text(flood(30, 5))
    desk.poll(-DAY)
    assert counts(desk, source_id) == (10, 25)
