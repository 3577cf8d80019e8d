"""`tocsin token` and `tocsin sign-in`: let people and machines in, and out again."""

import click

from api.commands.context import now, open_database, read_settings
from models.account import SCOPES


@click.group()
def token() -> None:
    """Make and withdraw bearer tokens."""


@token.command("create")
@click.option("--name", required=True, help="Who or what will use it.")
@click.option("--scopes", default="read", show_default=True, help=f"Comma-separated: {','.join(SCOPES)}.")
def create_token(name: str, scopes: str) -> None:
    """Print a new token, once, alone on stdout."""
    from api.auth import create_token as create

    wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
    unknown = sorted(set(wanted) - set(SCOPES))
    if unknown or not wanted:
        raise click.UsageError(f"unknown scope {', '.join(unknown) or '(none)'}; choose from {', '.join(SCOPES)}")
    click.echo(create(open_database(read_settings()), name, wanted, now()))


@token.command("revoke")
@click.option("--name", required=True, help="The account whose tokens end now.")
def revoke_tokens(name: str) -> None:
    """End every token and browser session of an account."""
    from api.auth import revoke_tokens as revoke

    click.echo(f"{revoke(open_database(read_settings()), name, now())} tokens ended")


@click.command("sign-in")
@click.option("--name", default="operator", show_default=True, help="Who signs in; reviews carry this name.")
@click.option("--scopes", default="read,review,admin", show_default=True, help="What the browser may do.")
def sign_in(name: str, scopes: str) -> None:
    """Print a one-time link that signs a browser in."""
    from api.auth import create_sign_in_link

    settings = read_settings()
    path = create_sign_in_link(open_database(settings), name, [scope.strip() for scope in scopes.split(",")], now())
    click.echo(f"{settings.base_url}{path}")
