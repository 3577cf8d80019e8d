"""Who may do what: accounts of people and machines, their tokens, sign-in links and browser sessions.

Only hashes of secrets are kept. The secrets are 256 random bits, so a plain SHA-256 is enough.
"""

import datetime as dt

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Keyed

# `sight` lets a partner answer to alerts and see nothing.
SCOPES = ("read", "review", "push", "sight", "admin")


class Account(Keyed, Base):
    """A person or a machine that acts; reviews and acknowledgements name it. `locale` is the language it chose."""

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("name"),)

    name: Mapped[str] = mapped_column(String(100))
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
    """A link that opens one browser session, once."""

    __tablename__ = "sign_in_links"
    __table_args__ = (UniqueConstraint("sha256"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    sha256: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[list[str]]
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None] = mapped_column(default=None)


class BrowserSession(Keyed, Base):
    """A signed-in browser. `csrf` is the secret its forms must carry, `agent` what the browser says it is."""

    __tablename__ = "browser_sessions"
    __table_args__ = (UniqueConstraint("sha256"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    sha256: Mapped[str] = mapped_column(String(64))
    csrf: Mapped[str] = mapped_column(String(64))
    agent: Mapped[str | None] = mapped_column(String(200), default=None)
    scopes: Mapped[list[str]]
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None] = mapped_column(default=None)
