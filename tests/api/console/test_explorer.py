"""The explorer's picture, table and CSV say the same; everything asked for stands in the address."""

import csv
import datetime as dt
import io
from typing import Any

from starlette.datastructures import QueryParams

from api.console.exploring import Question, read_question
from api.console.plot import Line, Mark, plot
from models.database import Sessions, reading, writing
from models.tally import hour_of
from models.trend_note import TrendNote
from tests.api.console.conftest import Browser, Page
from tests.conftest import NOW
from tests.factories import add_rule, add_tally
from warn.trends import Point

DAY = dt.timedelta(days=1)


def count_days(sessions: Sessions, **labels: list[int]) -> None:
    """Tally voices for the last days up to now, the oldest first; 40 texts were read on each."""
    with writing(sessions) as session:
        for label, counts in ({"volume": [40] * max(map(len, labels.values()))} | labels).items():
            for back, voices in enumerate(reversed(counts)):
                for country in ("", "KE"):
                    add_tally(session, label=label.replace("__", ":"), dimension="all", country=country,
                            hour=hour_of(NOW) - back * DAY, voices=voices, documents=2 * voices)  # fmt: skip


def point(day: int, voices: int, **values: Any) -> Point:
    known = {"documents": 10, "flagged": voices, "share": voices / 10, "expected": None, "upper": None, "alarm": False}
    return Point(at=dt.datetime(2026, 3, day, tzinfo=dt.UTC), voices=voices, **known | values)


def rows_of(browser: Browser, path: str) -> list[dict[str, str]]:
    answer = browser.get(path)
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_one_line_is_drawn_with_a_table_and_a_csv_of_the_same(sessions: Sessions, outsider: Browser) -> None:
    count_days(sessions, signal__incitement=[2, 5, 9])
    page = Page(outsider.get("/trends?label=signal:incitement&days=7&bucket=day").text)
    assert len([one for one in page.all("rect") if one.get("class") == "bar" and one["height"] != "0.0"]) == 3
    assert "14 Mar 2026 9 – – 18 80 22%" in " ".join(page.text.split())
    (described,) = page.all("desc")
    assert described
    assert "2 at first, 9 at last, most 9 on 14 Mar. Nothing was read in 5 of 8" in page.text
    rows = rows_of(outsider, "/trends?label=signal:incitement&days=7&bucket=day&format=csv")
    assert [(row["label"], row["voices"], row["flagged"]) for row in rows[-3:]] == [
        ("signal:incitement", "2", "4"),
        ("signal:incitement", "5", "10"),
        ("signal:incitement", "9", "18"),
    ]


def test_several_labels_are_compared_and_told_apart_by_number(sessions: Sessions, outsider: Browser) -> None:
    count_days(sessions, signal__incitement=[1, 2], signal__impunity=[3, 4])
    page = Page(outsider.get("/trends?label=signal:incitement&label=signal:impunity&country=KE").text)
    text = " ".join(page.text.split())
    assert "1. Incitement to violence" in text
    assert "2. Impunity for atrocities" in text
    assert "Each beside what was to be expected of it" in text
    assert "14 Mar 2026 2 4" in text
    links = [one["href"] for one in page.all("a") if (one["href"] or "").startswith("/queue?")]
    assert any("signal=impunity" in str(link) and "country=KE" in str(link) for link in links)


def test_a_grouping_offers_its_values_to_tick(sessions: Sessions, outsider: Browser) -> None:
    with writing(sessions) as session:
        for value, voices in (("KE", 7), ("SD", 3), ("SY", 1)):
            for label, count in (("any", voices), ("volume", 40)):
                add_tally(session, label=label, dimension="country", value=value, hour=hour_of(NOW), voices=count,
                              documents=count)  # fmt: skip
    page = Page(outsider.get("/trends?by=country&pick=SD&pick=SY").text)
    ticked = {one["value"] for one in page.all("input") if one["name"] == "pick" and "checked" in one}
    assert ticked == {"SD", "SY"}
    assert {row["key"] for row in rows_of(outsider, "/trends?by=country&pick=SD&format=csv")} == {"SD"}


def test_an_event_is_written_down_shown_and_taken_back(sessions: Sessions, analyst: Browser) -> None:
    count_days(sessions, any=[1, 2, 3])
    done = analyst.post("/trends/events?days=90", at="2026-03-12T08:00", title="=Radio <b>Keshu</b> falls silent")
    assert (done.status_code, done.headers["location"]) == (303, "/trends?days=90#marks")
    page = Page(analyst.get("/trends").text)
    assert "=Radio <b>Keshu</b> falls silent written down by Amina, 14 Mar 2026, 09:30 UTC" in " ".join(
        page.text.split()
    )
    assert [one for one in page.all("line") if one.get("class") == "event"]
    with reading(sessions) as session:
        number = session.query(TrendNote).one().id
    assert analyst.post(f"/trends/events/{number}").status_code == 303
    assert "falls silent" not in analyst.get("/trends").text


def test_a_reader_cannot_write_and_a_wrong_time_is_said(outsider: Browser, analyst: Browser) -> None:
    assert outsider.post("/trends/events", at="2026-03-12T08:00", title="No").status_code == 403
    assert "Write an event down" not in outsider.get("/trends").text
    wrong = analyst.post("/trends/events", at="yesterday", title="No")
    assert (wrong.status_code, "write a day and a time" in wrong.text) == (422, True)
    assert analyst.post("/trends/events", at="2026-03-12T08:00", title="").status_code == 422


def test_calendar_dates_and_outages_stand_in_the_picture(sessions: Sessions, outsider: Browser) -> None:
    dates = [{"name": "County election", "from": "2026-03-12", "until": "2026-03-13"}]
    with writing(sessions) as session:
        add_rule(session, kind="calendar", parameters={"dates": dates})
    count_days(sessions, any=[1, 2, 3])
    page = Page(outsider.get("/trends").text)
    assert "A 12 Mar 2026: County election" in " ".join(page.text.split())
    assert [one for one in page.all("rect") if one.get("class") == "span"]
    assert page.all("pattern")


def test_what_the_engine_refuses_is_said(outsider: Browser) -> None:
    refused = outsider.get("/trends?days=3650&bucket=hour")
    assert (refused.status_code, "lies more than 92 days before until" in refused.text) == (422, True)
    assert "Whatever is flagged: nothing was read." in outsider.get("/trends?label=nonsense&by=x&days=-1&until=?").text


def test_the_address_holds_the_whole_question() -> None:
    asked = Question(
        label=("any", "signal:impunity"), by="country", pick=("KE", "SD"), days="90", until="2026-03-01",
        bucket="week", country="KE", measure="share", detector="ears_c2",
    )  # fmt: skip
    assert read_question(QueryParams(asked.query()[1:])).query() == asked.query()
    assert Question().query() == ""
    assert asked.query(format="csv").endswith("&format=csv")


def test_a_line_is_cut_where_nothing_was_read_and_alarms_are_marked() -> None:
    points = [point(1, 2), point(2, 4), point(3, 0, documents=0, share=None), point(4, 6, alarm=True)]
    lines = [Line(number, str(number), "line", points) for number in (1, 2)]
    drawn = plot(lines, "voices", title="t", summary="s")
    assert [len(line.pieces) for line in drawn.lines] == [1, 1]
    assert [len(line.dots) for line in drawn.lines] == [1, 1]
    assert len(drawn.alarms) == 2
    assert len(drawn.dark) == 1
    assert plot(lines, "share", title="t", summary="s").alarms == []


def test_marks_beyond_the_picture_stay_within_it() -> None:
    early = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    marks = [Mark("1", early, early, "before"), Mark("A", early, early + 900 * DAY, "all along")]
    drawn = plot([Line(1, "", "line", [point(1, 2), point(2, 3)])], "voices", marks, title="t", summary="s")
    assert drawn.notes == [(float(drawn.left), "1")]
    ((left, width, _),) = drawn.spans
    assert (left, left + width) == (drawn.left, drawn.right)
    assert plot([], "voices", marks, title="t", summary="s").notes == []
