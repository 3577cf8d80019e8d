"""The escalation index as a page: picture, table and CSV of one group and place, with how sure it is."""

import datetime as dt
import re

import pytest

from api.console import levels
from models.database import Sessions, writing
from tests.api.console.conftest import Browser, Page
from tests.conftest import NOW
from tests.factories import add_assessment, add_document, add_item, add_source, add_tally
from warn.escalation import Change, IndexPoint

WEEK = dt.timedelta(weeks=1)


@pytest.fixture
def climbing(sessions: Sessions) -> None:
    """Half a year of weeks; against the Varni it climbs from stage 1 to 3, and in one week nothing was read."""
    with writing(sessions) as session:
        source = add_source(session, country="KE")
        for back in range(24):
            at = NOW - back * WEEK
            if back != 5:
                add_tally(session, label="volume", dimension="all", hour=at, documents=500, voices=500)
                add_tally(session, label="volume", dimension="all", country="KE", hour=at, documents=500, voices=500)
            for number in range(3):
                item = add_item(session, source, event_at=at, content=f"{back} {number}")
                add_assessment(
                    session,
                    add_document(session, item),
                    stage=3 if back < 8 else 1,
                    status="confirmed" if number == 0 else "unreviewed",
                    marks=[("signal", "incitement"), ("target_name", "Varni")],
                )


def text_of(browser: Browser, address: str) -> str:
    return " ".join(Page(browser.get(address).text).text.split())


@pytest.mark.usefixtures("climbing")
def test_the_page_shows_the_climb_the_change_and_how_sure_it_is(outsider: Browser) -> None:
    text = text_of(outsider, "/trends/escalation?name=Varni&country=KE")
    assert "Escalation index: Varni (KE)" in text
    assert "Too little was read in" in text
    assert re.search(r"from 5\.\d\d to 2\d\.\d\d", text)
    assert "3 (violence) 8 0" in text
    assert "Too few unflagged texts were reviewed" in text
    assert "Counter-speech beside it" in text


@pytest.mark.usefixtures("climbing")
def test_the_csv_holds_the_same_weeks(outsider: Browser) -> None:
    answer = outsider.get("/trends/escalation?name=Varni&country=KE&format=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    lines = answer.text.splitlines()
    assert lines[0].startswith("at,scanned,stage_1")
    shown = outsider.get("/trends/escalation?name=Varni&country=KE").text
    assert len(re.findall(r'<tr><th scope="row"><time', shown)) == len(lines) - 1


def test_what_cannot_be_understood_is_left_out_and_nothing_read_is_said(outsider: Browser) -> None:
    answer = outsider.get("/trends/escalation?target=martians&country=KEN&days=1000000&region=%00")
    assert answer.status_code == 200
    assert "Nothing was read." in answer.text
    assert "Escalation index of all that is flagged" in Page(answer.text).text


def test_small_values_get_a_small_axis_and_what_is_masked_has_no_bar() -> None:
    def point(week: int, index: float | None) -> IndexPoint:
        high = None if index is None else 2 * index
        return IndexPoint(NOW + week * WEEK, 10, {1: 0}, index, index, high, index is None, 0.5 if week else None)

    points = [point(0, 0.01), point(1, None), point(2, 0.03)]
    plot = levels.draw(points, [Change(points[2].at, 0.01, 0.03)], title="", summary="")
    assert [tick.label for tick in plot.ticks_y] == ["0.000", "0.030", "0.060"]
    assert len(plot.bars) == len(plot.whiskers) == 2
    assert len(plot.dark) == len(plot.notes) == 1
    assert all(plot.top <= high <= low <= plot.baseline for _, high, low in plot.whiskers)
    counter = levels.beside(points, title="", summary="")
    assert len(counter.lines[0].pieces) == 1
