"""What rose is told by voices against what was read, and chance is told from a rise."""

import datetime as dt

import pytest

from models.database import Sessions, reading, writing
from models.tally import TallyHour, hour_of
from tests.conftest import NOW
from warn.rising import Count, chance_of, rising

HOUR = dt.timedelta(hours=1)


def tally(sessions: Sessions, back: int, voices: int, **values: str) -> None:
    """Count some voices of a series in the hour `back` hours before the running one; a voice has two documents."""
    key = {"label": "any", "dimension": "all", "value": "", "country": ""} | values
    with writing(sessions) as session:
        session.add(TallyHour(hour=hour_of(NOW) - back * HOUR, voices=voices, documents=2 * voices, **key))


def test_both_stretches_are_counted_to_the_hour(sessions: Sessions) -> None:
    for back, voices in ((0, 1), (23, 2), (24, 4), (47, 8), (48, 16), (167, 32), (168, 64), (335, 128), (336, 256)):
        tally(sessions, back, voices)
    with reading(sessions) as session:
        total = rising(session, NOW).total
    assert (total.day.now.voices, total.day.before.voices) == (3, 12)
    assert (total.week.now.voices, total.week.before.voices) == (63, 192)
    assert total.day.now.documents == 6


def test_the_steepest_comes_first_and_a_country_is_measured_by_what_was_read_there(sessions: Sessions) -> None:
    for value, before, now in (("leadership", 9, 10), ("escalation", 1, 14)):
        tally(sessions, 30, before, label=f"pathway:{value}")
        tally(sessions, 3, now, label=f"pathway:{value}")
    # Twice the voices out of twice the texts are no rise.
    for label, before, now in (("any", 10, 20), ("volume", 500, 1000)):
        tally(sessions, 30, before, label=label, dimension="country", value="KE")
        tally(sessions, 3, now, label=label, dimension="country", value="KE")
    with reading(sessions) as session:
        found = rising(session, NOW)
    assert [(row.value, row.day.beyond_chance) for row in found.rows["pathway"]] == [
        ("escalation", True),
        ("leadership", False),
    ]
    (kenya,) = found.rows["country"]
    assert (kenya.value, kenya.day.more, kenya.day.beyond_chance) == ("KE", 10, False)
    assert (kenya.day.now.read, kenya.day.before.read) == (1000, 500)


def test_chance_is_the_binomial_tail() -> None:
    # P(Bin(10, 1/2) >= 8) = (45 + 10 + 1) / 1024, and with a third of what was read the tail is thinner.
    assert chance_of(Count(voices=8, read=100), Count(voices=2, read=100)) == pytest.approx(56 / 1024)
    assert chance_of(Count(voices=8, read=50), Count(voices=2, read=100)) == pytest.approx(0.0034, abs=1e-4)
    assert chance_of(Count(), Count(voices=9, read=1)) == 1.0
    assert chance_of(Count(voices=1), Count()) == pytest.approx(0.5)


def test_without_counts_nothing_rose(sessions: Sessions) -> None:
    with reading(sessions) as session:
        found = rising(session, NOW)
    assert found.total.day.chance == 1.0
    assert not any(found.rows.values())
