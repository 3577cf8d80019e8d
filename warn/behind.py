"""What the posts behind a surge have in common, so that it reaches those who asked for that place, group or stage.

A series knows its label and its value only. Subscriptions, silences and the directory ask for more: they are told what
at least a fifth of the voices share, each voice read by one of its posts, so that one stray post calls nobody.
"""

import math
from collections import Counter
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.assessment import Assessment
from warn.about import FIELDS, MOST, about_document
from warn.facts import facts_of
from warn.multiplicity import MOST_VOICES, heard_by
from warn.rules import Facts
from warn.scan import Alarm

PART = 0.2
BATCH = 1000


@dataclass(frozen=True)
class Behind:
    """What a part of the voices share, in the fields of `warn.about`, and the stage that such a part reaches.

    `reviewed` tells whether a person has looked at any of them.
    """

    about: dict[str, list[str]]
    stage: int
    reviewed: bool


def behind(session: Session, alarm: Alarm) -> Behind:
    """Read the posts that an alarm counts; where they are not known any more, nothing is shared."""
    one_each = select(func.min(Assessment.id)).where(*heard_by(alarm)).group_by(Assessment.cluster_id)
    ids = list(session.scalars(one_each.limit(MOST_VOICES)))
    facts: list[Facts] = []
    for start in range(0, len(ids), BATCH):
        facts += facts_of(session, ids[start : start + BATCH])
    return shared(facts)


def shared(facts: list[Facts]) -> Behind:
    """Return what at least `PART` of some posts share, the commonest first, and the highest stage so many reach."""
    enough = max(1, math.ceil(PART * len(facts)))
    counted: dict[str, Counter[str]] = {key: Counter() for key in FIELDS}
    for fact in facts:
        for key, values in about_document(fact).items():
            counted[key].update(values)
    stages = sorted((fact.stage for fact in facts), reverse=True)
    return Behind(
        about={key: [value for value, n in of.most_common(MOST) if n >= enough] for key, of in counted.items()},
        stage=stages[enough - 1] if stages else 0,
        reviewed=any(fact.status != "unreviewed" for fact in facts),
    )
