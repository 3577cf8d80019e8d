"""Whatever is sent, the answer has one shape, safe headers, and nothing of what was sent in it."""

import asyncio
import json
import re
import subprocess
import sys

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from starlette.types import Message

from models.database import Sessions

HOSTILE_BODIES = {
    "NaN": b'{"texts": [NaN]}',
    "infinity": b'{"texts": ["a"], "language": -Infinity}',
    "a number of 5,000 digits": b'{"texts": ' + b"9" * 5000 + b"}",
    "100,000 open brackets": b"[" * 100_000,
    "100,000 open objects": b'{"a":' * 100_000,
    "one key twice": b'{"texts": ["a"], "texts": ["b"]}',
    "bytes that are no text": b'{"texts": ["\xff\xfe"]}',
    "half a body": b'{"texts": ["a"',
    "nothing": b"",
    "a bare number": b"7",
    "null": b"null",
    "a lone surrogate as a key": b'{"\\ud800": 1}',
    "a lone surrogate as a language": b'{"texts": ["a"], "language": ["\\udfff"]}',
}


def test_importing_the_service_leaves_torch_out() -> None:
    code = "import sys, api.app, api.run; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("body", HOSTILE_BODIES.values(), ids=HOSTILE_BODIES.keys())
def test_hostile_json_is_refused_and_not_repeated(analyst: TestClient, body: bytes) -> None:
    answer = analyst.post("/v1/classify", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["error"] == "invalid"
    assert b"ud800" not in answer.content
    assert b"99999" not in answer.content


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("PUT", "/v1/sources", 405, "method_not_allowed"),
        ("GET", "/v1/alerts/0", 422, "invalid"),
        ("GET", "/v1/alerts/99999999999999999999", 422, "invalid"),
        ("GET", "/v1/alerts/9223372036854775807", 404, "not_found"),
        ("GET", "/v1/alerts/one", 422, "invalid"),
        ("GET", "/v1/assessments?limit=-1", 422, "invalid"),
        ("GET", "/v1/assessments?limit=1000000000", 422, "invalid"),
        ("GET", "/v1/assessments?cursor=AAAA", 422, "invalid"),
        ("GET", "/v1/assessments?since=NaN", 422, "invalid"),
        ("GET", "/v1/assessments?since=0001-01-01T00:00:00%2B14:00", 422, "invalid"),
        ("GET", "/v1/assessments?since=12", 422, "invalid"),
        ("GET", "/v1/assessments?q=%00", 422, "invalid"),
        ("GET", "/v1/assessments?target_name=%ED%A0%80", 200, None),
        ("GET", "/v1/assessments?source=" + "9" * 100, 200, None),
        ("GET", "/v1/deliveries?alert_id=99999999999999999999", 422, "invalid"),
        ("GET", "/v1/trends?since=2026-03-14&until=2026-03-01", 422, "invalid"),
        ("GET", "/v1/trends?signal=propaganda&pathway=ideology", 422, "invalid"),
        ("POST", "/v1/assessments/1/reviews", 422, "invalid"),
        ("GET", "/v1/export?format=ods", 422, "invalid"),
    ],
)
def test_every_error_has_one_shape(analyst: TestClient, method: str, path: str, status: int, slug: str | None) -> None:
    answer = analyst.request(method, path)
    assert answer.status_code == status
    if slug:
        body = answer.json()
        assert (body["error"], body["status"]) == (slug, status)
        assert body["detail"]


@pytest.mark.parametrize(
    "since", ["2026-03-14T09:30:00Z", "2026-03-14T12:30:00+03:00", "2026-03-14", "2026-03-14T09:30:00"]
)
def test_times_are_understood_even_with_their_plus_unescaped(analyst: TestClient, since: str) -> None:
    assert analyst.get(f"/v1/assessments?since={since}").status_code == 200


def test_a_crash_is_an_answer_with_an_id_and_a_log_line_without_the_text(
    analyst: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    text = "inrav eht tuo evird"[::-1]  # written backwards, because a log may quote the line of code

    def crash(*_: object) -> None:
        raise RuntimeError(text)

    monkeypatch.setattr("api.routes.health.state.beats", crash)
    answer = analyst.get("/readyz", headers={"x-request-id": "request-0001"})
    assert (answer.status_code, answer.json()["error"]) == (500, "internal_error")
    assert "request-0001" in answer.json()["detail"]
    assert "request-0001" in caplog.text
    assert "RuntimeError" in caplog.text
    assert text not in caplog.text + answer.text


def test_a_body_over_the_limit_is_refused_unread(analyst: TestClient) -> None:
    answer = analyst.post("/v1/classify", content=b" " * (10 * 1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


def test_a_body_that_says_it_is_too_large_is_not_read(client: TestClient) -> None:
    async def receive() -> Message:
        raise AssertionError("the body was read")

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-length", b"99999999")]
    scope = {"type": "http", "method": "POST", "path": "/v1/items", "headers": headers, "query_string": b""}
    asyncio.run(client.app(scope, receive, send))
    assert sent[0]["status"] == 413


def test_nobody_is_told_of_what_was_not_kept(sessions: Sessions, admin: TestClient) -> None:
    def fail(_session: Session) -> None:
        raise OperationalError("COMMIT", None, Exception("disk is full"))

    admin.get("/v1/sources")  # the time of the token's use is written now, and not again for a while
    event.listen(sessions.class_, "before_commit", fail)
    try:
        answer = admin.post("/v1/sources", json={"name": "Desk Marrok", "kind": "push"})
    finally:
        event.remove(sessions.class_, "before_commit", fail)
    assert (answer.status_code, answer.json()["error"]) == (503, "database_unavailable")
    assert admin.get("/v1/sources").json()["items"] == []


def test_a_body_that_does_not_say_its_size_is_cut_at_the_limit(analyst: TestClient) -> None:
    def endless() -> object:
        for _ in range(11):
            yield b" " * 1024 * 1024

    answer = analyst.post("/v1/classify", content=endless(), headers={"content-type": "application/json"})  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


def test_every_answer_carries_safe_headers(client: TestClient) -> None:
    for path in ("/healthz", "/v1/alerts", "/nothing"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-request-id"]


def test_a_request_id_that_could_break_a_log_is_replaced(client: TestClient) -> None:
    assert client.get("/healthz", headers={"x-request-id": "a b\tc"}).headers["x-request-id"] != "a b\tc"


def test_wrong_keys_are_slowed_down_and_right_ones_pass(client: TestClient, analyst: TestClient) -> None:
    answers = [client.get("/v1/alerts", headers={"authorization": "Bearer toc_wrong"}) for _ in range(40)]
    assert [answer.status_code for answer in answers[:30]] == [401] * 30
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0
    assert answers[-1].json()["error"] == "too_many_requests"
    assert analyst.get("/v1/alerts").status_code == 200


def test_a_key_in_the_address_opens_nothing(client: TestClient, analyst: TestClient) -> None:
    token = analyst.headers["authorization"].removeprefix("Bearer ")
    assert client.get(f"/v1/alerts?token={token}&access_token={token}").status_code == 401


def test_every_route_is_described(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    json.dumps(document, allow_nan=False)
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            where = f"{method} {path}"
            assert route["summary"], where
            assert route["description"], where
            if path.startswith("/v1"):
                assert route["responses"]["401"]["content"]["application/json"]["schema"]["$ref"].endswith("/Problem")
            if "requestBody" in route:
                schema = re.findall(r"schemas/(\w+)", str(route["requestBody"]))[0]
                assert "example" in document["components"]["schemas"][schema], where
