"""What an alert is about, in fields that webhooks and silences filter by; the same for every kind of rule.

`Alert.details["about"]` holds it. Which webhooks and silences there are is told elsewhere.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from models.alert import RULE_KINDS, Alert
from models.codebook import SIGNALS, TARGETS
from warn.rules import Facts, wanted_values

MOST = 20  # names of one kind kept on an alert: enough to judge, small enough to send
FIELDS = ("signals", "targets", "target_names", "countries", "regions", "languages", "sources")
WEBHOOK_FILTERS = ("min_severity", "min_stage", "kinds", "signals", "targets", "target_names", "countries")
HOLDER_FILTERS = ("min_severity", "min_stage", "kinds", *FIELDS)
HELD_FILTERS = ("max_severity", "max_stage", "kinds", *FIELDS)
LARGEST = {"min_severity": 100, "min_stage": 4, "max_severity": 100, "max_stage": 4}
KNOWN_VALUES = {"signals": SIGNALS, "targets": TARGETS, "kinds": RULE_KINDS}


def about_document(fact: Facts) -> dict[str, list[str]]:
    """Return the fields of one document."""
    places = {"countries": fact.country, "regions": fact.region, "languages": fact.language, "sources": fact.source}
    return {
        "signals": [*fact.signals],
        "targets": [*fact.targets],
        "target_names": [*fact.target_names],
        **{key: [value] if value else [] for key, value in places.items()},
    }


def about_documents(facts: Iterable[Facts]) -> dict[str, list[str]]:
    """Gather the fields of documents, each value once, in the order of first appearance."""
    about: dict[str, dict[str, None]] = {key: {} for key in FIELDS}
    for fact in facts:
        for key, values in about_document(fact).items():
            about[key].update(dict.fromkeys(values))
    return {key: [*values][:MOST] for key, values in about.items()}


def merged(old: Mapping[str, list[str]], new: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Add what later documents bring to what an alert is about."""
    return {key: [*dict.fromkeys([*old.get(key, ()), *new.get(key, ())])][:MOST] for key in FIELDS}


def wants(filters: Mapping[str, Any], alert: Alert) -> bool:
    """Whether filters want this alert; those that ask nothing want everything."""
    stage = alert.details.get("stage", 0)
    if not filters.get("min_severity", 0) <= alert.severity <= filters.get("max_severity", 100):
        return False
    if not filters.get("min_stage", 0) <= stage <= filters.get("max_stage", stage):
        return False
    if "kinds" in filters and alert.kind not in wanted_values(filters["kinds"]):
        return False
    return overlaps({key: wanted for key, wanted in filters.items() if key in FIELDS}, alert)


def overlaps(filters: Mapping[str, Any], alert: Alert) -> bool:
    """Whether the alert has at least one wanted value in each field that the filters name."""
    about = alert.details.get("about", {})
    return all(set(wanted_values(wanted)) & set(about.get(key, ())) for key, wanted in filters.items())


def shares(one: Alert, other: Alert, fields: Iterable[str]) -> bool:
    """Whether two alerts have a value in common in each of the fields; what is unknown is not in common."""
    mine, theirs = (alert.details.get("about", {}) for alert in (one, other))
    return all(set(mine.get(key, ())) & set(theirs.get(key, ())) for key in fields)


def filter_problems(filters: Mapping[str, Any], known: tuple[str, ...] = WEBHOOK_FILTERS) -> list[str]:
    """Say what is wrong with the filters of a webhook, a silence or an inhibition, one sentence per field."""
    found = []
    for key, wanted in filters.items():
        if key not in known:
            found.append(f"filters: {key!r} is unknown here; known are {', '.join(known)}.")
        elif key in LARGEST:
            if isinstance(wanted, bool) or not isinstance(wanted, int) or not 0 <= wanted <= LARGEST[key]:
                found.append(f"filters.{key} is {wanted!r}; it must be a whole number from 0 to {LARGEST[key]}.")
        elif not wanted_values(wanted) or not all(isinstance(value, str) for value in wanted_values(wanted)):
            found.append(f"filters.{key} must be a text or a list of texts.")
        elif strange := [value for value in wanted_values(wanted) if value not in KNOWN_VALUES.get(key, (value,))]:
            found.append(f"filters.{key} is {strange[0]!r}; known are {', '.join(KNOWN_VALUES[key])}.")
    return found
