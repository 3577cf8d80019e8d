"""Each form holds the alerts and what its specification requires, and no form says more than its tier allows."""

import csv
import datetime as dt
import io
import json
import re
import uuid
from typing import Any

import pytest
from fastapi.testclient import TestClient
from lxml import etree

from api.feeds import FORMS
from models.database import Sessions, writing
from models.delivery import TLP
from tests.factories import add_alert, add_source

ATOM = {"a": "http://www.w3.org/2005/Atom"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
DETAILS = {
    "about": {
        "signals": ["incitement"],
        "targets": ["ethnicity_race"],
        "target_names": ["Varni"],
        "countries": ["KE"],
        "sources": ["Radio Keshu"],
    },
    "rests_on": {},
    "stage": 3,
}
# What STIX 2.1 requires of each kind of object beside type, spec_version and id.
REQUIRED = {
    "identity": {"name", "created", "modified"},
    "incident": {"name", "created", "modified"},
    "report": {"name", "published", "object_refs", "created", "modified"},
    "relationship": {"relationship_type", "source_ref", "target_ref", "created", "modified"},
    "marking-definition": {"created"},
}


@pytest.fixture
def two(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        add_source(session, name="Radio Keshu")
        later = now + dt.timedelta(hours=5)
        add_alert(session, details=DETAILS, severity=90, title="=1+1 <b>Varni</b> \u0007", summary="From Radio Keshu.")
        add_alert(session, details=DETAILS, severity=50, last_event_at=later, state="acknowledged")


def pulled(analyst: TestClient, form: str, **query: Any) -> str:
    answer = analyst.get("/v1/feeds/alerts", params={"format": form} | query)
    assert (answer.status_code, answer.headers["content-type"]) == (200, FORMS[form])
    return answer.text


@pytest.mark.usefixtures("two")
def test_jsonl_and_csv(analyst: TestClient) -> None:
    lines = [json.loads(line) for line in pulled(analyst, "jsonl").splitlines()]
    assert [line["severity"] for line in lines] == [90, 50]
    assert lines[0]["url"] == "http://127.0.0.1:8080/alerts/1"
    rows = list(csv.DictReader(io.StringIO(pulled(analyst, "csv"))))
    assert rows[0]["title"].startswith("'=1+1")
    assert rows[1]["targets"] == "ethnicity_race"


@pytest.mark.usefixtures("two")
def test_atom_holds_what_the_rfc_requires(analyst: TestClient) -> None:
    feed = etree.fromstring(pulled(analyst, "atom").encode())
    for path in ("a:id", "a:title", "a:updated", "a:author/a:name", "a:link[@rel='self']"):
        assert len(feed.xpath(path, namespaces=ATOM)) == 1, path
    entries = feed.xpath("a:entry", namespaces=ATOM)
    assert len(entries) == 2
    for entry in entries:
        for path in ("a:id", "a:title", "a:updated", "a:link[@rel='alternate']", "a:summary"):
            assert len(entry.xpath(path, namespaces=ATOM)) == 1, path
        assert TIME.fullmatch(entry.findtext("a:updated", namespaces=ATOM))
    assert entries[1].findtext("a:title", namespaces=ATOM) == "=1+1 <b>Varni</b> \ufffd"
    assert feed.findtext("a:updated", namespaces=ATOM) == entries[0].findtext("a:updated", namespaces=ATOM)


@pytest.mark.usefixtures("two")
def test_misp_events_hold_what_the_core_format_requires(analyst: TestClient) -> None:
    events = [one["Event"] for one in json.loads(pulled(analyst, "misp", tlp="GREEN"))["response"]]
    assert [(event["threat_level_id"], event["analysis"]) for event in events] == [("1", "0"), ("3", "1")]
    for event in events:
        uuid.UUID(event["uuid"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", event["date"])
        assert event["timestamp"].isdecimal()
        assert event["distribution"] == "2"
        assert {"info", "published", "Orgc", "Tag"} <= set(event)
        assert "tlp:green" in [tag["name"] for tag in event["Tag"]]
        for attribute in event["Attribute"]:
            uuid.UUID(attribute["uuid"])
            assert {"category", "type", "value", "to_ids", "distribution", "timestamp", "comment"} <= set(attribute)
        assert len({attribute["uuid"] for attribute in event["Attribute"]}) == len(event["Attribute"])
    assert pulled(analyst, "misp") == pulled(analyst, "misp")


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("tlp", TLP)
def test_a_stix_bundle_holds_what_the_specification_requires(analyst: TestClient, tlp: str) -> None:
    bundle = json.loads(pulled(analyst, "stix", tlp=tlp))
    assert bundle["type"] == "bundle"
    objects = {one["id"]: one for one in bundle["objects"]}
    assert len(objects) == len(bundle["objects"])
    for one in [*objects.values(), bundle]:
        kind, _, key = one["id"].partition("--")
        assert kind == one["type"]
        uuid.UUID(key)
    for one in objects.values():
        assert one["spec_version"] == "2.1"
        assert REQUIRED[one["type"]] <= set(one)
        assert all(re.fullmatch(r".*\.\d{3}Z", one[key]) for key in ("created", "modified", "published") if key in one)
        assert one.get("modified", one["created"]) >= one["created"]
        named = [*one.get("object_refs", []), *one.get("object_marking_refs", [])]
        named += [one[key] for key in ("created_by_ref", "source_ref", "target_ref") if key in one]
        assert set(named) <= set(objects)
    kinds = sorted(one["type"] for one in objects.values())
    assert kinds == ["identity"] * 2 + ["incident"] * 2 + ["marking-definition"] + ["relationship"] * 2 + ["report"] * 2


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("form", FORMS)
def test_no_form_says_more_than_its_tier(analyst: TestClient, form: str) -> None:
    assert "Radio Keshu" in pulled(analyst, form)
    assert "Radio Keshu" not in pulled(analyst, form, tier="pseudonymised")
    counts = pulled(analyst, form, tier="counts")
    assert "Radio Keshu" not in counts
    assert "Varni" not in counts


@pytest.mark.usefixtures("two")
def test_pulling_goes_on_where_it_ended(analyst: TestClient, now: dt.datetime) -> None:
    first = analyst.get("/v1/feeds/alerts", params={"limit": 1})
    assert first.headers["x-next-after"] == "1"
    second = analyst.get("/v1/feeds/alerts", params={"limit": 200, "after": 1})
    assert ([json.loads(line)["id"] for line in second.text.splitlines()], "x-next-after" in second.headers) == (
        [2],
        False,
    )
    since = (now + dt.timedelta(hours=1)).isoformat()
    assert json.loads(pulled(analyst, "jsonl", since=since))["id"] == 2
    assert json.loads(pulled(analyst, "jsonl", until=since))["id"] == 1
    assert json.loads(pulled(analyst, "jsonl", min_severity=60))["id"] == 1


@pytest.mark.parametrize("form", FORMS)
def test_nothing_to_tell_is_still_a_whole_document(analyst: TestClient, form: str) -> None:
    text = pulled(analyst, form)
    if form == "atom":
        etree.fromstring(text.encode())
    elif form in {"misp", "stix"}:
        json.loads(text)
