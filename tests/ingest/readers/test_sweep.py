"""Whatever comes between two polls is read, at any size of pages and budget: the decision alone, without a network."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from ingest.entry import Entry
from ingest.errors import BadAnswer
from ingest.readers import Batch, Gone
from ingest.readers.sweep import MAX_GAPS, Page, sweep

NOW = dt.datetime(2026, 3, 14, tzinfo=dt.UTC)


class Board:
    """A timeline of numbers; the time of a post is its number in minutes."""

    def __init__(self, size: int) -> None:
        self.size, self.posts, self.broken = size, list[int](), set[str]()

    def page(self, token: str | None) -> Page:
        if token in self.broken:
            raise BadAnswer("expired", 400)
        below = int(token) if token else 10**9
        shown = sorted((n for n in self.posts if n < below), reverse=True)[: self.size]
        batch = Batch(entries=tuple(Entry(content=str(n), external_id=str(n)) for n in shown))
        more = bool(shown) and min(self.posts) < shown[-1]
        return Page(batch, str(shown[-1]) if more else None, tuple((str(n), n * 60.0) for n in shown))


def poll(board: Board, cursor: dict[str, object], pages: int, seen: list[str]) -> tuple[dict[str, object], list[Gone]]:
    gone: list[Gone] = []

    def confirm(names: list[str]) -> tuple[Gone, ...]:
        return tuple(Gone(name, "no longer there") for name in names)

    remembered: list[dict[str, object]] = []
    for batch in sweep(cursor, board.page, confirm, pages, NOW):
        seen += [entry.external_id or "" for entry in batch.entries]
        gone += batch.gone
        remembered += [batch.remember["cursor"]] if "cursor" in batch.remember else []
    assert len(remembered) == 1
    return remembered[0], gone


@given(
    size=st.integers(2, 7),
    pages=st.integers(2, 5),
    arrivals=st.lists(st.integers(0, 25), min_size=1, max_size=MAX_GAPS),
)
def test_nothing_between_two_polls_is_lost(size: int, pages: int, arrivals: list[int]) -> None:
    board, cursor, seen = Board(size), dict[str, object](), list[str]()
    board.posts = [1]
    cursor, _ = poll(board, cursor, pages, seen)
    for count in arrivals:
        board.posts += range(max(board.posts) + 1, max(board.posts) + 1 + count)
        cursor, _ = poll(board, cursor, pages, seen)
    for _ in range(200):
        if not cursor["gaps"]:
            break
        cursor, _ = poll(board, cursor, pages, seen)
    assert set(seen) == {str(number) for number in board.posts}


@given(size=st.integers(3, 7), removed=st.sets(st.integers(1, 30)))
def test_exactly_what_is_missing_from_the_newest_page_is_asked_about(size: int, removed: set[int]) -> None:
    board, seen = Board(size), list[str]()
    board.posts = list(range(1, 31))
    cursor, _ = poll(board, {}, 1, seen)
    window = set(sorted(board.posts)[-size:])
    board.posts = [number for number in board.posts if number not in removed]
    _, gone = poll(board, cursor, 1, seen)
    assert {int(one.external_id) for one in gone} <= removed & window
    if len(board.posts) > size:
        assert {int(one.external_id) for one in gone} == removed & window


def test_a_page_that_expired_is_given_up_and_said() -> None:
    board, seen = Board(2), list[str]()
    board.posts = [1]
    cursor, _ = poll(board, {}, 2, seen)
    board.posts = list(range(1, 20))
    cursor, _ = poll(board, cursor, 2, seen)
    board.broken = {str(gap[0]) for gap in cursor["gaps"]}  # type: ignore[attr-defined]
    assert board.broken
    reasons = [batch.reason for batch in sweep(cursor, board.page, lambda names: (), 3, NOW)]
    assert any("given up" in (reason or "") for reason in reasons)
    board.broken = set()
    cursor, _ = poll(board, cursor, 3, seen)


def test_a_source_in_the_future_does_not_hide_what_comes_after() -> None:
    board, seen = Board(3), list[str]()
    ahead = int(NOW.timestamp() // 60) + 10_000
    board.posts = [ahead, ahead + 1]
    cursor, _ = poll(board, {}, 3, seen)
    assert cursor["mark"] == NOW.timestamp()


def test_a_question_about_deletions_that_fails_does_not_hold_up_the_news() -> None:
    board, seen = Board(3), list[str]()
    board.posts = [1, 2, 3]
    cursor, _ = poll(board, {}, 3, seen)
    board.posts = [1, 3, 4]

    def fail(names: list[str]) -> tuple[Gone, ...]:
        assert names == ["2"]
        raise BadAnswer("not now", 403)

    batches = list(sweep(cursor, board.page, fail, 3, NOW))
    assert [entry.external_id for batch in batches for entry in batch.entries] == ["4", "3", "1"]
