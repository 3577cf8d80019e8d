"""Roles, passwords, second factors, identities elsewhere, counted tries, and who handed a passage to whom.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

from models.base import BigId, UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("accounts", sa.Column("role", sa.String(length=16), nullable=True))
    op.add_column("accounts", sa.Column("email", sa.String(length=254), nullable=True))
    op.create_index("ix_accounts_email", "accounts", ["email"], unique=True)
    op.add_column("sign_in_links", sa.Column("purpose", sa.String(length=16), nullable=True))
    op.add_column("browser_sessions", sa.Column("via", sa.String(length=16), nullable=True))
    op.add_column("browser_sessions", sa.Column("waiting_for", sa.String(length=40), nullable=True))
    op.add_column("browser_sessions", sa.Column("seen_at", UtcDateTime(), nullable=True))
    op.add_column("review_leases", sa.Column("assigned_by", BigId, nullable=True))
    op.create_table(
        "passwords",
        sa.Column("account_id", BigId, autoincrement=False, nullable=False),
        sa.Column("argon2", sa.String(length=255), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_passwords_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_passwords")),
    )
    op.create_table(
        "second_factors",
        sa.Column("account_id", BigId, autoincrement=False, nullable=False),
        sa.Column("sealed", sa.String(length=255), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("last_step", BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_second_factors_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_second_factors")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_recovery_codes_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
        sa.UniqueConstraint("account_id", "sha256", name=op.f("uq_recovery_codes_account_id_sha256")),
    )
    op.create_table(
        "identities",
        sa.Column("id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("linked_at", UtcDateTime(), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_identities_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identities")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_identities_issuer_subject")),
    )
    op.create_index("ix_identities_account_id", "identities", ["account_id"])
    op.create_table(
        "sign_in_tries",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_tries")),
    )


def downgrade() -> None:
    for table in ("sign_in_tries", "identities", "recovery_codes", "second_factors", "passwords"):
        op.drop_table(table)
    op.drop_column("review_leases", "assigned_by")
    for column in ("seen_at", "waiting_for", "via"):
        op.drop_column("browser_sessions", column)
    op.drop_column("sign_in_links", "purpose")
    op.drop_index("ix_accounts_email", table_name="accounts")
    op.drop_column("accounts", "email")
    op.drop_column("accounts", "role")
