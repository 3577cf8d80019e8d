"""Fault 70: a feed that calls itself otherwise than before is flagged for a week, and a new look is no new name."""

import datetime as dt

import pytest

from ingest.hijack import about, differs
from tests.fault_server import FaultServer, text
from tests.ingest.conftest import Desk
from tests.ingest.feeds import item, rss

DAY = dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("before", "after", "flagged"),
    [
        (("Radio Keshu", "WordPress 6.1"), ("Radio Keshu", "Hugo"), False),
        (("Radio Keshu", "WordPress 6.1"), ("Radio Keshu: news of the hills", "WordPress 6.2"), False),
        (("Radio Keshu", None), ("Best casino of Marrok", None), True),
        (("Radio Keshu", "WordPress 6.1"), ("Radio Best Casino", "Hugo"), True),
        (("Radio Keshu", "https://wordpress.org/?v=6.1"), ("Radio Keshu FM", "https://wordpress.org/?v=6.2"), False),
        (("Радио Кешу", None), ("Казино", None), True),
        (("Radio Keshu", None), (None, None), False),
        ((None, None), ("Radio Keshu", None), False),
    ],
)
def test_who_calls_himself_otherwise(
    before: tuple[str | None, str | None], after: tuple[str | None, str | None], flagged: bool
) -> None:
    assert differs(about(*before), about(*after)) == flagged


def test_a_source_that_was_taken_over_is_a_state_with_since_why_and_next_try(desk: Desk, server: FaultServer) -> None:
    server["/feed"] = text(rss(item(1)))
    source_id = desk.watch(server.url("/feed"))
    desk.poll()
    assert desk.source(source_id).state == "ok"
    server["/feed"] = text(rss(item(2), title="Best casino"))
    desk.poll(DAY)
    source = desk.source(source_id)
    began = desk.now
    assert (source.state, source.state_since) == ("changed", began)
    assert "it calls itself 'Best casino' and not 'Radio Keshu'" in (source.state_reason or "")
    assert source.next_due_at is not None
    assert source.next_due_at > desk.now
    assert len(desk.items(source_id)) == 2  # read on: people decide
    for day in range(8):
        server["/feed"] = text(rss(item(3 + day), title="Best casino"))
        desk.poll(DAY)
    assert desk.source(source_id).state == "ok"
