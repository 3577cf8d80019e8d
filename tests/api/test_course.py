"""The course that ships: what its cases hold, and that taking it in or out touches nothing but training."""

import datetime as dt
from collections import Counter

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from api import course
from api.cli import main
from api.export import export_pieces
from api.queue import QueueFilters, find_assessments
from api.training import cases, next_case
from classify import drift
from classify.labels import PATHWAY_SIGNALS
from ingest import log
from ingest.evidence import verify
from ingest.forget import forget
from ingest.log_check import verify_log
from ingest.settings import IngestSettings
from models.assessment import Assessment, Mark
from models.audit import AuditEvent
from models.codebook import PATHWAYS, SIGNALS, STAGES, STANCES, TARGETS
from models.database import Sessions, open_sessions, reading, writing
from models.document import Document
from models.review import GoldCase, PracticeAnswer
from models.tally import StaleHour
from tests.conftest import NOW
from tests.factories import add_account, add_assessment

SETTINGS = IngestSettings()


def taken_in(sessions: Sessions) -> int:
    with writing(sessions) as session:
        account = add_account(session, name="Leila").id
        assert course.load(session, account, SETTINGS, NOW) == len(course.shipped())
    return account


def test_each_case_is_whole_and_speaks_the_codebooks_words() -> None:
    for case in course.shipped():
        assert set(case.signals) | set(case.machine) <= set(SIGNALS), case.key
        assert set(case.targets) <= set(TARGETS), case.key
        assert (case.stage in STAGES, case.stance in STANCES) == (True, True), case.key
        assert case.verdict in {"confirmed", "rejected"}, case.key
        # A rejected case is a trap: something is said to be there that is not.
        assert bool(case.signals) == (case.verdict == "confirmed"), case.key
        assert case.machine, case.key
        assert set(PATHWAY_SIGNALS[case.pathway]) & {*case.signals, *case.machine}, case.key
        assert len(case.reason) > 60, case.key


def test_every_pathway_stands_in_every_language_with_a_trap_in_each_pathway() -> None:
    shipped = course.shipped()
    assert len(shipped) == len({case.key for case in shipped}) == 40
    assert Counter((case.pathway, case.language) for case in shipped) == dict.fromkeys(
        [(pathway, language) for pathway in PATHWAYS for language in ("en", "fr", "ar", "sw")], 2
    )
    assert {case.pathway for case in shipped if case.verdict == "rejected"} == set(PATHWAYS)
    assert {case.stance for case in shipped} >= {"asserts", "reports", "condemns"}


def test_taken_in_it_is_practised_on_by_language_and_pathway(sessions: Sessions) -> None:
    account = taken_in(sessions)
    with reading(sessions) as session:
        known = cases(session)
        assert course.loaded(session) == len(known) == 40
        assert {case.language for case in known.values()} == {"en", "fr", "ar", "sw"}
        for pathway in PATHWAYS:
            found = next_case(known, {}, account, pathway, "sw")
            assert found is not None
            assert (known[found].language, pathway in known[found].pathways) == ("sw", True)
        settled = {case.text: case for case in course.shipped()}
        for one in known.values():
            text = session.scalars(
                select(Document.text).join(Assessment, Assessment.document_id == Document.id)
                .where(Assessment.id == one.assessment_id)
            ).one()  # fmt: skip
            assert (one.verdict, one.reason) == (settled[text].verdict, settled[text].reason)
            assert one.signals == frozenset(settled[text].signals)


def test_no_queue_count_rule_export_or_drift_sees_it(sessions: Sessions) -> None:
    with writing(sessions) as session:
        other = add_assessment(session, model="tocsin@1").id
    taken_in(sessions)
    with reading(sessions) as session:
        found, _ = find_assessments(session, QueueFilters(), limit=100)
        assert [one.assessment.id for one in found] == [other]
        assert "Varni" not in "".join(piece.decode() for piece in export_pieces(session, "assessments", "jsonl"))
        of_course = select(Assessment.id).where(Assessment.model == course.MODEL)
        assert session.scalar(select(func.count()).select_from(Mark).where(Mark.assessment_id.in_(of_course))) == 0
        assert session.scalars(select(StaleHour)).all() == []
        assert session.scalars(of_course.where(Assessment.ruled_at.is_(None))).all() == []
        assert drift.look(session, NOW + dt.timedelta(hours=1)).rows == 1


def test_the_evidence_verifies_with_it(sessions: Sessions) -> None:
    taken_in(sessions)
    while log.append_waiting(sessions, NOW):
        pass
    assert verify(sessions) == []
    assert verify_log(sessions, NOW + dt.timedelta(days=1)) == []


def test_retention_leaves_it_alone(sessions: Sessions) -> None:
    taken_in(sessions)
    ages = IngestSettings(forget_unflagged_days=1, forget_flagged_days=1, forget_reviewed_days=1)
    forget(sessions, ages, NOW + dt.timedelta(days=30))
    with reading(sessions) as session:
        assert len(cases(session)) == 40


def test_taking_it_in_twice_adds_nothing_and_mends_what_is_missing(sessions: Sessions) -> None:
    account = taken_in(sessions)
    with writing(sessions) as session:
        first, second = session.scalars(select(GoldCase).order_by(GoldCase.assessment_id).limit(2))
        first.reason = "Said better by a lead."
        session.delete(second)
    with writing(sessions) as session:
        assert course.load(session, account, SETTINGS, NOW) == 1
        assert course.load(session, account, SETTINGS, NOW) == 0
    with reading(sessions) as session:
        kept = session.scalars(select(GoldCase).order_by(GoldCase.assessment_id).limit(1)).one()
        assert kept.reason == "Said better by a lead."
        assert session.scalar(select(func.count()).select_from(Document)) == 40


def test_taken_out_its_answers_stay(sessions: Sessions) -> None:
    account = taken_in(sessions)
    with writing(sessions) as session:
        case = next(iter(cases(session)))
        session.add(PracticeAnswer(account_id=account, assessment_id=case, at=NOW, verdict="confirmed"))
    with writing(sessions) as session:
        assert course.take_out(session, account, NOW) == 40
    with reading(sessions) as session:
        assert cases(session) == {}
        assert len(session.scalars(select(PracticeAnswer)).all()) == 1
        told = session.scalars(select(AuditEvent.details).where(AuditEvent.action == "gold.changed")).all()
    assert told == [{"course": "loaded", "cases": 40}, {"course": "taken out", "cases": 40}]


def test_one_command_takes_it_in_and_one_out(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_DATABASE_URL", sqlite_url)
    with writing(open_sessions(sqlite_url)) as session:
        add_account(session, name="Leila")
    said = CliRunner().invoke(main, ["course", "load", "--by", "Leila"])
    assert said.stdout == "40 cases added; reviewers find them under /training\n"
    assert CliRunner().invoke(main, ["course", "remove", "--by", "Leila"]).stdout == "40 cases taken out\n"
    refused = CliRunner().invoke(main, ["course", "load", "--by", "Nobody"])
    assert (refused.exit_code, "no account Nobody" in refused.stderr) == (1, True)
