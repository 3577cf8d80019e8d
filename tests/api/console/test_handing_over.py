"""What leaves the console as a file: a search as CSV or workbook, a case as a bundle, each with who took it."""

import csv
import io
import zipfile
from collections.abc import Callable

from sqlalchemy import select

from api.deciding import keep_decision
from api.reviews import Decision
from ingest import log
from models.audit import AuditEvent
from models.database import Sessions, reading, writing
from models.review import Review
from tests.api.console.conftest import Browser, Page
from tests.api.console.world import build
from tests.api.test_xlsx import sheets
from tests.conftest import NOW
from tests.factories import add_account, add_assessment, add_document, add_item


def rows(browser: Browser, path: str) -> list[dict[str, str]]:
    answer = browser.get(path)
    assert answer.headers["content-disposition"].startswith("attachment")
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_a_search_leaves_as_it_stands_and_harmless(sessions: Sessions, analyst: Browser) -> None:
    with writing(sessions) as session:
        for severity, text in ((50, "=1+1"), (90, "the market"), (70, "the mill")):
            add_assessment(session, add_document(session, add_item(session, content=text)), severity=severity)
    links = [str(one["href"]) for one in Page(analyst.get("/queue?min_severity=40").text).all("a")]
    found = [link for link in links if link.startswith("/queue/export")]
    assert found == [f"/queue/export?min_severity=40&format={form}" for form in ("csv", "xlsx")]
    assert [row["text"] for row in rows(analyst, found[0])] == ["the market", "the mill", "'=1+1"]
    [[head, *cells]] = sheets(analyst.get(found[1]).content)
    at = [value for _, value in head].index("text")
    assert [row[at][1] for row in cells] == ["the market", "the mill", "'=1+1"]
    assert len(rows(analyst, "/queue/export?min_severity=60")) == 2
    with reading(sessions) as session:
        kept = session.scalars(select(AuditEvent.details).where(AuditEvent.action == "text.exported")).all()
    assert kept[0] == {"what": "assessments", "format": "csv", "search": "?min_severity=40"}
    assert len(kept) == 3


def test_who_may_still_decide_reads_no_verdict_out_of_it(
    sessions: Sessions, analyst: Browser, outsider: Browser
) -> None:
    with writing(sessions) as session:
        passage = add_assessment(session).id
        keep_decision(session, add_account(session).id, passage, Decision("rejected"), NOW, 0.0)
    [blind] = rows(analyst, "/queue/export?show=all")
    assert (blind["status"], blind["flagged_now"], blind["labels_now"]) == ("reviewed", "", "")
    [told] = rows(outsider, "/queue/export?show=all")
    assert (told["status"], told["flagged_now"]) == ("rejected", "False")
    analyst.post(f"/assessments/{passage}", verdict="confirmed", last_review_id=str(newest(sessions)))
    [after] = rows(analyst, "/queue/export?show=all")
    assert after["status"] == "disputed"


def newest(sessions: Sessions) -> int:
    with reading(sessions) as session:
        return session.scalars(select(Review.id).order_by(Review.id.desc())).first() or 0


def test_an_administrator_takes_a_case_out_as_a_bundle(
    sessions: Sessions, admin: Browser, sign_in: Callable[..., Browser]
) -> None:
    build(sessions)
    while log.append_waiting(sessions, NOW):
        pass
    for path, name in (("/assessments/1", "assessment"), ("/alerts/1", "alert")):
        assert f'href="{path}/bundle"' in admin.get(path).text
        answer = admin.get(f"{path}/bundle")
        assert answer.headers["content-disposition"] == f'attachment; filename="tocsin-{name}-1.zip"'
        with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
            assert any(one.endswith("verify.py") for one in packed.namelist())
    lead = sign_in("Leila", "lead")
    assert "/bundle" not in lead.get("/assessments/1").text
    assert lead.get("/assessments/1/bundle").status_code == 403
    assert admin.get("/assessments/9999/bundle").status_code == 404
    with reading(sessions) as session:
        about = session.execute(
            select(AuditEvent.subject, AuditEvent.subject_id).where(AuditEvent.action == "text.exported")
        ).all()
    assert about == [("assessment", 1), ("alert", 1)]
