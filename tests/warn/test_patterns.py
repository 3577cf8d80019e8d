"""Rules that find patterns: what spreads, who is named for the first time, which term rises, who falls silent."""

import datetime as dt
import itertools

import pytest
from sqlalchemy import select

from models.alert import Alert
from models.database import Sessions, reading, writing
from models.document import Document
from tests.factories import add_assessment, add_document, add_item, add_rule, add_source, add_webhook
from tests.warn.history import write_history
from tests.warn.test_alerts import deliveries, only_alert, raised
from warn.backtest import backtest
from warn.coded import terms
from warn.errors import RuleRefused
from warn.rules import RuleInput, problems
from warn.settings import WarnSettings

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
AT = -2 * HOUR


def rule(sessions: Sessions, kind: str, **parameters: object) -> None:
    with writing(sessions) as session:
        add_rule(session, kind=kind, min_severity=0, parameters=parameters)


def post(sessions: Sessions, at: dt.datetime, source: dict[str, object] | None = None, **values: object) -> Document:
    """Write one assessed post; `text`, `cluster_id` and `region` go to its document."""
    of_document = {key: values.pop(key) for key in ("text", "cluster_id", "region") if key in values}
    with writing(sessions) as session:
        item = add_item(session, add_source(session, **(source or {})), event_at=at)
        document = add_document(session, item, **of_document)
        add_assessment(session, document, **values)
        return document


def named(name: str) -> list[tuple[str, str]]:
    return [("signal", "dehumanization"), ("target", "ethnicity_race"), ("target_name", name)]


def titles(sessions: Sessions) -> list[str]:
    with reading(sessions) as session:
        return sorted(session.scalars(select(Alert.title)))


def test_one_message_from_three_outlets_has_spread(sessions: Sessions, now: dt.datetime) -> None:
    rule(sessions, "spread")
    first = post(sessions, now + AT)
    for _ in range(2):
        post(sessions, now + AT, cluster_id=first.cluster_id)
    with writing(sessions) as session:
        add_webhook(session)
    assert raised(sessions, now) == 1
    assert raised(sessions, now + HOUR) == 0
    alert = only_alert(sessions)
    assert alert.title == "One message in 3 outlets: incitement against an ethnic or racial group (KE)"
    assert alert.indicators == ["7.14", "8.7", "13.7"]
    assert (alert.count, alert.reviewed, alert.details["rests_on"]["voices"]) == (3, False, 1)
    assert len(alert.details["rests_on"]["assessments"]) == 3
    # Which outlets stays on the desk.
    assert len(alert.details["places"]) == 3
    assert "places" not in deliveries(sessions)[0].body


def test_two_feeds_of_one_publisher_are_one_outlet(sessions: Sessions, now: dt.datetime) -> None:
    rule(sessions, "spread")
    first = post(sessions, now + AT)
    for path in ("a", "b", "c"):
        post(sessions, now + AT, {"url": f"https://www.keshu.example/{path}"}, cluster_id=first.cluster_id)
    assert raised(sessions, now) == 0


@pytest.mark.parametrize(("hours", "raises"), [(20, 1), (30, 0)])
def test_what_spreads_too_slowly_does_not_count(sessions: Sessions, now: dt.datetime, hours: int, raises: int) -> None:
    rule(sessions, "spread")
    first = post(sessions, now - hours * HOUR)
    for _ in range(2):
        post(sessions, now + AT, cluster_id=first.cluster_id)
    assert raised(sessions, now) == raises


def test_one_target_in_several_regions_has_spread(sessions: Sessions, now: dt.datetime) -> None:
    rule(sessions, "spread", same="target_name", across="region", least=2)
    for region, name in (("North", "Varni"), ("South", "Varni"), ("South", "Ostri"), (None, "Ostri")):
        post(sessions, now + AT, region=region, marks=named(name))
    assert raised(sessions, now) == 1
    assert only_alert(sessions).title.startswith("Flagged speech about one group in 2 regions: dehumanization")
    assert only_alert(sessions).details["about"]["target_names"] == ["Varni"]


def test_a_group_named_for_the_first_time_is_told(sessions: Sessions, now: dt.datetime) -> None:
    rule(sessions, "new_target")
    with writing(sessions) as session:
        write_history(session, now - 2 * DAY, days=20, dimension="target_name", value="Varni")
    for name in ("Varni", "Varni", "Ostri", "Ostri", "Teshil"):
        post(sessions, now + AT, marks=named(name))
    assert raised(sessions, now) == 1  # of Teshil only one voice was heard
    alert = only_alert(sessions)
    assert alert.title == "Never named before: dehumanization against Ostri (KE)"
    assert alert.details["rests_on"]["voices"] == 2
    assert alert.indicators == ["13.5"]


def test_a_desk_that_has_just_begun_calls_nobody_new(sessions: Sessions, now: dt.datetime) -> None:
    rule(sessions, "new_target")
    with writing(sessions) as session:
        write_history(session, now - 2 * DAY, days=9)
    for _ in range(2):
        post(sessions, now + AT, marks=named("Ostri"))
    assert raised(sessions, now) == 0


def speech(sessions: Sessions, now: dt.datetime, *, term_in_clean: bool = False) -> None:
    """Write weeks of flagged and plain texts; lately half of the flagged ones use a new term."""
    words = itertools.cycle(["market", "river", "harvest", "school", "bridge", "well"])
    for number in range(60):
        at = now - (1 + number % 28) * DAY - 12 * HOUR
        late = at >= now.replace(hour=0) - 7 * DAY
        coded = "grey kettles" if late and number % 2 else next(words)
        post(sessions, at, text=f"They of the {coded} must leave the {next(words)} number {number}.")
        plain = "grey kettles" if term_in_clean else next(words)
        post(sessions, at, flag=False, text=f"The {plain} near the {next(words)} opened at {number}.")


def test_a_term_that_rises_with_flagged_speech_is_told(sessions: Sessions, now: dt.datetime) -> None:
    rule(sessions, "coded_term", z=2)
    speech(sessions, now)
    with writing(sessions) as session:
        add_webhook(session)
    assert raised(sessions, now) == 1
    alert = only_alert(sessions)
    assert alert.details["term"] in {"grey kettles", "grey", "kettles", "kettles must"}
    assert alert.title.startswith("A term rises with: incitement")
    assert alert.details["rests_on"]["texts_before"] == 0
    # Partners are told that there is a term, never what a post says.
    assert "kettles" not in deliveries(sessions)[0].body
    assert raised(sessions, now + HOUR) == 0


def test_a_term_that_everybody_uses_is_no_code(sessions: Sessions, now: dt.datetime) -> None:
    rule(sessions, "coded_term", z=2)
    speech(sessions, now, term_in_clean=True)
    assert raised(sessions, now) == 0


def test_without_a_past_no_term_rises(sessions: Sessions, now: dt.datetime) -> None:
    rule(sessions, "coded_term", z=2)
    for _ in range(20):
        post(sessions, now - DAY, text="They of the grey kettles must leave.")
    assert raised(sessions, now) == 0


def test_terms_are_words_and_pairs_in_any_script() -> None:
    assert terms("The Grey KETTLES!") == {"the", "grey", "kettles", "the grey", "grey kettles"}
    assert "السوق" in terms("فتح السوق صباحا")
    assert terms("a 12 of x") == set()


def dark(sessions: Sessions, now: dt.datetime, country: str, failing: int, well: int) -> None:
    with writing(sessions) as session:
        for number in range(failing + well):
            state = "failing" if number < failing else "ok"
            add_source(
                session, country=country, state=state, state_since=now - 30 * HOUR, last_success_at=now - 40 * HOUR
            )


def test_a_country_that_goes_dark_together_is_told_once(sessions: Sessions, now: dt.datetime) -> None:
    rule(sessions, "outage")
    dark(sessions, now, "KE", 4, 1)
    dark(sessions, now, "SD", 1, 4)
    assert raised(sessions, now) == 1
    assert raised(sessions, now + HOUR) == 0
    alert = only_alert(sessions)
    assert alert.title == "Sources of one country went dark together (KE)"
    assert alert.summary.startswith("4 of 5 sources within 6 h")
    assert (alert.indicators, alert.details["about"]["countries"]) == (["7.6"], ["KE"])


def test_where_every_country_is_dark_the_trouble_is_ours(sessions: Sessions, now: dt.datetime) -> None:
    rule(sessions, "outage")
    dark(sessions, now, "KE", 4, 0)
    dark(sessions, now, "SD", 4, 0)
    assert raised(sessions, now) == 0


def test_one_silent_source_is_told_when_asked_for(sessions: Sessions, now: dt.datetime) -> None:
    rule(sessions, "outage", of="source", silent_hours=24)
    dark(sessions, now, "KE", 1, 2)
    assert raised(sessions, now) == 1
    assert titles(sessions)[0].startswith("Silent source: Radio Keshu")
    assert only_alert(sessions).severity == 30


ELECTION = {"name": "general election", "from": "2026-03-20", "country": "KE"}


@pytest.mark.parametrize(
    ("date", "raises"),
    [
        (ELECTION, 1),
        (ELECTION | {"country": "SD"}, 0),
        (ELECTION | {"from": "2026-06-20"}, 0),
        (ELECTION | {"from": "2020-03-20", "yearly": True}, 1),
        (ELECTION | {"from": "2020-02-29", "until": "2020-03-10", "yearly": True}, 1),
    ],
)
def test_a_date_raises_what_is_said_near_it(
    sessions: Sessions, now: dt.datetime, date: dict[str, object], raises: int
) -> None:
    with writing(sessions) as session:
        add_rule(session, kind="calendar", min_severity=70, parameters={"dates": [date]})
    post(sessions, now, severity=60)
    post(sessions, now, severity=50)
    assert raised(sessions, now) == raises
    if raises:
        alert = only_alert(sessions)
        assert alert.severity == 75
        assert "severity 60 raised by 15 because of general election" in alert.details["rests_on"]["why"]


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        (RuleInput("r", "spread", parameters={"across": "moon"}), "parameters.across is 'moon'"),
        (RuleInput("r", "spread", parameters={"least": 1}), "parameters.least is 1"),
        (RuleInput("r", "new_target", parameters={"z": 3}), "parameters: 'z' is unknown to new_target rules"),
        (RuleInput("r", "coded_term", parameters={"z": "high"}), "parameters.z is 'high'"),
        (RuleInput("r", "outage", signals=["incitement"]), "signals have no meaning"),
        (RuleInput("r", "outage", filters={"target": "religion"}), "filters: 'target' is unknown"),
        (RuleInput("r", "calendar"), "parameters.dates is None; it must be a list"),
        (RuleInput("r", "calendar", parameters={"dates": [{"name": "x"}]}), "parameters.dates is"),
        (RuleInput("r", "calendar", parameters={"dates": [ELECTION | {"country": "ke"}]}), "parameters.dates is"),
        (RuleInput("r", "calendar", parameters={"dates": [ELECTION | {"day": 1}]}), "parameters.dates is"),
    ],
)
def test_a_wrong_rule_is_told_in_one_sentence(written: RuleInput, sentence: str) -> None:
    (problem,) = problems(written)
    assert problem.startswith(sentence)


def test_patterns_are_replayed_before_anybody_is_woken(sessions: Sessions, now: dt.datetime) -> None:
    first = post(sessions, now - 9 * DAY)
    for _ in range(3):
        post(sessions, now - 9 * DAY + HOUR, cluster_id=first.cluster_id)
    with reading(sessions) as session:
        report = backtest(session, RuleInput("r", "spread"), now - 20 * DAY, now, WarnSettings())
        assert (report.alarms, [week.alarms for week in report.weeks]) == (1, [0, 0, 1, 0])
        assert report.examples[0].title.startswith("One message in 4 outlets")
        dated = RuleInput("r", "calendar", 90, parameters={"dates": [ELECTION], "before_days": 20})
        assert backtest(session, dated, now - 20 * DAY, now, WarnSettings()).alarms == 1
        with pytest.raises(RuleRefused, match="not kept"):
            backtest(session, RuleInput("r", "outage"), now - 20 * DAY, now, WarnSettings())
