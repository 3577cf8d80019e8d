"""The whole flow on a real feed server and a real receiver: five arrows, one passage, from source to partner."""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from api.reviews import Decision, add_review
from api.settings import Settings, load
from api.webhooks import deliver
from classify.assess import assess
from ingest.extract import extract
from ingest.http import Network
from ingest.poll import poll
from models.alert import Alert
from models.assessment import Assessment
from models.database import Sessions, reading, writing
from models.delivery import Delivery, Webhook
from models.document import Document
from models.item import Item
from models.source import Source
from models.tally import TallyHour
from tests.factories import add_account, add_rule, add_source, add_webhook
from tests.fakes import FakeScorer
from tests.fault_server import FaultServer, drip, fault_server, redirect, sequence, text
from warn.alerts import raise_alerts

pytestmark = pytest.mark.enable_socket

MARKET = "The market of Marrok opens at eight, and the bridge is mended since Monday, says the council."
CALL = "The Varni are RATS. BURN what they own before the market opens, neighbours of Marrok."


def feed(*descriptions: str) -> str:
    entries = "".join(
        f"<item><guid>{number}</guid><description>{words}</description>"
        f"<pubDate>Sat, 14 Mar 2026 08:{number:02d}:00 GMT</pubDate></item>"
        for number, words in enumerate(descriptions)
    )
    return f'<rss version="2.0"><channel><title>Radio</title>{entries}</channel></rss>'


class House:
    """An installation under test: `turn` runs the arrows until nothing moves."""

    def __init__(self, sessions: Sessions, home: Path) -> None:
        self.sessions = sessions
        self.settings: Settings = load({"TOCSIN_HOME": str(home), "TOCSIN_ALLOWED_NETWORKS": "127.0.0.1/32"})
        self.ingest = replace(self.settings.ingest, fetch_deadline_seconds=1.0)
        self.network = Network(self.ingest)
        self.scorer = FakeScorer()

    def turn(self, now: dt.datetime) -> None:
        poll(self.sessions, self.network, self.ingest, now)
        while extract(self.sessions, self.network, self.ingest, now):
            pass
        while assess(self.sessions, self.scorer, self.settings.classify, now):
            pass
        while raise_alerts(self.sessions, self.settings.warn, now):
            pass
        deliver(self.sessions, self.network, self.settings, now, pause=lambda _: None)

    def count(self, table: type) -> int:
        with reading(self.sessions) as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def state_of(self, name: str) -> tuple[str, str]:
        with reading(self.sessions) as session:
            source = session.scalars(select(Source).where(Source.name == name)).one()
            return source.state, source.state_reason or ""

    def flagged(self) -> int:
        with reading(self.sessions) as session:
            anything = (TallyHour.label == "any", TallyHour.dimension == "all", TallyHour.country == "")
            return session.scalar(select(func.coalesce(func.sum(TallyHour.documents), 0)).where(*anything)) or 0


@pytest.fixture
def house(sessions: Sessions, tmp_path: Path) -> House:
    return House(sessions, tmp_path)


@pytest.fixture
def world() -> Iterator[FaultServer]:
    with fault_server() as server:
        yield server


def watch(house: House, world: FaultServer, now: dt.datetime, **paths: str) -> None:
    with writing(house.sessions) as session:
        for name, path in paths.items():
            add_source(session, name=name, url=world.url(path), next_due_at=now, language="en")
        add_rule(session, name="violence", min_severity=60)


def test_a_call_for_violence_reaches_the_partner_once(house: House, world: FaultServer, now: dt.datetime) -> None:
    world["/feed"] = text(feed(MARKET, CALL))
    world["/hook"] = sequence(text("", status=500), text("thank you"))
    watch(house, world, now, Radio="/feed")
    with writing(house.sessions) as session:
        add_webhook(session, url=world.url("/hook"))

    house.turn(now)
    assert [house.count(table) for table in (Item, Document, Assessment, Alert, Delivery)] == [2, 2, 2, 1, 1]
    house.turn(now + dt.timedelta(hours=1))
    assert [house.count(table) for table in (Item, Document, Assessment, Alert, Delivery)] == [2, 2, 2, 1, 1]
    assert house.flagged() == 1

    calls = [served for served in world.ledger if served.path == "/hook"]
    assert [served.status for served in calls] == [500, 200]
    assert len({served.headers["webhook-id"] for served in calls}) == 1
    assert calls[0].body == calls[1].body
    payload = json.loads(calls[1].body)
    assert payload["type"] == "alert.opened"
    assert CALL not in calls[1].body.decode()


def test_a_review_takes_a_false_alarm_out_of_the_trend(house: House, world: FaultServer, now: dt.datetime) -> None:
    world["/feed"] = text(feed(MARKET, CALL))
    watch(house, world, now, Radio="/feed")
    house.turn(now)
    with writing(house.sessions) as session:
        flagged = session.scalars(select(Assessment.id).where(Assessment.flagged_now)).one()
        add_review(session, add_account(session).id, flagged, Decision(verdict="rejected"), now)
    house.turn(now + dt.timedelta(minutes=1))
    assert house.flagged() == 0


def test_an_edited_text_is_a_new_version_and_counts_anew(house: House, world: FaultServer, now: dt.datetime) -> None:
    world["/feed"] = sequence(text(feed(CALL)), text(feed(MARKET)))
    watch(house, world, now, Radio="/feed")
    house.turn(now)
    assert house.flagged() == 1
    house.turn(now + dt.timedelta(hours=1))
    assert house.count(Item) == 2
    assert house.flagged() == 0
    with reading(house.sessions) as session:
        kept = session.scalars(select(Item.content).order_by(Item.version)).all()
    assert [CALL in kept[0], MARKET in kept[1]] == [True, True]


def test_a_newer_model_reads_everything_again_and_nothing_counts_twice(
    house: House, world: FaultServer, now: dt.datetime
) -> None:
    world["/feed"] = text(feed(MARKET, CALL))
    watch(house, world, now, Radio="/feed")
    house.turn(now)
    house.scorer.config = replace(house.scorer.config, sha256="1" * 64)
    house.turn(now + dt.timedelta(minutes=1))
    assert house.count(Assessment) == 4
    assert house.flagged() == 1
    assert house.count(Alert) == 1


def test_no_hostile_source_stops_another(house: House, world: FaultServer, now: dt.datetime) -> None:
    world["/login"] = text("<html><form>Please sign in</form></html>", content_type="text/html")
    world["/drip"] = drip(30)
    world["/inside"] = redirect("http://127.0.0.2:9/canary")
    world["/poison"] = text(feed("A post with \x00 inside".replace("\x00", "&#0;"), MARKET))
    world["/feed"] = text(feed(CALL))
    watch(house, world, now, Login="/login", Drip="/drip", Inside="/inside", Poison="/poison", Radio="/feed")
    house.turn(now)
    assert house.state_of("Login")[0] == "no_feed"
    assert house.state_of("Drip")[0] in {"failing", "too_large"}
    assert house.state_of("Inside")[0] == "refused"
    assert all(house.state_of(name)[1] for name in ("Login", "Drip", "Inside"))
    assert house.state_of("Radio")[0] == "ok"
    assert house.flagged() == 1


def test_a_lone_surrogate_and_a_null_harm_only_themselves(house: House, now: dt.datetime) -> None:
    from ingest.read import push

    posts = [{"external_id": str(i), "text": words} for i, words in enumerate(["a \x00 post", "a \ud800 post", CALL])]
    with writing(house.sessions) as session:
        add_rule(session, name="violence", min_severity=60)
    pushed = push(house.sessions, "Field office", posts, house.ingest, now)
    assert (pushed.accepted, pushed.rejected) == (3, [])
    house.turn(now)
    assert house.count(Assessment) == 3
    assert house.count(Alert) == 1
    with reading(house.sessions) as session:
        assert session.scalars(select(Webhook.id)).first() is None
        assert not session.scalars(select(Document.id).where(Document.unscored_reason.is_not(None))).all()
