"""Events that people write down beside the trends, and tags of alerts.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

from models.base import BigId, Json, UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "trend_notes",
        sa.Column("id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", BigId, nullable=False),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.Column("removed_by", BigId, nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["accounts.id"], name=op.f("fk_trend_notes_created_by")),
        sa.ForeignKeyConstraint(["removed_by"], ["accounts.id"], name=op.f("fk_trend_notes_removed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trend_notes")),
    )
    op.create_index("ix_trend_notes_at", "trend_notes", ["at"])
    op.add_column("alerts", sa.Column("tags", Json, nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("alerts", "tags")
    op.drop_index("ix_trend_notes_at", table_name="trend_notes")
    op.drop_table("trend_notes")
