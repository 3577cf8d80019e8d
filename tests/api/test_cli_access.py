"""`tocsin sign-in`: the operator's own way to let people in, also those who have lost what they come in with."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from api.cli import main
from models.account import Account, SignInLink
from models.credential import SecondFactor
from models.database import open_sessions, reading, writing
from tests.conftest import NOW

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> Run:
    monkeypatch.setenv("TOCSIN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TOCSIN_DATABASE_URL", sqlite_url)
    return lambda *words: CliRunner().invoke(main, ["sign-in", *words])


def test_a_link_has_a_role_and_may_ask_for_a_password(run: Run, sqlite_url: str) -> None:
    assert run("--name", "Leila", "--role", "lead", "--new-password").stdout.startswith(
        "http://127.0.0.1:8080/sign-in?key="
    )
    assert run("--name", "Ben").exit_code == 0
    assert run("--name", "Chidi", "--scopes", "read").exit_code == 0
    with reading(open_sessions(sqlite_url)) as session:
        roles = dict(session.execute(select(Account.name, Account.role)).all())
        purposes = session.scalars(select(SignInLink.purpose).order_by(SignInLink.id)).all()
    assert roles == {"Leila": "lead", "Ben": "admin", "Chidi": "reader"}
    assert purposes == ["password", None, None]


def test_a_lost_second_factor_is_taken_away(run: Run, sqlite_url: str) -> None:
    run("--name", "Ben")
    sessions = open_sessions(sqlite_url)
    with writing(sessions) as session:
        ben = session.scalars(select(Account.id)).one()
        session.add(SecondFactor(account_id=ben, sealed="x", created_at=NOW, confirmed_at=NOW))
    assert run("--name", "Ben", "--reset-second-factor").exit_code == 0
    with reading(sessions) as session:
        assert session.scalars(select(SecondFactor)).all() == []
    assert "has no second factor" in run("--name", "Ben", "--reset-second-factor").stderr
    assert "no account called 'Emil'" in run("--name", "Emil", "--reset-second-factor").stderr


def test_role_and_scopes_are_one_too_many(run: Run) -> None:
    assert run("--role", "lead", "--scopes", "read").exit_code == 2
