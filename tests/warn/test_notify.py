"""A partner is told as much as its tier allows, and of what its filters ask for."""

import datetime as dt
import json
from typing import Any

import pytest
from sqlalchemy import select

from models.alert import Alert
from models.database import Sessions, reading, writing
from models.delivery import TIERS, Delivery
from tests.factories import add_alert, add_rule, add_source, add_webhook
from warn import notify

SOURCE = "Radio Keshu"
DETAILS = {
    "about": {"signals": ["incitement"], "targets": ["ethnicity_race"], "target_names": ["Varni"], "sources": [SOURCE]},
    "rests_on": {"assessments": [1], "why": f"three posts of {SOURCE}"},
    "models": ["fake@1"],
    "stage": 3,
}


def told(sessions: Sessions, now: dt.datetime, **webhook: Any) -> dict[str, Any]:
    """Raise one alert for one webhook; return the payload's data."""
    with writing(sessions) as session:
        source = add_source(session, name=SOURCE)
        add_webhook(session, **webhook)
        alert = add_alert(
            session, details=DETAILS, summary=f"3 posts from {SOURCE}.", acknowledge_note="Called the priest."
        )
        notify.owe(session, alert, notify.OPENED, now)
        number = source.id
    with reading(sessions) as session:
        data: dict[str, Any] = json.loads(session.scalars(select(Delivery.body)).one())["data"]
    return data | {"number": number}


def test_the_full_tier_names_what_it_rests_on_and_how_far_it_may_go(sessions: Sessions, now: dt.datetime) -> None:
    data = told(sessions, now, tlp="RED")
    assert (data["tier"], data["tlp"], data["stage"]) == ("full", "TLP:RED", 3)
    assert SOURCE in data["summary"]


def test_the_pseudonymised_tier_names_no_source_anywhere(sessions: Sessions, now: dt.datetime) -> None:
    data = told(sessions, now, tier="pseudonymised")
    assert SOURCE not in json.dumps(data)
    assert data["sources"] == [f"source-{data['number']}"]
    assert data["summary"] == f"3 posts from source-{data['number']}."
    assert (data["note"], data["target_names"]) == (None, ["Varni"])


def test_the_lowest_tier_holds_numbers_and_classes_only(sessions: Sessions, now: dt.datetime) -> None:
    data = told(sessions, now, tier="counts")
    said = json.dumps(data)
    assert not [word for word in (SOURCE, "Varni", "priest", "rule") if word in said]
    assert (data["severity"], data["targets"], data["count"]) == (80, ["ethnicity_race"], 1)


@pytest.mark.parametrize("tier", TIERS)
def test_every_tier_says_that_a_machine_proposes(sessions: Sessions, now: dt.datetime, tier: str) -> None:
    data = told(sessions, now, tier=tier)
    assert (data["machine"], data["reviewed"]) == (True, False)
    assert "person decides" in data["notice"]


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({}, True),
        ({"min_stage": 3}, True),
        ({"min_stage": 4}, False),
        ({"min_severity": 81}, False),
        ({"signals": ["incitement"], "targets": ["ethnicity_race"]}, True),
        ({"signals": ["propaganda"]}, False),
        ({"target_names": ["Varni"]}, True),
        ({"countries": ["KE"]}, False),
    ],
    ids=str,
)
def test_filters_narrow_what_a_partner_gets(
    sessions: Sessions, now: dt.datetime, filters: dict[str, Any], wanted: bool
) -> None:
    with writing(sessions) as session:
        add_webhook(session, filters=filters)
        alert = add_alert(session, add_rule(session), details=DETAILS)
        assert notify.owe(session, alert, notify.OPENED, now) == wanted
    with reading(sessions) as session:
        assert (session.scalars(select(Alert.told_at)).one() == now) == wanted


def test_operational_endpoints_get_no_alerts(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        add_webhook(session, operational=True)
        assert notify.owe(session, add_alert(session, details=DETAILS), notify.OPENED, now) == 0
