"""`tocsin backtest` replays a kept rule or a draft, and keeps nothing."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from api.cli import main
from models.alert import Alert, Rule
from models.database import open_sessions, reading, writing
from tests.factories import add_assessment, add_document, add_item, add_rule

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> Run:
    monkeypatch.setenv("TOCSIN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TOCSIN_DATABASE_URL", sqlite_url)
    with writing(open_sessions(sqlite_url)) as session:
        add_rule(session, name="Severe", min_severity=80)
        for days, status in ((1, "confirmed"), (2, "rejected")):
            item = add_item(session, event_at=dt.datetime.now(dt.UTC) - dt.timedelta(days=days))
            add_assessment(session, add_document(session, item), severity=90, status=status)
    return lambda *words: CliRunner().invoke(main, ["backtest", *words])


def test_a_kept_rule_is_told_in_words(run: Run, sqlite_url: str) -> None:
    told = run("--rule", "Severe", "--days", "7").output
    assert told.startswith("2 alarms, 2.0 a week\nright, of what people decided: 50%\nconfirmed, and missed by it: 0\n")
    assert "severity 90 of 100" in told
    with reading(open_sessions(sqlite_url)) as session:
        assert session.scalar(select(func.count()).select_from(Alert)) == 0
        assert session.scalar(select(func.count()).select_from(Rule)) == 1


def test_a_draft_needs_no_name_and_answers_as_the_api_does(run: Run, tmp_path: Path) -> None:
    draft = tmp_path / "rule.json"
    draft.write_text(json.dumps({"kind": "item", "min_severity": 95}))
    answer = json.loads(run("--file", str(draft), "--json").stdout)
    assert (answer["alarms"], answer["precision"], answer["missed"]) == (0, None, 1)


def test_what_cannot_be_replayed_is_one_sentence(run: Run, tmp_path: Path) -> None:
    assert run().exit_code == 2
    missing = run("--rule", "Other")
    assert (missing.exit_code, "there is no rule 'Other'" in missing.output) == (1, True)
    draft = tmp_path / "rule.json"
    for text, said in (("[]", "no JSON object"), ('{"kind": "hunch"}', "kind: "), ('{"kind": "outage"}', "cannot be")):
        draft.write_text(text)
        refused = run("--file", str(draft))
        assert (refused.exit_code, said in refused.output) == (1, True), refused.output
