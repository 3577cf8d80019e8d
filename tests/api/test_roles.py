"""Who may call what: each route of the OpenAPI has a row here, and a route without one fails."""

from collections.abc import Callable
from pathlib import Path

from fastapi.testclient import TestClient

from api.roles_page import page

OPEN = {("get", "/healthz"), ("get", "/readyz"), ("get", "/metrics")}
SCOPES = {
    ("post", "/v1/classify"): "read",
    ("post", "/v1/items"): "push",
    ("get", "/v1/sources"): "read",
    ("post", "/v1/sources"): "lead",
    ("post", "/v1/sources/discover"): "lead",
    ("get", "/v1/sources/opml"): "read",
    ("post", "/v1/sources/opml"): "lead",
    ("get", "/v1/sources/{source_id}"): "read",
    ("get", "/v1/sources/{source_id}/fetches"): "read",
    ("patch", "/v1/sources/{source_id}"): "lead",
    ("delete", "/v1/sources/{source_id}"): "lead",
    ("post", "/v1/sources/{source_id}/poll"): "lead",
    ("post", "/v1/sources/{source_id}/acknowledge"): "lead",
    ("get", "/v1/documents/{document_id}"): "read",
    ("get", "/v1/assessments"): "read",
    ("get", "/v1/assessments/{assessment_id}"): "read",
    ("post", "/v1/assessments/{assessment_id}/reviews"): "review",
    ("post", "/v1/assessments/{assessment_id}/reviews/withdraw"): "review",
    ("post", "/v1/assessments/{assessment_id}/gloss"): "review",
    ("get", "/v1/assessments/{assessment_id}/nearest"): "read",
    ("get", "/v1/alerts"): "read",
    ("get", "/v1/alerts/{alert_id}"): "read",
    ("post", "/v1/alerts/{alert_id}/acknowledge"): "review",
    ("post", "/v1/alerts/{alert_id}/resolve"): "review",
    ("post", "/v1/alerts/{alert_id}/verdict"): "review",
    ("get", "/v1/alerts/{alert_id}/timeline"): "read",
    ("post", "/v1/alerts/{alert_id}/notes"): "review",
    ("post", "/v1/alerts/{alert_id}/owner"): "review",
    ("post", "/v1/alerts/{alert_id}/merge"): "review",
    ("post", "/v1/alerts/{alert_id}/tags"): "review",
    ("post", "/v1/alerts/{alert_id}/sightings"): "sight",
    ("get", "/v1/alerts/{alert_id}/contacts"): "review",
    ("post", "/v1/alerts/{alert_id}/engagements"): "review",
    ("get", "/v1/contacts"): "review",
    ("post", "/v1/contacts"): "admin",
    ("patch", "/v1/contacts/{contact_id}"): "admin",
    ("delete", "/v1/contacts/{contact_id}"): "admin",
    ("get", "/v1/rules"): "read",
    ("post", "/v1/rules"): "lead",
    ("post", "/v1/rules/backtest"): "lead",
    ("get", "/v1/rules/{rule_id}"): "read",
    ("patch", "/v1/rules/{rule_id}"): "lead",
    ("get", "/v1/silences"): "read",
    ("post", "/v1/silences"): "lead",
    ("post", "/v1/silences/{silence_id}/end"): "lead",
    ("get", "/v1/inhibitions"): "read",
    ("post", "/v1/inhibitions"): "lead",
    ("post", "/v1/inhibitions/{inhibition_id}/end"): "lead",
    ("get", "/v1/trends"): "read",
    ("get", "/v1/trends/escalation"): "read",
    ("get", "/v1/events"): "read",
    ("post", "/v1/events"): "review",
    ("delete", "/v1/events/{event_id}"): "review",
    ("get", "/v1/webhooks"): "read",
    ("post", "/v1/webhooks"): "admin",
    ("get", "/v1/webhooks/{webhook_id}"): "read",
    ("patch", "/v1/webhooks/{webhook_id}"): "admin",
    ("delete", "/v1/webhooks/{webhook_id}"): "admin",
    ("post", "/v1/webhooks/{webhook_id}/rotate"): "admin",
    ("post", "/v1/webhooks/{webhook_id}/recover"): "admin",
    ("post", "/v1/webhooks/{webhook_id}/test"): "admin",
    ("get", "/v1/deliveries"): "read",
    ("get", "/v1/deliveries/{delivery_id}"): "read",
    ("post", "/v1/deliveries/{delivery_id}/redeliver"): "admin",
    ("get", "/v1/codebook"): "read",
    ("get", "/v1/lexicon"): "read",
    ("get", "/v1/evidence/checkpoint"): "read",
    ("get", "/v1/evidence/consistency"): "read",
    ("get", "/v1/evidence/bundle"): "admin",
    ("get", "/v1/evidence/{item_id}/proof"): "read",
    ("get", "/v1/export"): "read",
    ("get", "/v1/export/training"): "admin",
    ("get", "/v1/feeds/alerts"): "read",
}
# Which tokens open a route that needs the scope on the left.
OPENED_BY = {
    "read": {"read", "review", "lead", "admin"},
    "review": {"review", "lead", "admin"},
    "lead": {"lead", "admin"},
    "push": {"push", "admin"},
    "sight": {"sight", "review", "lead", "admin"},
    "admin": {"admin"},
}


def test_every_route_has_a_row_and_says_its_scope(client: TestClient) -> None:
    described = {}
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for method, route in methods.items():
            security = route.get("security") or [{}]
            described[method, path] = security[0].get("token", [])
    assert described == {key: [] for key in OPEN} | {key: [scope] for key, scope in SCOPES.items()}


def test_no_route_opens_without_a_token(client: TestClient) -> None:
    for method, path in SCOPES:
        answer = client.request(method, filled(path))
        assert (answer.status_code, answer.json()["error"]) == (401, "not_signed_in"), (method, path)
        assert answer.headers["www-authenticate"] == "Bearer"


def test_each_scope_opens_its_routes_and_no_other(signed_in: Callable[..., TestClient]) -> None:
    for held in ("read", "review", "lead", "push", "sight", "admin"):
        caller = signed_in(held)
        for (method, path), needed in SCOPES.items():
            # A body that is no object: whoever is let in is told so, and nothing is done.
            sent = {"json": []} if method in {"post", "patch"} else {}
            answer = caller.request(method, filled(path), **sent)
            refused = answer.status_code == 403
            assert refused == (held not in OPENED_BY[needed]), (held, method, path, answer.text)


def test_the_page_of_roles_is_up_to_date() -> None:
    written = Path(__file__).parents[2] / "docs" / "roles.md"
    assert written.read_text(encoding="utf-8") == page(), "run: python -m api.roles_page > docs/roles.md"


def filled(path: str) -> str:
    return path if "{" not in path else path.partition("{")[0] + "987654" + path.partition("}")[2]
