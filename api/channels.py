"""Subscriptions that are no webhooks: e-mail over the operator's SMTP server, and chat services through Apprise.

A person reads these, so they get the alert in plain words: what, how severe, where to look, how far it may go. An
e-mail carries the message's id as its Message-ID on every try, so that mail programs show it once.
"""

import json
import re
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any

from api.errors import Invalid
from api.retries import Outcome
from api.settings import Settings

MAILTO = re.compile(r"mailto:([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?)")
CHAT = re.compile(r"[a-z][a-z0-9+.-]{1,30}://\S+")
# Apprise reads these from the machine it runs on, or runs programs on it.
LOCAL = frozenset(("file", "syslog", "dbus", "qt", "glib", "kde", "gnome", "windows", "macosx", "custom", "exec"))
INSTALL = "Apprise is not installed here; run: pip install 'tocsin[chat]'"
HEADINGS = {
    "alert.opened": "Alert",
    "alert.acknowledged": "Taken on",
    "alert.resolved": "Resolved",
    "alert.repeated": "Still open",
    "alert.escalated": "Nobody has taken this on",
    "webhook.disabled": "An endpoint was switched off",
    "source.trouble": "Sources need a look",
    "source.recovered": "Sources answer again",
    "webhook.test": "Test message",
}


def checked_address(kind: str, url: str) -> str:
    """Return the address of a subscription as it is kept; raises Invalid with what would be right."""
    if kind == "email":
        if not MAILTO.fullmatch(url):
            raise Invalid("url: an e-mail subscription is written as mailto:desk@partner.example, one address each")
        return url
    if not CHAT.fullmatch(url) or url.partition(":")[0] in LOCAL:
        raise Invalid("url: a chat service is written as Apprise writes it, for example matrix://user:key@host/#room")
    return url


def send(kind: str, url: str, message_id: str, body: str, settings: Settings) -> Outcome:
    """Send one message in words; every failure is an outcome that is tried again."""
    title, text = written(json.loads(body))
    if kind == "email":
        return _mail(url.removeprefix("mailto:"), title, text, message_id, settings)
    return _chat(url, title, text)


def written(content: dict[str, Any]) -> tuple[str, str]:
    """Write a message for a person: a title of one line, and a text."""
    data = content.get("data", {})
    heading = HEADINGS.get(content["type"], content["type"])
    what = data.get("title") or data.get("description") or ""
    title = " ".join(f"[{data['tlp']}] {heading}: {what}".split()) if "tlp" in data else f"{heading}: {what}"
    lines = [data.get("summary") or data.get("reason") or ""]
    if "severity" in data:
        lines.append(f"Severity {data['severity']} of 100; {data['count']} in all; opened {data['opened_at']}.")
        places = ", ".join(data.get("countries", []))
        lines.append(f"Signals: {', '.join(data.get('signals', [])) or 'none'}. Places: {places or 'unknown'}.")
    if data.get("note"):
        lines.append(f"Note: {data['note']}")
    if data.get("url"):
        lines.append(f"Look at it: {data['url']}")
    if data.get("notice"):
        lines.append(data["notice"])
    if data.get("evidence"):
        lines.append(f"Evidence log: {data['evidence']['size']} entries, root {data['evidence']['root']}")
    return title.strip(" :")[:200], "\n".join(line for line in lines if line) + "\n"


def _mail(to: str, title: str, text: str, message_id: str, settings: Settings) -> Outcome:
    if not settings.smtp_host:
        return Outcome(delivered=False, error="no SMTP server is set; set TOCSIN_SMTP_HOST")
    sender = settings.smtp_from or f"tocsin@{settings.smtp_host}"
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, "".join(c for c in title if c.isprintable())
    message["Message-ID"] = f"<{message_id}@{sender.rpartition('@')[2]}>"
    message["Date"] = formatdate()
    message["Auto-Submitted"] = "auto-generated"
    message["X-Tocsin-Id"] = message_id
    message.set_content(text)
    try:
        with _server(settings) as server:
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password)
            server.send_message(message)
    except (OSError, smtplib.SMTPException, UnicodeError) as error:
        # The server's own words may repeat the password or the address; its class and code say enough.
        code = getattr(error, "smtp_code", None)
        return Outcome(delivered=False, error=f"e-mail failed: {type(error).__name__}{f' {code}' if code else ''}")
    return Outcome(delivered=True)


def _server(settings: Settings) -> smtplib.SMTP:
    timeout = settings.webhook_seconds
    if settings.smtp_security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(settings.smtp_host, settings.smtp_port, timeout=timeout, context=context)
    server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=timeout)
    if settings.smtp_security == "starttls":
        server.starttls(context=ssl.create_default_context())
    return server


def _chat(url: str, title: str, text: str) -> Outcome:
    try:
        import apprise
    except ImportError:
        return Outcome(delivered=False, error=INSTALL)
    service = apprise.Apprise()
    if not service.add(url):
        return Outcome(delivered=False, error="Apprise knows no such service; check the address it was given")
    if service.notify(title=title, body=text):
        return Outcome(delivered=True)
    return Outcome(delivered=False, error="the chat service did not take the message")
