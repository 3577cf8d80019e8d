"""Counts by day beside the counts by hour, and how often each hour has changed.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

FILL = """
INSERT INTO tally_days (label, dimension, value, country, day, documents, voices, confirmed)
SELECT label, dimension, value, country, {day}, sum(documents), sum(voices), sum(confirmed)
FROM tally_hours GROUP BY label, dimension, value, country, {day}
"""
DAY = {
    "sqlite": "substr(hour, 1, 10) || ' 00:00:00.000000'",
    "postgresql": "date_trunc('day', hour AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'",
}


def upgrade() -> None:
    op.create_table(
        "tally_days",
        sa.Column("label", sa.String(length=40), nullable=False),
        sa.Column("dimension", sa.String(length=12), nullable=False),
        sa.Column("value", sa.String(length=100), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("day", UtcDateTime(), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("voices", sa.Integer(), nullable=False),
        sa.Column("confirmed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("label", "dimension", "value", "country", "day", name=op.f("pk_tally_days")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_tally_days_day", "tally_days", ["day"])
    op.create_index("ix_tally_days_label", "tally_days", ["label", "dimension", "country", "day", "value"])
    op.create_table(
        "counted_hours",
        sa.Column("hour", UtcDateTime(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hour", name=op.f("pk_counted_hours")),
    )
    op.execute(FILL.format(day=DAY[op.get_bind().dialect.name]))


def downgrade() -> None:
    op.drop_table("counted_hours")
    op.drop_table("tally_days")
