"""Practice: whose turn a case is, what is kept, and how it went; nothing else in the database moves."""

import pytest
from sqlalchemy import select

from api.errors import Invalid, NotFound
from api.training import Case, answers, by_pathway, by_signal, case, cases, keep_answer, names, next_case, score
from models.base import Base
from models.database import Sessions, reading, writing
from models.document import Document
from models.review import GoldCase, PracticeAnswer
from tests.conftest import NOW
from tests.factories import add_account, add_assessment


def add_case(sessions: Sessions, verdict: str = "confirmed", signals: list[str] | None = None) -> int:
    with writing(sessions) as session:
        made = add_assessment(session)
        lead = add_account(session).id
        gold = GoldCase(assessment_id=made.id, verdict=verdict, created_by=lead, created_at=NOW, training=True)
        gold.signals = signals
        session.add(gold)
        return made.id


def practise(sessions: Sessions, person: int, passage: int, verdict: str, corrected: list[str] | None = None) -> None:
    with writing(sessions) as session:
        keep_answer(session, person, passage, verdict, corrected, ["incitement"], NOW)


def person_of(sessions: Sessions, name: str = "Amina") -> int:
    with writing(sessions) as session:
        return add_account(session, name=name).id


def rows_of(sessions: Sessions) -> dict[str, list[object]]:
    with reading(sessions) as session:
        return {
            table.name: [tuple(row) for row in session.execute(select(table))]
            for table in Base.metadata.sorted_tables
            if table.name != "practice_answers"
        }


def test_practising_moves_nothing_else(sessions: Sessions) -> None:
    passage, person = add_case(sessions), person_of(sessions)
    before = rows_of(sessions)
    for verdict in ("rejected", "confirmed", "unsure"):
        practise(sessions, person, passage, verdict)
    assert rows_of(sessions) == before
    with reading(sessions) as session:
        kept = session.scalars(select(PracticeAnswer).order_by(PracticeAnswer.id)).all()
    assert [(one.verdict, one.signals) for one in kept] == [
        ("rejected", []),
        ("confirmed", ["incitement"]),
        ("unsure", None),
    ]


def test_only_training_cases_with_their_text_are_practised_on(sessions: Sessions) -> None:
    passage, person = add_case(sessions), person_of(sessions)
    with writing(sessions) as session:
        blind = add_assessment(session).id
        session.add(GoldCase(assessment_id=blind, verdict="confirmed", created_by=person, created_at=NOW))
    with pytest.raises(NotFound):
        practise(sessions, person, blind, "confirmed")
    with pytest.raises(Invalid):
        practise(sessions, person, passage, "withdrawn")
    with writing(sessions) as session:
        assert list(cases(session)) == [passage]
        for document in session.scalars(select(Document)):
            document.forgotten_at = NOW
    with reading(sessions) as session, pytest.raises(NotFound):
        case(session, passage)


def test_what_was_met_least_comes_next_then_what_went_wrong(sessions: Sessions) -> None:
    ids, person = [add_case(sessions) for _ in range(3)], person_of(sessions)

    def following() -> int | None:
        with reading(sessions) as session:
            return next_case(cases(session), answers(session).get(person, {}), person)

    met = []
    for verdict in ("confirmed", "rejected", "confirmed"):
        found = following()
        assert found is not None
        met.append(found)
        practise(sessions, person, found, verdict)
    assert sorted(met) == ids
    assert following() == met[1]


def test_neighbours_in_a_class_begin_with_different_cases() -> None:
    known = {number: Case(number, "confirmed", None, "", frozenset()) for number in range(50)}
    assert len({next_case(known, {}, person) for person in range(10)}) > 5


def test_a_pathway_narrows_and_a_case_that_carries_nothing_belongs_where_it_could_be_taken_for(
    sessions: Sessions,
) -> None:
    hateful = add_case(sessions, "confirmed", ["hate_speech"])
    nothing = add_case(sessions, "rejected")  # the machine marked incitement
    with reading(sessions) as session:
        known = cases(session)
        assert known[nothing].signals == frozenset()
        assert next_case(known, {}, 1, "propaganda") == hateful
        assert next_case(known, {}, 1, "ideology") == nothing
        assert next_case(known, {}, 1, "impunity") is None


def test_scores_tell_first_and_latest_answers_by_pathway_and_signal(sessions: Sessions) -> None:
    first, second = add_case(sessions, "confirmed", ["incitement", "impunity"]), add_case(sessions, "rejected")
    add_case(sessions)
    person = person_of(sessions)
    practise(sessions, person, first, "confirmed")
    practise(sessions, person, second, "confirmed", ["hate_speech", "no such signal"])
    practise(sessions, person, second, "rejected")
    practise(sessions, person_of(sessions, "Dalia"), first, "rejected")
    with reading(sessions) as session:
        known, given = cases(session), answers(session)[person]
        whole = score(known.values(), given)
        told = {one.signal: (one.found, one.missed, one.wrongly) for one in by_signal(known, given)}
        pathways = dict(by_pathway(known, given))
        assert list(names(session).values()) == ["Amina", "Dalia"]
    assert (whole.cases, whole.first.agreed, whole.first.decided) == (3, 1, 2)
    assert (whole.latest.agreed, whole.latest.decided) == (2, 2)
    assert told == {"incitement": (1, 0, 0), "impunity": (0, 1, 0)}
    assert pathways["impunity"].first.decided == 1
    assert pathways["ideology"].cases == 3
