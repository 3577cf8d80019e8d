"""The parameters that kinds of rules know, each with its range and what holds when it is absent.

`KINDS` is the whole list; a rule's check and its reading use the same entry, so that no default is written twice.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.tally import DIMENSIONS

GROUPS = tuple(dimension for dimension in DIMENSIONS if dimension != "all")
COUNTRY = 2
EVERYBODY = 10**10


@dataclass(frozen=True)
class Whole:
    """A whole number within a range."""

    low: int
    high: int
    default: int | None

    def problem(self, value: object) -> str | None:
        """Say what is wrong with a value."""
        if isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high:
            return None
        return f"it must be a whole number from {self.low} to {self.high}"


@dataclass(frozen=True)
class Number:
    """A number within a range, ends included."""

    low: float
    high: float
    default: float | None
    what: str = "it must be a number"

    def problem(self, value: object) -> str | None:
        """Say what is wrong with a value."""
        if isinstance(value, (int, float)) and not isinstance(value, bool) and self.low <= value <= self.high:
            return None
        return f"{self.what}, from {self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Choice:
    """One of some words or numbers."""

    options: tuple[Any, ...]
    default: Any
    absent: str = ""

    def problem(self, value: object) -> str | None:
        """Say what is wrong with a value."""
        if value in self.options and not isinstance(value, bool):
            return None
        return f"it must be one of {', '.join(map(str, self.options))}{self.absent}"


@dataclass(frozen=True)
class Dates:
    """A calendar: entries with a name, `from`, optionally `until` and a country; `yearly` ones come again."""

    default: tuple[Any, ...] = ()
    most: int = 500

    def problem(self, value: object) -> str | None:
        """Say what is wrong with a calendar, the first thing that is."""
        if not isinstance(value, list) or not 1 <= len(value) <= self.most:
            return f"it must be a list of 1 to {self.most} dates"
        found = (_date_problem(number, entry) for number, entry in enumerate(value, 1))
        return next((problem for problem in found if problem), None)


Parameter = Whole | Number | Choice | Dates
BUDGET = Number(0.1, 10, None, "it is the number of false alarms per series and quarter")
KINDS: dict[str, dict[str, Parameter]] = {
    "item": {"min_stage": Whole(0, 4, 0), "min_audience": Whole(0, EVERYBODY, 0)},
    "surge": {
        "group_by": Choice(GROUPS, None, ", or absent"),
        "window_hours": Choice((1, 3, 6, 12, 24), None, ", or absent to watch them all"),
        "budget": BUDGET,
    },
    "spread": {
        "same": Choice(("message", "target_name"), "message"),
        "across": Choice(("outlet", "region", "country", "language"), "outlet"),
        "least": Whole(2, 100, 3),
        "window_hours": Whole(1, 168, 24),
        "min_stage": Whole(0, 4, 0),
    },
    "new_target": {
        "least": Whole(1, 100, 2),
        "window_hours": Whole(1, 168, 24),
        "history_days": Whole(1, 365, 14),
        "min_stage": Whole(0, 4, 0),
    },
    "coded_term": {
        "least": Whole(3, 1000, 5),
        "outlets": Whole(1, 100, 2),
        "window_days": Whole(1, 28, 7),
        "history_days": Whole(7, 365, 28),
        "z": Number(2, 10, 3.0),
    },
    "outage": {
        "of": Choice(("country", "source"), "country"),
        "share": Number(0.1, 1, 0.5, "it is the part of a country's sources"),
        "least": Whole(2, 100, 3),
        "window_hours": Whole(1, 72, 6),
        "silent_hours": Whole(1, 720, 24),
    },
    "calendar": {
        "dates": Dates(),
        "raise_by": Whole(1, 50, 15),
        "before_days": Whole(0, 365, 14),
        "after_days": Whole(0, 365, 7),
        "min_stage": Whole(0, 4, 0),
        "min_audience": Whole(0, EVERYBODY, 0),
    },
}


def problems(kind: str, given: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with the parameters of a rule, one sentence each."""
    known = KINDS[kind]
    found = [
        f"parameters: {key!r} is unknown to {kind} rules; known are {', '.join(known)}."
        for key in given
        if key not in known
    ]
    for key, parameter in known.items():
        if key in given and (given[key] is not None or parameter.default is not None):
            problem = parameter.problem(given[key])
        else:
            # A calendar without a date would never do anything.
            problem = parameter.problem(None) if isinstance(parameter, Dates) else None
        if problem:
            found.append(f"parameters.{key} is {given.get(key)!r}; {problem}.")
    return found


def value(kind: str, given: Mapping[str, Any], key: str) -> Any:
    """Return a parameter of a rule, or what holds when it is absent."""
    default = KINDS[kind][key].default
    return given.get(key, default)


def _date_problem(number: int, entry: object) -> str | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or not entry["name"].strip():
        return f"date {number} needs a name and a day from which it counts (from)"
    country = entry.get("country")
    problem = None
    if strange := [key for key in entry if key not in {"name", "from", "until", "country", "yearly"}]:
        problem = f"has an unknown field {strange[0]!r}; known are name, from, until, country, yearly"
    elif (length := _length(entry)) is None:
        problem = "has no days: from and until must be days like 2026-08-11"
    elif not 0 <= length <= 366:
        problem = "ends before it begins, or lasts more than a year"
    elif country is not None and not (isinstance(country, str) and len(country) == COUNTRY and country.isupper()):
        problem = "has a country that is not two capital letters; leave it out for everywhere"
    elif not isinstance(entry.get("yearly", False), bool):
        problem = "has a yearly that is neither true nor false"
    return problem and f"date {number} {problem}"


def _length(entry: Mapping[str, Any]) -> int | None:
    """Return how many days lie between from and until, None where they are no days."""
    try:
        first = dt.date.fromisoformat(entry["from"])
        return (dt.date.fromisoformat(entry.get("until", entry["from"])) - first).days
    except (KeyError, TypeError, ValueError):
        return None
