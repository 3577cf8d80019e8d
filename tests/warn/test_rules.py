"""Rules: checked in sentences that name the field, and matched against facts."""

import datetime as dt
from dataclasses import replace

import pytest

from models.database import Sessions, reading, writing
from warn.errors import NameTaken, NotFound, RuleRefused
from warn.rules import DEFAULT_RULES, Facts, RuleInput, change_rule, create_rule, explain, matches, problems

ITEM = RuleInput("Calls for violence", "item", min_severity=70)
SURGE = RuleInput("Rise", "surge")
FACTS = Facts(
    assessment_id=1,
    document_id=1,
    cluster_id=1,
    source_id=7,
    source="Radio Keshu",
    country="KE",
    region="Coast",
    language="sw",
    event_at=dt.datetime(2026, 3, 14, tzinfo=dt.UTC),
    severity=86,
    stage=3,
    stance="asserts",
    flagged=True,
    status="unreviewed",
    model="fake@1",
    signals={"incitement": 0.93, "dehumanization": 0.71},
    targets=("ethnicity_race",),
    target_names=("Varni",),
)


@pytest.mark.parametrize("rule", [ITEM, SURGE, *DEFAULT_RULES])
def test_a_right_rule_has_no_problems(rule: RuleInput) -> None:
    assert problems(rule) == []


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (replace(ITEM, kind="weekly"), "kind is 'weekly'; it must be one of item, surge, spread"),
        (replace(ITEM, name=" "), "name must have between 1 and 200 characters."),
        (replace(ITEM, min_severity=101), "min_severity is 101; it must lie between 0 and 100."),
        (replace(ITEM, signals=["anger"]), "signals: there is no signal 'anger'"),
        (replace(ITEM, parameters={"budget": 1}), "parameters: 'budget' is unknown to item rules"),
        (replace(ITEM, parameters={"min_stage": 5}), "parameters.min_stage is 5"),
        (replace(ITEM, parameters={"min_stage": True}), "parameters.min_stage is True"),
        (replace(ITEM, filters={"author": "x"}), "filters: 'author' is unknown here"),
        (replace(ITEM, filters={"flag": "yes"}), "filters.flag must be true or false"),
        (replace(ITEM, filters={"country": []}), "filters.country must be a text or a list of texts."),
        (replace(ITEM, filters={"stance": "shouts"}), "filters.stance is 'shouts'"),
        (replace(SURGE, min_severity=5), "min_severity has no meaning"),
        (replace(SURGE, parameters={"group_by": "author"}), "parameters.group_by is 'author'"),
        (replace(SURGE, parameters={"group_by": ["target"]}), "parameters.group_by is ['target']"),
        (replace(SURGE, parameters={"window_hours": 5}), "parameters.window_hours is 5"),
        (replace(SURGE, parameters={"budget": 0}), "parameters.budget is 0"),
        (replace(SURGE, parameters={"budget": float("nan")}), "parameters.budget is nan"),
        (replace(SURGE, filters={"target": "religion"}), "filters: 'target' is unknown here; known are country."),
    ],
)
def test_a_wrong_rule_is_told_in_a_sentence(rule: RuleInput, sentence: str) -> None:
    (problem,) = problems(rule)
    assert problem.startswith(sentence)
    assert problem.endswith(".")


def test_all_problems_are_told_at_once() -> None:
    assert len(problems(replace(ITEM, name="", min_severity=-1, signals=["anger", "joy"]))) == 4


@pytest.mark.parametrize(
    "changes",
    [
        {"min_severity": 86},
        {"signals": ["impunity", "incitement"]},
        {"parameters": {"min_stage": 3}},
        {"filters": {"country": ["SY", "KE"], "target_name": "Varni", "language": "sw", "region": "Coast"}},
        {"filters": {"source": "Radio Keshu"}},
        {"filters": {"source": "7"}},
    ],
)
def test_a_rule_matches_what_it_describes(changes: dict[str, object]) -> None:
    assert matches(replace(ITEM, **changes), FACTS)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"min_severity": 87},
        {"signals": ["impunity"]},
        {"parameters": {"min_stage": 4}},
        {"filters": {"country": "SY"}},
        {"filters": {"country": "KE", "target": "religion"}},
        {"filters": {"stance": "reports"}},
        {"filters": {"flag": False}},
    ],
)
def test_a_rule_leaves_the_rest_alone(changes: dict[str, object]) -> None:
    assert not matches(replace(ITEM, **changes), FACTS)  # type: ignore[arg-type]


def test_only_what_is_flagged_matches_unless_the_rule_says_otherwise() -> None:
    reported = replace(FACTS, flagged=False, stance="reports")
    assert not matches(ITEM, reported)
    assert matches(replace(ITEM, filters={"stance": "reports"}), reported)
    assert matches(replace(ITEM, filters={"flag": False}), reported)


def test_what_a_person_rejected_never_matches() -> None:
    rejected = replace(FACTS, flagged=False, status="rejected", stance="reports")
    assert not matches(replace(ITEM, filters={"stance": "reports"}), rejected)


def test_a_match_is_explained_in_numbers() -> None:
    assert explain(ITEM, FACTS) == (
        "severity 86 (rule: at least 70), stage 3 (violence), incitement 0.93 and dehumanization 0.71."
    )


def test_a_rule_is_stored_changed_and_refused(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        rule = create_rule(session, ITEM, None, now)
        create_rule(session, SURGE, None, now)
        assert change_rule(session, rule.id, {"enabled": False}).enabled is False
    with reading(sessions) as session:
        for changes, error, sentence in (
            ({"min_severity": 200}, RuleRefused, "min_severity is 200"),
            ({"kind": "surge"}, RuleRefused, "cannot change from item"),
            ({"name": SURGE.name}, NameTaken, "already a rule named 'Rise'"),
        ):
            with pytest.raises(error, match=sentence):
                change_rule(session, rule.id, changes)
        with pytest.raises(NameTaken):
            create_rule(session, ITEM, None, now)
        with pytest.raises(NotFound, match="no rule 99"):
            change_rule(session, 99, {})


def test_a_rule_may_ask_how_many_people_a_source_reaches() -> None:
    wide = replace(ITEM, parameters={"min_audience": 100_000})
    assert problems(wide) == []
    assert not matches(wide, FACTS)  # nobody has written down whom it reaches
    assert not matches(wide, replace(FACTS, audience=99_999))
    heard = replace(FACTS, audience=250_000)
    assert matches(wide, heard)
    assert "a source that reaches 250,000 people" in explain(wide, heard)
    assert "reaches" not in explain(ITEM, heard)
