"""What a worker keeps of the tallies between two looks, so that an hour costs one hour's rows and not the history's.

A shelf holds the voices of all values of one scope, hour by hour. Which hours have changed since is told by
`counted_hours`: only those are read again, in one query for all shelves. What is normal for a series is learned once
a day (`warn.combined.facts`); a series whose history changed meanwhile is learned again at once, and from noon on the
next day is learned ahead, a part every hour, so that midnight costs no more than any other hour. A late change of the
volume moves every series of a scope a little: it is taken up at once where a day of it changed by more than a
hundredth, otherwise with the next day.

Nothing is kept that the database does not hold: a worker that starts anew reads it all once.
"""

import datetime as dt
import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ColumnElement, cast, extract, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.tally import CountedHour, TallyHour
from warn import combined, confirmed
from warn.baseline import Array, Design
from warn.detectors import Surge
from warn.series import HOUR_SECONDS, SCOPED_BY_VALUE, Scope, moment_of
from warn.tally import VOLUME

DAY_HOURS = 24
HALF_DAY = DAY_HOURS // 2
MOST_REREAD = 100  # hours; where more have changed, all is read anew
NOTICED = 0.01  # of a day's volume
Spans = dict[str, tuple[tuple[int, int], ...]]


@dataclass
class Lesson:
    """What is known of each row of a shelf on one day; `done` tells which rows have been learned."""

    day: int
    facts: Array
    done: NDArray[np.bool_]


@dataclass
class Shelf:
    """The voices (values, hours) of one scope from hour `first` on."""

    scope: Scope
    first: int
    voices: NDArray[np.float32]
    values: list[str] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    lessons: dict[int, Lesson] = field(default_factory=dict)
    events: Spans = field(default_factory=dict)

    def row_of(self, value: str) -> int:
        """Return the row of a value, a new one where it was never heard."""
        row = self.rows.get(value)
        if row is None:
            row = self.rows[value] = len(self.values)
            self.values.append(value)
            if row == len(self.voices):
                self.voices = np.concatenate([self.voices, np.zeros((max(64, row), self.hours), np.float32)])
        return row

    @property
    def hours(self) -> int:
        """The hours that fit."""
        return int(self.voices.shape[1])

    def move_to(self, first: int) -> None:
        """Forget the hours before `first`, and the values that were heard in none of the others."""
        gone = min(first - self.first, self.hours)
        self.voices = np.concatenate([self.voices[:, gone:], np.zeros((len(self.voices), gone), np.float32)], axis=1)
        self.first = first
        heard = np.flatnonzero(self.voices[: len(self.values)].any(axis=1))
        if len(heard) < len(self.values):
            self.voices = self.voices[heard]
            self.values = [self.values[row] for row in heard]
            self.rows = {value: row for row, value in enumerate(self.values)}
            for lesson in self.lessons.values():
                kept = heard[heard < len(lesson.done)]
                lesson.facts, lesson.done = lesson.facts[kept], lesson.done[kept]


class Memory:
    """The shelves of one worker; one thread looks at a time."""

    def __init__(self) -> None:
        self.design = Design()
        self.shelves: dict[Scope, Shelf] = {}
        self.volumes: dict[Scope, Shelf] = {}
        self.revisions: dict[int, int] = {}
        self.first = 0

    # --- keeping up with the tallies ----------------------------------------------------------------------------------

    def refresh(self, session: Session, design: Design, scopes: Collection[Scope], since: int, end: int) -> None:
        """Bring the shelves of the scopes, and their volumes, up to hour `end`, for looks from hour `since` on."""
        if design != self.design:
            self.shelves, self.volumes, self.revisions, self.design = {}, {}, {}, design
        first = (since // DAY_HOURS - self.design.memory) * DAY_HOURS
        hours = (end // DAY_HOURS + 1) * DAY_HOURS - first
        volumes = {volume_of(scope) for scope in scopes}
        now_at = dict(_revisions(session, first, end))
        changed = [hour for hour, revision in now_at.items() if self.revisions.get(hour) != revision]
        if len(changed) > MOST_REREAD or first < self.first or any(s.hours < hours for s in self.shelves.values()):
            self.shelves, self.volumes, changed = {}, {}, []
        for shelves, wanted in ((self.shelves, set(scopes)), (self.volumes, volumes)):
            for scope in shelves.keys() - wanted:
                del shelves[scope]
            for shelf in shelves.values():
                if first > shelf.first:
                    shelf.move_to(first)
        self._read_changed(session, changed)
        for shelves, wanted in ((self.volumes, volumes), (self.shelves, set(scopes))):
            for scope in sorted(wanted - shelves.keys(), key=repr):
                # Room for the days a worker may look back on.
                shelves[scope] = _read_all(session, scope, first, end, hours + 3 * DAY_HOURS)
        self.revisions, self.first = now_at, first
        for shelf in self.shelves.values():
            self._take_up_verdicts(session, shelf)

    def _read_changed(self, session: Session, changed: list[int]) -> None:
        everything = {**self.shelves, **self.volumes}
        if not changed or not everything:
            return
        fresh = {scope: np.zeros((len(shelf.voices), len(changed)), np.float32) for scope, shelf in everything.items()}
        column = {hour: number for number, hour in enumerate(changed)}
        for scope, value, hour, voices in _rows(session, everything, changed):
            shelf = everything.get(scope)
            if shelf is not None:
                row = shelf.row_of(value)
                if row >= len(fresh[scope]):
                    more = len(shelf.voices) - len(fresh[scope])
                    fresh[scope] = np.concatenate([fresh[scope], np.zeros((more, len(changed)), np.float32)])
                fresh[scope][row, column[hour]] = voices
        for scope, new in fresh.items():
            shelf = everything[scope]
            at = np.array(changed) - shelf.first
            before = shelf.voices[:, at]
            shelf.voices[:, at] = new
            if scope.label == VOLUME:
                self._volume_changed(shelf, np.array(changed), before, new)
            else:
                self._unlearn(shelf, np.array(changed), before != new)

    def _unlearn(self, shelf: Shelf, hours: NDArray[np.int64], differ: NDArray[np.bool_]) -> None:
        """Have the rows learned again in whose history something changed."""
        for lesson in shelf.lessons.values():
            rows = np.asarray(differ[:, hours < self._ripe(lesson.day)].any(axis=1))
            lesson.done &= ~rows[: len(lesson.done)]

    def _volume_changed(
        self, volume: Shelf, hours: NDArray[np.int64], before: NDArray[np.float32], new: NDArray[np.float32]
    ) -> None:
        """Unlearn what is measured against a volume that changed by more than a hundredth on some day.

        Only hours that a lesson rests on count: each hour that passes adds to today's volume, and what was learned for
        tomorrow must outlast that.
        """
        days, strayed = hours // DAY_HOURS, np.abs(new - before)
        for shelf in self.shelves.values():
            if volume_of(shelf.scope) == volume.scope:
                at = self._volume_rows(shelf, volume)
                for lesson, day in itertools.product(shelf.lessons.values(), np.unique(days)):
                    start = int(day) * DAY_HOURS - volume.first
                    total = volume.voices[:, start : start + DAY_HOURS].sum(axis=1)
                    rested_on = (days == day) & (hours < self._ripe(lesson.day))
                    moved = strayed[:, rested_on].sum(axis=1) > NOTICED * np.maximum(total, 1)
                    lesson.done &= ~moved[at][: len(lesson.done)]

    def _take_up_verdicts(self, session: Session, shelf: Shelf) -> None:
        events = confirmed.spans(session, shelf.scope, HOUR_SECONDS)
        for value in {v for v in {*events, *shelf.events} if events.get(v) != shelf.events.get(v)} & shelf.rows.keys():
            for lesson in shelf.lessons.values():
                lesson.done[shelf.rows[value] : shelf.rows[value] + 1] = False
        shelf.events = events

    def _ripe(self, day: int) -> int:
        """Return the hour up to which the past matters to what is learned for a day."""
        return (day - self.design.lag) * DAY_HOURS + HALF_DAY

    # --- looking ------------------------------------------------------------------------------------------------------

    def look(self, scope: Scope, hour: int, width: int | None = None) -> tuple[NDArray[np.int64], Surge, Array]:
        """Score one hour of the series of a scope that hold enough posts; return their rows, scores and volumes."""
        shelf = self.shelves[scope]
        upto = hour + 1 - shelf.first
        recent = shelf.voices[: len(shelf.values), upto - combined.REACH : upto]
        rows = np.flatnonzero(recent.sum(axis=1) >= self.design.min_events)
        facts = self._lesson(shelf, hour // DAY_HOURS, rows).facts[rows]
        y = recent[rows].astype(np.float64)
        n = np.maximum(self._volume(shelf, rows, upto - combined.REACH, upto), y)
        return rows, combined.look(facts, y, n, hour % DAY_HOURS, self.design, width), n

    def learn_ahead(self, hour: int) -> None:
        """Learn a part of what may be asked for: of today's series, and from noon on of what the next day needs.

        At midnight all is there; and soon after a worker has started, even should all series be heard at once.
        """
        today, left = hour // DAY_HOURS, DAY_HOURS - hour % DAY_HOURS
        for shelf in self.shelves.values():
            todo = np.flatnonzero(~self._prepared(shelf, today).done)
            self._learn(shelf, today, todo[: -(-len(shelf.values) // HALF_DAY)])
            if left <= HALF_DAY:
                todo = np.flatnonzero(~self._prepared(shelf, today + 1).done)
                self._learn(shelf, today + 1, todo[: -(-len(todo) // left)])

    def _lesson(self, shelf: Shelf, day: int, rows: NDArray[np.int64]) -> Lesson:
        """Return what is known on a day, with the rows that are asked for learned."""
        lesson = self._prepared(shelf, day)
        self._learn(shelf, day, rows[~lesson.done[rows]])
        return lesson

    def _prepared(self, shelf: Shelf, day: int) -> Lesson:
        count = len(shelf.values)
        shelf.lessons = {at: lesson for at, lesson in shelf.lessons.items() if abs(at - day) <= 2}
        lesson = shelf.lessons.setdefault(day, Lesson(day, np.zeros((0, combined.FACTS)), np.zeros(0, bool)))
        if (missing := count - len(lesson.done)) > 0:
            lesson.facts = np.concatenate([lesson.facts, np.zeros((missing, combined.FACTS))])
            lesson.done = np.concatenate([lesson.done, np.zeros(missing, bool)])
        return lesson

    def _learn(self, shelf: Shelf, day: int, rows: NDArray[np.int64]) -> None:
        if not len(rows):
            return
        lesson = shelf.lessons[day]
        start = max((day - self.design.memory) * DAY_HOURS - shelf.first, 0)
        # What comes after is not known yet, and must not matter.
        upto = self._ripe(day) - shelf.first
        padding = ((0, 0), (0, (day + 1) * DAY_HOURS - self._ripe(day)))
        for part in np.array_split(rows, -(-len(rows) // 256)):
            y = shelf.voices[part, start:upto].astype(np.float64)
            n = np.maximum(self._volume(shelf, part, start, upto), y)
            mask = None
            if shelf.events:
                values = [shelf.values[row] for row in part]
                mask = confirmed.masked(shelf.events, values, shelf.first + start, (day + 1) * DAY_HOURS)
            lesson.facts[part] = combined.facts(np.pad(y, padding), np.pad(n, padding), self.design, mask)
        lesson.done[rows] = True

    def _volume(self, shelf: Shelf, rows: NDArray[np.int64], start: int, upto: int) -> Array:
        volume = self.volumes[volume_of(shelf.scope)]
        return volume.voices[self._volume_rows(shelf, volume)[rows], start:upto].astype(np.float64)

    def _volume_rows(self, shelf: Shelf, volume: Shelf) -> NDArray[np.int64]:
        """Return the row of the volume that each row of a shelf is measured against."""
        if shelf.scope.dimension not in SCOPED_BY_VALUE:
            return np.full(len(shelf.values), volume.row_of(""))
        return np.array([volume.row_of(value) for value in shelf.values], dtype=np.int64)


def volume_of(scope: Scope) -> Scope:
    """Return the scope that counts what was scanned; the targets of a place share one."""
    return Scope(VOLUME, scope.dimension if scope.dimension in SCOPED_BY_VALUE else "all", scope.country)


def _revisions(session: Session, first: int, end: int) -> Iterable[tuple[int, int]]:
    hour = cast(extract("epoch", CountedHour.hour), BigInteger) // HOUR_SECONDS
    within = _between(CountedHour.hour, first, end)
    return [(at, revision) for at, revision in session.execute(select(hour, CountedHour.revision).where(*within))]


def _read_all(session: Session, scope: Scope, first: int, end: int, hours: int) -> Shelf:
    shelf = Shelf(scope, first, np.zeros((64, hours), np.float32))
    hour = cast(extract("epoch", TallyHour.hour), BigInteger) // HOUR_SECONDS - first
    query = select(TallyHour.value, hour, TallyHour.voices).where(
        TallyHour.label == scope.label,
        TallyHour.dimension == scope.dimension,
        TallyHour.country == scope.country,
        *_between(TallyHour.hour, first, end),
    )
    for value, column, voices in session.execute(query):
        row = shelf.row_of(value)
        shelf.voices[row, column] = voices
    return shelf


def _rows(session: Session, scopes: Collection[Scope], hours: Sequence[int]) -> Iterable[tuple[Scope, str, int, int]]:
    """Read some hours of all scopes at once; scopes that nobody asked for may be among them."""
    hour = cast(extract("epoch", TallyHour.hour), BigInteger) // HOUR_SECONDS
    columns = (TallyHour.label, TallyHour.dimension, TallyHour.country, TallyHour.value, hour, TallyHour.voices)
    query = select(*columns).where(
        TallyHour.hour.in_([moment_of(at, HOUR_SECONDS) for at in hours]),
        TallyHour.label.in_(sorted({scope.label for scope in scopes})),
        TallyHour.dimension.in_(sorted({scope.dimension for scope in scopes})),
        TallyHour.country.in_(sorted({scope.country for scope in scopes})),
    )
    named: dict[tuple[str, str, str], Scope] = {}
    for label, dimension, country, value, at, voices in session.execute(query):
        key = (label, dimension, country)
        if key not in named:
            named[key] = Scope(*key)
        yield named[key], value, at, voices


def _between(column: InstrumentedAttribute[dt.datetime], first: int, end: int) -> tuple[ColumnElement[bool], ...]:
    return column >= moment_of(first, HOUR_SECONDS), column < moment_of(end, HOUR_SECONDS)
