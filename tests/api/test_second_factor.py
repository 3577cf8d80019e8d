"""A second factor takes a code once, and paper when the telephone is gone."""

import datetime as dt

import pyotp
import pytest
from sqlalchemy import select

from api import second_factor
from api.errors import Conflict, NotFound, Unavailable
from models.audit import AuditEvent
from models.credential import RecoveryCode, SecondFactor
from models.database import Sessions, reading, writing
from tests.conftest import NOW
from tests.factories import add_account

KEY = "the installation's key"
STEP = dt.timedelta(seconds=30)


def code_at(secret: str, at: dt.datetime) -> str:
    return pyotp.TOTP(secret).at(at)


@pytest.fixture
def amina(sessions: Sessions) -> int:
    with writing(sessions) as session:
        return add_account(session, name="Amina").id


@pytest.fixture
def enrolled(sessions: Sessions, amina: int) -> tuple[str, list[str]]:
    """Return the secret and the recovery codes."""
    with writing(sessions) as session:
        secret = second_factor.begin(session, amina, KEY, NOW)
    with writing(sessions) as session:
        codes = second_factor.confirm(session, amina, code_at(secret, NOW), KEY, NOW)
    assert codes
    return secret, codes


def accepts(sessions: Sessions, account_id: int, code: str, now: dt.datetime, key: str = KEY) -> bool:
    with writing(sessions) as session:
        return second_factor.accepts(session, account_id, code, key, now)


@pytest.mark.parametrize(
    ("seconds", "code"),
    # RFC 6238, appendix B, SHA-1, the last six digits.
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_the_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # base32 of 12345678901234567890
    at = dt.datetime.fromtimestamp(seconds, dt.UTC)
    assert second_factor.step_of(secret, code, at) == seconds // 30
    assert second_factor.step_of(secret, f" {code[:3]} {code[3:]} ", at) == seconds // 30
    assert second_factor.step_of(secret, code, at + 2 * STEP) is None


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "12345\x00"])
def test_what_is_no_code_is_none(typed: str) -> None:
    assert second_factor.step_of("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", typed, NOW) is None


def test_it_counts_once_a_code_has_confirmed_it(sessions: Sessions, amina: int) -> None:
    with writing(sessions) as session:
        secret = second_factor.begin(session, amina, KEY, NOW)
        assert second_factor.begin(session, amina, KEY, NOW) == secret
    assert not accepts(sessions, amina, code_at(secret, NOW), NOW)
    with writing(sessions) as session:
        assert second_factor.confirm(session, amina, "000000", KEY, NOW) is None
        assert not second_factor.has_one(session, amina)
        assert second_factor.confirm(session, amina, code_at(secret, NOW), KEY, NOW)
        assert second_factor.has_one(session, amina)
        with pytest.raises(Conflict):
            second_factor.begin(session, amina, KEY, NOW)
        with pytest.raises(Conflict):
            second_factor.confirm(session, amina, "1", KEY, NOW)


def test_nothing_is_confirmed_that_was_not_begun(sessions: Sessions, amina: int) -> None:
    with writing(sessions) as session, pytest.raises(NotFound):
        second_factor.confirm(session, amina, "123456", KEY, NOW)


def test_a_code_works_once_and_none_before_it_after(
    sessions: Sessions, amina: int, enrolled: tuple[str, list[str]]
) -> None:
    secret, _ = enrolled
    assert not accepts(sessions, amina, code_at(secret, NOW), NOW)  # it has confirmed the enrolment
    later = NOW + 4 * STEP
    assert accepts(sessions, amina, code_at(secret, later + STEP), later)  # a fast clock
    assert not accepts(sessions, amina, code_at(secret, later + STEP), later)
    assert not accepts(sessions, amina, code_at(secret, later), later)
    assert not accepts(sessions, amina, code_at(secret, later + 2 * STEP), later)
    assert accepts(sessions, amina, code_at(secret, later + 2 * STEP), later + 3 * STEP)  # a slow one


def test_paper_works_once_however_it_is_typed(sessions: Sessions, amina: int, enrolled: tuple[str, list[str]]) -> None:
    _, codes = enrolled
    assert len({*codes}) == 10
    assert accepts(sessions, amina, codes[0], NOW)
    assert not accepts(sessions, amina, codes[0], NOW)
    assert accepts(sessions, amina, codes[1].replace("-", " ").upper(), NOW)
    assert not accepts(sessions, amina, "abcd-efgh-jkmn-pqrs", NOW)
    with reading(sessions) as session:
        assert second_factor.codes_left(session, amina) == 8
        used = session.scalars(select(AuditEvent).where(AuditEvent.action == "second_factor.recovery_used")).all()
        assert [event.details for event in used] == [{"left": 9}, {"left": 8}]


def test_the_database_alone_makes_no_codes(sessions: Sessions, amina: int, enrolled: tuple[str, list[str]]) -> None:
    secret, codes = enrolled
    with reading(sessions) as session:
        kept = session.get_one(SecondFactor, amina).sealed + "".join(session.scalars(select(RecoveryCode.sha256)))
    assert secret not in kept
    assert not any(code.replace("-", "") in kept for code in codes)
    with pytest.raises(Unavailable, match="account_key"):
        accepts(sessions, amina, "123456", NOW, key="another key")


def test_new_codes_end_the_old_ones(sessions: Sessions, amina: int, enrolled: tuple[str, list[str]]) -> None:
    _, codes = enrolled
    with writing(sessions) as session:
        fresh = second_factor.new_codes(session, amina, NOW)
    assert not accepts(sessions, amina, codes[0], NOW)
    assert accepts(sessions, amina, fresh[0], NOW)


def test_whoever_has_lost_all_begins_anew(sessions: Sessions, amina: int, enrolled: tuple[str, list[str]]) -> None:
    with writing(sessions) as session:
        assert second_factor.remove(session, amina, None, NOW)
        assert not second_factor.remove(session, amina, None, NOW)
        assert second_factor.codes_left(session, amina) == 0
        assert second_factor.begin(session, amina, KEY, NOW) != enrolled[0]


def test_the_picture_is_drawn_here_and_safe_to_show() -> None:
    address = second_factor.address_of("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", 'Amina <"&> Wanjiru')
    assert address.startswith("otpauth://totp/Tocsin:Amina%20")
    picture = second_factor.picture_of(address)
    assert picture.startswith("<svg")
    assert not any(word in picture for word in ("style=", "href", "<script", "Amina"))
