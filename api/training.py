"""Practise on gold cases: what to read next, what was answered, and how well it went.

The course behind it is Module 4 on pathways to atrocity crimes, so scores go by pathway too. Nothing here touches a
review, a mark, a tally, a lease or a second look: an answer is a row of its own, which only this file reads. It knows
no page.
"""

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from api.errors import Invalid, NotFound
from api.gold import Share, counted, said_signals
from api.reviews import MACHINE_MARKS
from classify.labels import PATHWAY_SIGNALS
from models.account import Account
from models.assessment import Assessment, Mark
from models.codebook import PATHWAYS, SIGNALS
from models.document import Document
from models.review import VERDICTS, GoldCase, PracticeAnswer


@dataclass(frozen=True)
class Case:
    """A gold case to practise on; `signals` is None where only the verdict is settled."""

    assessment_id: int
    verdict: str
    signals: frozenset[str] | None
    reason: str
    pathways: frozenset[str]
    language: str = ""

    def agrees(self, answer: PracticeAnswer) -> bool:
        """Whether an answer has the settled verdict."""
        return answer.verdict == self.verdict


@dataclass(frozen=True)
class Score:
    """How practising went: how many cases there are, the first answers, and the latest ones."""

    cases: int
    first: Share
    latest: Share


@dataclass(frozen=True)
class Named:
    """How one signal was told in the latest answers: named rightly, overlooked, and named where it is not."""

    signal: str
    found: int
    missed: int
    wrongly: int


def cases(session: Session) -> dict[int, Case]:
    """Return the cases whose text is still there, by assessment."""
    rows = session.execute(
        select(GoldCase, Assessment.details, Assessment.language)
        .join(Assessment, Assessment.id == GoldCase.assessment_id)
        .join(Document, Document.id == Assessment.document_id)
        .where(GoldCase.training == true(), Document.forgotten_at.is_(None))
        .order_by(GoldCase.assessment_id)
    ).all()
    marked = _marked(session, {gold.assessment_id: details for gold, details, _ in rows})
    return {gold.assessment_id: _case(gold, marked[gold.assessment_id], language) for gold, _, language in rows}


def case(session: Session, assessment_id: int) -> Case:
    """Return one case; raises NotFound."""
    found = cases(session).get(assessment_id)
    if found is None:
        raise NotFound(f"there is no training case {assessment_id}; a lead may have taken it out")
    return found


def answers(session: Session, account_id: int | None = None) -> dict[int, dict[int, list[PracticeAnswer]]]:
    """Return everybody's answers, or one's, by account and assessment, the oldest first."""
    query = select(PracticeAnswer).order_by(PracticeAnswer.id)
    if account_id is not None:
        query = query.where(PracticeAnswer.account_id == account_id)
    found: dict[int, dict[int, list[PracticeAnswer]]] = defaultdict(lambda: defaultdict(list))
    for answer in session.scalars(query):
        found[answer.account_id][answer.assessment_id].append(answer)
    return {account: dict(given) for account, given in found.items()}


def next_case(
    known: Mapping[int, Case],
    given: Mapping[int, Sequence[PracticeAnswer]],
    account_id: int,
    pathway: str = "",
    language: str = "",
) -> int | None:
    """Return the case that this person should read next, None where there is none.

    Those met least come first, then those whose last answer was wrong; among equals the order is each person's own, so
    that neighbours in a class do not read the same one.
    """

    def order(one: Case) -> tuple[int, bool, str]:
        mine = given.get(one.assessment_id, [])
        own = hashlib.sha256(f"{account_id} {one.assessment_id}".encode()).hexdigest()
        return len(mine), bool(mine) and one.agrees(mine[-1]), own

    wanted = [
        one for one in known.values() if (not pathway or pathway in one.pathways) and language in {"", one.language}
    ]
    return min(wanted, key=order).assessment_id if wanted else None


def keep_answer(
    session: Session,
    account_id: int,
    assessment_id: int,
    verdict: str,
    corrected: Collection[str] | None,
    machine: Iterable[str],
    now: dt.datetime,
) -> PracticeAnswer:
    """Keep what somebody answered; raises NotFound where it is no case, Invalid for what is no answer."""
    if verdict not in VERDICTS:
        raise Invalid(f"verdict must be one of {', '.join(VERDICTS)}")
    case(session, assessment_id)
    said = said_signals(verdict, None if corrected is None else [key for key in SIGNALS if key in corrected], machine)
    signals = None if said is None else [key for key in SIGNALS if key in said]
    answer = PracticeAnswer(
        account_id=account_id, assessment_id=assessment_id, at=now, verdict=verdict, signals=signals
    )
    session.add(answer)
    session.flush()
    return answer


def score(known: Iterable[Case], given: Mapping[int, Sequence[PracticeAnswer]]) -> Score:
    """Return how it went on these cases."""
    every = list(known)
    met = [(one, given[one.assessment_id]) for one in every if given.get(one.assessment_id)]
    first, latest = (counted(one.agrees(mine[at]) for one, mine in met) for at in (0, -1))
    return Score(len(every), first, latest)


def by_pathway(known: Mapping[int, Case], given: Mapping[int, Sequence[PracticeAnswer]]) -> list[tuple[str, Score]]:
    """Return how it went by pathway; a case with signals of two counts in both."""
    found = [(key, [one for one in known.values() if key in one.pathways]) for key in PATHWAYS]
    return [(key, score(some, given)) for key, some in found if some]


def by_signal(known: Mapping[int, Case], given: Mapping[int, Sequence[PracticeAnswer]]) -> list[Named]:
    """Return how each signal was told in the latest answers that can be compared."""
    pairs = []
    for one in known.values():
        mine = given.get(one.assessment_id)
        if mine and one.signals is not None and mine[-1].signals is not None:
            pairs.append((one.signals, frozenset(mine[-1].signals)))
    named = [
        Named(
            key,
            sum(key in settled & said for settled, said in pairs),
            sum(key in settled - said for settled, said in pairs),
            sum(key in said - settled for settled, said in pairs),
        )
        for key in SIGNALS
    ]
    return [one for one in named if one.found or one.missed or one.wrongly]


def names(session: Session) -> dict[int, str]:
    """Return who has practised, by name."""
    query = select(Account.id, Account.name).where(Account.id.in_(select(PracticeAnswer.account_id)))
    return dict(session.execute(query.order_by(Account.name)).all())


def _case(gold: GoldCase, marked: Collection[str], language: str) -> Case:
    rejected = gold.verdict == "rejected"
    signals = frozenset[str]() if rejected else None if gold.signals is None else frozenset(gold.signals)
    # A case that carries nothing belongs to the pathways that it could be taken for.
    about = signals or frozenset(marked)
    pathways = frozenset(key for key in PATHWAYS if about & set(PATHWAY_SIGNALS[key]))
    return Case(gold.assessment_id, gold.verdict, signals, gold.reason or "", pathways, language)


def _marked(session: Session, details: Mapping[int, dict[str, list[tuple[str, str, float]]]]) -> dict[int, set[str]]:
    """Return the signals that the machine marked, by assessment."""
    found: dict[int, set[str]] = {one: set() for one in details}
    query = select(Mark.assessment_id, Mark.key).where(
        Mark.assessment_id.in_(details), Mark.kind == "signal", Mark.basis == "model"
    )
    for assessment_id, key in session.execute(query):
        found[assessment_id].add(key)
    for assessment_id, kept in details.items():
        if MACHINE_MARKS in kept:
            found[assessment_id] = {key for kind, key, _ in kept[MACHINE_MARKS] if kind == "signal"}
    return found
