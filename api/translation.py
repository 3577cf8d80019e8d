"""Machine translation beside the original, on demand: who makes it, what of a text is translated, and where it is kept.

Off unless the operator names a checkpoint or a service. A gloss is made when a reviewer asks for it, kept with engine
and time so that nobody pays or sends twice, and goes with its text. It is evidence for people and is never judged.
"""

import datetime as dt
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from fastapi import Request
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from api import audit
from api.assist_settings import AssistSettings
from api.errors import NotFound, Unavailable
from api.settings import Settings
from classify.errors import ModelBroken, NotTranslated
from classify.policy import storable
from classify.text import passages
from ingest.errors import IngestError
from ingest.http import Network
from models.assessment import Assessment
from models.base import is_sqlite
from models.database import Sessions, reading, writing
from models.document import Document
from models.second import Gloss

MOST_BYTES = 512 * 1024
GROWTH = 6  # a translation is at most so many times as long; a longer one is a model that repeats itself


class Translator(Protocol):
    """Something that translates; `name` is kept with what it made."""

    name: str
    target: str

    def translate(self, text: str, source: str) -> str:
        """The text in the target language. Raises NotTranslated."""
        ...


class Service:
    """A service with the API of LibreTranslate, reached through the guarded client."""

    def __init__(self, network: Network, settings: AssistSettings) -> None:
        self.network, self.settings = network, settings
        self.target = settings.translate_to
        self.name = urlsplit(settings.translator).netloc[:200]

    def translate(self, text: str, source: str) -> str:
        """Send the text, its language and the target's; nothing else."""
        language = source.partition("-")[0]
        # Codes of ours that are no language, and two at once, are for the service to find out.
        sent = {"q": text, "source": language if len(language) == 2 else "auto", "target": self.target}
        sent |= {"format": "text"} | ({"api_key": self.settings.translator_key} if self.settings.translator_key else {})
        try:
            answer = self.network.post(
                f"{self.settings.translator.rstrip('/')}/translate",
                json.dumps(sent, ensure_ascii=False).encode("utf-8", "replace"),
                {"content-type": "application/json", "accept": "application/json"},
                timeout=self.settings.translator_seconds,
                max_response=MOST_BYTES,
            )
        except IngestError as error:
            raise NotTranslated(str(error)) from error
        if answer.status != 200 or answer.cut:
            raise NotTranslated(f"{self.name} answered with status {answer.status}, or with too much")
        try:
            told = json.loads(answer.body)
            found = told["translatedText"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise NotTranslated(f"{self.name} answered something else than a translation") from None
        if not isinstance(found, str):
            raise NotTranslated(f"{self.name} answered something else than a translation")
        return found


class Translators:
    """The one translator of a process, made at first need; `get` may be called from any thread."""

    def __init__(self, settings: Settings, made: Translator | None = None) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._made = made

    @property
    def offered(self) -> bool:
        """Whether the operator named one."""
        return self._made is not None or bool(self.settings.assist.translator)

    @property
    def outside(self) -> str:
        """The host that texts are sent to; empty when they stay on this machine."""
        address = self.settings.assist.translator
        return urlsplit(address).netloc if "://" in address else ""

    def get(self) -> Translator:
        """Return the translator. Raises NotTranslated when there is none, or when its checkpoint cannot be used."""
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made

    def _make(self) -> Translator:
        assist = self.settings.assist
        if not assist.translator:
            raise NotTranslated("no translator is set; TOCSIN_TRANSLATOR names a checkpoint or a service")
        if self.outside:
            return Service(Network(self.settings.ingest), assist)
        from classify.model import device_of
        from classify.translate import LocalTranslator

        try:
            device = device_of(self.settings.classify)
        except ModelBroken as error:
            raise NotTranslated(str(error)) from error
        return LocalTranslator(Path(assist.translator), device, assist.translate_to)


@dataclass(frozen=True)
class Wanted:
    """What is to be translated, no transaction open."""

    document_id: int
    text: str
    start: int
    end: int
    language: str
    marked: bool


def translators(request: Request) -> Translators:
    """Return the application's translators, made with the first request that asks."""
    state = request.app.state
    if not hasattr(state, "translators"):
        state.translators = Translators(state.settings)
    held: Translators = state.translators
    return held


def gloss(sessions: Sessions, known: Translators, assessment_id: int, account_id: int, now: dt.datetime) -> Gloss:
    """Return the gloss of an assessment's text, made now when there is none. Reading it is kept in the audit log.

    Raises NotFound, and Unavailable when no translation came.
    """
    limit = known.settings.assist.translate_characters
    with reading(sessions) as session:
        wanted = _wanted(session, assessment_id, limit)
    try:
        translator = known.get()
        with reading(sessions) as session:
            kept = _kept(session, wanted.document_id, translator, wanted.start, wanted.end)
        if kept is None:
            if known.outside:
                details = {"to": known.outside, "characters": len(wanted.text)}
                about = ("assessment", assessment_id)
                audit.note_apart(sessions, account_id, "text.sent", now, about=about, details=details)
            made = _checked(translator.translate(wanted.text, wanted.language), wanted.text)
            kept = _keep(sessions, wanted, translator, made, account_id, now)
    except NotTranslated as error:
        raise Unavailable(f"there is no translation: {error}", slug="not_translated") from error
    audit.note_reading(sessions, account_id, ("assessment", assessment_id), now, marked=wanted.marked)
    return kept


def gloss_of(session: Session, document_id: int) -> Gloss | None:
    """Return the newest translation that is kept of a document."""
    newest = select(Gloss).where(Gloss.document_id == document_id).order_by(Gloss.at.desc(), Gloss.id.desc()).limit(1)
    return session.scalars(newest).one_or_none()


def stretch(text: str, windows: Sequence[Mapping[str, Any]], limit: int) -> tuple[int, int]:
    """Return what of a text is translated: all of it if it is short, else whole windows around the marked passage."""
    if len(text) <= limit:
        return 0, len(text)
    pieces = passages(text)
    first = windows[0]["start"] if windows else 0
    lead = next((number for number, piece in enumerate(pieces) if piece.end > first), 0)
    start = pieces[max(0, lead - 1)].start if pieces else 0
    end = start
    for piece in pieces:
        if piece.start >= start and piece.end <= start + limit:
            end = piece.end
    return (start, end) if end > first else (first, min(len(text), first + limit))


def _wanted(session: Session, assessment_id: int, limit: int) -> Wanted:
    assessment = session.get(Assessment, assessment_id)
    if assessment is None:
        raise NotFound(f"there is no assessment {assessment_id}")
    document = session.get_one(Document, assessment.document_id)
    if not document.text.strip():
        raise NotFound(f"assessment {assessment_id} has no text; it may have been forgotten")
    start, end = stretch(document.text, assessment.passages, limit)
    return Wanted(document.id, document.text[start:end], start, end, assessment.language, audit.is_marked(assessment))


def _kept(session: Session, document_id: int, translator: Translator, start: int, end: int) -> Gloss | None:
    same = select(Gloss).where(
        Gloss.document_id == document_id,
        Gloss.target == translator.target,
        Gloss.engine == translator.name,
        Gloss.start == start,
        Gloss.end == end,
    )
    return session.scalars(same).one_or_none()


def _checked(made: str, text: str) -> str:
    """Raise NotTranslated when nothing came, or far too much."""
    kept = storable(made)
    if not kept:
        raise NotTranslated("the translation is empty")
    if len(kept) > GROWTH * len(text) + 200:
        raise NotTranslated("the translation is many times as long as the text")
    return kept


def _keep(
    sessions: Sessions, wanted: Wanted, translator: Translator, made: str, account_id: int, now: dt.datetime
) -> Gloss:
    """Keep a gloss, unless the text was forgotten meanwhile; whoever was first is kept."""
    with writing(sessions) as session:
        # Locked, so that the text is not forgotten between this look and the row that repeats its words.
        document = session.get_one(Document, wanted.document_id, with_for_update=True)
        if document.forgotten_at is not None:
            raise NotFound("the text was forgotten while it was translated")
        insert = sqlite.insert if is_sqlite(session) else postgresql.insert
        row = insert(Gloss).values(
            document_id=wanted.document_id,
            target=translator.target,
            engine=translator.name,
            start=wanted.start,
            end=wanted.end,
            source_language=wanted.language,
            text=made,
            at=now,
            account_id=account_id,
        )
        session.execute(row.on_conflict_do_nothing())
        found = _kept(session, wanted.document_id, translator, wanted.start, wanted.end)
    if found is None:  # the row was just put there, in the same transaction
        raise NotTranslated("the translation could not be kept")
    return found
