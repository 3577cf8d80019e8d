"""Trends: counts, shares and what was to be expected; silence is shown as silence."""

import datetime as dt

import pytest

from models.database import Sessions, reading, writing
from models.tally import mark_changed
from tests.factories import add_assessment, add_document, add_item, add_source
from tests.warn.history import write_history
from warn.errors import TrendRefused
from warn.settings import WarnSettings
from warn.standard.registry import STANDARD, WEEKLY_ONLY
from warn.tally import recount
from warn.trends import Series, trends

SETTINGS = WarnSettings()
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def ask(sessions: Sessions, now: dt.datetime, **values: object) -> list[Series]:
    question = {"label": "any", "bucket": "day", "since": now - 7 * DAY, "until": now, "now": now, "settings": SETTINGS}
    with reading(sessions) as session:
        return trends(session, **(question | values))  # type: ignore[arg-type]


def test_posts_are_counted_in_the_bucket_of_their_event(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        for days, flag in ((0, True), (0, False), (0, False), (2, True)):
            item = add_item(session, event_at=now - days * DAY)
            assessment = add_assessment(session, add_document(session, item), flag=flag)
            mark_changed(session, [(assessment.cluster_id, assessment.event_at)])
    recount(sessions, now)
    (series,) = ask(sessions, now, label="signal:incitement")
    assert [(point.documents, point.flagged, point.share) for point in series.points[-3:]] == [
        (1, 1, 1.0),
        (0, 0, None),
        (3, 1, pytest.approx(1 / 3)),
    ]
    assert len(series.points) == 8
    assert series.points[-1].at == now.replace(hour=0, minute=0)


def test_a_short_history_expects_nothing(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        write_history(session, now, days=10)
    (series,) = ask(sessions, now)
    assert all(point.expected is None and point.upper is None and not point.alarm for point in series.points)


@pytest.mark.parametrize("bucket", ["hour", "day", "week"])
def test_a_long_history_says_what_to_expect(sessions: Sessions, now: dt.datetime, bucket: str) -> None:
    with writing(sessions) as session:
        write_history(session, now, days=90)
    (series,) = ask(sessions, now, bucket=bucket, since=now - 14 * DAY)
    # The budget is one false alarm per quarter; none at all would be luck.
    assert sum(point.alarm for point in series.points) <= 1
    for point in series.points[:-1]:  # the hour that has just begun holds nothing yet
        assert point.expected == pytest.approx(point.documents * 0.02, rel=0.5)
        assert point.upper is not None
        assert point.upper > point.expected


@pytest.mark.parametrize("bucket", ["hour", "day", "week"])
def test_a_rise_alarms_in_its_bucket(sessions: Sessions, now: dt.datetime, bucket: str) -> None:
    now = now.replace(hour=23)
    with writing(sessions) as session:
        write_history(session, now, days=90, extra=dict.fromkeys(range(1, 20), 4))
    (series,) = ask(sessions, now, bucket=bucket)
    assert series.points[-2 if bucket == "hour" else -1].alarm
    assert not series.points[0].alarm


def test_more_posts_of_every_kind_are_no_rise(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        write_history(session, now - 2 * DAY, days=60)
        write_history(session, now, days=2, scanned=200)
    (series,) = ask(sessions, now)
    assert not any(point.alarm for point in series.points)


def test_an_outage_is_a_gap_and_no_peace(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        write_history(session, now, silent=(3, 4, 5))
    (series,) = ask(sessions, now, bucket="hour", since=now - 8 * HOUR)
    gaps = [point for point in series.points if point.documents == 0 and point.at < now - HOUR]
    assert len(gaps) == 3
    assert all(point.share is None and point.expected is None for point in gaps)


def test_groups_come_busiest_first_with_their_names(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        quiet, loud = add_source(session, name="Radio Keshu"), add_source(session, name="Marrok Daily")
        for source, count in ((quiet, 1), (loud, 3)):
            for _ in range(count):
                assessment = add_assessment(session, add_document(session, add_item(session, source)))
                mark_changed(session, [(assessment.cluster_id, assessment.event_at)])
    recount(sessions, now)
    by_source = ask(sessions, now, group_by="source")
    assert [(series.key, series.name) for series in by_source] == [
        (str(loud.id), "Marrok Daily"),
        (str(quiet.id), "Radio Keshu"),
    ]
    assert [series.points[-1].documents for series in by_source] == [3, 1]
    assert [series.key for series in ask(sessions, now, group_by="target")] == ["ethnicity_race"]


def test_the_volume_of_a_target_is_everything_scanned(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        for flag in (True, False, False, False):
            assessment = add_assessment(session, flag=flag)
            mark_changed(session, [(assessment.cluster_id, assessment.event_at)])
    recount(sessions, now)
    (series,) = ask(sessions, now, group_by="target", country="KE")
    assert series.points[-1].share == 0.25


def test_one_country_can_be_asked_for(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        for country in ("KE", "SY", "SY"):
            item = add_item(session, add_source(session, country=country))
            assessment = add_assessment(session, add_document(session, item))
            mark_changed(session, [(assessment.cluster_id, assessment.event_at)])
    recount(sessions, now)
    assert ask(sessions, now, country="SY")[0].points[-1].flagged == 2
    assert [series.key for series in ask(sessions, now, group_by="country", country="KE")] == ["KE"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"label": "signal:anger"}, "label is 'signal:anger'"),
        ({"bucket": "month"}, "bucket is 'month'"),
        ({"since": dt.datetime(1, 1, 1, tzinfo=dt.UTC), "until": dt.datetime(1, 1, 2, tzinfo=dt.UTC)}, "before 1990"),
        ({"group_by": "person"}, "group_by is 'person'"),
        ({"until": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, "until must lie after since"),
        ({"bucket": "hour", "since": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, "more than 92 days"),
    ],
)
def test_a_question_without_an_answer_is_refused(
    sessions: Sessions, now: dt.datetime, values: dict[str, object], sentence: str
) -> None:
    with pytest.raises(TrendRefused, match=sentence):
        ask(sessions, now, **values)


@pytest.mark.parametrize("bucket", ["hour", "day", "week"])
def test_the_future_is_empty(sessions: Sessions, now: dt.datetime, bucket: str) -> None:
    last = dt.datetime.max.replace(tzinfo=dt.UTC)
    assert ask(sessions, now, bucket=bucket, since=last - DAY, until=last) == []


def test_weeks_begin_on_monday(sessions: Sessions, now: dt.datetime) -> None:
    (series,) = ask(sessions, now, bucket="week")
    assert {point.at.weekday() for point in series.points} == {0}
    assert series.points[-1].at <= now < series.points[-1].at + 7 * DAY


@pytest.mark.parametrize("name", [name for name in STANDARD if name not in WEEKLY_ONLY])
def test_a_standard_detector_can_be_asked_for(sessions: Sessions, now: dt.datetime, name: str) -> None:
    now = now.replace(hour=23)
    with writing(sessions) as session:
        write_history(session, now, days=120, extra=dict.fromkeys(range(1, 20), 9))
    (series,) = ask(sessions, now, detector=name)
    assert series.points[-1].alarm
    assert series.points[-1].expected == pytest.approx(20, rel=0.5)
    assert sum(point.alarm for point in series.points[:-1]) <= 3  # their shipped settings, not our budget


def test_farrington_compares_weeks_with_past_years(sessions: Sessions, now: dt.datetime) -> None:
    with pytest.raises(TrendRefused, match="bucket=week"):
        ask(sessions, now, detector="farrington_flexible")
    (series,) = ask(sessions, now, detector="farrington_flexible", bucket="week")
    assert all(point.upper is None for point in series.points)


def test_a_detector_nobody_knows_is_refused(sessions: Sessions, now: dt.datetime) -> None:
    with pytest.raises(TrendRefused, match="must be share"):
        ask(sessions, now, detector="crystal_ball")
