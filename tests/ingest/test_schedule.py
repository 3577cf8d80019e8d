"""What an answer means for its source, and when it is asked again."""

import datetime as dt
from dataclasses import replace

import pytest

from ingest.errors import AccessDenied, BadAnswer, IngestError, NoFeed, TooLarge, Truncated
from ingest.schedule import DAY, Health, after_failure, after_success, retry_after, rhythm
from ingest.settings import IngestSettings

HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)
SETTINGS = IngestSettings()


@pytest.fixture
def health(now: dt.datetime) -> Health:
    return Health("Radio Keshu", "ok", None, now - DAY, 0, 900, now - 30 * DAY, (now - 5 * MINUTE,))


def test_a_good_answer_is_asked_again_after_the_interval(health: Health, now: dt.datetime) -> None:
    turn = after_success(health, None, SETTINGS, now)
    assert (turn.state, turn.state_since, turn.failures) == ("ok", now - DAY, 0)
    assert 14 * MINUTE < turn.next_due_at - now < 16 * MINUTE
    assert turn.due_reason == "asked every 15 minutes" or "minutes" in turn.due_reason


def test_a_new_state_begins_now_and_an_old_one_keeps_its_beginning(health: Health, now: dt.datetime) -> None:
    first = after_failure(health, NoFeed("answers, but is no feed"), now)
    assert (first.state, first.state_since, first.failures) == ("no_feed", now, 1)
    ill = replace(health, state="no_feed", state_since=now - HOUR, failures=1)
    assert after_failure(ill, NoFeed("answers, but is no feed"), now).state_since == now - HOUR
    assert after_success(ill, None, SETTINGS, now).state == "ok"


def test_pauses_grow_to_a_day_and_a_source_is_never_given_up(health: Health, now: dt.datetime) -> None:
    pauses = [
        after_failure(replace(health, failures=failures), IngestError("broken"), now).next_due_at - now
        for failures in range(200)
    ]
    assert pauses[0] < pauses[2] < pauses[5]
    assert all(pause <= DAY for pause in pauses)
    assert pauses[-1] > 0.79 * DAY


@pytest.mark.parametrize(
    "error", [TooLarge("big"), IngestError("broken"), AccessDenied("no", 403), BadAnswer("gone", 410)]
)
def test_every_failure_names_its_state_reason_and_next_turn(
    health: Health, now: dt.datetime, error: IngestError
) -> None:
    turn = after_failure(health, error, now)
    assert turn.state == error.state
    assert turn.state_reason == str(error)
    assert now < turn.next_due_at <= now + DAY
    assert turn.due_reason.startswith("asked again after")


def test_a_cut_feed_is_asked_again_soon(health: Health, now: dt.datetime) -> None:
    slow = replace(health, interval_seconds=86_400)
    assert after_failure(slow, Truncated("cut"), now).next_due_at - now < 10 * MINUTE


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        ("120", 2 * MINUTE),
        ("5", MINUTE / 2),
        ("0", MINUTE / 2),
        ("1000000000", DAY),
        ("9" * 50, DAY),
        ("Sat, 14 Mar 2026 10:30:00 GMT", HOUR),
        ("Sat, 14 Mar 2020 10:30:00 GMT", MINUTE / 2),
        ("-5", None),
        ("abc", None),
        ("", None),
        (None, None),
        ("²", None),
    ],
)
def test_a_server_may_name_the_pause_within_reason(
    header: str | None, pause: dt.timedelta | None, now: dt.datetime
) -> None:
    assert retry_after(header, now) == pause


def test_the_named_pause_is_kept(health: Health, now: dt.datetime) -> None:
    turn = after_failure(health, BadAnswer("come less often", 429, "3600"), now)
    assert turn.next_due_at == now + HOUR
    assert "the server named the pause" in turn.due_reason


def test_a_source_is_silent_by_its_own_rhythm(health: Health, now: dt.datetime) -> None:
    hourly = tuple(now - 12 * HOUR - n * HOUR for n in range(20))
    quiet = after_success(replace(health, arrivals=hourly), None, SETTINGS, now)
    assert quiet.state == "silent"
    assert (
        quiet.state_reason == "answers, but has had nothing new for 12 hours; it usually has something every 60 minutes"
    )
    daily = tuple(now - 3 * DAY - n * DAY for n in range(20))
    assert after_success(replace(health, arrivals=daily), None, SETTINGS, now).state == "ok"


def test_a_source_that_never_had_anything_is_silent_in_the_end(health: Health, now: dt.datetime) -> None:
    empty = replace(health, arrivals=(), created_at=now - HOUR)
    assert after_success(empty, None, SETTINGS, now).state == "ok"
    assert after_success(replace(empty, created_at=now - 3 * HOUR), None, SETTINGS, now).state == "silent"


def test_what_a_source_did_before_we_watched_is_no_silence(health: Health, now: dt.datetime) -> None:
    old = replace(health, arrivals=(now - 300 * DAY,), created_at=now)
    assert after_success(old, None, SETTINGS, now).state == "ok"
    assert after_success(old, None, SETTINGS, now + DAY).state == "silent"


def test_asking_by_hand_again_and_again_makes_nobody_wait_for_longer(health: Health, now: dt.datetime) -> None:
    ill = replace(health, failures=2)
    usual = after_failure(ill, IngestError("broken"), now)
    by_hand = after_failure(replace(ill, by_hand=True), IngestError("broken"), now)
    assert (usual.failures, by_hand.failures) == (3, 2)
    assert by_hand.next_due_at < usual.next_due_at
    assert after_failure(replace(health, by_hand=True), IngestError("broken"), now).failures == 1


def test_a_source_whose_rhythm_is_not_known_yet_is_given_time(health: Health, now: dt.datetime) -> None:
    at_once = replace(health, arrivals=(now,) * 20, created_at=now)
    assert after_success(at_once, None, SETTINGS, now + 4 * HOUR).state == "ok"
    quiet = after_success(at_once, None, SETTINGS, now + 21 * HOUR)
    assert quiet.state == "silent"
    assert quiet.state_reason == "answers, but has had nothing new for 21 hours; all it had came at once"


def test_nights_and_weekends_belong_to_the_rhythm(now: dt.datetime) -> None:
    working_days = [now - n * DAY for n in range(30) if (now - n * DAY).weekday() < 5]
    assert rhythm(working_days, 900) >= 1.5 * DAY


def test_jitter_differs_between_sources_and_is_repeatable(health: Health, now: dt.datetime) -> None:
    dues = {after_success(replace(health, name=f"s{n}"), None, SETTINGS, now).next_due_at for n in range(20)}
    assert len(dues) > 15
    assert after_success(health, None, SETTINGS, now) == after_success(health, None, SETTINGS, now)
