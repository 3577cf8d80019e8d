"""Ask a second reader about borderline passages, and keep what it says beside the model's reading.

Off unless the operator names a service. What goes out is the policy, one passage and its language: no source, address,
author, time or number of ours. An opinion never changes a flag, a label or the queue; it is shown to people as what it
is. A passage is claimed by its row in `opinions`, so that any number of workers may ask; a reader that does not answer
is asked again later, three times at most.
"""

import datetime as dt
import json
import logging
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import Select, delete, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from api import audit
from api.assist_settings import AssistSettings
from classify import policy
from classify.errors import OpinionUnusable
from ingest.errors import IngestError
from ingest.http import Network
from models.assessment import Assessment
from models.base import is_sqlite
from models.database import Sessions, reading, writing
from models.document import Document
from models.second import Opinion

LOG = logging.getLogger(__name__)
LEASE = dt.timedelta(minutes=10)
TRIES = 3
IN_A_TURN, TURN_SECONDS = 10, 20.0
MOST_BYTES = 64 * 1024
# The service, and not the passage, is at fault: everything else between 400 and 499 speaks of what was sent.
NOT_THE_PASSAGE = frozenset({401, 402, 403, 404, 405, 408, 429})


@dataclass(frozen=True)
class Asked:
    """One claimed passage, no transaction open."""

    assessment_id: int
    asked_at: dt.datetime
    passage: str
    language: str


class NoAnswer(Exception):
    """The service cannot be used now; the passage is asked about again later."""


def second_read(sessions: Sessions, network: Network, settings: AssistSettings, now: dt.datetime) -> int:
    """Ask about the most borderline passages that nobody has read a second time; return how many opinions came."""
    given, ends_at = 0, time.monotonic() + TURN_SECONDS
    for _ in range(IN_A_TURN if settings.second_reader_url else 0):
        if time.monotonic() > ends_at:
            break
        with writing(sessions) as session:
            asked = _claim(session, settings, now)
        if asked is None:
            break
        try:
            opinion = ask(network, settings, asked)
        except OpinionUnusable as unusable:
            _keep(sessions, asked, {"state": "unusable", "reason": str(unusable)}, now)
            continue
        except NoAnswer as reason:
            LOG.warning("the second reader does not answer: %s", reason)
            break
        values = {"signals": list(opinion.signals), "stage": opinion.stage, "stance": opinion.stance}
        given += _keep(sessions, asked, {"state": "given", "reason": opinion.reason, **values}, now)
    return given


def ask(network: Network, settings: AssistSettings, asked: Asked) -> policy.Read:
    """Send one passage and read the answer. Raises NoAnswer, or OpinionUnusable when the answer is no opinion."""
    body = json.dumps(policy.request(settings.second_reader_model, asked.passage, asked.language), ensure_ascii=False)
    headers = {"content-type": "application/json", "accept": "application/json"}
    if settings.second_reader_key:
        headers["authorization"] = f"Bearer {settings.second_reader_key}"
    try:
        answer = network.post(
            f"{settings.second_reader_url.rstrip('/')}/chat/completions",
            body.encode("utf-8", "replace"),
            headers,
            timeout=settings.second_reader_seconds,
            max_response=MOST_BYTES,
        )
    except IngestError as error:
        raise NoAnswer(str(error)) from error
    if 400 <= answer.status < 500 and answer.status not in NOT_THE_PASSAGE:
        raise OpinionUnusable(f"the service refused the passage with status {answer.status}")
    if answer.status != 200:
        raise NoAnswer(f"it answered with status {answer.status}")
    if answer.cut:
        raise OpinionUnusable(f"the answer is longer than {MOST_BYTES:,} bytes")
    return policy.read(answer.body)


def opinion_of(session: Session, assessment_id: int) -> Opinion | None:
    """Return what a second reader said of an assessment, or why that could not be used; None while nobody answered."""
    opinion = session.get(Opinion, assessment_id)
    return None if opinion is None or opinion.state == "asked" else opinion


def reader_name(settings: AssistSettings) -> str:
    """Return how the second reader is named beside its opinions: the model, and the host that runs it."""
    return f"{settings.second_reader_model} at {urlsplit(settings.second_reader_url).netloc}"[:200]


def _claim(session: Session, settings: AssistSettings, now: dt.datetime) -> Asked | None:
    """Take one passage, its sending noted in the audit log; None without one, or when the hour's share is used up."""
    hour = select(func.count()).select_from(Opinion).where(Opinion.asked_at > now - dt.timedelta(hours=1))
    if (session.scalar(hour) or 0) >= settings.second_reader_per_hour:
        return None
    _give_up(session, now)
    taken = _take_stale(session, now) or _take_new(session, settings, now)
    if taken is None:
        return None
    assessment = session.get_one(Assessment, taken)
    document = session.get_one(Document, assessment.document_id)
    passage = _passage(assessment, document)
    details = {"to": reader_name(settings), "characters": len(passage)}
    audit.note(session, None, "text.sent", now, about=("assessment", taken), details=details)
    return Asked(taken, now, passage, assessment.language)


def _take_new(session: Session, settings: AssistSettings, now: dt.datetime) -> int | None:
    insert = sqlite.insert if is_sqlite(session) else postgresql.insert
    for assessment_id in session.scalars(_borderline(settings.second_reader_from)).all():
        row = insert(Opinion).values(
            assessment_id=assessment_id, reader=reader_name(settings), state="asked", asked_at=now, tries=1
        )
        mine = row.on_conflict_do_nothing(index_elements=[Opinion.assessment_id]).returning(Opinion.assessment_id)
        if session.scalar(mine) is not None:
            return assessment_id
    return None


def _borderline(least: int) -> Select[int]:
    """Select unreviewed readings nearest to a coin's toss that no second reader was asked about, a few at a time."""
    unasked = ~exists().where(Opinion.assessment_id == Assessment.id)
    return (
        select(Assessment.id)
        .join(Document, Document.id == Assessment.document_id)
        .where(Assessment.current, Assessment.uncertainty >= least, Assessment.status == "unreviewed", unasked)
        .where(Document.forgotten_at.is_(None), Document.text != "")
        .order_by(Assessment.uncertainty.desc(), Assessment.id.desc())
        .limit(5)
    )


def _take_stale(session: Session, now: dt.datetime) -> int | None:
    """Take one again that got no answer within its lease."""
    over = (Opinion.state == "asked") & (Opinion.asked_at <= now - LEASE) & (Opinion.tries < TRIES)
    first = session.scalar(select(Opinion.assessment_id).where(over).order_by(Opinion.asked_at).limit(1))
    mine = update(Opinion).where(Opinion.assessment_id == first, over).values(asked_at=now, tries=Opinion.tries + 1)
    return None if first is None else session.scalars(mine.returning(Opinion.assessment_id)).first()


def _give_up(session: Session, now: dt.datetime) -> None:
    over = (Opinion.state == "asked") & (Opinion.asked_at <= now - LEASE) & (Opinion.tries >= TRIES)
    session.execute(
        update(Opinion).where(over).values(state="unusable", at=now, reason=f"no answer came in {TRIES} tries")
    )


def _passage(assessment: Assessment, document: Document) -> str:
    """The passage that the model was unsure of, or the head of a text without one."""
    windows = assessment.passages
    start, end = (windows[0]["start"], windows[0]["end"]) if windows else (0, policy.MOST_CHARACTERS)
    return document.text[start : min(end, start + policy.MOST_CHARACTERS)]


def _keep(sessions: Sessions, asked: Asked, values: dict[str, object], now: dt.datetime) -> int:
    """Keep an answer, unless the text was forgotten or somebody else asked again meanwhile."""
    with writing(sessions) as session:
        mine = (Opinion.assessment_id == asked.assessment_id) & (Opinion.asked_at == asked.asked_at)
        # Locked, as a forgetting that crossed the claim did not see the row that would now repeat the words.
        document_id = select(Assessment.document_id).where(Assessment.id == asked.assessment_id).scalar_subquery()
        document = session.scalar(select(Document).where(Document.id == document_id).with_for_update())
        if document is None or document.forgotten_at is not None:
            session.execute(delete(Opinion).where(mine))
            return 0
        kept = session.scalars(
            update(Opinion).where(mine, Opinion.state == "asked").values(at=now, **values).returning(Opinion.state)
        ).all()
    return sum(state == "given" for state in kept)


def last_heard(sessions: Sessions) -> tuple[dt.datetime | None, int]:
    """Return when the second reader last gave an opinion, and how many passages wait for an answer now."""
    with reading(sessions) as session:
        last = session.scalar(select(func.max(Opinion.at)).where(Opinion.state == "given"))
        waiting = session.scalar(select(func.count()).select_from(Opinion).where(Opinion.state == "asked"))
    return last, waiting or 0
