"""Every key that the database can hold has a word on the page."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from api.console import words
from models.alert import ALERT_STATES
from models.assessment import STATUSES
from models.codebook import PATHWAYS, SIGNALS, STAGES, STANCES, TARGETS
from models.delivery import DELIVERY_STATES
from models.review import HALLMARKS, TIERS, VERDICTS, WORKSHEET_PARTS
from models.source import SOURCE_KINDS, SOURCE_STATES


@pytest.mark.parametrize(
    ("spoken", "keys"),
    [
        (words.SIGNALS, SIGNALS),
        (words.PATHWAYS, PATHWAYS),
        (words.STAGES, STAGES),
        (words.STANCES, STANCES),
        (words.TARGETS, TARGETS),
        (words.STATUSES, STATUSES),
        (words.VERDICTS, VERDICTS),
        (words.DECIDED, VERDICTS),
        (words.TIERS, TIERS),
        (words.WORKSHEET, WORKSHEET_PARTS),
        (words.HALLMARKS, HALLMARKS),
        (words.SOURCE_STATES, SOURCE_STATES),
        (words.SOURCE_KINDS, SOURCE_KINDS),
        (words.ALERT_STATES, ALERT_STATES),
        (words.DELIVERY_STATES, DELIVERY_STATES),
    ],
)
def test_every_key_has_its_word_in_the_usual_order(spoken: Mapping[Any, Any], keys: Iterable[Any]) -> None:
    assert list(spoken) == list(keys)
