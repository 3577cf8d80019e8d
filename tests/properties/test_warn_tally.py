"""However posts, copies, reviews and corrections come, counting what changed equals counting everything again."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.assessment import Assessment, Mark
from models.database import Sessions, reading, writing
from models.tally import StaleHour, TallyDay, TallyHour, day_of, mark_changed
from tests.conftest import NOW
from tests.factories import add_assessment, add_document, add_item, add_source
from warn import tally

HOUR = dt.timedelta(hours=1)
MARKS = (
    [("signal", "incitement"), ("pathway", "ideology"), ("target", "religion")],
    [("signal", "incitement"), ("target", "gender"), ("target_name", "Varni")],
    [("signal", "impunity"), ("pathway", "impunity")],
    [],
)

posts = st.tuples(
    st.just("post"),
    st.integers(0, 3),  # which cluster
    st.integers(0, 3),  # which hour, so that copies arrive late and early
    st.sampled_from(("KE", "SY", None)),
    st.sampled_from(MARKS),
    st.sampled_from(("asserts", "reports")),
)
changes = st.tuples(
    st.sampled_from(("confirm", "reject", "restore", "correct", "outdate")), st.integers(0, 9), st.sampled_from(MARKS)
)
histories = st.lists(st.one_of(posts, changes, st.just(("recount",))), min_size=1, max_size=25)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories)
def test_counting_what_changed_equals_counting_everything(sessions: Sessions, history: list[tuple[Any, ...]]) -> None:
    empty(sessions)
    clusters: dict[int, int] = {}
    for what, *values in history:
        if what == "recount":
            tally.recount(sessions, NOW)
            continue
        with writing(sessions) as session:
            if what == "post":
                post(session, clusters, *values)
            else:
                change(session, what, *values)
    tally.recount(sessions, NOW)
    step_by_step = counts(sessions)
    with writing(sessions) as session:
        tally.doubt(session, NOW - 100 * HOUR, NOW + 100 * HOUR)
    tally.recount(sessions, NOW)
    assert step_by_step == counts(sessions)
    assert voices_add_up(sessions)


def post(
    session: Session, clusters: dict[int, int], cluster: int, hour: int, country: str | None, marks: Any, stance: str
) -> None:
    item = add_item(session, add_source(session, country=country), event_at=NOW + 6 * hour * HOUR)
    document = add_document(session, item, cluster_id=clusters.get(cluster))
    clusters[cluster] = document.cluster_id
    flag = bool(marks) and stance == "asserts"
    assessment = add_assessment(session, document, flag=flag, marks=marks, stance=stance)
    mark_changed(session, [(assessment.cluster_id, assessment.event_at)])


def change(session: Session, what: str, which: int, marks: Any) -> None:
    """Do what a review or a new version does to one assessment, if there is one."""
    assessments = session.scalars(select(Assessment).order_by(Assessment.id)).all()
    if not assessments:
        return
    assessment = assessments[which % len(assessments)]
    if what == "outdate":
        assessment.current = False
    elif what == "correct":
        session.execute(delete(Mark).where(Mark.assessment_id == assessment.id))
        for kind, key in marks:
            session.add(Mark(assessment_id=assessment.id, kind=kind, key=key, probability=1.0, severity=50))
        assessment.flagged_now, assessment.status = bool(marks), "confirmed"
    else:
        assessment.status = {"confirm": "confirmed", "reject": "rejected", "restore": "unreviewed"}[what]
        assessment.flagged_now = what == "confirm" or (what == "restore" and assessment.flag)
    session.flush()
    mark_changed(session, [(assessment.cluster_id, assessment.event_at)])


def counts(sessions: Sessions) -> dict[tuple[object, ...], tuple[int, int, int]]:
    """Return what is counted, by hour and by day; a day must be the sum of its hours."""
    with reading(sessions) as session:
        rows = [*session.scalars(select(TallyHour)), *session.scalars(select(TallyDay))]
    counted = {
        (
            row.label,
            row.dimension,
            row.value,
            row.country,
            type(row),
            row.hour if isinstance(row, TallyHour) else row.day,
        ): (
            row.documents,
            row.voices,
            row.confirmed,
        )
        for row in rows
    }
    assert {key: counts for key, counts in counted.items() if key[4] is TallyDay} == days_of(counted)
    return counted


def days_of(counted: Mapping[tuple[Any, ...], tuple[int, int, int]]) -> dict[tuple[Any, ...], tuple[int, ...]]:
    sums: dict[tuple[Any, ...], tuple[int, ...]] = {}
    for (*series, table, hour), counts in counted.items():
        if table is TallyHour:
            key = (*series, TallyDay, day_of(hour))
            sums[key] = tuple(a + b for a, b in zip(sums.get(key, (0, 0, 0)), counts, strict=True))
    return sums


def voices_add_up(sessions: Sessions) -> bool:
    """Over all hours, the voices of the volume are the clusters that are heard at all."""
    with reading(sessions) as session:
        heard = set(session.scalars(select(Assessment.cluster_id).where(Assessment.current)))
    total = sum(
        voices for key, (_, voices, _) in counts(sessions).items() if key[:5] == ("volume", "all", "", "", TallyHour)
    )
    return total == len(heard)


def empty(sessions: Sessions) -> None:
    with writing(sessions) as session:
        for table in (Mark, Assessment, TallyHour, TallyDay, StaleHour):
            session.execute(delete(table))
