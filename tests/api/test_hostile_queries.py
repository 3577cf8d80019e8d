"""No parameter of any route, however odd, makes the service crash."""

from typing import Any

from fastapi.testclient import TestClient

from models.database import Sessions, writing
from tests.factories import add_alert, add_assessment

ODD = [
    "",
    "\x00",
    "\ud7ff\uffff",
    "NaN",
    "-1",
    "9" * 30,
    "9223372036854775808",
    "%",
    "'; DROP TABLE sources; --",
    "\\",
    "2026-02-30",
    "0001-01-01T00:00:00+23:59",
    "2026-03-14T09:30:00 00:00",
    "([a-z]+)+$",
    "x" * 5000,
    "🚨" * 60,
]


def test_odd_parameters_are_refused_or_answered(sessions: Sessions, admin: TestClient) -> None:
    with writing(sessions) as session:
        add_assessment(session)
        add_alert(session)
    paths: dict[str, Any] = admin.get("/openapi.json").json()["paths"]
    asked = 0
    for path, methods in paths.items():
        for parameter in methods.get("get", {}).get("parameters", []):
            for odd in ODD:
                if parameter["in"] == "query":
                    answer = admin.get(path.replace("{", "").replace("}", ""), params={parameter["name"]: odd})
                elif parameter["in"] == "path":
                    answer = admin.get(path.partition("{")[0] + odd.replace("/", "%2F").replace("\x00", "%00"))
                else:
                    answer = admin.get(path, headers={parameter["name"]: odd.encode("utf-8", "replace")})
                assert answer.status_code < 500, (path, parameter["name"], odd, answer.text)
                if answer.status_code >= 400:
                    assert answer.json().keys() >= {"error", "detail", "status"}
                asked += 1
    assert asked > 400


def test_odd_bodies_are_refused(sessions: Sessions, admin: TestClient) -> None:
    with writing(sessions) as session:
        add_assessment(session)
        add_alert(session)
    document = admin.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        for method in set(methods) & {"post", "patch"}:
            for body in (b"", b"[]", b"{}", b'{"name": "\\ud800"}', b'{"name": null, "url": 7}', b"\x00", b'"x"'):
                answer = admin.request(
                    method,
                    path.partition("{")[0] + "1" + path.partition("}")[2] if "{" in path else path,
                    content=body,
                    headers={"content-type": "application/json"},
                )
                assert answer.status_code < 500 or answer.status_code == 503, (method, path, body, answer.text)
