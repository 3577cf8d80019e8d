"""A witness can check what we say, and a bundle stands on its own: only Python is needed to see that it holds."""

import base64
import dataclasses
import datetime as dt
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from fastapi.testclient import TestClient

from api import checkpoints, evidence_verifier
from api.errors import CannotStart
from api.settings import Settings
from ingest import log, merkle
from ingest.evidence import keep_raw
from ingest.extract import extract
from ingest.http import Network
from ingest.read import push
from models.alert import AlertAssessment, AlertEvent
from models.database import Sessions, writing
from models.document import Document
from models.item import Item
from models.review import Review
from tests.factories import add_account, add_alert, add_assessment, add_document, add_item, add_source


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = Settings(home=tmp_path / "home", public_url="https://tocsin.example")
    checkpoints.ensure_key(found.evidence_key)
    return found


@pytest.fixture
def case(sessions: Sessions, settings: Settings, now: dt.datetime) -> int:
    """An alert that rests on one pushed, read, assessed and reviewed post, all of it logged."""
    push(sessions, "Desk", [{"id": "p1", "text": "The Varni are called vermin. ÄÖ"}], settings.ingest, now)
    extract(sessions, Network(settings.ingest), settings.ingest, now)
    with writing(sessions) as session:
        assessment = add_assessment(session, session.get_one(Document, 1))
        analyst = add_account(session, name="Wanjiru")
        session.add(Review(assessment_id=assessment.id, reviewer_id=analyst.id, created_at=now, verdict="confirmed"))
        alert = add_alert(session)
        session.add(AlertAssessment(alert_id=alert.id, assessment_id=assessment.id, added_at=now))
        session.add(AlertEvent(alert_id=alert.id, at=now, kind="acknowledged", account_id=analyst.id, note="on it"))
    assert log.append_waiting(sessions, now) == 5
    return 1


def unpacked(admin: TestClient, tmp_path: Path, **query: int) -> Path:
    answer = admin.get("/v1/evidence/bundle", params=query)
    assert answer.status_code == 200, answer.text
    folder = tmp_path / "bundle"
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(folder)
    return folder


def run_verifier(folder: Path) -> subprocess.CompletedProcess[str]:
    # Isolated: no site-packages, nothing of ours.
    command = [sys.executable, "-I", "-S", str(folder / "verify.py")]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "key.pem"
    one, again = checkpoints.ensure_key(path), checkpoints.ensure_key(path)
    assert one.private_bytes_raw() == again.private_bytes_raw()
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    path.write_text("rubbish")
    with pytest.raises(CannotStart, match="restore it from your backup"):
        checkpoints.ensure_key(path)


@pytest.mark.usefixtures("case")
def test_a_witness_verifies_checkpoint_and_growth(sessions: Sessions, analyst: TestClient, now: dt.datetime) -> None:
    before = analyst.get("/v1/evidence/checkpoint").json()
    text, _, signature = before["note"].partition("\n\n")
    origin, size, root = text.split("\n")
    name, hashed, packed = before["key"].split("+", 2)
    assert (origin, name, int(size)) == ("tocsin.example", "tocsin.example", 5)
    assert base64.b64decode(root).hex() == before["root"]
    signed = base64.b64decode(signature.split(" ")[2])
    assert signed[:4].hex() == hashed
    Ed25519PublicKey.from_public_bytes(base64.b64decode(packed)[1:]).verify(signed[4:], f"{text}\n".encode())

    with writing(sessions) as session:
        for _ in range(6):
            add_item(session)
    log.append_waiting(sessions, now)
    after = analyst.get("/v1/evidence/checkpoint").json()
    grown = analyst.get("/v1/evidence/consistency", params={"first": before["size"]}).json()
    assert (grown["first_root"], grown["second_root"]) == (before["root"], after["root"])
    roots = bytes.fromhex(before["root"]), bytes.fromhex(after["root"])
    assert merkle.begins(before["size"], after["size"], *roots, [bytes.fromhex(one) for one in grown["proof"]])
    assert analyst.get("/v1/evidence/consistency", params={"first": 99}).status_code == 422


@pytest.mark.usefixtures("case")
@pytest.mark.parametrize("kind", ["item", "assessment", "review", "alert", "event"])
def test_each_row_is_proved(analyst: TestClient, kind: str) -> None:
    proof = analyst.get("/v1/evidence/1/proof", params={"kind": kind}).json()
    leaf = merkle.leaf_hash(proof["entry"].encode())
    path = [bytes.fromhex(one) for one in proof["proof"]]
    assert merkle.includes(leaf, proof["position"], proof["size"], path, bytes.fromhex(proof["root"]))
    assert "vermin" not in proof["entry"]
    assert analyst.get("/v1/evidence/2/proof", params={"kind": kind}).status_code == 404
    assert analyst.get("/v1/evidence/1/proof", params={"kind": kind, "size": 99}).status_code == 422


def test_a_bundle_verifies_with_python_alone(case: int, admin: TestClient, tmp_path: Path) -> None:
    folder = unpacked(admin, tmp_path, alert_id=case)
    done = run_verifier(folder)
    assert (done.returncode, done.stderr) == (0, "")
    for line in ("ok     the checkpoint is signed", "ok     text of item 1", "ok     raw bytes of item 1"):
        assert line in done.stdout
    assert (folder / "raw.warc").read_bytes().startswith(b"WARC/1.1\r\nWARC-Type: warcinfo\r\n")
    steps = [step["what"] for step in json.loads((folder / "custody.json").read_text())]
    assert steps[0] == "item 1 came in from Desk"
    assert steps[-1] == "this bundle was made"


def test_what_came_over_http_is_a_package_to_replay(
    case: int, sessions: Sessions, admin: TestClient, now: dt.datetime, tmp_path: Path
) -> None:
    assert not (unpacked(admin, tmp_path, alert_id=case) / "pages.wacz").exists()  # it was pushed
    feed, page = b"<rss>...</rss>", b"<p>The whole article.</p>"
    with writing(sessions) as session:
        for data in (feed, page):
            keep_raw(session, data, "text/html", now)
        source = add_source(session, url="https://radio.example.org/feed")
        item = add_item(session, source, url="https://radio.example.org/1", title="One")
        item.raw_sha256 = hashlib.sha256(feed).hexdigest()
        document = add_document(session, item, notes=[f"article kept as {hashlib.sha256(page).hexdigest()}"])
        passage = add_assessment(session, document).id
    log.append_waiting(sessions, now)
    folder = unpacked(admin, tmp_path, assessment_id=passage)
    done = run_verifier(folder)
    assert "ok     checksum of pages.wacz" in done.stdout
    with zipfile.ZipFile(folder / "pages.wacz") as package:
        lines = list(map(json.loads, package.read("pages/pages.jsonl").splitlines()))
    assert [(line["url"], line["title"]) for line in lines[1:]] == [
        ("https://radio.example.org/feed", source.name),
        ("https://radio.example.org/1", "One"),
    ]


@pytest.mark.parametrize(
    ("name", "change", "failure"),
    [
        ("case.json", lambda text: text.replace("vermin", "friends"), "text of item 1"),
        ("case.json", lambda text: text.replace('"confirmed"', '"rejected"'), "decision of review 1"),
        ("raw.warc", lambda text: text.replace("vermin", "friend"), "raw bytes of item 1"),
        ("proofs.json", lambda text: text.replace('"position": 1', '"position": 2'), "stands in the log"),
        ("checkpoint.txt", lambda text: text.replace("\n5\n", "\n6\n"), "signed by the key"),
    ],
    ids=["text", "decision", "raw", "position", "size"],
)
def test_a_changed_bundle_is_named(
    case: int, admin: TestClient, tmp_path: Path, name: str, change: Callable[[str], str], failure: str
) -> None:
    folder = unpacked(admin, tmp_path, alert_id=case)
    before = (folder / name).read_bytes().decode()  # as it is: reading as text would change ends of lines
    assert change(before) != before
    (folder / name).write_bytes(change(before).encode())
    done = run_verifier(folder)
    assert done.returncode == 1
    assert [line for line in done.stdout.splitlines() if line.startswith("FAILED") and failure in line], done.stdout
    assert f"FAILED checksum of {name}" in done.stdout


def test_a_forgotten_text_is_absent_and_the_rest_still_verifies(
    case: int, sessions: Sessions, admin: TestClient, now: dt.datetime, tmp_path: Path
) -> None:
    with writing(sessions) as session:
        item, document = session.get_one(Item, 1), session.get_one(Document, 1)
        item.content, item.title, item.forgotten_at = "", None, now
        document.text, document.forgotten_at = "", now
    folder = unpacked(admin, tmp_path, alert_id=case)
    done = run_verifier(folder)
    assert done.returncode == 0, done.stdout
    assert "text of item" not in done.stdout
    assert "ok     item 1 stands in the log at 0" in done.stdout


@pytest.mark.usefixtures("case")
def test_a_bundle_is_for_one_thing_that_exists_and_is_logged(
    sessions: Sessions, admin: TestClient, analyst: TestClient, now: dt.datetime, tmp_path: Path
) -> None:
    assert admin.get("/v1/evidence/bundle").status_code == 422
    assert admin.get("/v1/evidence/bundle", params={"alert_id": 9}).status_code == 404
    assert analyst.get("/v1/evidence/bundle", params={"alert_id": 1}).status_code == 403
    assert run_verifier(unpacked(admin, tmp_path, assessment_id=1)).returncode == 0
    with writing(sessions) as session:
        late = add_alert(session).id
    assert admin.get("/v1/evidence/bundle", params={"alert_id": late}).status_code == 409


def test_the_slow_verification_agrees_with_the_library() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public, message = key.public_key().public_bytes_raw(), b"what was said"
    signature = key.sign(message)
    assert evidence_verifier.verified(public, message, signature)
    assert not evidence_verifier.verified(public, message + b"!", signature)
    assert not evidence_verifier.verified(public, message, signature[:-1] + bytes([signature[-1] ^ 1]))
    assert not evidence_verifier.verified(b"\xff" * 32, message, signature)


def test_without_a_key_nothing_is_signed_and_nothing_is_made(analyst: TestClient, settings: Settings) -> None:
    settings.evidence_key.unlink()
    answer = analyst.get("/v1/evidence/checkpoint").json()
    assert (answer["note"], answer["key"], answer["size"]) == (None, None, 0)
    assert not settings.evidence_key.exists()
    assert dataclasses.replace(settings, evidence_origin="desk.example/log").log_origin == "desk.example/log"
