"""`tocsin forget`: nothing goes without a reason and a yes, and what went is said."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from api.cli import main
from models.database import open_sessions, reading, writing
from models.document import Document
from models.forgetting import Forgetting
from tests.factories import add_document

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> Run:
    monkeypatch.setenv("TOCSIN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TOCSIN_DATABASE_URL", sqlite_url)
    with writing(open_sessions(sqlite_url)) as session:
        add_document(session)

    def call(*words: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(main, ["forget", *words], input=stdin)

    return call


def texts(sqlite_url: str) -> list[str]:
    with reading(open_sessions(sqlite_url)) as session:
        return list(session.scalars(select(Document.text)))


def test_the_ages_are_applied_at_once(run: Run) -> None:
    assert run().stdout == "0 texts and raw answers forgotten\n"


def test_an_erasure_wants_a_reason_and_a_yes(run: Run, sqlite_url: str) -> None:
    assert run("--document", "1").exit_code == 2
    assert run("--reason", "none").exit_code == 2
    assert run("--document", "1", "--reason", "request 7", stdin="n\n").exit_code == 1
    assert texts(sqlite_url) != [""]


def test_an_erasure_says_what_went_and_where_copies_are(run: Run, sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "home" / "backups").mkdir(parents=True)
    (tmp_path / "home" / "backups" / "tocsin-20260314T093000Z.sqlite").touch()
    result = run("--document", "1", "--reason", "request 7", "--by", "officer", "--yes")
    assert result.exit_code == 0
    assert result.stdout.startswith("erased 1 items, 1 texts, 0 raw answers")
    assert "tocsin-20260314T093000Z.sqlite" in result.stdout
    assert texts(sqlite_url) == [""]
    with reading(open_sessions(sqlite_url)) as session:
        row = session.scalars(select(Forgetting)).one()
    assert (row.kind, row.reason, row.by) == ("request", "request 7", "officer")


def test_a_document_that_is_not_there_is_one_sentence(run: Run) -> None:
    result = run("--document", "99", "--reason", "request 7", "--yes")
    assert result.exit_code == 1
    assert "there is no document 99" in result.stderr
