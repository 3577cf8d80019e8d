"""The lexicon beside an assessment: told with each text, and proven to change nothing of what the model decided."""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.cli import main
from api.lexicon import every, keep, take_in
from api.queue import QueueFilters, find_ids
from classify.assess import assess
from classify.lexicon import Entry, bundled
from classify.settings import ClassifySettings
from models.assessment import Assessment, Mark
from models.audit import AuditEvent
from models.database import Sessions, open_sessions, reading, writing
from tests.factories import add_assessment, add_document
from tests.fakes import FakeScorer

TEXTS = ("We say BURN the kuvarna of the hills.", "The kuvarna was washed today.", "Nothing of the sort, MAYBE.")
TERM = Entry(
    key="", term="kuvarna", languages=("en",), meaning="to wash a hill", benign="laundry",
    does_not_prove="that anybody is meant", source="the desk", consistent_with=("incitement",), caution="low",
)  # fmt: skip


def add(sessions: Sessions, now: dt.datetime, entry: Entry = TERM) -> None:
    with writing(sessions) as session:
        keep(session, entry, 0, None, now)


# ------------------------------------------------------------------------------------------- it changes nothing


def decided(sessions: Sessions) -> list[Any]:
    """Everything that was decided of every text, and the order of the queue."""
    with reading(sessions) as session:
        columns = [column for column in Assessment.__table__.columns if column.name != "assessed_at"]
        rows = [tuple(row) for row in session.execute(select(*columns).order_by(Assessment.id))]
        marks = [(mark.kind, mark.key, mark.probability, mark.severity) for mark in session.scalars(select(Mark))]
        return [rows, marks, *(find_ids(session, QueueFilters(), order)[0] for order in ("severity", "newest"))]


def add_texts(sessions: Sessions) -> list[int]:
    with writing(sessions) as session:
        return [add_document(session, text=text, language="en").id for text in TEXTS]


def judged(sessions: Sessions, documents: list[int]) -> list[list[Any]]:
    """What was decided of these texts, whatever their numbers."""
    names = ("flag", "flagged_now", "abstained", "abstain_reason", "severity", "stage", "stance", "signals", "targets")
    of_them = select(Assessment).where(Assessment.document_id.in_(documents)).order_by(Assessment.document_id)
    with reading(sessions) as session:
        return [[getattr(one, name) for name in names] for one in session.scalars(of_them)]


def test_an_entry_changes_no_score_no_flag_no_severity_and_no_place(
    sessions: Sessions, now: dt.datetime, analyst: TestClient
) -> None:
    first = add_texts(sessions)
    assert assess(sessions, FakeScorer(), ClassifySettings(claim=8), now) == len(TEXTS)
    before = decided(sessions)
    shown = analyst.get("/v1/assessments").json()
    classified = analyst.get("/v1/assessments/1").json()
    assert classified["lexicon"]["found"] == []
    add(sessions, now)
    # What stands already is as it was, and the same texts are judged alike by whoever reads them after it.
    assert decided(sessions) == before
    assert analyst.get("/v1/assessments").json() == shown
    told = analyst.get("/v1/assessments/1").json()
    assert [hit["key"] for hit in told["lexicon"]["found"]] == ["en-kuvarna"]
    assert {**told, "lexicon": None} == {**classified, "lexicon": None}
    again = add_texts(sessions)
    assess(sessions, FakeScorer(), ClassifySettings(claim=8), now)
    assert judged(sessions, again) == judged(sessions, first)


# ------------------------------------------------------------------------------------------- over HTTP


def test_an_assessment_tells_its_terms_with_what_they_do_not_prove(
    sessions: Sessions, now: dt.datetime, analyst: TestClient
) -> None:
    add(sessions, now)
    text = "Say it: KU\u200bVARNA, kuvarna."
    with writing(sessions) as session:
        number = add_assessment(session, add_document(session, text=text)).id
    told = analyst.get(f"/v1/assessments/{number}").json()
    [hit] = told["lexicon"]["found"]
    assert [text[one["start"] : one["end"]] for one in hit["places"]] == ["KU\u200bVARNA", "kuvarna"]
    assert (hit["benign"], hit["does_not_prove"], hit["caution"]) == ("laundry", "that anybody is meant", "low")
    assert (hit["consistent_with"], hit["reviewed_by"], hit["reviewed_on"]) == (["incitement"], "", None)
    assert "proves nothing" in told["lexicon"]["note"]
    assert told["lexicon"]["read_to"] == len(text)


def test_the_lexicon_is_listed_page_by_page(sessions: Sessions, now: dt.datetime, analyst: TestClient) -> None:
    add(sessions, now)
    keys, cursor = [], None
    while True:
        asked = {"limit": 20} | ({"cursor": cursor} if cursor else {})
        page = analyst.get("/v1/lexicon", params=asked).json()
        keys += [entry["key"] for entry in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert keys == sorted([*(entry.key for entry in bundled()), "en-kuvarna"])
    own = analyst.get("/v1/lexicon", params={"language": "en", "limit": 200}).json()["items"]
    assert {entry["key"]: entry["origin"] for entry in own}["en-kuvarna"] == "own"
    assert all("en" in entry["languages"] for entry in own)
    assert analyst.get("/v1/lexicon", params={"active": "false"}).json()["items"] == []
    assert analyst.get("/v1/lexicon", params={"cursor": "x"}).status_code == 422


def test_the_codebook_says_how_many_terms_are_looked_for(analyst: TestClient) -> None:
    told = analyst.get("/v1/codebook").json()["lexicon"]
    assert (told["entries"], told["natively_reviewed"]) == (len(bundled()), 0)
    assert told["languages"]["sw"] == sum("sw" in entry.languages for entry in bundled())


# ------------------------------------------------------------------------------------------- on the command line


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> Callable[..., Result]:
    monkeypatch.setenv("TOCSIN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TOCSIN_DATABASE_URL", sqlite_url)
    return lambda *words: CliRunner().invoke(main, ["lexicon", *words])


def test_what_is_exported_can_be_imported_elsewhere(
    run: Callable[..., Result], tmp_path: Path, sqlite_url: str, now: dt.datetime
) -> None:
    file, sessions = tmp_path / "terms.jsonl", open_sessions(sqlite_url)
    assert run("export").stdout == ""
    add(sessions, now)
    assert run("export", "--out", str(file)).exit_code == 0
    assert json.loads(file.read_text())["term"] == "kuvarna"
    assert run("import", str(file)).stdout == "0 entries added, 0 changed, 1 were so already\n"
    changed = json.loads(file.read_text()) | {"benign": "washing up"}
    file.write_text(json.dumps(changed) + "\n" + json.dumps(changed | {"key": "en-other", "term": "other"}))
    assert run("import", str(file)).stdout == "1 entries added, 1 changed, 0 were so already\n"
    assert len(run("export", "--all").stdout.splitlines()) == len(bundled()) + 2
    with reading(sessions) as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.action == "lexicon.changed")).all()
    assert [event.details["act"] for event in events] == ["add", "import", "import"]
    assert events[1].details["changed"] == ["benign"]


def test_one_wrong_line_and_nothing_is_taken_in(run: Callable[..., Result], tmp_path: Path, sqlite_url: str) -> None:
    file = tmp_path / "terms.jsonl"
    file.write_text(run("export", "--all").stdout.splitlines()[0].replace('"key": "', '"key": "x') + "\n{}\n")
    result = run("import", str(file))
    assert result.exit_code == 1
    assert "line 2" in result.stderr
    with reading(open_sessions(sqlite_url)) as session:
        assert {held.origin for held in every(session)} == {"product"}


def test_the_list_says_whose_an_entry_is_and_that_nobody_reviewed_it(run: Callable[..., Result]) -> None:
    listed = run("list", "--language", "am").stdout.splitlines()
    assert len(listed) == sum("am" in entry.languages for entry in bundled())
    assert all("product" in line and "no native review" in line for line in listed)


def test_an_import_may_retire_an_entry_of_the_product(sessions: Sessions, now: dt.datetime) -> None:
    first = replace(bundled()[0], active=False)
    with writing(sessions) as session:
        assert take_in(session, [first], None, now).changed == 1
        assert [held.origin for held in every(session) if not held.entry.active] == ["changed"]
