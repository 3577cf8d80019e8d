"""Who may do what: accounts of people and machines, their tokens, sign-in links and browser sessions.

Only hashes of secrets are kept. The secrets are 256 random bits, so a plain SHA-256 is enough.
"""

import datetime as dt

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Keyed

# `sight` lets a partner answer to alerts and see nothing; `lead` runs a desk: rules, silences, sources, assignment.
SCOPES = ("read", "review", "push", "sight", "lead", "admin")
ROLES = ("reader", "reviewer", "lead", "admin")


class Account(Keyed, Base):
    """A person or a machine that acts; reviews and acknowledgements name it.

    `role` is what a person may do who signs in without a link; machines have none. `email` is in lower case, set by an
    administrator, and finds the account when an OpenID provider vouches for it. `locale` is the language it chose.
    """

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("name"), Index("ix_accounts_email", "email", unique=True))

    name: Mapped[str] = mapped_column(String(100))
    role: Mapped[str | None] = mapped_column(String(16), default=None)
    email: Mapped[str | None] = mapped_column(String(254), default=None)
    created_at: Mapped[dt.datetime]
    disabled_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    locale: Mapped[str | None] = mapped_column(String(10), default=None)


class Token(Keyed, Base):
    """A bearer token of the HTTP API, shown once and kept as its hash; `prefix` is how it begins, to tell it by."""

    __tablename__ = "tokens"
    __table_args__ = (UniqueConstraint("sha256"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    sha256: Mapped[str] = mapped_column(String(64))
    prefix: Mapped[str | None] = mapped_column(String(12), default=None)
    scopes: Mapped[list[str]]
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    last_used_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    revoked_at: Mapped[dt.datetime | None] = mapped_column(default=None)


class SignInLink(Keyed, Base):
    """A link that opens one browser session, once; with the purpose `password` it asks for a new one first."""

    __tablename__ = "sign_in_links"
    __table_args__ = (UniqueConstraint("sha256"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    sha256: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[list[str]]
    purpose: Mapped[str | None] = mapped_column(String(16), default=None)
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None] = mapped_column(default=None)


class BrowserSession(Keyed, Base):
    """A signed-in browser. `csrf` is the secret its forms must carry, `agent` what the browser says it is.

    `via` is how it signed in: link, password or oidc. `waiting_for` names the steps that are still missing, with commas
    between them; while there is one, the session opens nothing. `seen_at` is when it was last used, by the minute.
    """

    __tablename__ = "browser_sessions"
    __table_args__ = (UniqueConstraint("sha256"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    sha256: Mapped[str] = mapped_column(String(64))
    csrf: Mapped[str] = mapped_column(String(64))
    agent: Mapped[str | None] = mapped_column(String(200), default=None)
    scopes: Mapped[list[str]]
    via: Mapped[str | None] = mapped_column(String(16), default=None)
    waiting_for: Mapped[str | None] = mapped_column(String(40), default=None)
    created_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    expires_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None] = mapped_column(default=None)
