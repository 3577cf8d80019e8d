"""A surge says where its posts come from, so that it reaches who asked for that place, group or stage."""

import datetime as dt
from dataclasses import replace

from sqlalchemy import select

from models.alert import Alert
from models.contact import Contact
from models.database import Sessions, reading, writing
from tests.factories import add_assessment, add_document, add_item, add_rule, add_source, add_webhook
from tests.warn.history import write_history
from tests.warn.test_alerts import deliveries, only_alert, raised
from warn.behind import shared
from warn.contacts import could_engage
from warn.rules import Facts

HOUR = dt.timedelta(hours=1)
BURST = {1: 6, 2: 6, 3: 6}


def post(now: dt.datetime, number: int, **values: object) -> Facts:
    told = Facts(
        assessment_id=number,
        document_id=number,
        cluster_id=number,
        source_id=1,
        source="Radio Keshu",
        audience=None,
        country="KE",
        region=None,
        language="sw",
        event_at=now,
        severity=80,
        stage=1,
        stance="asserts",
        flagged=True,
        status="unreviewed",
        model="fake@1",
        signals={"incitement": 0.9},
        targets=("religion",),
        target_names=(),
    )
    return replace(told, **values)  # type: ignore[arg-type]


def test_what_a_fifth_of_the_voices_share_is_told_and_a_stray_one_is_not(now: dt.datetime) -> None:
    posts = [post(now, number) for number in range(7)]
    posts += [post(now, number, country="UG", stage=3) for number in (7, 8)]
    posts += [post(now, 9, country="SY", region="Homs", stage=4, signals={})]
    found = shared(posts)
    assert found.about["countries"] == ["KE", "UG"]
    assert found.about["regions"] == []
    assert found.about["signals"] == ["incitement"]
    assert found.about["sources"] == ["Radio Keshu"]
    assert found.stage == 3
    assert not found.reviewed
    assert shared([*posts, post(now, 10, status="confirmed")]).reviewed


def test_posts_that_are_not_known_share_nothing() -> None:
    found = shared([])
    assert found.stage == 0
    assert not any(found.about.values())


def test_a_surge_reaches_the_partners_and_the_directory_of_where_its_posts_come_from(
    sessions: Sessions, now: dt.datetime
) -> None:
    with writing(sessions) as session:
        source = add_source(session, country="KE", region="Marrok")
        add_rule(session, kind="surge", min_severity=0, parameters={"group_by": "target"})
        write_history(session, now, dimension="target", value="religion", extra=BURST)
        marks = [("signal", "incitement"), ("target", "religion"), ("target_name", "Varni")]
        for hour in (1, 2, 3):
            for _ in range(6):
                item = add_item(session, source, event_at=now.replace(minute=0) - hour * HOUR)
                document = add_document(session, item, country="KE", region="Marrok")
                add_assessment(session, document, marks=marks, ruled_at=now)
        wanting = add_webhook(session, filters={"countries": ["KE"], "min_stage": 3, "signals": "incitement"}).id
        add_webhook(session, filters={"countries": ["SY"]})
        add_webhook(session, filters={"min_stage": 4})
        near = Contact(name="Elders", kind="community_leader", country="KE", region="Marrok", groups=["Varni"])
        far = Contact(name="Others", kind="community_leader", country="SY")
        for contact in (near, far):
            contact.created_at = now
            session.add(contact)
    assert raised(sessions, now) == 1
    alert = only_alert(sessions)
    assert alert.title == "Surge of flagged posts against a religious group (KE)"
    assert alert.details["stage"] == 3
    assert alert.indicators == ["7.14", "8.7", "13.7"]
    assert [delivery.webhook_id for delivery in deliveries(sessions)] == [wanting]
    with reading(sessions) as session:
        assert session.scalars(select(Alert.id)).one() == alert.id
        assert [contact.name for contact in could_engage(session, alert.id)] == ["Elders"]
