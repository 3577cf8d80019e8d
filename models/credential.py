"""What proves that a person is who they say: passwords, second factors, identities elsewhere, and counted tries.

A password is kept as its Argon2 hash. The secret of a second factor must be readable to be checked, so it is sealed
with a key that lies outside the database. Recovery codes hold 79 random bits, so a plain SHA-256 is enough.
"""

import datetime as dt

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigId, Keyed


class Password(Base):
    """The password of an account that has one."""

    __tablename__ = "passwords"

    account_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    argon2: Mapped[str] = mapped_column(String(255))
    changed_at: Mapped[dt.datetime]


class SecondFactor(Base):
    """A person's authenticator (RFC 6238); it counts once a code has confirmed it.

    `last_step` is the time step of the latest code that was taken: a code works once, and none before it works after.
    """

    __tablename__ = "second_factors"

    account_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    sealed: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[dt.datetime]
    confirmed_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    last_step: Mapped[int] = mapped_column(BigId, default=0)


class RecoveryCode(Keyed, Base):
    """A code on paper that stands in for the authenticator once."""

    __tablename__ = "recovery_codes"
    __table_args__ = (UniqueConstraint("account_id", "sha256"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None] = mapped_column(default=None)


class Identity(Keyed, Base):
    """Who an account is at an OpenID provider; a provider never gives one `subject` to two people."""

    __tablename__ = "identities"
    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        Index("ix_identities_account_id", "account_id"),
    )

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    linked_at: Mapped[dt.datetime]
    last_used_at: Mapped[dt.datetime | None] = mapped_column(default=None)


class SignInTry(Base):
    """How often something was tried since a time; `key` is a hash of what was tried, so no name or address is kept."""

    __tablename__ = "sign_in_tries"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    since: Mapped[dt.datetime]
    count: Mapped[int]
