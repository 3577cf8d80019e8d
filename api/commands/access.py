"""`tocsin token` and `tocsin sign-in`: let people and machines in, and out again."""

import click

from api.commands.context import now, open_database, read_settings
from models.account import ROLES, SCOPES


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
    from api.accounts import revoke_tokens as revoke

    click.echo(f"{revoke(open_database(read_settings()), name, now())} tokens ended")


@click.command("sign-in")
@click.option("--name", default="operator", show_default=True, help="Who signs in; reviews carry this name.")
@click.option("--role", type=click.Choice(ROLES), default=None, help="What they may do; admin where nothing is said.")
@click.option("--scopes", default=None, help="The same in scopes, as tokens have them; in place of --role.")
@click.option("--new-password", is_flag=True, help="The link asks for a new password.")
@click.option("--reset-second-factor", is_flag=True, help="Take away a second factor that was lost.")
def sign_in(name: str, role: str | None, scopes: str | None, *, new_password: bool, reset_second_factor: bool) -> None:
    """Print a one-time link that signs a browser in."""
    from sqlalchemy import select

    from api import accounts
    from api.auth import create_sign_in_link
    from api.roles import SCOPES_OF
    from api.signing_in import PASSWORD
    from models.account import Account
    from models.database import writing

    if role and scopes:
        raise click.UsageError("say either --role or --scopes")
    settings = read_settings()
    sessions = open_database(settings)
    wanted = [scope.strip() for scope in scopes.split(",")] if scopes else SCOPES_OF[role or "admin"]
    if reset_second_factor:
        with writing(sessions) as session:
            known = session.scalars(select(Account.id).where(Account.name == name.strip())).one_or_none()
            if known is None:
                raise click.ClickException(f"there is no account called {name!r}")
            accounts.reset_second_factor(session, known, None, now())
    path = create_sign_in_link(sessions, name, wanted, now(), purpose=PASSWORD if new_password else None)
    click.echo(f"{settings.base_url}{path}")
