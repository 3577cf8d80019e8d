"""Precision is what people left standing of what the machine marked, and nothing else."""

import csv
import io

import pytest

from api.deciding import keep_decision
from api.feedback import precisions, settled_passages
from api.reviews import Decision
from models.database import Sessions, reading, writing
from tests.api.console.conftest import Browser, Page
from tests.conftest import NOW
from tests.factories import add_account, add_assessment, add_document, add_item, add_source

BOTH = [("signal", "incitement"), ("signal", "hate_speech")]
KEPT_ONE = Decision("confirmed", signals=["incitement", "impunity"])


def settle_some(sessions: Sessions) -> None:
    """Settle 4 passages in Swahili (one kept whole, one in part, two rejected) and 1 in French; leave 2 unsettled."""
    with writing(sessions) as session:
        reviewer, other = add_account(session).id, add_account(session).id
        source = add_source(session, name="=Radio Keshu")
        decisions = [Decision("confirmed"), KEPT_ONE, Decision("rejected"), Decision("rejected")]
        for language, decision in [
            *(("sw", one) for one in decisions),
            ("fr", decisions[0]),
            ("fr", Decision("unsure")),
        ]:
            document = add_document(session, add_item(session, source))
            passage = add_assessment(session, document, language=language, marks=BOTH).id
            keep_decision(session, reviewer, passage, decision, NOW, 0.0)
        disputed = add_assessment(session, marks=BOTH).id
        for person, verdict in ((reviewer, "confirmed"), (other, "rejected")):
            keep_decision(session, person, disputed, Decision(verdict), NOW, 0.0)


def test_what_people_left_standing_counts(sessions: Sessions) -> None:
    settle_some(sessions)
    with reading(sessions) as session:
        settled = settled_passages(session)
    counted = {(row.group, row.signal): (row.kept, row.settled) for row in precisions(settled)}
    assert counted == {("", "incitement"): (3, 5), ("", "hate_speech"): (2, 5)}
    by_language = {(row.group, row.signal): (row.kept, row.settled) for row in precisions(settled, "language")}
    assert by_language == {
        ("sw", "incitement"): (2, 4),
        ("sw", "hate_speech"): (1, 4),
        ("fr", "incitement"): (1, 1),
        ("fr", "hate_speech"): (1, 1),
    }
    first = precisions(settled, "language")[0]
    assert (first.group, first.share) == ("sw", 0.5)
    assert (first.low, first.high) == pytest.approx((0.15, 0.85), abs=0.001)


def test_the_page_and_its_csv_say_the_same(sessions: Sessions, lead: Browser) -> None:
    settle_some(sessions)
    text = " ".join(Page(lead.get("/precision?by=language").text).text.split())
    assert "5 settled passages" in text
    assert "sw Incitement to violence 2 of 4 50% 50% 15% to 85%" in text
    answer = lead.get("/precision?by=source&format=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["signal"], row["group"], row["kept"], row["precision"]) for row in rows] == [
        ("incitement", "'=Radio Keshu", "3", "0.6"),
        ("hate_speech", "'=Radio Keshu", "2", "0.4"),
    ]


def test_without_reviews_the_page_says_so(lead: Browser) -> None:
    assert "has been settled by people yet" in lead.get("/precision?by=nonsense").text
