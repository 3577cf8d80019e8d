"""Claims: never two holders, never a lost row, never a late write."""

import datetime as dt
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from models.claims import MAX_ATTEMPTS, claim, claim_apart, held, quarantine_exhausted, release, release_dead
from models.database import Sessions, reading, writing
from models.item import Item, unread
from tests.factories import add_item, add_source

LEASE = dt.timedelta(minutes=5)


def take(sessions: Sessions, now: dt.datetime, limit: int = 10) -> tuple[str, list[int]]:
    with writing(sessions) as session:
        return claim(session, Item, unread(), order_by=Item.id, limit=limit, lease=LEASE, now=now)


def test_a_claimed_row_is_not_given_twice(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        item = add_item(session)
    assert take(sessions, now)[1] == [item.id]
    assert take(sessions, now)[1] == []


def test_rows_come_in_the_order_asked_for(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        source = add_source(session)
        ids = [add_item(session, source).id for _ in range(5)]
    assert take(sessions, now, limit=3)[1] == ids[:3]
    assert take(sessions, now, limit=3)[1] == ids[3:]


def test_an_expired_claim_is_free_and_its_holder_cannot_write(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        item = add_item(session)
    frozen, _ = take(sessions, now)
    fresh, ids = take(sessions, now + LEASE + dt.timedelta(seconds=1))
    assert ids == [item.id]
    with writing(sessions) as session:
        assert held(session, Item, frozen, ids) == []
        assert release(session, Item, frozen, ids, done=True) == 0
        assert release(session, Item, fresh, ids, done=True, extracted_at=now) == 1


def test_a_row_that_kills_its_worker_is_quarantined_with_a_reason(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        item = add_item(session)
    for turn in range(MAX_ATTEMPTS):
        later = now + turn * 2 * LEASE
        assert take(sessions, later)[1] == [item.id]
    after = now + MAX_ATTEMPTS * 2 * LEASE
    with writing(sessions) as session:
        assert quarantine_exhausted(session, Item, unread(), after) == 1
    assert take(sessions, after)[1] == []
    with reading(sessions) as session:
        assert f"{MAX_ATTEMPTS} times" in (session.get_one(Item, item.id).quarantine_reason or "")


@pytest.mark.slow
def test_eight_workers_share_the_rows_without_overlap(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        source = add_source(session)
        ids = sorted(add_item(session, source).id for _ in range(80))

    def work(_: int) -> list[int]:
        taken: list[int] = []
        while batch := take(sessions, now, limit=3)[1]:
            taken += batch
        return taken

    with ThreadPoolExecutor(8) as pool:
        shares = list(pool.map(work, range(8)))
    assert sorted(id_ for share in shares for id_ in share) == ids


def test_a_row_that_a_worker_stopped_on_comes_alone(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        source = add_source(session)
        ids = [add_item(session, source, attempts=count).id for count in (0, 2, 0, 2)]

    def take_apart() -> list[int]:
        with writing(sessions) as session:
            return claim_apart(session, Item, unread(), order_by=Item.id, limit=10, lease=LEASE, now=now)[1]

    taken = [take_apart() for _ in range(4)]
    assert sorted(taken[:2]) == [[ids[1]], [ids[3]]]
    assert taken[2:] == [[ids[0], ids[2]], []]


def test_a_restart_frees_what_a_killed_process_of_this_host_held(sessions: Sessions, now: dt.datetime) -> None:
    code = "import os, sys, models.claims; sys.stdout.write(models.claims.new_token())"
    dead = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    alive = dead.replace(dead.split(".")[1], f"{os.getppid():x}")
    foreign = f"ffffffff.{dead.split('.', 1)[1]}"
    with writing(sessions) as session:
        source = add_source(session)
        rows = [
            add_item(session, source, claim_token=token, claimed_until=now + LEASE) for token in (dead, alive, foreign)
        ]
        assert release_dead(session, Item) == 1
    assert take(sessions, now)[1] == [rows[0].id]
