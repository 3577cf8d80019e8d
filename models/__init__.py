"""What Tocsin remembers: one file per noun of the flow, and nothing about how the nouns come to be.

Importing this package registers every table, which is what migrations and tests need.
"""

from models import (
    account,
    alert,
    assessment,
    audit,
    claims,
    contact,
    credential,
    delivery,
    document,
    evidence,
    forgetting,
    item,
    lexicon,
    log,
    review,
    second,
    source,
    tally,
    trend_note,
)

__all__ = [
    "account",
    "alert",
    "assessment",
    "audit",
    "claims",
    "contact",
    "credential",
    "delivery",
    "document",
    "evidence",
    "forgetting",
    "item",
    "lexicon",
    "log",
    "review",
    "second",
    "source",
    "tally",
    "trend_note",
]
