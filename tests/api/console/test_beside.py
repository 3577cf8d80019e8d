"""The page of a passage shows what other machines said, marked as that, and asks for a translation on demand."""

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from api.assist_settings import AssistSettings
from api.settings import Settings
from api.translation import Translators
from models.assessment import Assessment
from models.audit import AuditEvent
from models.database import Sessions, reading, writing
from models.review import Review
from models.second import Gloss, Opinion
from tests.api.console.conftest import Browser, Page
from tests.api.console.test_review_day import masked_part
from tests.conftest import NOW
from tests.factories import add_account, add_assessment, add_document, add_item

TEXT = "Wote waondoke leo, alisema mzee wa soko la Marrok."


class Words:
    name, target = "tiny@1", "en"

    def translate(self, text: str, source: str) -> str:
        return f"<b>All</b> must leave ({source})\u202e."


@pytest.fixture
def passage(sessions: Sessions) -> int:
    with writing(sessions) as session:
        document = add_document(session, add_item(session, content=TEXT))
        return add_assessment(session, document, language="sw").id


@pytest.fixture
def offered(app: FastAPI) -> None:
    app.state.translators = Translators(Settings(assist=AssistSettings(translator="tiny")), Words())


@pytest.mark.usefixtures("offered")
def test_a_translation_is_asked_for_shown_masked_and_marked(sessions: Sessions, analyst: Browser, passage: int) -> None:
    before = Page(analyst.get(f"/assessments/{passage}").text)
    assert "The text stays on this machine" in before.text
    action = f"/assessments/{passage}/gloss"
    assert action in [str(form["action"]).partition("?")[0] for form in before.all("form")]
    assert analyst.post(action).status_code == 303
    html = analyst.get(f"/assessments/{passage}").text
    shown = Page(html).text
    assert "Machine translation" in shown
    assert "tiny@1" in shown
    assert "<b>All</b> must leave (sw)" in shown
    assert "must leave (sw)" not in masked_part(html)
    assert "\u202e" not in html
    assert "Translate it into" not in shown
    with reading(sessions) as session:
        assert session.scalars(select(Gloss.text)).one().startswith("<b>All</b>")


@pytest.mark.usefixtures("offered")
def test_it_is_not_offered_in_the_readers_own_language_nor_to_who_only_reads(
    sessions: Sessions, analyst: Browser, outsider: Browser, passage: int
) -> None:
    assert "Translate it" not in outsider.get(f"/assessments/{passage}").text
    assert outsider.post(f"/assessments/{passage}/gloss").status_code == 403
    with writing(sessions) as session:
        session.get_one(Assessment, passage).language = "en"
    assert "Translate it" not in analyst.get(f"/assessments/{passage}").text


def test_without_a_translator_the_page_says_nothing_of_it(analyst: Browser, passage: int) -> None:
    assert "ranslation" not in analyst.get(f"/assessments/{passage}").text
    refused = analyst.post(f"/assessments/{passage}/gloss")
    assert refused.status_code == 503
    assert "TOCSIN_TRANSLATOR" in refused.text


@pytest.mark.usefixtures("offered")
def test_a_form_from_elsewhere_is_refused(analyst: Browser, passage: int) -> None:
    assert analyst.client.post(f"/assessments/{passage}/gloss", data={"csrf": "x"}).status_code == 403


def test_a_second_opinion_stands_there_as_a_machines(sessions: Sessions, analyst: Browser, passage: int) -> None:
    with writing(sessions) as session:
        session.add(
            Opinion(
                assessment_id=passage,
                reader="reader-1 at llm.example.org",
                state="given",
                asked_at=NOW,
                at=NOW,
                signals=["incitement"],
                stage=3,
                stance="asserts",
                reason="<script>It says that all must leave.",
            )
        )
    html = analyst.get(f"/assessments/{passage}").text
    assert "It says that all must leave" not in masked_part(html)
    page = Page(html)
    assert "A second machine's opinion" in page.text
    assert "reader-1 at llm.example.org" in page.text
    assert "no flag and no label follows from it" in page.text
    assert "<script>It says" in page.text
    with writing(sessions) as session:
        session.get_one(Opinion, passage).state = "unusable"
    assert "nothing that can be used" in analyst.get(f"/assessments/{passage}").text


def test_decided_passages_like_it_are_shown_with_their_words_hidden(
    sessions: Sessions, analyst: Browser, passage: int
) -> None:
    with writing(sessions) as session:
        document = add_document(session, add_item(session, content="Wote waondoke leo, mzee wa Marrok."))
        like = add_assessment(session, document, language="sw", status="rejected").id
        account = add_account(session).id
        session.add(Review(assessment_id=like, reviewer_id=account, created_at=NOW, verdict="rejected"))
    html = analyst.get(f"/assessments/{passage}").text
    assert "Decided passages like this one" in html
    assert f'href="/assessments/{like}"' in html
    assert "waondoke leo, mzee wa Marrok" in html
    assert "waondoke leo, mzee wa Marrok" not in masked_part(html)
    with reading(sessions) as session:
        listed = session.scalars(select(AuditEvent.details).where(AuditEvent.action == "text.listed")).all()
    assert listed == [{"assessments": [like]}]
