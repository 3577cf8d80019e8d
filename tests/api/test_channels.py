"""E-mail goes through the operator's server once per message id; a chat service that is not there says what to do."""

import datetime as dt
import email
import email.policy
import socketserver
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from api import channels
from api.settings import Settings
from api.webhooks import deliver
from models.database import Sessions, reading, writing
from models.delivery import Delivery
from tests.api.test_webhooks import NETWORK
from tests.factories import add_alert, add_webhook
from warn import notify


@dataclass
class Mailbox:
    """What an SMTP server took: (sender, recipients, message), and whether it takes any."""

    port: int = 0
    refuse: bool = False
    taken: list[tuple[str, list[str], str]] = field(default_factory=list)


@contextmanager
def smtp_server() -> Iterator[Mailbox]:
    """Run an SMTP server on loopback: as much of RFC 5321 as one message needs."""
    box = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def handle(self) -> None:
            sender, to = "", []
            self.say("220 desk.example ready")
            while line := self.rfile.readline().decode().strip():
                verb = line[:4].upper()
                if verb == "MAIL":
                    sender = line
                elif verb == "RCPT":
                    to.append(line)
                elif verb == "DATA":
                    self.say("354 go on")
                    text = ""
                    while (part := self.rfile.readline().decode()) != ".\r\n":
                        text += part
                    if not box.refuse:
                        box.taken.append((sender, to, text))
                elif verb == "QUIT":
                    self.say("221 bye")
                    return
                self.say("550 no" if box.refuse and verb in ("RCPT", "DATA") else "250 ok")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield box
        server.shutdown()
        thread.join()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with smtp_server() as box:
        yield box


def settings_for(box: Mailbox) -> Settings:
    return Settings(
        smtp_host="127.0.0.1",
        smtp_port=box.port,
        smtp_security="none",
        smtp_from="tocsin@desk.example",
        webhook_seconds=2,
        public_url="https://tocsin.example",
    )


def owe_mail(sessions: Sessions, now: dt.datetime) -> int:
    with writing(sessions) as session:
        add_webhook(session, kind="email", url="mailto:desk@partner.example", tlp="AMBER+STRICT")
        alert = add_alert(session, title="Call for violence against the Varni\r\nBcc: x@y.example")
        notify.owe(session, alert, notify.OPENED, now)
        return alert.id


def test_an_alert_arrives_as_a_mail(sessions: Sessions, mailbox: Mailbox, now: dt.datetime) -> None:
    one = owe_mail(sessions, now)
    assert deliver(sessions, NETWORK, settings_for(mailbox), now, pause=lambda _: None) == 1
    sender, to, text = mailbox.taken[0]
    assert "<tocsin@desk.example>" in sender
    assert ["<desk@partner.example>" in line for line in to] == [True]
    message = email.message_from_string(text, policy=email.policy.default)
    assert message["Subject"] == "[TLP:AMBER+STRICT] Alert: Call for violence against the Varni Bcc: x@y.example"
    assert message["Bcc"] is None
    with reading(sessions) as session:
        assert message["Message-ID"] == f"<{session.scalars(select(Delivery.message_id)).one()}@desk.example>"
    words = message.get_content()
    assert f"https://tocsin.example/alerts/{one}" in words
    assert "A machine proposes this" in words


def test_a_refused_mail_is_tried_again(sessions: Sessions, mailbox: Mailbox, now: dt.datetime) -> None:
    owe_mail(sessions, now)
    mailbox.refuse = True
    assert deliver(sessions, NETWORK, settings_for(mailbox), now, pause=lambda _: None) == 0
    with reading(sessions) as session:
        waiting = session.scalars(select(Delivery)).one()
    assert (waiting.state, waiting.tries) == ("pending", 1)
    assert waiting.last_error == "e-mail failed: SMTPRecipientsRefused"
    mailbox.refuse = False
    assert deliver(sessions, NETWORK, settings_for(mailbox), now + dt.timedelta(hours=1), pause=lambda _: None) == 1


def test_without_a_server_the_reason_says_what_to_set(sessions: Sessions, now: dt.datetime) -> None:
    owe_mail(sessions, now)
    assert deliver(sessions, NETWORK, Settings(), now, pause=lambda _: None) == 0
    with reading(sessions) as session:
        assert "TOCSIN_SMTP_HOST" in str(session.scalars(select(Delivery.last_error)).one())


def test_apprise_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    outcome = channels.send(
        "apprise", "matrix://k@host/#r", "msg_1", '{"type": "webhook.test", "data": {}}', Settings()
    )
    assert (outcome.delivered, outcome.error) == (False, channels.INSTALL)


@pytest.mark.parametrize(
    ("kind", "url", "status"),
    [
        ("email", "mailto:desk@partner.example", 201),
        ("email", "desk@partner.example", 422),
        ("email", "mailto:a@b.example,c@d.example", 422),
        ("email", "mailto:a@b.example\nBcc: c@d.example", 422),
        ("apprise", "matrix://user:key@chat.example/#room", 201),
        ("apprise", "file:///etc/passwd", 422),
        ("apprise", "no address", 422),
    ],
)
def test_addresses_are_checked_when_they_are_given(admin: TestClient, kind: str, url: str, status: int) -> None:
    answer = admin.post("/v1/webhooks", json={"kind": kind, "url": url})
    assert answer.status_code == status
    if kind == "apprise" and status == 201:
        assert answer.json()["url"] == "matrix://..."
        assert "key@" not in admin.get("/v1/webhooks").text
