"""Whatever a source writes stays text: nothing of it becomes an element, an attribute, a link or a script."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from models.alert import AlertAssessment
from models.database import Sessions, writing
from models.delivery import Delivery
from tests.api.console.conftest import Browser, Page
from tests.conftest import NOW
from tests.factories import (
    add_account,
    add_alert,
    add_assessment,
    add_document,
    add_item,
    add_rule,
    add_source,
    add_webhook,
)

PACK = Path(__file__).parents[4] / "shared" / "conformance" / "xss_payloads.jsonl"
OURS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</textarea><script>alert(1)</script>",
    "</title></style><style>*{display:none}</style>",
    "javascript:alert(1)",
    "<a href=javascript:alert(1)>x</a>",
    "{{ 7 * 7 }} {% raw %} ${7*7} #{7*7}",
    "--><iframe src=//example.org></iframe><!--",
    "<base href=//example.org/><form action=//example.org>",
    "&lt;img src=x onerror=alert(1)&gt;",
    "\u202e<script>\u2066alert(1)</script>",
]
ELEMENTS = {
    "a", "abbr", "article", "b", "bdi", "body", "br", "button", "caption", "code", "dd", "details", "div", "dl", "dt",
    "fieldset", "footer", "form", "h1", "h2", "h3", "head", "header", "html", "img", "input", "kbd", "label", "legend",
    "li", "line", "link", "main", "mark", "meta", "meter", "nav", "ol", "option", "p", "polygon", "polyline", "pre",
    "rect", "script", "section", "select", "small", "span", "summary", "svg", "table", "tbody", "td", "text",
    "textarea", "th", "thead", "time", "title", "tr", "ul",
}  # fmt: skip
# The elements that could act may look only as our templates write them.
ACTS = {
    "script": {"src", "defer"},
    "img": {"src", "alt", "width", "height"},
    "link": {"rel", "href", "type"},
    "meta": {"charset", "name", "content"},
    "form": {"method", "action", "class", "id", "role"},
    "svg": {"class", "viewbox", "role", "aria-label"},
    "a": {"href", "class", "rel", "aria-current", "aria-disabled", "target"},
    "button": {"class", "name", "value", "data-key", "disabled", "hidden", "autofocus", "lang", "dir", "aria-current"},
    "body": {"data-keys"},
}
LISTS = (
    "/",
    "/queue",
    "/queue?show=all",
    "/alerts",
    "/sources",
    "/webhooks",
    "/quarantine",
    "/sessions",
    "/precision",
    "/precision?by=source",
    "/about",
)


def in_batches(payloads: list[str], size: int) -> Iterator[str]:
    for start in range(0, len(payloads), size):
        yield "\n".join(payloads[start : start + size])


def write_everywhere(sessions: Sessions, payload: str) -> None:
    """Put `payload` in every column that the outside world can fill, flagged so that all of it is shown."""
    short = payload[:100]
    with writing(sessions) as session:
        person = add_account(session, name=short)
        source = add_source(
            session, name=payload[:200], url=payload, state="failing", state_reason=payload, due_reason=payload,
            region=short, state_since=NOW, language="<b>", country="<i",
        )  # fmt: skip
        item = add_item(session, source, content=payload, title=payload, url=payload, author=payload[:200])
        document = add_document(session, item)
        end = len(payload)
        passage = {"start": 0, "end": end, "signals": {}, "stage": 3, "stance": "asserts"}
        passage["highlights"] = [{"start": end // 3, "end": end // 2, "weight": 1}]
        assessment = add_assessment(
            session, document, passages=[passage], language="<b>", abstain_reason=payload, model=short,
            marks=[("signal", "incitement"), ("target_name", short)],
        )  # fmt: skip
        alert = add_alert(
            session, add_rule(session, name=payload[:200]), title=payload, summary=payload, state="acknowledged",
            acknowledged_by=person.id, acknowledged_at=NOW, acknowledge_note=payload,
            details={"about": {"target_names": [payload], "sources": [payload]}}, indicators=[payload],
        )  # fmt: skip
        session.add(AlertAssessment(alert_id=alert.id, assessment_id=assessment.id, added_at=NOW))
        webhook = add_webhook(session, url=payload, description=payload, disabled_reason=payload, enabled=False)
        session.add(
            Delivery(
                webhook_id=webhook.id, alert_id=alert.id, event="alert.opened", message_id=short, body=payload,
                created_at=NOW, last_error=payload,
            )
        )  # fmt: skip


def assert_inert(html: str) -> None:
    page = Page(html)
    assert {tag for tag, _ in page.elements} <= ELEMENTS
    assert (len(page.all("script")), len(page.all("img")), len(page.all("link"))) == (1, 1, 2)
    for tag, attributes in page.elements:
        assert set(attributes) <= ACTS.get(tag, set(attributes))
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name not in {"style", "srcdoc", "formaction", "ping", "http-equiv"}
            if name in {"href", "src", "action"}:
                assert urlsplit(str(value)).scheme in {"", "http", "https"}
                assert not str(value).startswith("//")
            if name in {"src", "action"}:
                assert str(value).startswith("/")


@pytest.mark.parametrize("scopes", ["admin", "read"])
def test_what_a_source_writes_stays_text(sessions: Sessions, sign_in: Callable[..., Browser], scopes: str) -> None:
    for number, payload in enumerate(OURS):
        write_everywhere(sessions, payload + " " * number)
    browser = sign_in("Ben", scopes)
    each = [path for number in range(len(OURS)) for path in (f"/assessments/{number + 1}", f"/alerts/{number + 1}")]
    for path in (*LISTS, *each):
        answer = browser.get(path)
        refused = scopes == "read" and path.startswith("/precision")  # which is for leads
        assert answer.status_code == (403 if refused else 200)
        assert_inert(answer.text)


@pytest.mark.skipif(not PACK.exists(), reason="the conformance packs are not here")
def test_the_payloads_of_the_pack_stay_text(sessions: Sessions, admin: Browser) -> None:
    payloads = [json.loads(line)["payload"] for line in PACK.read_text().splitlines()]
    for batch in in_batches(payloads, 60):
        with writing(sessions) as session:
            passage = {"start": 3, "end": 2000, "signals": {}, "highlights": [{"start": 9, "end": 99, "weight": 1}]}
            document = add_document(session, add_item(session, content=batch, title=batch, author=batch[:200]))
            shown = add_assessment(session, document, passages=[passage]).id
        assert_inert(admin.get(f"/assessments/{shown}").text)
    assert_inert(admin.get("/queue").text)


def test_what_somebody_types_stays_text_when_it_is_shown_again(sessions: Sessions, admin: Browser) -> None:
    with writing(sessions) as session:
        passage, alert = add_assessment(session).id, add_alert(session, state="resolved").id
    for payload in OURS:
        form = {"name": payload * 30, "kind": payload, "url": payload, "note": payload, "why_intent": payload}
        for path, more in (
            ("/sources", {}),
            (f"/assessments/{passage}", {"verdict": payload, "target_names": payload, "tier": payload}),
            (f"/alerts/{alert}", {"act": "resolve"}),
        ):
            answer = admin.post(path, **form, **more)
            assert answer.status_code in {409, 422}
            assert_inert(answer.text)


@pytest.mark.parametrize("path", ["/queue", "/alerts", "/assessments/1", "/sign-in"])
def test_what_stands_in_the_address_stays_text(sessions: Sessions, admin: Browser, path: str) -> None:
    with writing(sessions) as session:
        add_assessment(session)
    for payload in OURS:
        given = dict.fromkeys(("q", "source", "language", "country", "show", "key", "trail", "done", "order"), payload)
        answer = admin.client.get(path, params=given)
        assert answer.status_code == 200
        assert_inert(answer.text)


def test_a_link_is_offered_to_the_web_only(sessions: Sessions, admin: Browser) -> None:
    with writing(sessions) as session:
        shown = [
            add_assessment(session, add_document(session, add_item(session, url=url))).id
            for url in (
                "https://example.org/a",
                "javascript:alert(1)",
                "data:text/html,x",
                "//example.org",
                "http://[x",
            )
        ]
    linked = [
        len([one for one in Page(admin.get(f"/assessments/{one}").text).all("a") if one.get("class")]) for one in shown
    ]
    baseline = min(linked)
    assert [count - baseline for count in linked] == [1, 0, 0, 0, 0]
