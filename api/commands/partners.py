"""`tocsin webhooks`: try a partner's endpoint before an alert does."""

import click

from api.commands.context import now, open_database, read_settings

EVENTS = ("webhook.test", "alert.opened")
EXAMPLE = {
    "id": 1,
    "url": "/alerts/1",
    "kind": "item",
    "state": "open",
    "title": "Test: incitement against the Varni (ZZ)",
    "summary": "Invented for a test; nothing of this happened.",
    "severity": 86,
    "stage": 3,
    "count": 1,
    "machine": True,
    "reviewed": False,
    "tier": "full",
    "tlp": "TLP:CLEAR",
}


@click.group()
def webhooks() -> None:
    """Look after partners' endpoints."""


@webhooks.command("test")
@click.option("--id", "webhook_id", type=int, default=None, help="A subscription, with its own address and secret.")
@click.option("--url", default=None, help="Any address; needs --secret.")
@click.option("--secret", default=None, help="whsec_... or whsk_...; with --url.")
@click.option("--event", type=click.Choice(EVENTS), default=EVENTS[0], show_default=True, help="What to send.")
def send_test(webhook_id: int | None, url: str | None, secret: str | None, event: str) -> None:
    """Send one signed message now and say what came back; nothing is kept."""
    import binascii
    import json

    from api import channels, replay, retries, signing
    from api.errors import BadInput
    from ingest.http import Network
    from models.database import reading
    from models.delivery import Webhook
    from warn.notify import rfc3339

    if (webhook_id is None) == (url is None) or (url is None) != (secret is None):
        raise click.UsageError("name either --id, or --url with --secret")
    settings, at = read_settings(), now()
    secrets: tuple[str, ...] = (secret or "",)
    kind = "webhook"
    if webhook_id is not None:
        with reading(open_database(settings)) as session:
            found = session.get(Webhook, webhook_id)
            if found is None:
                raise BadInput(f"there is no webhook {webhook_id}; the console's page of partners lists them")
            url, kind, secrets = found.url, found.kind, signing.signing_secrets(found, at)
    data = EXAMPLE | {"url": f"{settings.base_url}/alerts/1"} if event == "alert.opened" else {"webhook_id": webhook_id}
    body = json.dumps({"type": event, "timestamp": rfc3339(at), "data": data}, ensure_ascii=False)
    message_id = replay.new_message_id()
    if kind != "webhook":
        outcome, status = channels.send(kind, url or "", message_id, body, settings), None
    else:
        try:
            headers = signing.signed_headers(message_id, at, body, secrets)
        except (ValueError, binascii.Error):
            raise BadInput("the secret cannot be read; it is whsec_ or whsk_ and base64") from None
        answer = Network(settings.ingest).post(url or "", body.encode(), headers, timeout=settings.webhook_seconds)
        outcome, status = retries.outcome_of(answer.status, answer.headers.get("retry-after"), at), answer.status
    if not outcome.delivered:
        raise click.ClickException(outcome.error or "it was not taken")
    click.echo(f"delivered{f', the endpoint answered {status}' if status else ''}; webhook-id {message_id}")
