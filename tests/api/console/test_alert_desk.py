"""The desk's own work on an alert: owner, notes, tags, merges, a verdict, and who was engaged."""

from typing import Any

from models.alert import Alert, AlertEvent
from models.contact import Contact
from models.database import Sessions, reading, writing
from tests.api.console.conftest import Browser, Page
from tests.conftest import NOW
from tests.factories import add_account, add_alert
from warn import timeline

ABOUT = {"about": {"countries": ["KE"], "regions": ["Marrok"], "target_names": ["the Varni"]}}


def text_of(browser: Browser, path: str) -> str:
    return " ".join(Page(browser.get(path).text).text.split())


def an_alert(sessions: Sessions, **values: Any) -> int:
    with writing(sessions) as session:
        return add_alert(session, details=ABOUT, **values).id


def do(browser: Browser, alert: int, act: str, **fields: str) -> str:
    answer = browser.post(f"/alerts/{alert}/desk", act=act, **fields)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_owner_note_and_verdict_are_kept_with_who(sessions: Sessions, analyst: Browser) -> None:
    alert = an_alert(sessions)
    do(analyst, alert, "owner", owner="Amina")
    do(analyst, alert, "note", note="Called the radio.")
    do(analyst, alert, "confirmed")
    text = text_of(analyst, f"/alerts/{alert}")
    assert "Owner Amina" in text
    assert "note by Amina: Called the radio." in text
    assert "Said last: it was." in text
    do(analyst, alert, "owner", owner="")
    with reading(sessions) as session:
        assert session.get_one(Alert, alert).owner_id is None


def test_tags_are_kept_in_order_shown_and_searched(sessions: Sessions, analyst: Browser) -> None:
    alert, other = an_alert(sessions, title="One"), an_alert(sessions, title="Other")
    do(analyst, alert, "tags", tags=" Radio,  the border, radio, é%_")
    do(analyst, other, "tags", tags="radiology")
    with reading(sessions) as session:
        assert session.get_one(Alert, alert).tags == ["radio", "the border", "é%_"]
    listed = text_of(analyst, "/alerts?tag=radio")
    assert "One" in listed
    assert "Other" not in listed
    assert "One" in text_of(analyst, "/alerts?show=all&tag=%C3%A9%25_")
    assert "tagged by Amina" in text_of(analyst, f"/alerts/{alert}")
    assert analyst.post(f"/alerts/{alert}/desk", act="tags", tags="x" * 41).status_code == 422
    lines = len(text_of(analyst, f"/alerts/{alert}").split("tagged by"))
    do(analyst, alert, "tags", tags="the border,radio,é%_")
    assert len(text_of(analyst, f"/alerts/{alert}").split("tagged by")) == lines


def test_a_merge_leads_to_the_other_alert(sessions: Sessions, analyst: Browser) -> None:
    one, into = an_alert(sessions), an_alert(sessions, title="The one that goes on")
    assert f'value="{into}"' in analyst.get(f"/alerts/{one}").text
    assert do(analyst, one, "merge", into=str(into)) == f"/alerts/{into}#h-desk"
    assert f"Goes on in alert {into}" in text_of(analyst, f"/alerts/{one}")
    again = analyst.post(f"/alerts/{one}/desk", act="merge", into=str(into))
    assert (again.status_code, "is resolved" in again.text) == (409, True)
    assert analyst.post(f"/alerts/{into}/desk", act="merge", into="x").status_code == 422


def test_the_directory_names_who_fits_and_the_line_says_who_was_engaged(sessions: Sessions, analyst: Browser) -> None:
    alert = an_alert(sessions)
    with writing(sessions) as session:
        for name, country in (("Council of elders", "KE"), ("A desk far away", "SD")):
            session.add(Contact(name=name, kind="community_leader", country=country, reach="by radio", created_at=NOW))
        session.flush()
        contact = session.query(Contact).filter_by(country="KE").one().id
    text = text_of(analyst, f"/alerts/{alert}")
    assert "Council of elders" in text
    assert "A desk far away" not in text
    do(analyst, alert, "engage", contact=str(contact), note="They will speak on Friday.")
    assert "Council of elders: 14 Mar 2026, 09:30 UTC, Amina: They will speak on Friday." in text_of(
        analyst, f"/alerts/{alert}"
    )
    with writing(sessions) as session:
        session.delete(session.get_one(Contact, contact))
    assert f"contact {contact}, since removed" in text_of(analyst, f"/alerts/{alert}")


def test_what_partners_answer_stands_on_the_alert(sessions: Sessions, outsider: Browser) -> None:
    alert = an_alert(sessions)
    with writing(sessions) as session:
        partner = add_account(session, name="Partner in Marrok").id
        for kind, note in (("seen", None), ("disputed", "It was a quotation.")):
            timeline.answer(session, alert, kind, partner, note, NOW)
    text = text_of(outsider, f"/alerts/{alert}")
    assert "Partner in Marrok disputed 14 Mar 2026, 09:30 UTC It was a quotation." in text
    assert "Who could be engaged" not in text


def test_a_reader_does_nothing_and_an_unknown_act_is_refused(
    sessions: Sessions, outsider: Browser, analyst: Browser
) -> None:
    alert = an_alert(sessions)
    assert outsider.post(f"/alerts/{alert}/desk", act="note", note="x").status_code == 403
    assert analyst.post(f"/alerts/{alert}/desk", act="dance").status_code == 422
    assert analyst.post(f"/alerts/{alert}/desk", act="note", note="").status_code == 422
    assert analyst.post("/alerts/987654/desk", act="note", note="x").status_code == 404
    assert analyst.client.post(f"/alerts/{alert}/desk", data={"act": "note", "note": "x"}).status_code == 403
    with reading(sessions) as session:
        assert session.query(AlertEvent).count() == 0
