"""Terms that an operator keeps beside those of the product.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

from models.base import BigId, Json, UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lexicon_entries",
        sa.Column("key", sa.String(length=150), nullable=False),
        sa.Column("term", sa.String(length=200), nullable=False),
        sa.Column("languages", Json, nullable=False),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("benign", sa.Text(), nullable=False),
        sa.Column("does_not_prove", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("variants", Json, nullable=False),
        sa.Column("countries", Json, nullable=False),
        sa.Column("consistent_with", Json, nullable=False),
        sa.Column("caution", sa.String(length=16), nullable=False),
        sa.Column("reviewed_by", sa.String(length=200), nullable=False),
        sa.Column("reviewed_on", sa.Date(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("changed_by", BigId, nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["changed_by"], ["accounts.id"], name=op.f("fk_lexicon_entries_changed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lexicon_entries")),
        sa.UniqueConstraint("key", name=op.f("uq_lexicon_entries_key")),
    )


def downgrade() -> None:
    op.drop_table("lexicon_entries")
