"""Alerts as other tools read them: JSONL, CSV, Atom (RFC 4287), MISP events, and a STIX 2.1 bundle.

Every form is made from the same thin payload that webhooks send, cut to the same tier, so none says more than another.
Ids are derived from the installation's address and the alert's number: asking twice gives the same objects.
"""

import datetime as dt
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.export import csv_writer, json_line
from models.alert import Alert, Rule
from warn import notify

FORMS = {
    "jsonl": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "atom": "application/atom+xml",
    "misp": "application/json",
    "stix": "application/stix+json;version=2.1",
}
COLUMNS = (
    *("id", "url", "kind", "state", "title", "summary", "severity", "stage", "count", "opened_at", "last_event_at"),
    *("signals", "targets", "target_names", "countries", "regions", "languages", "sources", "reviewed", "tier", "tlp"),
)
ATOM = "http://www.w3.org/2005/Atom"
# The marking definitions that OASIS published for TLP 2.0; the ids are theirs.
TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
TLP_MARKINGS = {
    "CLEAR": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "GREEN": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "AMBER": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "AMBER+STRICT": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "RED": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}
# MISP: 0 this organisation, 1 this community, 2 connected communities, 3 all.
DISTRIBUTION = {"CLEAR": "3", "GREEN": "2", "AMBER": "1", "AMBER+STRICT": "0", "RED": "0"}
ANALYSIS = {"open": "0", "acknowledged": "1", "resolved": "2"}


@dataclass(frozen=True)
class Wanted:
    """Which alerts, and how much of them. `since` is about the last event; `after` is an alert's id."""

    since: dt.datetime | None = None
    until: dt.datetime | None = None
    min_severity: int = 0
    after: int = 0
    limit: int = 200
    tier: str = "full"
    tlp: str = "AMBER"


def collect(session: Session, wanted: Wanted, base_url: str) -> list[dict[str, Any]]:
    """Return the payloads of alerts in the order of their ids, with absolute links."""
    query = (
        select(Alert, Rule)
        .join(Rule, Rule.id == Alert.rule_id)
        .where(Alert.id > wanted.after, Alert.severity >= wanted.min_severity, Alert.silenced_by.is_(None))
        .order_by(Alert.id)
        .limit(wanted.limit)
    )
    if wanted.since is not None:
        query = query.where(Alert.last_event_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(Alert.last_event_at < wanted.until)
    found = []
    for alert, rule in session.execute(query):
        names = notify.source_names(session, alert) if wanted.tier == "pseudonymised" else {}
        message = notify.payload(alert, rule, notify.OPENED, alert.last_event_at, wanted.tier, wanted.tlp, names)
        found.append(message["data"] | {"url": base_url + message["data"]["url"]})
    return found


def write(form: str, alerts: Sequence[dict[str, Any]], base_url: str, wanted: Wanted, now: dt.datetime) -> str:
    """Return alerts in one of the FORMS."""
    if form == "jsonl":
        return "".join(json_line(alert) for alert in alerts)
    if form == "csv":
        line = csv_writer(COLUMNS)
        return line(dict(zip(COLUMNS, COLUMNS, strict=True))) + "".join(line(alert) for alert in alerts)
    if form == "atom":
        return atom(alerts, base_url, now)
    content = misp(alerts, base_url, wanted.tlp) if form == "misp" else stix(alerts, base_url, wanted.tlp, now)
    return json.dumps(content, ensure_ascii=False)


def title_of(alert: dict[str, Any]) -> str:
    """Return a title, made of numbers where the tier leaves none."""
    return str(alert.get("title") or f"Alert of severity {alert['severity']}, {', '.join(alert.get('signals', []))}")


def atom(alerts: Sequence[dict[str, Any]], base_url: str, now: dt.datetime) -> str:
    """Write an Atom feed, the newest alert first."""
    feed = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})
    updated = max((alert["last_event_at"] for alert in alerts), default=notify.rfc3339(now))
    _texts(feed, id=f"{base_url}/v1/feeds/alerts", title="Tocsin alerts", updated=updated)
    _texts(etree.SubElement(feed, f"{{{ATOM}}}author"), name="Tocsin")
    etree.SubElement(feed, f"{{{ATOM}}}link", rel="self", href=f"{base_url}/v1/feeds/alerts?format=atom")
    for alert in reversed(alerts):
        entry = etree.SubElement(feed, f"{{{ATOM}}}entry")
        updated, said = alert["last_event_at"], f"{alert.get('summary', '')} {alert['notice']} {alert['tlp']}".strip()
        _texts(entry, id=f"urn:uuid:{_uuid(base_url, 'alert', alert['id'])}", title=title_of(alert), updated=updated)
        _texts(entry, published=alert["opened_at"], summary=said)
        etree.SubElement(entry, f"{{{ATOM}}}link", rel="alternate", href=alert["url"])
        for term in (*alert.get("signals", []), *alert.get("targets", []), alert["state"]):
            etree.SubElement(entry, f"{{{ATOM}}}category", term=_clean(term))
    return str(etree.tostring(feed, xml_declaration=True, encoding="utf-8").decode())


def misp(alerts: Sequence[dict[str, Any]], base_url: str, tlp: str) -> dict[str, Any]:
    """Write MISP events (core format), one per alert, as a MISP's own search returns them."""
    return {"response": [{"Event": _misp_event(alert, base_url, tlp)} for alert in alerts]}


def stix(alerts: Sequence[dict[str, Any]], base_url: str, tlp: str, now: dt.datetime) -> dict[str, Any]:
    """Write a STIX 2.1 bundle: who says so, the marking, and for each alert an incident, its targets and a report."""
    us = _sdo("identity", _uuid(base_url, "identity", 0), now, name="Tocsin", identity_class="system")
    us |= {"created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z"}
    marking: dict[str, Any] = {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": TLP_MARKINGS[tlp],
        "created": "2022-10-01T00:00:00.000Z",
        "name": f"TLP:{tlp}",
        "extensions": {TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": tlp.lower()}},
    }
    objects: dict[str, dict[str, Any]] = {us["id"]: us, marking["id"]: marking}
    for alert in alerts:
        for one in _stix_objects(alert, base_url, us["id"], marking["id"]):
            objects.setdefault(one["id"], one)
    return {"type": "bundle", "id": f"bundle--{uuid.uuid4()}", "objects": list(objects.values())}


def _misp_event(alert: dict[str, Any], base_url: str, tlp: str) -> dict[str, Any]:
    at = str(int(dt.datetime.fromisoformat(alert["last_event_at"]).timestamp()))
    level = "1" if alert["severity"] >= 80 else "2" if alert["severity"] >= 60 else "3"
    said = [("External analysis", "link", alert["url"]), ("Other", "comment", alert["notice"])]
    said += [("External analysis", "text", alert["summary"])] if alert.get("summary") else []
    said += [("Targeting data", "target-org", name) for name in alert.get("target_names", [])]
    said += [("Other", "counter", str(alert["count"]))]
    tags = [f"tlp:{tlp.lower()}", f'tocsin:stage="{alert["stage"]}"']
    tags += [f'tocsin:signal="{signal}"' for signal in alert.get("signals", [])]
    tags += [f'tocsin:target="{target}"' for target in alert.get("targets", [])]
    tags += [f'tocsin:country="{country}"' for country in alert.get("countries", [])]
    name = _uuid(base_url, "misp", alert["id"])
    return {
        "uuid": name,
        "info": title_of(alert),
        "date": alert["opened_at"][:10],
        "timestamp": at,
        "threat_level_id": level,
        "analysis": ANALYSIS[alert["state"]],
        "distribution": DISTRIBUTION[tlp],
        "published": False,
        "Orgc": {"uuid": _uuid(base_url, "identity", 0), "name": "Tocsin"},
        "Tag": [{"name": tag} for tag in tags],
        "Attribute": [
            {
                "uuid": str(uuid.uuid5(uuid.UUID(name), f"{number}:{kind}")),
                "category": category,
                "type": kind,
                "value": value,
                "to_ids": False,
                "distribution": "5",
                "timestamp": at,
                "comment": "",
                "disable_correlation": kind in {"comment", "counter", "text"},
            }
            for number, (category, kind, value) in enumerate(said)
        ],
    }


def _stix_objects(alert: dict[str, Any], base_url: str, us: str, marking: str) -> list[dict[str, Any]]:
    opened, last = (dt.datetime.fromisoformat(alert[key]) for key in ("opened_at", "last_event_at"))
    common = {"created_by_ref": us, "object_marking_refs": [marking]}
    said = f"{alert.get('summary', '')} {alert['notice']}".strip()
    reference = [{"source_name": "Tocsin", "url": alert["url"], "external_id": str(alert["id"])}]
    groups = [
        _sdo("identity", _uuid(base_url, "group", name), opened, name=name, identity_class="group", **common)
        for name in alert.get("target_names", [])
    ]
    for group in groups:  # one object for all alerts that name the group, so its times say nothing about one of them
        group |= {"created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z"}
    incident = _sdo(
        "incident",
        _uuid(base_url, "alert", alert["id"]),
        opened,
        modified=_stix_time(last),
        name=title_of(alert),
        description=said,
        labels=[*alert.get("signals", []), *alert.get("targets", []), f"severity-{alert['severity']}"],
        external_references=reference,
        **common,
    )
    report = _sdo(
        "report",
        _uuid(base_url, "report", alert["id"]),
        opened,
        modified=_stix_time(last),
        name=title_of(alert),
        description=said,
        published=_stix_time(opened),
        object_refs=[incident["id"], *(group["id"] for group in groups)],
        external_references=reference,
        **common,
    )
    targets = [
        _sdo(
            "relationship",
            str(uuid.uuid5(uuid.UUID(incident["id"].partition("--")[2]), group["id"])),
            opened,
            relationship_type="targets",
            source_ref=incident["id"],
            target_ref=group["id"],
            **common,
        )
        for group in groups
    ]
    return [*groups, incident, *targets, report]


def _sdo(kind: str, key: str, at: dt.datetime, /, **fields: Any) -> dict[str, Any]:
    times = {"created": _stix_time(at), "modified": _stix_time(at)}
    return {"type": kind, "spec_version": "2.1", "id": f"{kind}--{key}"} | times | fields


def _stix_time(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _uuid(base_url: str, kind: str, key: object) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{base_url}/{kind}/{key}"))


def _texts(parent: Any, **fields: str) -> None:
    for name, text in fields.items():
        etree.SubElement(parent, f"{{{ATOM}}}{name}").text = _clean(text)


def _clean(text: str) -> str:
    """Replace what XML cannot hold."""
    return "".join(char if char.isprintable() or char in "\n\t" else "\ufffd" for char in text)
