"""What is past its age or budget goes, what was asked for goes at once, and the evidence still verifies."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from sqlalchemy import text as sql

from ingest.errors import InputRefused
from ingest.evidence import keep_raw, raw_bytes, verify
from ingest.extract import extract
from ingest.forget import classes, erase, forget, versions_of
from ingest.read import push
from models.assessment import Assessment
from models.base import is_sqlite
from models.database import reading, scrub, writing
from models.document import Band, Document, assessed_by_another, never_assessed
from models.evidence import RawBody
from models.forgetting import Erasure, Forgetting
from models.item import Item
from models.review import Review
from models.second import Gloss, Opinion
from models.source import Source
from tests import factories
from tests.fault_server import FaultServer, text
from tests.ingest.conftest import Desk
from tests.ingest.feeds import item, rss

DAY = dt.timedelta(days=1)
WORDS = "The Varni council met at the well of Marrok and spoke about grain"


def push_texts(desk: Desk, *texts: str, name: str = "Partner") -> list[int]:
    """Push texts one by one, read them out, and return their items."""
    before = {found.id for found in desk.items()}
    for number, words in enumerate(texts):
        push(desk.sessions, name, [{"id": f"{name} {len(before)} {number}", "text": words}], desk.settings, desk.now)
    extract(desk.sessions, desk.network, desk.settings, desk.now)
    return [found.id for found in desk.items() if found.id not in before]


def judge(desk: Desk, item_id: int, *, flag: bool, reviewed: bool = False) -> None:
    with writing(desk.sessions) as session:
        document = session.scalars(select(Document).where(Document.item_id == item_id)).one()
        assessment = factories.add_assessment(session, document, flag=flag)
        if reviewed:
            reviewer = factories.add_account(session)
            session.add(
                Review(assessment_id=assessment.id, reviewer_id=reviewer.id, created_at=desk.now, verdict="confirmed")
            )


def repeat(desk: Desk, document_id: int, words: str) -> None:
    """Have a translation and a second reader repeat words of a document."""
    with writing(desk.sessions) as session:
        found = session.scalars(select(Assessment).where(Assessment.document_id == document_id)).one_or_none()
        judged = found or factories.add_assessment(session, session.get_one(Document, document_id))
        more = {"source_language": "en", "target": "fr", "engine": "test", "start": 0, "end": 9, "at": desk.now}
        session.add(Gloss(document_id=document_id, text=words, **more))
        session.add(Opinion(assessment_id=judged.id, reader="test", state="given", asked_at=desk.now, reason=words))


def remembered(desk: Desk) -> list[int]:
    return [found.id for found in desk.items() if found.forgotten_at is None]


def bodies(desk: Desk) -> int:
    with reading(desk.sessions) as session:
        return session.scalar(select(func.count()).where(RawBody.forgotten_at.is_(None))) or 0


def acts(desk: Desk) -> list[Forgetting]:
    with reading(desk.sessions) as session:
        return list(session.scalars(select(Forgetting).order_by(Forgetting.id)))


@pytest.fixture
def four(desk: Desk) -> tuple[Desk, dict[str, int]]:
    """Bring in an unflagged, a flagged, a reviewed and an unjudged text."""
    ids = push_texts(desk, *(f"{WORDS}, {n * 'again and '} for the {n}th time." for n in range(2, 6)))
    named = dict(zip(("unflagged", "flagged", "reviewed", "unjudged"), ids, strict=True))
    judge(desk, named["unflagged"], flag=False)
    judge(desk, named["flagged"], flag=True)
    judge(desk, named["reviewed"], flag=True, reviewed=True)
    return desk, named


def test_by_default_no_text_is_ever_forgotten(four: tuple[Desk, dict[str, int]]) -> None:
    desk, named = four
    assert forget(desk.sessions, desk.settings, desk.now + 5000 * DAY) == 0
    assert remembered(desk) == sorted(named.values())
    assert acts(desk) == []


@pytest.mark.parametrize("name", ["unflagged", "flagged", "reviewed"])
def test_each_class_has_an_age_of_its_own(
    four: tuple[Desk, dict[str, int]], desk_with: Callable[..., Desk], name: str
) -> None:
    desk, named = four
    ages = desk_with(**{f"forget_{name}_days": 30.0}).settings
    with reading(desk.sessions) as session:
        judged = dict(session.execute(select(Document.item_id, Document.id)).all())
    for other in ("unflagged", "flagged", "reviewed"):
        repeat(desk, judged[named[other]], WORDS)
    assert forget(desk.sessions, ages, desk.now + 29 * DAY) == 0
    # The text goes, and with it the raw answer that nothing else rests on.
    assert forget(desk.sessions, ages, desk.now + 31 * DAY) == 2
    assert set(named.values()) - set(remembered(desk)) == {named[name]}
    assert bodies(desk) == 3
    assert verify(desk.sessions) == []
    assert [(act.kind, act.items, act.documents, act.bodies) for act in acts(desk)] == [
        ("age", 1, 1, 0),
        ("age", 0, 0, 1),
    ]
    with reading(desk.sessions) as session:
        document = session.scalars(select(Document).where(Document.item_id == named[name])).one()
        assert (document.text, document.title, document.url) == ("", None, None)
        assert "forgotten on 2026-04-14" in document.notes[0]
        assert session.scalar(select(func.count()).where(Band.document_id == document.id)) == 0
        # What other machines made of the words goes with them, and with them only.
        glossed = set(session.scalars(select(Gloss.document_id)))
        about = select(Assessment.document_id).join(Opinion, Opinion.assessment_id == Assessment.id)
        assert glossed == set(session.scalars(about))
        assert (len(glossed), document.id in glossed) == (2, False)
    assert forget(desk.sessions, ages, desk.now + 31 * DAY) == 0


def test_every_judged_text_belongs_to_exactly_one_class(four: tuple[Desk, dict[str, int]]) -> None:
    desk, named = four
    with reading(desk.sessions) as session:
        found = {name: list(session.scalars(select(Item.id).where(which))) for name, which in classes().items()}
    assert found == {name: [named[name]] for name in ("unflagged", "flagged", "reviewed")}


def test_what_nobody_has_judged_is_not_forgotten_by_age(
    four: tuple[Desk, dict[str, int]], desk_with: Callable[..., Desk]
) -> None:
    desk, named = four
    ages = desk_with(forget_unflagged_days=1, forget_flagged_days=1, forget_reviewed_days=1, forget_raw_days=1).settings
    forget(desk.sessions, ages, desk.now + 5000 * DAY)
    assert remembered(desk) == [named["unjudged"]]
    assert bodies(desk) == 1


def test_raw_answers_have_an_age_of_their_own_and_evidence_of_a_flag_keeps_its_own(
    four: tuple[Desk, dict[str, int]], desk_with: Callable[..., Desk]
) -> None:
    desk, named = four
    assert forget(desk.sessions, desk_with(forget_raw_days=7).settings, desk.now + 8 * DAY) == 1
    assert remembered(desk) == sorted(named.values())
    with reading(desk.sessions) as session:
        (gone,) = session.scalars(select(RawBody).where(RawBody.forgotten_at.is_not(None)))
        assert gone.compressed == b""
        assert gone.size > 0
        with pytest.raises(ValueError, match="raw answers are kept for 7 days"):
            raw_bytes(gone)
    assert verify(desk.sessions) == []


def test_a_forgotten_text_waits_for_no_model(four: tuple[Desk, dict[str, int]], desk_with: Callable[..., Desk]) -> None:
    desk, named = four
    ages = desk_with(forget_unflagged_days=1, forget_flagged_days=1, forget_reviewed_days=1).settings
    forget(desk.sessions, ages, desk.now + 2 * DAY)
    with reading(desk.sessions) as session:
        waiting = [session.scalars(select(Document.item_id).where(never_assessed())).all()]
        waiting += [
            session.scalars(select(Document.item_id).where(which)).all()
            for which in assessed_by_another(session, "newer@2")
        ]
    assert [ids for found in waiting for ids in found] == [named["unjudged"]]


def test_a_source_over_its_budget_loses_its_oldest_answers(desk_with: Callable[..., Desk]) -> None:
    desk = desk_with(raw_budget_bytes=1000)
    texts = [f"{number} {'grain ' * 30}" for number in range(10)]
    for words in texts:
        push_texts(desk, words)
        desk.now += DAY
    other = push_texts(desk, "short", name="Another partner")
    with reading(desk.sessions) as session:
        sizes = dict(session.execute(select(RawBody.sha256, RawBody.size)).all())
    assert sum(sizes.values()) > 1500
    assert forget(desk.sessions, desk.settings, desk.now) > 5
    with reading(desk.sessions) as session:
        kept = session.scalars(select(RawBody).where(RawBody.forgotten_at.is_(None)).order_by(RawBody.received_at))
        found = list(kept)
    assert 400 < sum(body.size for body in found) <= 1000
    assert found[0].received_at > desk.now - 6 * DAY
    assert {act.kind for act in acts(desk)} == {"budget"}
    assert sum(act.bytes for act in acts(desk)) == sum(sizes.values()) - sum(body.size for body in found)
    assert remembered(desk)[-1] == other[0]
    assert verify(desk.sessions) == []


def test_a_budget_never_takes_the_evidence_of_a_flag(
    desk_with: Callable[..., Desk], caplog: pytest.LogCaptureFixture
) -> None:
    desk = desk_with(raw_budget_bytes=100)
    (item_id,) = push_texts(desk, "grain " * 50)
    judge(desk, item_id, flag=True)
    assert forget(desk.sessions, desk.settings, desk.now) == 0
    assert bodies(desk) == 1
    assert "all of them are evidence" in caplog.text


def test_bytes_that_were_forgotten_are_kept_again_when_they_come_again(
    four: tuple[Desk, dict[str, int]], desk_with: Callable[..., Desk]
) -> None:
    desk, _ = four
    forget(desk.sessions, desk_with(forget_raw_days=7).settings, desk.now + 8 * DAY)
    with reading(desk.sessions) as session:
        gone = session.scalars(select(RawBody).where(RawBody.forgotten_at.is_not(None))).one()
    with writing(desk.sessions) as session:
        body = b"other bytes"
        assert keep_raw(session, body, None, desk.now) != gone.sha256
    assert bodies(desk) == 4
    push(
        desk.sessions,
        "Partner",
        [{"id": "Partner 0 0", "text": f"{WORDS}, {2 * 'again and '} for the 2th time."}],
        desk.settings,
        desk.now,
    )
    assert bodies(desk) == 5
    assert verify(desk.sessions) == []


def test_an_erased_text_goes_in_all_versions_and_does_not_come_back(desk: Desk, server: FaultServer) -> None:
    server["/feed"] = text(rss(item(1, WORDS), item(2)))
    source_id = desk.watch(server.url("/feed"))
    desk.poll()
    server["/feed"] = text(rss(item(1, WORDS + ", twice"), item(2)))
    desk.poll(DAY)
    server["/feed"] = text(rss(item(1, WORDS + ", twice"), item(2), item(3)))
    desk.poll(DAY)
    extract(desk.sessions, desk.network, desk.settings, desk.now)
    with reading(desk.sessions) as session:
        document = session.scalars(select(Document).where(Document.text.contains(", twice"))).one()
        ids = versions_of(session, document.id)
    assert len(ids) == 2
    row = erase(desk.sessions, ids, "request 7 of 2026", "officer", desk.now)
    assert (row.items, row.documents, row.bodies, row.by) == (2, 2, 3, "officer")
    assert verify(desk.sessions) == []
    # The publisher goes on to serve it, and edits it: neither comes in, and the answers that repeat it are not kept.
    server["/feed"] = text(rss(item(1, WORDS + ", three times"), item(2), item(4)))
    assert desk.poll(DAY) == 1
    assert bodies(desk) == 0
    assert [found.title for found in desk.items(source_id) if found.content] == ["Note 2", "Note 3", "Note 4"]
    # Nor does it come in elsewhere word by word, and whoever sends it is told.
    answer = push(desk.sessions, "Partner", [{"id": "x", "title": "Note 1", "text": WORDS}], desk.settings, desk.now)
    assert (answer.accepted, answer.duplicates) == (0, 0)
    assert answer.rejected == [{"index": 0, "reason": "was erased on request and is not taken in again"}]
    assert bodies(desk) == 0
    assert verify(desk.sessions) == []


def test_near_copies_can_be_erased_together(desk: Desk) -> None:
    long = WORDS + ", because the harvest had been good and the road to the coast was open again after the rains."
    first, second = push_texts(desk, long, long + " via @friend", name="One")
    (third,) = push_texts(desk, "Nothing alike was said about the football match in the evening.", name="Two")
    with reading(desk.sessions) as session:
        document = session.scalars(select(Document.id).where(Document.item_id == first)).one()
        assert versions_of(session, document) == [first]
        assert versions_of(session, document, copies=True) == [first, second]
        with pytest.raises(InputRefused, match="no document 999"):
            versions_of(session, 999)
    erase(desk.sessions, [first, second], "a court's order", "operator", desk.now)
    assert remembered(desk) == [third]
    with reading(desk.sessions) as session:
        assert session.scalar(select(func.count()).select_from(Erasure)) == 2
    with pytest.raises(InputRefused, match="nothing to erase"):
        erase(desk.sessions, [12345], "none", "operator", desk.now)


def test_a_worker_that_has_read_the_words_cannot_write_them_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from ingest import extract as extraction

    push(desk.sessions, "Partner", [{"id": "1", "text": WORDS}], desk.settings, desk.now)
    (found,) = desk.items()

    def slow(*arguments: object) -> object:
        erase(desk.sessions, [found.id], "in the middle", "operator", desk.now)
        return read_text(*arguments)  # type: ignore[arg-type]

    read_text = extraction.read_text
    monkeypatch.setattr(extraction, "read_text", slow)
    assert extract(desk.sessions, desk.network, desk.settings, desk.now) == 0
    with reading(desk.sessions) as session:
        assert session.scalars(select(Document.text)).all() == []


def test_words_that_vanish_without_a_line_in_the_log_are_a_finding(four: tuple[Desk, dict[str, int]]) -> None:
    desk, named = four
    with writing(desk.sessions) as session:
        hidden = update(Item).where(Item.id == named["flagged"])
        session.execute(hidden.values(title=None, content="", forgotten_at=desk.now))
    (finding,) = verify(desk.sessions)
    assert finding.problem == "1 items have no words any more, the log of forgetting accounts for 0"
    with writing(desk.sessions) as session:
        session.execute(update(Item).where(Item.id == named["flagged"]).values(content="still here"))
    assert "said to be forgotten and has a text" in verify(desk.sessions)[0].problem


def test_bytes_of_a_forgotten_answer_are_a_finding(four: tuple[Desk, dict[str, int]]) -> None:
    desk, _ = four
    with writing(desk.sessions) as session:
        session.execute(update(RawBody).values(forgotten_at=desk.now))
    assert len(verify(desk.sessions)) == 4


def test_after_an_erasure_no_file_of_the_database_holds_the_words(desk: Desk, sqlite_url: str, tmp_path: Path) -> None:
    secret = "zibbelwick"
    for number in range(30):
        push_texts(desk, f"{number} {WORDS} {'and more ' * 50} {secret if number == 17 else ''}")
    with reading(desk.sessions) as session:
        document = session.scalars(select(Document.id).where(Document.text.contains(secret))).one()
        ids = versions_of(session, document)
    repeat(desk, document, secret)
    erase(desk.sessions, ids, "a person's right", "operator", desk.now)
    scrub(desk.sessions)
    with reading(desk.sessions) as session:
        assert session.scalar(select(func.count()).select_from(Gloss)) == 0
        assert session.scalar(select(func.count()).select_from(Opinion)) == 0
        assert session.scalar(select(func.count()).where(Document.text.contains(secret))) == 0
        on_sqlite = is_sqlite(session)
        if not on_sqlite:
            cleaned = session.scalars(sql("SELECT relname FROM pg_stat_user_tables WHERE last_vacuum IS NOT NULL"))
            assert {"items", "documents", "raw_bodies", "bands", "glosses", "opinions"} <= set(cleaned)
    if on_sqlite:
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert files
        assert [path.name for path in files if secret.encode() in path.read_bytes()] == []
    assert verify(desk.sessions) == []
    assert push_texts(desk, "life goes on after the cleaning")


def test_a_source_is_watched_on_after_its_answers_went(desk: Desk, server: FaultServer) -> None:
    server["/feed"] = text(rss(item(1)))
    source_id = desk.watch(server.url("/feed"))
    desk.poll()
    with writing(desk.sessions) as session:
        session.execute(update(RawBody).values(compressed=b"", forgotten_at=desk.now, forgotten_because="test"))
    server["/feed"] = text(rss(item(1), item(2)))
    assert desk.poll(DAY) == 1
    with reading(desk.sessions) as session:
        assert session.get_one(Source, source_id).state == "ok"
