"""From a text to a result: the decision of this room, and the arrow that applies it to stored documents.

`classify_texts` decides and touches no database; `assess` claims documents, scores them outside any transaction and
writes result and release together. A text that breaks the model never takes its neighbours with it.
"""

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from classify import decide, gazetteer
from classify.errors import ClassifyError, ModelBroken
from classify.explain import highlights, weigh
from classify.language import Told, tell
from classify.novelty import novel
from classify.scorer import ModelConfig, Scorer, Scores
from classify.settings import ClassifySettings
from classify.text import Passage, normalise, passages
from models import claims
from models.assessment import Assessment, Mark
from models.database import Sessions, writing
from models.document import Document, assessed_by_another, never_assessed
from models.tally import mark_changed

Result = dict[str, Any]
# Of a text that nobody may judge, no more passages than this are scored: its numbers order the queue of abstained texts
# and decide nothing, while a long article in such a language used to cost as much as one that is judged.
SAMPLED = 8
# Explaining a passage scores it once per word; of one text nobody reads the reasons of more than this many passages.
EXPLAINED = 16
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """One text before scoring."""

    told: Told
    obfuscated: bool
    passages: tuple[Passage, ...]  # those that are scored
    length: int  # how many there are


def classify_texts(
    scorer: Scorer,
    texts: Sequence[str],
    languages: Sequence[str | None] | str | None = None,
    *,
    settings: ClassifySettings | None = None,
) -> list[Result]:
    """One result per text, in order, all of their passages scored together; nothing is stored.

    `languages` are what the sender says of each text, or of all; None means find out. Raises ScoringFailed when one
    of the texts cannot be scored.
    """
    classified = _classify(scorer, texts, languages, settings or ClassifySettings())
    return [{key: value for key, value in result.items() if key != "applies"} for result in classified]


def _classify(
    scorer: Scorer,
    texts: Sequence[str],
    languages: Sequence[str | None] | str | None,
    settings: ClassifySettings,
    *,
    hints: Sequence[str | None] | None = None,
) -> list[Result]:
    """The results, each with `applies`, the signals that hold whoever speaks; `hints` are the sources' languages."""
    told = [languages] * len(texts) if languages is None or isinstance(languages, str) else list(languages)
    hinted = hints or [None] * len(texts)
    prepared = [_prepare(*three, scorer.config) for three in zip(texts, told, hinted, strict=True)]
    scores = scorer.score([p.text for one in prepared for p in one.passages])
    names = gazetteer.load(settings.gazetteer)
    results, first = [], 0
    for text, one in zip(texts, prepared, strict=True):
        part = scores.rows(slice(first, first + len(one.passages)))
        first += len(one.passages)
        results.append(_result(text, one, part, scorer, names, settings))
    return results


def _prepare(text: str, told: str | None, hint: str | None, config: ModelConfig) -> _Prepared:
    language = Told(told, 1.0) if told else tell(text, hint)
    windows = tuple(passages(text))
    length = len(windows)
    if length > SAMPLED and decide.unmeasured(language, config):
        windows = tuple(windows[place * (length - 1) // (SAMPLED - 1)] for place in range(SAMPLED))
    return _Prepared(language, normalise(text).obfuscated, windows, length)


def _result(
    text: str, one: _Prepared, scores: Scores, scorer: Scorer, names: gazetteer.Gazetteer, settings: ClassifySettings
) -> Result:
    config = scorer.config
    if not one.passages:
        return decide.nothing(one.told, one.obfuscated, config.model, "there is no text to read")
    language = decide.judged_as(one.told, config)
    read = decide.read(scores, config, language)
    result = decide.document(read, one.told, config, novel(text))
    if len(one.passages) < one.length:
        result["abstain_reason"] += f"; {len(one.passages)} of its {one.length} passages were scored"
    marked = [i for i, passage in enumerate(read) if passage.applies]
    worst = sorted(marked, key=lambda i: read[i].severity, reverse=True)[:EXPLAINED]
    # Where nobody has measured the model its reasons mean nothing, and in such a language they would cost the most.
    explained = settings.explain and decide.unmeasured(one.told, config) is None
    highlights = _highlights(scorer, one.passages, read, worst) if explained else {}
    mentions = gazetteer.find(names, text, language)
    return result | {
        "target_names": sorted({mention.name for mention in mentions}),
        "passages": [
            decide.passage(one.passages[i], read[i], highlights.get(i, ())) for i in marked or decide.strongest(read)
        ],
        "model": config.model,
        "obfuscated": one.obfuscated,
    }


def _highlights(
    scorer: Scorer, windows: Sequence[Passage], read: Sequence[decide.Reading], marked: Sequence[int]
) -> dict[int, list[dict[str, Any]]]:
    """Per marked passage, the stretches that spoke for its strongest signal."""
    signals = [int(np.argmax(read[i].over)) for i in marked]
    weighted = weigh(scorer, [windows[i].text for i in marked], signals)
    return {i: highlights(words, windows[i].start) for i, words in zip(marked, weighted, strict=True)}


# ------------------------------------------------------------------------------------------------ the arrow


def assess(sessions: Sessions, scorer: Scorer, settings: ClassifySettings, now: dt.datetime) -> int:
    """Assess documents that the current model has not read; return how many were written.

    Raises ModelBroken (documents stay unscored, with the reason) when nothing is wrong with the texts.
    """
    model = scorer.config.model
    token, documents = _claim(sessions, model, settings, now)
    waiting = [(document.id, document.text, document.language) for document in documents]
    ids = [document.id for document in documents]
    if not waiting:
        return 0
    try:
        results, failed = _score_apart(scorer, waiting, settings)
    except ModelBroken as error:
        _give_back(sessions, token, ids, str(error))
        raise
    with writing(sessions) as session:
        held = claims.held(session, Document, token, ids)
        _store(session, {i: r for i, r in results.items() if i in held}, model, now)
        claims.release(session, Document, token, list(results), done=True, unscored_reason=None)
        for document, reason in failed.items():
            claims.release(session, Document, token, [document], done=False, unscored_reason=reason)
    return len(held) - len(failed)


def _claim(sessions: Sessions, model: str, settings: ClassifySettings, now: dt.datetime) -> tuple[str, list[Document]]:
    """Take documents no model has read, or else some that only another model has."""
    with writing(sessions) as session:
        token, ids = "", list[int]()
        for waiting in (never_assessed(), *assessed_by_another(session, model)):
            token, ids = claims.claim_apart(
                session,
                Document,
                waiting,
                order_by=Document.id,
                limit=settings.claim,
                lease=dt.timedelta(seconds=settings.lease_seconds),
                now=now,
            )
            if ids:
                break
        return token, [session.get_one(Document, document_id) for document_id in ids]


def _score_apart(
    scorer: Scorer, waiting: Sequence[tuple[int, str, str | None]], settings: ClassifySettings
) -> tuple[dict[int, Result], dict[int, str]]:
    """Results by document id, and a reason for each that has none; a failing batch is scored text by text."""
    try:
        scored = _classify(scorer, [w[1] for w in waiting], None, settings, hints=[w[2] for w in waiting])
        return {w[0]: result for w, result in zip(waiting, scored, strict=True)}, {}
    except ModelBroken:
        raise
    except Exception as error:  # noqa: BLE001 - a text may hit any defect; alone it is set aside and named
        if len(waiting) == 1:
            document = waiting[0][0]
            _LOG.warning("document %d could not be scored: %s", document, type(error).__name__)
            return {}, {document: _reason(error)}
    half = len(waiting) // 2
    results, failed = _score_apart(scorer, waiting[:half], settings)
    more, others = _score_apart(scorer, waiting[half:], settings)
    return results | more, failed | others


def _reason(error: Exception) -> str:
    """What a person may read; only our own errors are known to hold none of the text."""
    return str(error) if isinstance(error, ClassifyError) else f"{type(error).__name__} while reading this text"


def _give_back(sessions: Sessions, token: str, ids: list[int], reason: str) -> None:
    """Return the claims without counting the attempt: the model is broken, not the texts."""
    with writing(sessions) as session:
        claims.release(session, Document, token, ids, done=True, unscored_reason=reason)


def _store(session: Session, results: Mapping[int, Result], model: str, now: dt.datetime) -> None:
    changes = []
    for document_id, result in results.items():
        document = session.get_one(Document, document_id)
        assessment = _assessment(document, result, model, now)
        assessment.current = _give_way(session, document_id)
        session.add(assessment)
        session.flush()
        session.add_all(_marks(assessment, result))
        document.assessed_by = model
        changes.append((document.cluster_id, document.event_at))
    session.flush()
    mark_changed(session, changes)


def _give_way(session: Session, document_id: int) -> bool:
    """Whether a new assessment becomes the current one; one that a person has decided on stays it."""
    before = select(Assessment).where(Assessment.document_id == document_id, Assessment.current)
    standing = session.scalars(before).all()
    if any(one.status != "unreviewed" for one in standing):
        return False
    for one in standing:
        one.current = False
    return True


def _assessment(document: Document, result: Result, model: str, now: dt.datetime) -> Assessment:
    same = ("language", "language_confidence", "flag", "abstained", "abstain_reason", "severity", "stage", "stance")
    maps = ("signals", "pathways", "targets", "target_names", "passages")
    return Assessment(
        document_id=document.id,
        model=model,
        assessed_at=now,
        source_id=document.source_id,
        cluster_id=document.cluster_id,
        country=document.country,
        region=document.region,
        event_at=document.event_at,
        # A newer version of the text may have come in while this one was scored.
        current=document.current,
        flagged_now=result["flag"],
        details={"obfuscated": result["obfuscated"]},
        **{key: result[key] for key in (*same, *maps)},
    )


def _marks(assessment: Assessment, result: Result) -> list[Mark]:
    """The labels that apply; `result["applies"]` was decided beside the flag."""
    return [
        Mark(
            assessment_id=assessment.id, kind=kind, key=key[:100], probability=probability, severity=result["severity"]
        )
        for kind, key, probability in decide.marks(result)
    ]
