"""A rule as a form asks for it: the fields of each kind, what stands in them, and what was typed.

The fields come from `warn.parameters.KINDS`, so that a new parameter is asked for without a change here but its name.
It knows no table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData

from api.console import words
from api.console.desk import many, one
from api.console.translation import Spoken
from api.console.translation import gettext as _
from models.codebook import SIGNALS, STANCES, TARGETS
from warn import parameters
from warn.parameters import Choice, Dates, Parameter, Whole
from warn.rules import RuleInput, wanted_values

LONGEST = 20_000  # characters of a calendar
PARAMETERS = Spoken(
    {
        "min_stage": "Stage at least",
        "min_audience": "People that the source reaches, at least",
        "group_by": "A series for each",
        "window_hours": "Hours looked at together",
        "budget": "False alarms per series and quarter",
        "same": "What spreads",
        "across": "Places are told apart by",
        "least": "At least so many",
        "history_days": "Days of history",
        "outlets": "In at least so many outlets",
        "window_days": "Days looked at together",
        "z": "Standard deviations it must stand out by",
        "of": "What goes silent",
        "share": "Part of the sources, from 0 to 1",
        "silent_hours": "Hours of silence",
        "dates": "Dates, a line for each",
        "raise_by": "Severity is raised by",
        "before_days": "Days before",
        "after_days": "Days after",
    }
)
OPTIONS = Spoken(
    {
        "target": "Target",
        "target_name": "Group named",
        "language": "Language",
        "country": "Country",
        "source": "Source",
        "message": "Message",
        "outlet": "Outlet",
        "region": "Region",
    }
)
FILTERS = Spoken(
    {
        "target": "Target",
        "target_name": "Group named",
        "language": "Language",
        "country": "Country",
        "region": "Region",
        "source": "Source",
        "stance": "Stance",
    }
)
FILTERS_OF = {"surge": ("country", "target", "target_name", "language", "source"),
              "outage": ("country", "region", "language", "source")}  # fmt: skip
WITHOUT_SEVERITY = {"surge", "outage"}


@dataclass(frozen=True)
class Asked:
    """One field: a number within a range, a choice, lines, or a text."""

    name: str
    label: str
    shape: str
    value: str
    options: tuple[tuple[str, str], ...] = ()
    low: float = 0
    high: float = 0
    usual: str = ""


def asked_of(rule: RuleInput) -> list[Asked]:
    """Return the fields of a rule's kind, with what it holds."""
    own = [_parameter(key, known, rule.parameters) for key, known in parameters.KINDS[rule.kind].items()]
    return own + [_filter(key, rule.filters) for key in FILTERS_OF.get(rule.kind, tuple(FILTERS))]


def typed(form: FormData, kind: str) -> RuleInput:
    """Return the rule that was typed; what is wrong with it is for `warn.rules` to say."""
    known = parameters.KINDS[kind]
    given = {key: _read(one(form, f"p-{key}")[:LONGEST], parameter) for key, parameter in known.items()}
    filters = {key: _listed(one(form, f"f-{key}")) for key in FILTERS_OF.get(kind, tuple(FILTERS))}
    severity = one(form, "severity")
    return RuleInput(
        name=" ".join(one(form, "name").split()),
        kind=kind,
        min_severity=int(severity) if severity.isascii() and severity.isdigit() and len(severity) < 9 else 0,
        signals=[key for key in many(form, "signals") if key in SIGNALS],
        filters={key: value for key, value in filters.items() if value},
        parameters={key: value for key, value in given.items() if value is not None and value != []},
        enabled=bool(one(form, "enabled")),
    )


def in_words(rule: Any) -> list[tuple[str, str]]:
    """Return what a rule asks for, as names and values; usual values are left out."""
    said = [(_("Severity at least"), str(rule.min_severity))] if rule.min_severity else []
    if rule.signals:
        said.append((_("Signals"), ", ".join(words.SIGNALS.get(key, key) for key in rule.signals)))
    for field in asked_of(RuleInput("", rule.kind, 0, [], rule.filters, rule.parameters)):
        if field.value:
            shown = dict(field.options).get(field.value, field.value)
            said.append((field.label, ", ".join(shown.splitlines())))
    return said


def _parameter(key: str, known: Parameter, given: Mapping[str, Any]) -> Asked:
    name, label, value = f"p-{key}", PARAMETERS[key], given.get(key)
    if isinstance(known, Choice):
        options = tuple((str(option), OPTIONS.get(option, str(option))) for option in known.options)
        usual = OPTIONS.get(known.default, "") if known.default else ""
        return Asked(name, label, "choice", _text(value), options, usual=usual)
    if isinstance(known, Dates):
        return Asked(name, label, "lines", "\n".join(_line(entry) for entry in value or ()))
    shape = "whole" if isinstance(known, Whole) else "number"
    return Asked(name, label, shape, _text(value), low=known.low, high=known.high, usual=_text(known.default))


def _filter(key: str, given: Mapping[str, Any]) -> Asked:
    value = given.get(key)
    held = [] if value is None else [str(part) for part in wanted_values(value)]
    known: Mapping[str, tuple[str, ...]] = {"target": TARGETS, "stance": STANCES}
    if key in known and len(held) < 2:
        spoken = words.TARGETS if key == "target" else words.STANCES
        options = tuple((option, spoken[option]) for option in known[key])
        return Asked(f"f-{key}", FILTERS[key], "choice", ", ".join(held), options)
    return Asked(f"f-{key}", FILTERS[key], "text", ", ".join(held))


def _read(text: str, known: Parameter) -> Any:
    """Return a parameter's value; what is no number stays a text, so that the check says so."""
    if isinstance(known, Dates):
        return [_entry(line) for line in text.splitlines() if line.strip()]
    if not text:
        return None
    if isinstance(known, Choice):
        return next((option for option in known.options if str(option) == text), text)
    try:
        return int(text) if isinstance(known, Whole) else float(text)
    except ValueError:
        return text[:100]


def _entry(line: str) -> dict[str, Any]:
    """Read a date: name; from; until; country; yearly. What is left out may be left out."""
    name, *parts = (part.strip() for part in line.split(";"))
    yearly = [part for part in parts if part.lower() == "yearly"]
    rest = [part for part in parts if part.lower() != "yearly"] + ["", "", ""]
    entry: dict[str, Any] = {"name": name, "from": rest[0]}
    if rest[1]:
        entry["until"] = rest[1]
    if rest[2]:
        entry["country"] = rest[2].upper()
    return entry | ({"yearly": True} if yearly else {})


def _line(entry: Mapping[str, Any]) -> str:
    parts = [entry.get(key) or "" for key in ("name", "from", "until", "country")]
    return "; ".join([*parts, "yearly"] if entry.get("yearly") else parts).rstrip("; ")


def _listed(text: str) -> str | list[str]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return parts[0] if len(parts) == 1 else parts


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)
