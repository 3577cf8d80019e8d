"""Terms that rise together with flagged speech: how a code word shows before any list has it.

The method is the log-odds ratio with an informative Dirichlet prior of Monroe, Colaresi and Quinn (2008): how much more
often a term is used in one set of texts than in another, in standard deviations, with the frequency in all texts as the
prior, so that rare words do not win by chance. A term must stand out twice: in flagged texts of the last days against
unflagged ones of the same days (it belongs to the speech), and against flagged texts of the weeks before (it is new).

Copies count once (a text of each cluster), and a term counts once per text, so that one long text proves nothing. Terms
are words and pairs of words between spaces; scripts written without spaces give phrases instead, which only exact
repeats make frequent.
"""

import datetime as dt
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.alert import Rule
from models.assessment import Assessment
from models.document import Document
from warn.gathered import Find, matching, outlets
from warn.parameters import value
from warn.rules import Facts, RuleInput

DAY = dt.timedelta(days=1)
MOST_TEXTS = 3000
MOST_TERMS = 5  # alerts of one look; the rest would be the same speech in other words
WORD = re.compile(
    r"[^\W\d_](?:[^\W_]|[\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0900-\u0903\u093a-\u094f\u102b-\u103e'’-])*"
)
SHORTEST, LONGEST_WORD = 3, 40
COMMON = 0.2  # words in more than a fifth of all texts carry grammar, alone or in a pair
PRIOR_WEIGHT = 20.0  # texts' worth of prior: a term in three texts of twenty is not yet news


def terms(text: str) -> set[str]:
    """Return the words and pairs of words of a text, in small letters and one Unicode form."""
    words = WORD.findall(unicodedata.normalize("NFC", text).casefold())
    long = [word if SHORTEST <= len(word) <= LONGEST_WORD else "" for word in words]
    return {word for word in long if word} | {f"{one} {two}" for one, two in pairwise(long) if one and two}


def log_odds(
    one: Counter[str], ones: int, other: Counter[str], others: int, prior: Counter[str], total: int
) -> dict[str, float]:
    """Return the z of each term of `one`: texts with it among `ones`, against `other` among `others`."""
    found = {}
    for term, count in one.items():
        belief = PRIOR_WEIGHT * prior[term] / total
        here, there = count + belief, other[term] + belief
        rest_here, rest_there = ones + PRIOR_WEIGHT - here, others + PRIOR_WEIGHT - there
        if min(rest_here, rest_there) <= 0:
            continue
        odds = math.log(here / rest_here) - math.log(there / rest_there)
        found[term] = odds / math.sqrt(1 / here + 1 / there)
    return found


def finds(session: Session, rule: Rule | RuleInput, until: dt.datetime) -> Iterator[Find]:
    """Find terms that rise with flagged speech in the days that end at `until`."""
    days, history, least, bar, least_outlets = (
        value("coded_term", rule.parameters, key) for key in ("window_days", "history_days", "least", "z", "outlets")
    )
    start = until - days * DAY
    now = _voices(matching(session, rule, start, until))
    before = _voices(matching(session, rule, start - history * DAY, start))
    if not now or not before:
        return  # without a past nothing can be new
    texts = _texts(session, [fact.document_id for fact in [*now, *before]])
    flagged = {fact.assessment_id: terms(texts.get(fact.document_id, "")) for fact in [*now, *before]}
    clean = [terms(text) for text in _unflagged(session, start, until)]
    here = _count(flagged[fact.assessment_id] for fact in now)
    past = _count(flagged[fact.assessment_id] for fact in before)
    elsewhere = _count(clean)
    prior = here + past + elsewhere
    total = len(now) + len(before) + len(clean)
    with_speech = log_odds(here, len(now), elsewhere, len(clean), prior, total)
    risen = log_odds(here, len(now), past, len(before), prior, total)
    known = {name.casefold() for fact in [*now, *before] for name in fact.target_names}
    named = outlets(session, now)
    common = {term for term, texts_with in prior.items() if texts_with > COMMON * total}
    told = 0
    seen: set[str] = set()
    for term in sorted(
        with_speech,
        key=lambda term: (-round(min(with_speech[term], risen.get(term, -9.0)), 2), -len(term.split()), term),
    ):
        z = min(with_speech[term], risen.get(term, -math.inf))
        if z < bar or told == MOST_TERMS:
            break
        members = [fact for fact in now if term in flagged[fact.assessment_id]]
        places = {named.get(fact.source_id, fact.source) for fact in members}
        # A pair is told by its rarer half or the half by the pair: the stronger came first.
        if here[term] < least or len(places) < least_outlets or term in known or (seen | common) & set(term.split()):
            continue
        seen |= set(term.split())
        told += 1
        yield Find(
            key=f"coded_term:{term}"[:200],
            severity=min(100, round(10 * z)),
            facts=tuple(members),
            rests_on={
                "method": "log-odds with informative Dirichlet prior",
                "z_against_unflagged": round(with_speech[term], 2),
                "z_against_before": round(risen[term], 2),
                "texts": here[term],
                "of_texts": len(now),
                "texts_before": past[term],
                "of_texts_before": len(before),
                "outlets": len(places),
            },
            at=members[-1].event_at,
            private={"term": term},
        )


def _voices(facts: list[Facts]) -> list[Facts]:
    """Keep one document of each cluster, the latest clusters where there are too many."""
    return list({fact.cluster_id: fact for fact in reversed(facts)}.values())[:MOST_TEXTS][::-1]


def _texts(session: Session, document_ids: list[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for start in range(0, len(document_ids), 500):
        rows = session.execute(
            select(Document.id, Document.text).where(Document.id.in_(document_ids[start : start + 500]))
        )
        found.update((document_id, text) for document_id, text in rows)
    return found


def _unflagged(session: Session, since: dt.datetime, until: dt.datetime) -> Iterable[str]:
    """Read the latest texts that are not flagged, one of each cluster."""
    query = (
        select(Assessment.cluster_id, Document.text)
        .join(Document, Document.id == Assessment.document_id)
        .where(
            Assessment.current,
            Assessment.event_at >= since,
            Assessment.event_at < until,
            Assessment.flagged_now.is_(False),
        )
        .order_by(Assessment.event_at.desc())
        .limit(MOST_TEXTS)
    )
    return {row.cluster_id: row.text for row in session.execute(query)}.values()


def _count(texts: Iterable[set[str]]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for text in texts:
        counted.update(text)
    return counted
