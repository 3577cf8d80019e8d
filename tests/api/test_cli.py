"""The command line: what is printed where, and the three exit codes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import migrations
from api.cli import main
from models.database import open_sessions, reading, writing
from models.item import Item
from tests.factories import add_item, add_source
from tests.loopback_proxy import loopback_proxy

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> Run:
    """Call `tocsin` in an installation of its own."""
    monkeypatch.setenv("TOCSIN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TOCSIN_DATABASE_URL", sqlite_url)

    def call(*words: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(main, list(words), input=stdin)

    return call


def test_a_token_stands_alone_on_stdout(run: Run) -> None:
    result = run("token", "create", "--name", "desk", "--scopes", "read,review")
    assert result.exit_code == 0
    assert result.stdout.startswith("toc_")
    assert result.stdout.count("\n") == 1


def test_an_unknown_scope_is_wrong_usage(run: Run) -> None:
    result = run("token", "create", "--name", "desk", "--scopes", "everything")
    assert result.exit_code == 2
    assert "choose from read, review, push, sight, lead, admin" in result.stderr


def test_a_bad_setting_is_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_PORT", "many")
    result = run("sources", "list")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: TOCSIN_PORT")
    assert result.stderr.count("\n") == 1


def test_an_empty_database_names_the_command_that_helps(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TOCSIN_DATABASE_URL", f"sqlite:///{tmp_path / 'new.sqlite'}")
    assert "tocsin migrate" in run("sources", "list").stderr
    assert run("migrate").stdout == f"schema empty -> {migrations.head()}\n"
    assert run("sources", "list").exit_code == 0


def test_a_pack_is_switched_on_once(run: Run) -> None:
    assert "0 were there already" in run("sources", "add", "--pack", "kenya").stdout
    assert "0 sources added" in run("sources", "add", "--pack", "kenya").stdout
    listed = [json.loads(line) for line in run("sources", "list", "--json").stdout.splitlines()]
    assert {row["state"] for row in listed} == {"new"}


def test_an_import_takes_every_row_once(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text("text,published_at\nThe bridge of Marrok is open.,2026-03-01\nThe well is dry.,2026-03-02\n")
    assert "2 new, 0 new versions, 0 known, 0 refused" in run("import", str(file), "--source", "Desk").stdout
    assert "0 new, 0 new versions, 2 known, 0 refused" in run("import", str(file), "--source", "Desk").stdout


def test_a_refused_row_is_named_and_the_rest_goes_on(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_text('{"text": "The bridge is open."}\nnot json\n{"text": "The well is dry."}\n')
    result = run("import", str(file), "--source", "Desk")
    assert "2 new, 0 new versions, 0 known, 1 refused" in result.stdout
    assert "line 2" in result.stderr


def test_the_evidence_verifies_until_a_row_is_changed(run: Run, tmp_path: Path, sqlite_url: str) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_text('{"text": "The bridge is open."}\n{"text": "The well is dry."}\n')
    run("import", str(file), "--source", "Desk")
    assert run("verify").stdout.startswith("2 items verified")
    sessions = open_sessions(sqlite_url)
    with writing(sessions) as session:
        session.get_one(Item, 1).content = "The bridge was never open."
    sessions.kw["bind"].dispose()
    result = run("verify")
    assert result.exit_code == 1
    assert "position 1" in result.stderr


def test_a_backup_reads_back(run: Run, tmp_path: Path, sqlite_url: str) -> None:
    sessions = open_sessions(sqlite_url)
    with writing(sessions) as session:
        add_item(session)
        copy = Path(run("backup", "--to", str(tmp_path / "safe")).stdout.strip())  # another process is writing
    restored = open_sessions(f"sqlite:///{copy}")
    with reading(restored) as session:
        assert session.get(Item, 1) is None
    for opened in (sessions, restored):
        opened.kw["bind"].dispose()


def test_checking_a_source_that_answers_nothing_fails_and_says_why(run: Run, sqlite_url: str) -> None:
    sessions = open_sessions(sqlite_url)
    with writing(sessions) as session:
        add_source(session, name="Radio Keshu", url="http://127.0.0.2:9/feed")
    sessions.kw["bind"].dispose()
    result = run("sources", "check", "Radio Keshu")
    assert result.exit_code == 1
    assert result.stdout.startswith("refused    Radio Keshu: ")


def test_the_doctor_names_what_needs_a_hand(run: Run, sqlite_url: str) -> None:
    sessions = open_sessions(sqlite_url)
    with writing(sessions) as session:
        add_source(session, name="Radio Keshu", state="no_feed", state_reason="answers, but is no feed")
    sessions.kw["bind"].dispose()
    result = run("doctor")
    assert result.exit_code == 1
    assert "FAILED source: Radio Keshu is no_feed" in result.stdout
    assert "drift: 0 texts in the last week" in result.stdout


def test_the_doctor_says_whether_the_proxy_answers_and_not_its_password(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with loopback_proxy(9) as proxy:
        monkeypatch.setenv("TOCSIN_PROXY", f"http://desk:s3cret@127.0.0.1:{proxy.port}")
        there = run("doctor")
    away = run("doctor")
    assert f"the proxy 127.0.0.1:{proxy.port} answers" in there.stdout
    assert f"FAILED proxy: the proxy 127.0.0.1:{proxy.port} cannot be reached" in away.stdout
    assert "s3cret" not in there.stdout + away.stdout + there.stderr + away.stderr


@pytest.mark.model
@pytest.mark.parametrize(
    ("form", "given"),
    [
        ("text", "The market opens at eight.\nThe well is dry.\n"),
        ("csv", 'text,id\n"The market opens at eight.",1\nThe well is dry.,2\n'),
        ("jsonl", '{"text": "The market opens at eight."}\n{"text": "The well is dry."}\n'),
    ],
)
def test_classify_gives_one_object_per_text_in_order(run: Run, form: str, given: str) -> None:
    result = run("classify", "-", "--format", form, stdin=given)
    assert result.exit_code == 0
    objects = [json.loads(line) for line in result.stdout.splitlines()]
    assert [one["flag"] for one in objects] == [False, False]
    assert objects[0]["passages"] is not None


def test_classify_names_the_column_that_is_missing(run: Run) -> None:
    result = run("classify", "-", "--format", "csv", stdin="body\nThe well is dry.\n")
    assert result.exit_code == 1
    assert "--column" in result.stderr
