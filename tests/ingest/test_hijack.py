"""Fault 70: a source that is not what it was is a state until a person has looked; a renewed certificate is no news."""

import datetime as dt
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import Conflict
from api.sources import acknowledge
from ingest import hijack
from ingest.certificates import described
from ingest.hijack import about, compared, open_change, sentence
from ingest.http import Network
from models.database import writing
from models.source import Source
from tests import factories
from tests.certificates import Issuer
from tests.fault_server import FaultServer, fault_server, text
from tests.ingest.conftest import Desk
from tests.ingest.feeds import item, rss

DAY = dt.timedelta(days=1)
NOW = dt.datetime(2026, 3, 14, 9, 30, tzinfo=dt.UTC)
KESHU = {
    "title": "Radio Keshu",
    "generator": "WordPress 6.1",
    "link": "https://www.radio.example.org/",
    "language": "sw",
}


def after(*seen: dict[str, object]) -> dict[str, object]:
    identity: dict[str, object] = {}
    for day, one in enumerate(seen):
        identity = compared(identity, about(**one), NOW + day * DAY)  # type: ignore[arg-type]
    return identity


@pytest.mark.parametrize(
    ("change", "grave"),
    [
        ({"generator": "Hugo"}, False),
        ({"title": "Radio Keshu: news of the hills", "generator": "WordPress 6.2"}, False),
        ({"title": "Radio Keshu (12)", "generator": "Hugo"}, False),
        ({"title": "Best casino of Marrok"}, True),
        ({"title": "Radio Best Casino", "generator": "Hugo"}, True),
        ({"title": "Радио Кешу"}, True),
        ({"title": None, "generator": None, "link": None, "language": None}, False),
        ({"link": "https://radio.example.org/new", "language": "sw-KE"}, False),
        ({"link": "https://casino.example.net/", "language": "en"}, False),
        ({"link": "https://casino.example.net/", "language": "en", "generator": "Hugo"}, True),
        ({"link": "http://[broken"}, False),
    ],
)
def test_several_marks_together_ask_for_a_person(change: dict[str, object], grave: bool) -> None:
    assert bool(open_change(after(KESHU, KESHU | change))) == grave


def test_marks_that_change_one_after_the_other_within_a_week_count_together() -> None:
    moved = KESHU | {"link": "https://casino.example.net/"}
    english = moved | {"language": "en"}
    identity = after(KESHU, moved, english, english | {"generator": "Hugo"})
    assert sentence(identity) == (
        "since 2026-03-17 its program is 'Hugo' and not 'WordPress'; "
        "since 2026-03-15 it links to 'casino.example.net' and not to 'radio.example.org'; "
        "since 2026-03-16 its language is 'en' and not 'sw'; is it still the same publisher?"
    )
    slow = after(KESHU, moved, *[moved] * 7, english, *[english] * 7, english | {"generator": "Hugo"})
    assert open_change(slow) is None
    assert len(slow["changes"]) == 3  # type: ignore[arg-type]


def test_who_goes_to_and_fro_between_two_values_is_noted_once() -> None:
    identity = after(*[KESHU, KESHU | {"link": "https://mirror.example.org/"}] * 20)
    assert [len(one["what"]) for one in identity["changes"]] == [1]  # type: ignore[attr-defined]


def test_once_acknowledged_the_new_marks_are_the_known_ones() -> None:
    casino = KESHU | {"title": "Best casino"}
    identity = hijack.acknowledged(after(KESHU, casino), "Amina", NOW)
    assert sentence(identity) is None
    assert compared(identity, about(**casino), NOW + DAY) is identity
    again = compared(identity, about(title="Pharmacy"), NOW + DAY)
    assert "calls itself 'Pharmacy' and not 'Best casino'" in (sentence(again) or "")


@given(
    st.lists(st.fixed_dictionaries(dict.fromkeys(("title", "generator", "link", "language"), st.none() | st.text())))
)
def test_nothing_a_feed_says_of_itself_breaks_the_comparison(seen: list[dict[str, object]]) -> None:
    identity = after(*seen)
    for one in identity.get("changes", ()):  # type: ignore[attr-defined]
        assert hijack.in_words(one)
    assert all(len(values) <= hijack.REMEMBERED for values in identity.get("known", {}).values())  # type: ignore[attr-defined]


def test_letters_that_only_look_alike_are_shown_in_punycode() -> None:
    identity = after(KESHU, KESHU | {"link": "https://r\u0430dio.example.org/"})
    [change] = identity["changes"]  # type: ignore[attr-defined]
    assert "it links to 'xn--rdio-53d.example.org' and not to 'radio.example.org'" in hijack.in_words(change)


def test_bytes_that_are_no_certificate_say_nothing() -> None:
    assert described(b"no certificate") == {}
    assert described(None) == {}


def test_a_source_that_was_taken_over_stays_a_state_until_a_person_has_looked(desk: Desk, server: FaultServer) -> None:
    server["/feed"] = text(rss(item(1)))
    source_id = desk.watch(server.url("/feed"))
    desk.poll()
    assert desk.source(source_id).state == "ok"
    server["/feed"] = text(rss(item(2), title="Best casino"))
    desk.poll(DAY)
    source, began = desk.source(source_id), desk.now
    assert (source.state, source.state_since) == ("changed", began)
    assert "it calls itself 'Best casino' and not 'Radio Keshu'" in (source.state_reason or "")
    assert source.next_due_at is not None
    assert source.next_due_at > desk.now
    assert len(desk.items(source_id)) == 2  # read on: people decide
    for day in range(8):
        server["/feed"] = text(rss(item(3 + day), title="Best casino"))
        desk.poll(DAY)
    assert desk.source(source_id).state == "changed"
    with writing(desk.sessions) as session:
        person = factories.add_account(session)
        assert acknowledge(session, source_id, person.name, person.id, desk.now).state == "ok"
        with pytest.raises(Conflict):
            acknowledge(session, source_id, person.name, person.id, desk.now)
    desk.poll(DAY)
    source = desk.source(source_id)
    assert source.state == "ok"
    assert source.identity["changes"][0]["acknowledged_by"] == person.name


@pytest.fixture
def secure() -> Iterator[FaultServer]:
    with fault_server() as running:
        yield running


class Site:
    """A feed behind TLS whose certificate is changed while it runs."""

    def __init__(self, desk: Desk, server: FaultServer, folder: Path) -> None:
        self.desk, self.server, self.issuers = desk, server, [Issuer(folder, name) for name in ("Keshu CA", "Open CA")]
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.key = self.present(0)
        server.http.socket = self.context.wrap_socket(server.http.socket, server_side=True)
        trusting = ssl.create_default_context(cafile=self.issuers[0].root)
        trusting.load_verify_locations(self.issuers[1].root)
        desk.network = Network(desk.settings, lambda *_: ["127.0.0.1"], trusting)
        server["*"] = text(rss(item(1)), etag='"one"')
        self.source_id = desk.watch(f"https://radio.example.org:{server.port}/feed")
        desk.poll()

    def present(self, issuer: int, key: object = None) -> object:
        path, key = self.issuers[issuer].certificate("radio.example.org", key)  # type: ignore[arg-type]
        self.context.load_cert_chain(path)
        return key

    def polled(self) -> Source:
        self.desk.poll(dt.timedelta(hours=1))
        source = self.desk.source(self.source_id)
        assert source.failures == 0, source.state_reason
        return source


@pytest.fixture
def site(desk: Desk, secure: FaultServer, tmp_path: Path) -> Site:
    return Site(desk, secure, tmp_path)


def test_a_renewed_certificate_is_no_change(site: Site) -> None:
    first = site.desk.source(site.source_id).identity["known"]
    site.present(0)
    source = site.polled()
    assert source.state == "ok"
    assert source.identity["changes"] == []
    assert first["issuer"] == source.identity["known"]["issuer"] == ["Keshu CA"]
    assert len(source.identity["known"]["key"]) == 2


def test_another_issuer_for_the_same_key_is_no_change(site: Site) -> None:
    site.present(1, site.key)
    assert site.polled().identity["changes"] == []


def test_another_issuer_alone_is_a_note_and_no_state(site: Site) -> None:
    site.present(1)
    source = site.polled()
    assert source.state == "ok"
    [change] = source.identity["changes"]
    assert not change["grave"]
    day = site.desk.now.date()
    assert hijack.in_words(change) == f"since {day} its certificate comes from 'Open CA' and not from 'Keshu CA'"


def test_another_issuer_with_another_program_and_language_is_the_state(site: Site) -> None:
    head = "<language>{}</language><generator>{}</generator><item>"
    site.server["*"] = text(rss(item(2)).replace("<item>", head.format("sw", "WordPress"), 1))
    assert site.polled().state == "ok"
    site.present(1)
    site.server["*"] = text(rss(item(3)).replace("<item>", head.format("en", "Hugo"), 1))
    source = site.polled()
    assert source.state == "changed"
    assert "its certificate comes from 'Open CA' and not from 'Keshu CA'" in (source.state_reason or "")
    assert len(site.desk.items(site.source_id)) == 3
