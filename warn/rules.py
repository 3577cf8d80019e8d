"""What deserves an alert: rules as people write them, checked word by word, and the item rule's decision.

Deciding is pure here; when rules are looked at is told by `warn.alerts`.

An item rule matches one document: `min_severity`, any of `signals`, `parameters.min_stage`, how many people its source
reaches (`parameters.min_audience`; where nobody has written it down, none), and `filters`. Only what is flagged now
matches, unless the rule filters by `stance` or `flag` itself.
A surge rule watches series: one per label (`signals`, or everything flagged) and per value of `parameters.group_by`.
A calendar rule is an item rule that applies near its dates only and raises severity there. The kinds that find patterns
(`spread`, `new_target`, `coded_term`) filter posts as an item rule does; an outage rule looks at sources.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.alert import RULE_KINDS, Rule
from models.base import is_sqlite
from models.codebook import SIGNALS, STANCES, TARGETS
from models.database import Sessions, writing
from warn import calendar, parameters, words
from warn.errors import NameTaken, NotFound, RuleRefused
from warn.parameters import GROUPS

NAME_LENGTH = 200
ITEM_FILTERS = ("target", "target_name", "language", "country", "region", "source", "stance", "flag")
KNOWN_VALUES = {"target": TARGETS, "stance": STANCES}


@dataclass(frozen=True)
class RuleInput:
    """A rule as somebody wrote it."""

    name: str
    kind: str
    min_severity: int = 0
    signals: list[str] = field(default_factory=list)
    filters: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    enabled: bool = True


@dataclass(frozen=True)
class Facts:
    """What an item rule may know of one document: how it was read, and what holds now."""

    assessment_id: int
    document_id: int
    cluster_id: int
    source_id: int
    source: str
    country: str | None
    region: str | None
    language: str
    event_at: dt.datetime
    severity: int
    stage: int
    stance: str
    flagged: bool
    status: str
    model: str
    signals: dict[str, float]
    targets: tuple[str, ...]
    target_names: tuple[str, ...]
    audience: int | None = None  # people that the source reaches, None where nobody has said


DEFAULT_RULES = (
    RuleInput("Severe item", "item", min_severity=70, parameters={"min_stage": 3}),
    RuleInput("Surge against a group", "surge", parameters={"group_by": "target"}),
)


def problems(rule: RuleInput) -> list[str]:
    """Say what is wrong with a rule, one sentence per field; none when it is right."""
    if rule.kind not in RULE_KINDS:
        return [f"kind is {rule.kind!r}; it must be one of {', '.join(RULE_KINDS)}."]
    found = []
    if not rule.name.strip() or len(rule.name) > NAME_LENGTH:
        found.append(f"name must have between 1 and {NAME_LENGTH} characters.")
    if not 0 <= rule.min_severity <= 100:
        found.append(f"min_severity is {rule.min_severity}; it must lie between 0 and 100.")
    found += [
        f"signals: there is no signal {key!r}; known are {', '.join(SIGNALS)}."
        for key in _unknown(rule.signals, SIGNALS)
    ]
    found += parameters.problems(rule.kind, rule.parameters)
    if rule.kind == "surge":
        return found + _surge_problems(rule)
    return found + (_outage_problems(rule) if rule.kind == "outage" else _filter_problems(rule.filters, ITEM_FILTERS))


def matches(rule: Rule | RuleInput, facts: Facts) -> bool:
    """Whether an item rule wants an alert for this document."""
    asks = "stance" in rule.filters or "flag" in rule.filters
    if facts.status == "rejected" or not (facts.flagged or asks):
        return False
    if rule.kind == "calendar" and calendar.raised(rule.parameters, facts.country, facts.event_at) is None:
        return False
    if facts.stage < rule.parameters.get("min_stage", 0) or severity_of(rule, facts) < rule.min_severity:
        return False
    if (facts.audience or 0) < rule.parameters.get("min_audience", 0):
        return False
    if rule.signals and not facts.signals.keys() & set(rule.signals):
        return False
    return all(_passes(key, wanted, facts) for key, wanted in rule.filters.items())


def severity_of(rule: Rule | RuleInput, facts: Facts) -> int:
    """Return the document's severity as this rule sees it: a calendar rule raises it near its dates."""
    if rule.kind != "calendar":
        return facts.severity
    date = calendar.raised(rule.parameters, facts.country, facts.event_at)
    return min(calendar.HIGHEST, facts.severity + date.by) if date else facts.severity


def explain(rule: Rule | RuleInput, facts: Facts) -> str:
    """Say in one sentence why the document matches."""
    shown = [f"{words.name(key)} {value:.2f}" for key, value in _strongest(facts)]
    date = calendar.raised(rule.parameters, facts.country, facts.event_at) if rule.kind == "calendar" else None
    near = f" raised by {date.by} because of {date.name}" if date else ""
    because = f"severity {facts.severity}{near} (rule: at least {rule.min_severity}), stage {facts.stage}"
    reach = f", a source that reaches {facts.audience:,} people" if rule.parameters.get("min_audience") else ""
    return f"{because} ({words.STAGES[facts.stage]}){reach}, {words.listed(shown) if shown else 'no signal'}."


def create_rule(session: Session, rule: RuleInput, account_id: int | None, now: dt.datetime) -> Rule:
    """Store a new rule; raises RuleRefused or NameTaken."""
    _require(rule)
    if session.scalar(select(Rule.id).where(Rule.name == rule.name)):
        raise NameTaken(f"There is already a rule named {rule.name!r}; choose another name or change that rule.")
    row = Rule(**asdict(rule), created_at=now, created_by=account_id)
    session.add(row)
    session.flush()
    return row


def change_rule(session: Session, rule_id: int, changes: Mapping[str, Any]) -> Rule:
    """Change fields of a rule; raises NotFound, RuleRefused or NameTaken. The kind stays what it is."""
    row = session.get(Rule, rule_id)
    if row is None:
        raise NotFound(f"There is no rule {rule_id}.")
    if changes.get("kind", row.kind) != row.kind:
        raise RuleRefused([f"kind of a rule cannot change from {row.kind}; create another rule."])
    changed = replace(input_of(row), **changes)
    _require(changed)
    if session.scalar(select(Rule.id).where(Rule.name == changed.name, Rule.id != rule_id)):
        raise NameTaken(f"There is already a rule named {changed.name!r}; choose another name.")
    for key, value in asdict(changed).items():
        setattr(row, key, value)
    session.flush()
    return row


def input_of(row: Rule) -> RuleInput:
    """Read a stored rule back as its author's input."""
    return RuleInput(row.name, row.kind, row.min_severity, row.signals, row.filters, row.parameters, row.enabled)


def ensure_default_rules(sessions: Sessions, now: dt.datetime) -> int:
    """Ship the first rules to a database that has none; return how many were added.

    Rules are disabled, never deleted, so that any rule at all means that this has been done.
    """
    with writing(sessions) as session:
        if session.scalar(select(Rule.id).limit(1)) is not None:
            return 0
        insert = sqlite.insert if is_sqlite(session) else postgresql.insert
        rows = [{**asdict(rule), "created_at": now} for rule in DEFAULT_RULES]
        # Two processes may start on an empty database at once.
        added = insert(Rule).values(rows).on_conflict_do_nothing(index_elements=[Rule.name]).returning(Rule.id)
        return len(session.scalars(added).all())


def wanted_values(wanted: object) -> list[Any]:
    """Read a filter's value: one, or a list of which any will do."""
    return list(wanted) if isinstance(wanted, (list, tuple)) else [wanted]


def _require(rule: RuleInput) -> None:
    if found := problems(rule):
        raise RuleRefused(found)


def _passes(key: str, wanted: object, facts: Facts) -> bool:
    values = wanted_values(wanted)
    held: dict[str, tuple[object, ...]] = {
        "target": facts.targets,
        "target_name": facts.target_names,
        "language": (facts.language,),
        "country": (facts.country,),
        "region": (facts.region,),
        "source": (facts.source, str(facts.source_id)),
        "stance": (facts.stance,),
        "flag": (facts.flagged,),
    }
    return any(value in held.get(key, ()) for value in values)


def _strongest(facts: Facts, most: int = 3) -> list[tuple[str, float]]:
    return sorted(facts.signals.items(), key=lambda pair: -pair[1])[:most]


def _surge_problems(rule: RuleInput) -> list[str]:
    group = rule.parameters.get("group_by")
    known = ("country", group) if group in GROUPS else ("country",)
    found = _filter_problems(rule.filters, tuple(dict.fromkeys(known)))
    if rule.min_severity:
        found.append("min_severity has no meaning for a surge rule; leave it at 0.")
    return found


def _outage_problems(rule: RuleInput) -> list[str]:
    of_source = parameters.value("outage", rule.parameters, "of") == "source"
    found = _filter_problems(rule.filters, ("country", "region", "language", "source") if of_source else ("country",))
    if rule.signals:
        found.append("signals have no meaning for an outage rule: silence says nothing; leave them out.")
    if rule.min_severity:
        found.append("min_severity has no meaning for an outage rule; leave it at 0.")
    return found


def _filter_problems(filters: Mapping[str, Any], known: tuple[str, ...]) -> list[str]:
    found = [f"filters: {key!r} is unknown here; known are {', '.join(known)}." for key in _unknown(filters, known)]
    for key, wanted in filters.items():
        if key not in known:
            continue
        values = wanted_values(wanted)
        kind = bool if key == "flag" else str
        if not values or not all(isinstance(value, kind) for value in values):
            found.append(f"filters.{key} must be {'true or false' if kind is bool else 'a text or a list of texts'}.")
        elif key in KNOWN_VALUES and (strange := _unknown(values, KNOWN_VALUES[key])):
            found.append(f"filters.{key} is {strange[0]!r}; known are {', '.join(KNOWN_VALUES[key])}.")
    return found


def _unknown(given: Any, known: tuple[str, ...]) -> list[str]:
    return [key for key in given if key not in known]
