"""What was moved out of the way is seen with its reason, and can be tried again by an administrator."""

from sqlalchemy import select

from models.audit import AuditEvent
from models.database import Sessions, reading, writing
from models.document import Document
from models.item import Item
from tests.api.console.conftest import Browser, Page
from tests.conftest import NOW
from tests.factories import add_document, add_item, add_source, minutes

REASON = "the worker stopped on this row 5 times without a result"


def add_stuck(sessions: Sessions) -> tuple[int, int]:
    with writing(sessions) as session:
        item = add_item(session, add_source(session, name="Radio Keshu"), title="<b>Noon</b>\u202e news", attempts=5)
        item.quarantined_at, item.quarantine_reason = NOW, REASON
        document = add_document(session, attempts=2)
        document.quarantined_at, document.quarantine_reason = NOW - minutes(5), "the model gave no number"
        return item.id, document.id


def test_every_row_is_listed_with_its_reason_latest_first(sessions: Sessions, outsider: Browser) -> None:
    item, document = add_stuck(sessions)
    html = outsider.get("/quarantine").text
    text = Page(html).text
    for said in ("The worker stopped on this row 5 times", "The model gave no number.", "Radio Keshu", "5 attempts"):
        assert said in text
    assert text.index(f"item {item}") < text.index(f"document {document}")
    assert "<b>Noon</b>" not in html
    assert "\u202e" not in html
    assert "Try again" not in text
    assert 'href="/quarantine"' in outsider.get("/").text


def test_one_row_is_released_and_waits_again(sessions: Sessions, admin: Browser) -> None:
    item, document = add_stuck(sessions)
    answer = admin.post("/quarantine", row=f"item:{item}")
    assert answer.headers["location"] == "/quarantine?released=1"
    assert "1 row was released" in Page(admin.get("/quarantine?released=1").text).text
    with reading(sessions) as session:
        freed, left = session.get_one(Item, item), session.get_one(Document, document)
        assert (freed.quarantined_at, freed.quarantine_reason, freed.attempts) == (None, None, 0)
        assert left.quarantined_at is not None
        event = session.scalars(select(AuditEvent).where(AuditEvent.subject == "item")).one()
    assert (event.action, event.subject, event.subject_id) == ("quarantine.released", "item", item)
    assert admin.post("/quarantine", row=f"item:{item}").status_code == 404


def test_all_rows_are_released_together(sessions: Sessions, admin: Browser) -> None:
    add_stuck(sessions)
    assert admin.post("/quarantine", act="all").headers["location"] == "/quarantine?released=2"
    assert "Nothing is in quarantine" in admin.get("/quarantine").text
    assert admin.post("/quarantine", act="all").headers["location"] == "/quarantine?released=0"


def test_nobody_else_releases_and_nonsense_is_refused(sessions: Sessions, analyst: Browser, admin: Browser) -> None:
    item, _ = add_stuck(sessions)
    assert analyst.post("/quarantine", row=f"item:{item}").status_code == 403
    for row in ("", "item", "item:x", "source:1", "item:99999999999999999999"):
        assert admin.post("/quarantine", row=row).status_code == 404
    assert admin.get("/quarantine?page=7&released=<b>").status_code == 200
