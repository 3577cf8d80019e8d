"""Silences: deliveries wait, the alert does not, and the end is loud."""

import datetime as dt
from dataclasses import replace

import pytest

from models.alert import Silence
from models.database import Sessions, writing
from tests.factories import add_assessment, add_document, add_rule, add_webhook
from tests.warn.test_alerts import deliveries, only_alert, raised
from warn.alerts import resolve
from warn.errors import Conflict, NotFound, SilenceRefused
from warn.silences import SilenceInput, create_silence, end_silence, problems

HOUR = dt.timedelta(hours=1)


def silence(now: dt.datetime, **values: object) -> SilenceInput:
    whole = SilenceInput("the desk knows", now + HOUR, filters={"countries": ["KE"]})
    return replace(whole, **values)  # type: ignore[arg-type]


def test_a_silenced_alert_is_raised_and_shown_but_not_sent(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        add_rule(session)
        add_webhook(session)
        silence_id = create_silence(session, silence(now), None, now).id
        add_assessment(session)
    assert raised(sessions, now) == 1
    assert only_alert(sessions).silenced_by == silence_id
    assert deliveries(sessions) == []


def test_what_a_silence_held_is_sent_once_when_it_ends(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        add_rule(session)
        add_webhook(session)
        create_silence(session, silence(now), None, now)
        add_assessment(session)
    for later, sent in ((0.0, 0), (0.5, 0), (1.5, 1), (2.0, 1)):
        raised(sessions, now + later * HOUR)
        assert len(deliveries(sessions)) == sent
    assert only_alert(sessions).silenced_by is None


def test_a_longer_silence_takes_over(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        add_rule(session)
        add_webhook(session)
        create_silence(session, silence(now), None, now)
        add_assessment(session)
    raised(sessions, now)
    with writing(sessions) as session:
        longer = create_silence(session, silence(now, ends_at=now + 5 * HOUR), None, now).id
    raised(sessions, now + 2 * HOUR)
    assert only_alert(sessions).silenced_by == longer
    assert deliveries(sessions) == []


def test_what_was_resolved_in_silence_stays_unsent(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        add_rule(session)
        add_webhook(session)
        create_silence(session, silence(now), None, now)
        add_assessment(session)
    raised(sessions, now)
    with writing(sessions) as session:
        resolve(session, only_alert(sessions).id, None, "handled", now)
    raised(sessions, now + 2 * HOUR)
    assert deliveries(sessions) == []


@pytest.mark.parametrize(
    ("values", "sent"),
    [
        ({"filters": {"countries": "SY"}}, 1),
        ({"filters": {"countries": "KE", "signals": "impunity"}}, 1),
        ({"filters": {"signals": ["impunity", "incitement"]}}, 0),
        ({"filters": {}, "rule_id": 1}, 0),
        ({"filters": {}, "rule_id": 2}, 1),
    ],
)
def test_a_silence_holds_what_it_names(
    sessions: Sessions, now: dt.datetime, values: dict[str, object], sent: int
) -> None:
    with writing(sessions) as session:
        add_rule(session)
        add_rule(session, enabled=False)
        add_webhook(session)
        create_silence(session, silence(now, **values), None, now)
        add_assessment(session)
    raised(sessions, now)
    assert len(deliveries(sessions)) == sent


def test_a_held_alert_that_grows_still_sends_nothing(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        add_rule(session)
        add_webhook(session)
        create_silence(session, silence(now), None, now)
        cluster = add_assessment(session).cluster_id
    raised(sessions, now)
    with writing(sessions) as session:
        add_assessment(session, add_document(session, cluster_id=cluster))
    raised(sessions, now)
    assert only_alert(sessions).count == 2
    assert deliveries(sessions) == []


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"reason": " "}, "reason is empty"),
        ({"ends_at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, "ends_at must lie after the start"),
        ({"ends_at": dt.datetime(2030, 1, 1, tzinfo=dt.UTC)}, "ends_at lies more than 90 days"),
        ({"filters": {}}, "filters is empty and rule_id absent"),
        ({"filters": {"author": "x"}}, "filters: 'author' is unknown here"),
        ({"filters": {"signals": "anger"}}, "filters.signals is 'anger'"),
        ({"filters": {"countries": 7}}, "filters.countries must be a text"),
    ],
)
def test_a_careless_silence_is_refused(now: dt.datetime, values: dict[str, object], sentence: str) -> None:
    (problem,) = problems(silence(now, **values), now)
    assert problem.startswith(sentence)


def test_a_silence_is_ended_once_and_kept(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        row = create_silence(session, silence(now), None, now)
        assert end_silence(session, row.id, now + HOUR / 2).ends_at == now + HOUR / 2
        with pytest.raises(Conflict, match="already ended"):
            end_silence(session, row.id, now + HOUR)
        with pytest.raises(NotFound):
            end_silence(session, 99, now)
        with pytest.raises(NotFound, match="no rule 99"):
            create_silence(session, silence(now, rule_id=99), None, now)
        with pytest.raises(SilenceRefused):
            create_silence(session, silence(now, reason=""), None, now)
        assert session.query(Silence).count() == 1
