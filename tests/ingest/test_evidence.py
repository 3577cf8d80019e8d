"""The chain names the first row that somebody touched."""

import datetime as dt

import pytest
from sqlalchemy import select
from sqlalchemy import text as sql

from ingest.evidence import verify
from ingest.read import push
from ingest.settings import IngestSettings
from models.database import Sessions, writing
from models.evidence import RawBody
from tests import factories


@pytest.fixture
def chain(sessions: Sessions, settings: IngestSettings, now: dt.datetime) -> Sessions:
    for batch in range(3):
        push(
            sessions, "Partner", [{"id": f"{batch}-{n}", "text": f"text {batch} {n}"} for n in range(4)], settings, now
        )
    assert verify(sessions) == []
    return sessions


@pytest.mark.parametrize(
    ("statement", "position", "problem"),
    [
        ("UPDATE items SET content = 'harmless' WHERE id = 6", 6, "text was changed"),
        ("UPDATE items SET external_id = 'other' WHERE id = 6", 6, "identity"),
        ("UPDATE items SET fetched_at = '2020-01-01 00:00:00+00:00' WHERE id = 3", 3, "time"),
        ("UPDATE evidence_links SET leaf_hash = chain_hash WHERE position = 2", 2, "identity"),
        ("UPDATE evidence_links SET chain_hash = leaf_hash WHERE position = 2", 2, "does not follow"),
        ("DELETE FROM evidence_links WHERE position = 5", 5, "missing"),
        ("DELETE FROM evidence_links WHERE position = 12", 12, "the end differs"),
        ("UPDATE evidence_heads SET length = 11", 13, "the end differs"),
        ("UPDATE evidence_links SET position = 13 WHERE position = 4", 4, "missing"),
    ],
)
def test_a_touched_row_is_found(chain: Sessions, statement: str, position: int, problem: str) -> None:
    with writing(chain) as session:
        session.execute(sql(statement))
    first = verify(chain)[0]
    assert first.position == position
    assert problem in first.problem


def test_an_item_slipped_in_beside_the_chain_is_found(chain: Sessions, now: dt.datetime) -> None:
    with writing(chain) as session:
        factories.add_item(session)
    assert [finding.problem for finding in verify(chain)] == ["the item has no link in the chain"]


def test_changed_raw_bytes_are_found(chain: Sessions) -> None:
    with writing(chain) as session:
        first, second, _ = session.scalars(select(RawBody).order_by(RawBody.sha256))
        first.compressed, second.compressed = second.compressed, b"nothing that unpacks"
    assert [finding.problem for finding in verify(chain)] == [
        f"the raw bytes {first.sha256} were changed",
        f"the raw bytes {second.sha256} were changed",
    ]


def test_an_empty_chain_holds(sessions: Sessions) -> None:
    assert verify(sessions) == []
